"""A route is paused once, with who did it and why, and resumed once."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from engine.store import pauses
from engine.store.pauses import Pause, route_pause
from tests.support.seals import SEAL

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def paused(database):
    with database.read() as connection:
        found = pauses.paused(connection, SEAL)
        assert pauses.paused_routes(connection) == found.keys()
    return found


def pause(database, route, by, at=NOW):
    with database.write() as connection:
        return pauses.pause(database, SEAL, connection, route, "样式表有误", by, at)


def resume(database, route):
    with database.write() as connection:
        return pauses.resume(connection, route)


def test_a_second_pause_leaves_the_first_as_it_is(database):
    assert paused(database) == {}
    assert pause(database, "operations", "li")
    assert not pause(database, "operations", "wang", NOW + timedelta(hours=1))
    assert pause(database, "consents", "wang")
    assert paused(database)["operations"] == Pause(since=NOW, by="li", reason="样式表有误")
    assert resume(database, "operations")
    assert not resume(database, "operations")
    assert paused(database).keys() == {"consents"}


def test_the_reason_stands_sealed(database):
    pause(database, "operations", "li")
    with database.read() as connection:
        (kept,) = connection.execute(sa.select(route_pause.c.reason)).scalars()
    assert "样式表".encode() not in kept
