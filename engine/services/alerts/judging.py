"""Judge the rules: one row from the start of a trouble to its end, however many processes judge and however often they restart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, text, update

from engine.log import get_logger
from engine.services.alerts.evidence import CLOCK, Look, Outside, Trouble, troubles, without_clock
from engine.services.alerts.notices import plan_notices, told_of
from engine.services.alerts.rules import AlertRules, Rule, kind_of
from engine.services.alerts.samples import Habits
from engine.services.alerts.tables import GOING_ON, alert
from engine.store.columns import AnyRow
from engine.store.database import Database

_LOG = get_logger("alerts")
_TURNS = 0x616C657274
"""The advisory lock that judging processes queue at on PostgreSQL, so that each sees what the one before it wrote."""

_LAPSES = 6
"""Turns without a judgement after which what was seen before counts no more towards `for`: nobody knows what was meanwhile."""

Seen = Callable[[Look, Rule], Mapping[str, Trouble]]


class Judge:
    """Judge by the rules that `rules` gives, every `every` seconds; `outside` looks at disk and certificate."""

    def __init__(
        self, database: Database, rules: Callable[[], AlertRules], outside: Callable[[], Outside], *, every: float
    ) -> None:
        self._database = database
        self._rules = rules
        self._outside = outside
        self._lapse = timedelta(seconds=max(_LAPSES * every, 60.0))
        self._habits = Habits()

    def judge(self, now: datetime) -> None:
        """Judge every rule as the clock does: all but whether there is a clock; what belongs to a rule that is no more is ended."""
        self._turn(now, troubles, lambda row: row.subject != CLOCK)

    def watch(self, now: datetime) -> None:
        """Judge whether there is a clock, as a worker does."""
        self._turn(now, without_clock, lambda row: row.subject == CLOCK)

    def _turn(self, now: datetime, seen: Seen, ours: Callable[[AnyRow], bool]) -> None:
        """Look first, which may take a while, and write afterwards, unless there is nothing to write."""
        rules, outside = self._rules(), self._outside()
        with self._database.read() as connection:
            look = Look(connection=connection, now=now, outside=outside, habits=self._habits, read={})
            found = {name: seen(look, rule) for name, rule in rules.rules.items()}
            quiet = not any(found.values()) and not any(ours(row) for row in connection.execute(_GOING_ON))
        if quiet:
            return
        with self._database.write() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(_TURNS)))
            going_on = [row for row in connection.execute(_GOING_ON) if ours(row)]
            _Steps(connection, rules, now, self._lapse).take(found, going_on)


_GOING_ON = select(alert).where(text(GOING_ON)).order_by(alert.c.seq)


@dataclass(frozen=True, slots=True)
class _Steps:
    """What one turn writes."""

    connection: Connection
    rules: AlertRules
    now: datetime
    lapse: timedelta

    def take(self, found: Mapping[str, Mapping[str, Trouble]], going_on: Sequence[AnyRow]) -> None:
        """Take every alert that goes on, or is to begin, a step further."""
        kinds = {name: kind_of(rule) for name, rule in self.rules.rules.items()}
        for row in going_on:
            if kinds.get(row.rule) != row.kind:
                self.end(row, "rule")
        for name, rule in self.rules.rules.items():
            known = {row.subject: row for row in going_on if (row.rule, row.kind) == (name, kinds[name])}
            for subject in sorted({*found[name], *known}):
                self.step(name, rule, known.get(subject), found[name].get(subject))

    def step(self, name: str, rule: Rule, row: AnyRow | None, trouble: Trouble | None) -> None:
        """Take one alert a step further: seen, open, calm, closed, or gone without having been one."""
        if row is not None and row.judged > self.now:
            return
        held = timedelta(seconds=rule.for_)
        if trouble is None:
            if row is not None:
                self._calm(row, held)
            return
        facts = _facts(rule, trouble, self.now)
        if row is None and self._closed_since(name, trouble.subject):
            return
        if row is None:
            self._begin(name, rule, trouble, facts, held)
        elif row.opened is None:
            since = self.now if self.now - row.judged > self.lapse else row.since
            self._change(row, since=since, **facts)
            if self.now - since >= held:
                self._open(row.seq, name, rule, trouble)
        else:
            self._change(row, calm=None, **facts)

    def end(self, row: AnyRow, ended: str) -> None:
        """Close an alert; one that had never been open goes without a trace."""
        if row.opened is None:
            self.connection.execute(delete(alert).where(alert.c.seq == row.seq))
            return
        self._change(row, judged=self.now, closed=self.now, ended=ended)
        plan_notices(self.connection, self.rules, row.seq, "end", row.severity, told_of(self.connection, row.seq), self.now)
        _LOG.info("alert closed", alert=row.seq, rule=row.rule, subject=row.subject, ended=ended)

    def _closed_since(self, name: str, subject: str) -> bool:
        """Tell whether a process that looked later has closed this alert meanwhile."""
        later = (alert.c.closed >= self.now, alert.c.rule == name, alert.c.subject == subject)
        return self.connection.execute(select(alert.c.seq).where(*later).limit(1)).first() is not None

    def _begin(self, name: str, rule: Rule, trouble: Trouble, facts: Mapping[str, Any], held: timedelta) -> None:
        first = {
            "rule": name, "kind": kind_of(rule), "subject": trouble.subject, "since": self.now, "opened": None, "calm": None,
            "closed": None, "ended": "", "acknowledged": None, "acknowledged_by": "", "note": b"",
        }  # fmt: skip
        number = self.connection.execute(insert(alert).values(**first, **facts).returning(alert.c.seq)).scalar_one()
        if not held:
            self._open(number, name, rule, trouble)

    def _open(self, number: int, name: str, rule: Rule, trouble: Trouble) -> None:
        self.connection.execute(update(alert).where(alert.c.seq == number).values(opened=self.now))
        plan_notices(self.connection, self.rules, number, "start", rule.severity, rule.to, self.now)
        _LOG.warning("alert open", alert=number, rule=name, subject=trouble.subject, severity=rule.severity)

    def _calm(self, row: AnyRow, held: timedelta) -> None:
        lapsed = self.now - row.judged > self.lapse
        calm = self.now if row.calm is None or lapsed else row.calm
        if row.opened is None or self.now - calm >= held:
            self.end(row, "calm")
        else:
            self._change(row, calm=calm, judged=self.now)

    def _change(self, row: AnyRow, **values: object) -> None:
        self.connection.execute(update(alert).where(alert.c.seq == row.seq).values(**values))


def _facts(rule: Rule, trouble: Trouble, now: datetime) -> dict[str, object]:
    return {
        "severity": rule.severity, "judged": now, "value": trouble.value, "threshold": trouble.threshold,
        "cause_zh": trouble.cause.zh, "cause_en": trouble.cause.en,
    }  # fmt: skip
