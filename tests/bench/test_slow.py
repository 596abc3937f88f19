"""A bomb costs little, and slow connections of every kind hold no good client up: the measurement in short."""

from __future__ import annotations

import pytest

from bench import slow
from bench.documents import envelope
from bench.telling import percentile
from tests.support.stores import new_engine


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with new_engine("sqlite", tmp_path_factory.mktemp("engine"), hospitals=()) as made:
        made.institution(slow._CODE, slow._PASSWORD)
        yield made.start()


def test_a_bomb_of_a_gibibyte_is_refused_within_bounds(engine):
    """The bound is 0.3 s of processor, which a busy machine shows as more; memory is held to it as it stands."""
    slow.cost_of(engine, envelope("C0002", "WARM", slow.bomb(80 << 20), slow._CODE, slow._PASSWORD))
    cost = slow.cost_of(engine, envelope("C0002", "BOMB", slow.bomb(), slow._CODE, slow._PASSWORD))
    assert b"SND-603" in cost.status
    assert cost.mebibytes <= slow.MOST_MEMORY
    assert cost.seconds <= 2 * slow.MOST_CPU


@pytest.mark.parametrize("kind", slow.KINDS)
def test_beside_slow_connections_a_good_client_is_served(engine, kind):
    client = slow.GoodClient(engine, 1000 * list(slow.KINDS).index(kind))
    with slow.beside(engine, slow.KINDS[kind], 60):
        sent = client.upload(2)
    assert sent.accepted
    assert not sent.other, sent.odd
    assert percentile(sent.latencies, 0.5) < 1000
