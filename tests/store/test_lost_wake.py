"""Nothing that comes in while its predecessor is being settled is put off for half an hour (several workers, PostgreSQL)."""

import datetime as dt

import pytest

from engine.store.journal import Journal
from engine.store.queue import Queue, Settlement
from tests.store.samples import entry
from tests.support.seals import SEAL


def test_what_comes_in_while_its_predecessor_is_settled_is_not_put_off_for_half_an_hour(database):
    if database.dialect == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    journal, queue = Journal(database, SEAL), Queue(database, SEAL)
    now = dt.datetime.now(dt.UTC)

    def claim(connection):
        return queue.claim(connection, worker="w", now=dt.datetime.now(dt.UTC), lease=60, limit=5)

    with database.write() as connection:
        journal.file(connection, [entry("D1", "one", received=now)])
    with database.write() as connection:
        (first,) = claim(connection)
    with database.write() as settling:
        queue.settle(settling, [Settlement(claimed=first, state="SENT", now=now)])
        with database.write() as other:
            journal.file(other, [entry("D2", "two", received=now)])
        with database.write() as other:
            assert claim(other) == []
    with database.write() as connection:
        assert len(claim(connection)) == 1, "it was put off, and nobody wakes it"
