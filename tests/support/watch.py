"""Judge alerts by a clock that a test moves, over figures that it invents."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine.message import SHANGHAI
from engine.services.alerts.book import AlertBook, Line
from engine.services.alerts.evidence import WATCH, Outside
from engine.services.alerts.judging import Judge
from engine.services.alerts.notices import Notices
from engine.services.alerts.rules import KINDS, AlertRules, QuietHours, Rule
from engine.services.alerts.tables import alert, notice, sample
from engine.store import counts
from engine.store.counts import CountKey
from engine.store.database import Database
from engine.store.duework import due_work
from engine.store.errands import errand, errand_record
from tests.support.seals import SEAL

MORNING = datetime(2026, 11, 26, 10, 0, tzinfo=SHANGHAI)
"""A Thursday, ten o'clock in Changchun."""

EVERY = 10.0


def rule(kind: str, **keys: Any) -> Rule:
    """Make a rule of a kind; keys as in the file, with underscores."""
    return KINDS[kind].sheet.model_validate({name.rstrip("_").replace("_", "-"): value for name, value in keys.items()})


class Watch:
    """The alerts of one store at a moment that the test sets; every judgement is of a process of its own unless `judge` is kept."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = MORNING
        self.rules = AlertRules()
        self.outside = Outside(disk_free=50, disk_total=100)
        self.book, self.notices = AlertBook(database, SEAL), Notices(database)

    def by(self, quiet: QuietHours | None = None, **rules: Rule) -> None:
        """Put rules in force; their names have hyphens for underscores."""
        self.rules = AlertRules(quiet_hours=quiet, rules={name.replace("_", "-"): one for name, one in rules.items()})

    def process(self, database: Database | None = None) -> Judge:
        """Start a process that judges."""
        return Judge(database or self.database, lambda: self.rules, lambda: self.outside, every=EVERY)

    def judge(self, after: float = 0.0) -> None:
        """Judge so many seconds later, by a process that has just started."""
        self.now += timedelta(seconds=after)
        self.process().judge(self.now)

    def keep_judging(self, seconds: float) -> None:
        """Judge again and again for so long, as the clock does."""
        end = self.now + timedelta(seconds=seconds)
        judge = self.process()
        while self.now < end:
            self.now += timedelta(seconds=EVERY)
            judge.judge(self.now)

    @property
    def open(self) -> list[Line]:
        return list(self.book.read().open)

    @property
    def closed(self) -> list[Line]:
        return list(self.book.read().closed)

    def rows(self) -> list[Any]:
        """Give all rows of alerts, those that are only seen too."""
        with self.database.read() as connection:
            return list(connection.execute(sa.select(alert).order_by(alert.c.seq)))

    def told(self) -> list[tuple[str, str]]:
        """Give what is to be told, as pairs of `start` or `end` and the channel."""
        with self.database.read() as connection:
            return [tuple(row) for row in connection.execute(sa.select(notice.c.what, notice.c.channel).order_by(notice.c.seq))]

    def errands(self) -> list[Any]:
        with self.database.read() as connection:
            return list(connection.execute(sa.select(errand).order_by(errand.c.seq)))

    def count(self, **numbers: int) -> None:
        """Change the counts, by `scope_owner_state` with double underscores: taken__H1=3, message__H1__INVALID=1."""
        deltas = {}
        for name, number in numbers.items():
            scope, owner, state = (*name.split("__"), "")[:3]
            deltas[CountKey(scope, owner, "live", state)] = number
        with self.database.write() as connection:
            counts.record(connection, deltas)

    def samples(self, institution: str, figures: Iterable[tuple[datetime, int, int]]) -> None:
        """Write figures of before down: when, taken in, refused."""
        rows = [{"at": at, "institution": institution, "taken": taken, "refused": refused} for at, taken, refused in figures]
        with self.database.write() as connection:
            connection.execute(sa.insert(sample), rows)

    def alive(self, worker: datetime | None = None, clock: datetime | None = None) -> None:
        """Give workers or clock a sign of life."""
        with self.database.write() as connection:
            if worker:
                connection.execute(sa.delete(errand_record))
                row = {
                    "kind": WATCH,
                    "institution": WATCH,
                    "last_done": worker,
                    "last_failed": None,
                    "failures": 0,
                    "last_error": "",
                }
                connection.execute(sa.insert(errand_record), row)
            if clock:
                connection.execute(sa.delete(due_work))
                connection.execute(sa.insert(due_work), {"job": "judge-alerts", "slot": "1", "at": clock})
