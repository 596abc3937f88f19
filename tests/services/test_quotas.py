"""An institution sends what its quota allows, over all fronts, and begins anew with the minute and the day of Shanghai."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from engine.errors import OverQuota
from engine.services.quotas import Quota, Quotas, QuotaTable
from engine.store.journal import Journal
from tests.store.samples import entry
from tests.support.seals import SEAL

NUMBERS = itertools.count()
NOON = datetime(2026, 3, 1, 4, 0, 30, tzinfo=UTC)


class Front:
    """One front's quotas at a moment that a test sets."""

    def __init__(self, database, **quota):
        self.now, self.ticks = NOON, 0.0
        table = QuotaTable(institutions={"H001": Quota(**quota)})
        self.quotas = Quotas(database, table, clock=lambda: self.ticks, now=lambda: self.now)

    def ask(self, code="H001"):
        """Do what a front does before it takes something in."""
        if self.quotas.due(code):
            self.quotas.look(code)
        self.quotas.check(code)

    def refused(self):
        with pytest.raises(OverQuota) as caught:
            self.ask()
        assert caught.value.code == "SND-610"
        return caught.value


def took(database, count, at=NOON, size=100):
    """Let some front journal so many documents."""
    with database.write() as connection:
        made = [entry(f"D{next(NUMBERS)}", str(next(NUMBERS)), institution="H001", received=at, size=size) for _ in range(count)]
        Journal(database, SEAL).file(connection, made)


def test_documents_of_a_minute_are_counted_here_at_once_and_elsewhere_after_a_look(database):
    front = Front(database, documents_per_minute=5)
    took(database, 2)
    front.ask()
    front.quotas.took("H001", 2, 200)
    front.ask()
    took(database, 3)
    front.ask()
    front.ticks += 5
    refusal = front.refused()
    assert refusal.retry_after == 31
    assert "每分钟 5 份" in refusal.first.message
    front.now += timedelta(seconds=31)
    front.ask()


def test_bytes_of_a_day_begin_anew_at_midnight_in_shanghai(database):
    front = Front(database, bytes_per_day="1000B")
    front.now = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
    took(database, 10, at=datetime(2026, 2, 28, 15, 59, tzinfo=UTC))
    front.ask()
    took(database, 10, at=datetime(2026, 2, 28, 16, 0, tzinfo=UTC))
    front.ticks += 5
    assert front.refused().retry_after == 3601
    front.now += timedelta(hours=1, seconds=1)
    front.ask()


def test_who_has_no_quota_is_not_even_asked_about(database):
    front = Front(database, documents_per_minute=1)
    assert not front.quotas.due("H002")
    front.quotas.took("H002", 100, 100)
    front.ask("H002")


def test_asking_takes_a_small_share_of_the_time(database):
    front = Front(database, documents_per_minute=5)
    real = front.quotas._database

    class Slow:
        def read(self):
            front.ticks += 2
            return real.read()

    front.quotas._database = Slow()
    front.ask()
    front.ticks += 90
    assert not front.quotas.due("H001")
    front.ticks += 20
    assert front.quotas.due("H001")
