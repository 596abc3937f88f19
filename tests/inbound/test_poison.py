"""A document is on the board exactly while it is walked, under the digest of its XML."""

import hashlib

import pytest

from engine.inbound.poison import Vigil
from engine.inhand.board import Board, Place, Walk, make_board, read_board
from engine.inhand.deaths import TOO_MANY, Deaths

DIGEST = hashlib.sha256(b"<a/>").digest()


@pytest.fixture
def descriptor():
    return make_board("test")[0]


def test_a_walk_is_on_the_board_until_it_is_over_or_failed(descriptor, tmp_path):
    vigil = Vigil(Place.THREAD, Board(descriptor), Deaths(tmp_path))
    with vigil.walk(DIGEST):
        assert [walk.digest for walk in read_board(descriptor).walks] == [DIGEST]
    assert read_board(descriptor).walks == ()
    with pytest.raises(MemoryError), vigil.walk(DIGEST):
        raise MemoryError
    assert read_board(descriptor).walks == ()


def test_each_step_of_a_walk_has_its_own_time(descriptor):
    now = iter((1.0, 9.0))
    vigil = Vigil(Place.LOOP, Board(descriptor, clock=lambda: next(now)), None)
    with vigil.walk(DIGEST):
        assert [walk.began for walk in read_board(descriptor).walks] == [1.0]
        vigil.step()
        assert read_board(descriptor).walks == (Walk(9.0, DIGEST),)
    assert read_board(descriptor).walks == ()


def test_what_was_in_hand_at_three_deaths_may_not_be_walked(descriptor, tmp_path):
    vigil = Vigil(Place.THREAD, Board(descriptor), Deaths(tmp_path))
    for _ in range(TOO_MANY):
        assert not vigil.forbids(DIGEST)
        Deaths(tmp_path).note(DIGEST, "front-1", "silent")
    assert vigil.forbids(DIGEST)
    assert not vigil.forbids(hashlib.sha256(b"<b/>").digest())


def test_without_deaths_nothing_is_forbidden():
    assert not Vigil(Place.LOOP, Board(), None).forbids(DIGEST)
