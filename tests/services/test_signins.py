"""Failures are known to every front and after a restart, and to nobody's harm but the peer's own."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.errors import TryAgain
from engine.inbound.delays import PEER_FREE, Delays
from engine.services.signins import SignIns

AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


class Clock:
    def __init__(self):
        self.now = AT

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_failures_are_read_by_another_process_and_end_with_a_proof(database, other, clock):
    here, there = SignIns(database, clock=clock), SignIns(other, clock=clock)
    for _ in range(3):
        here.failed("192.0.2.1", "H1")
    assert here.flush() == 2
    there.failed("192.0.2.1", "H1")
    there.flush()
    clock.now += timedelta(seconds=10)
    found = here.standing("192.0.2.1", "H1")
    assert (found.failures, found.ago, found.peer_failures, found.proven) == (4, 10.0, 4, False)
    assert here.standing("192.0.2.2", "H1").failures == 0
    there.proven("192.0.2.1", "H1")
    there.flush()
    found = here.standing("192.0.2.1", "H1")
    assert (found.failures, found.peer_failures, found.proven) == (0, 4, True)
    assert here.flush() == 0


def test_failures_are_forgotten_after_a_quarter_of_an_hour_and_count_anew(database, clock):
    signins = SignIns(database, clock=clock)
    for _ in range(5):
        signins.failed("192.0.2.1", "H1")
    signins.flush()
    clock.now += timedelta(minutes=15, seconds=1)
    assert signins.standing("192.0.2.1", "H1").failures == 0
    signins.failed("192.0.2.1", "H1")
    signins.flush()
    assert signins.standing("192.0.2.1", "H1").failures == 1


def test_rows_that_say_nothing_any_more_are_deleted(database, clock):
    signins = SignIns(database, clock=clock)
    signins.failed("192.0.2.1", "H1")
    signins.proven("192.0.2.2", "H1")
    signins.flush()
    clock.now += timedelta(minutes=16)
    assert signins.forget() == 2
    assert signins.standing("192.0.2.2", "H1").proven
    clock.now += timedelta(days=90)
    assert signins.forget() == 1


def test_a_store_that_is_away_keeps_what_was_gathered(database, clock, monkeypatch):
    signins = SignIns(database, clock=clock)
    signins.failed("192.0.2.1", "H1")

    def away():
        raise TryAgain("the store is away")

    with monkeypatch.context() as patched:
        patched.setattr(database, "write", away)
        with pytest.raises(TryAgain):
            signins.flush()
    signins.failed("192.0.2.1", "H1")
    signins.flush()
    assert signins.standing("192.0.2.1", "H1").failures == 2


def test_a_front_that_restarts_learns_how_long_a_pair_must_still_wait(database, clock):
    signins = SignIns(database, clock=clock)
    for _ in range(5):
        signins.failed("192.0.2.1", "H1")
    signins.flush()
    clock.now += timedelta(seconds=1)
    delays = Delays(clock=lambda: 1000.0)
    delays.learn("192.0.2.1", "H1", signins.standing("192.0.2.1", "H1"))
    assert delays.waits("192.0.2.1", "H1")
    assert delays.reserve("192.0.2.1", "H1") == 3.0
    assert not delays.waits("192.0.2.2", "H1")


def test_a_peer_that_sprays_over_institutions_waits_for_all_but_those_known_at_its_address(database, clock):
    moment = [0.0]
    delays, signins = Delays(clock=lambda: moment[0]), SignIns(database, clock=clock)
    signins.proven("192.0.2.1", "H1")
    signins.flush()
    for n in range(PEER_FREE + 4):
        assert delays.reserve("192.0.2.1", f"X{n}") <= 2.0
        delays.failed("192.0.2.1", f"X{n}")
        signins.failed("192.0.2.1", f"X{n}")
    signins.flush()
    assert delays.reserve("192.0.2.1", "Y") == 2.0
    delays.learn("192.0.2.1", "H1", signins.standing("192.0.2.1", "H1"))
    assert delays.reserve("192.0.2.1", "H1") == 0.0
    assert delays.reserve("192.0.2.9", "Y") == 0.0
    fresh = Delays(clock=lambda: 500.0)
    fresh.learn("192.0.2.1", "Z", signins.standing("192.0.2.1", "Z"))
    assert fresh.reserve("192.0.2.1", "Z") == 2.0
