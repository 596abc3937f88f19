"""Read alerts for the page and the command line, count those that are open, and acknowledge one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, case, func, literal, select, text, tuple_, update

from engine.alerting import SEVERITIES, OpenAlerts, Severity, Words
from engine.services.alerts.evidence import last_judged
from engine.services.alerts.tables import GOING_ON, UNSENT, alert, notice
from engine.services.alerts.words import cure, link, named
from engine.services.audit import Audit, changed
from engine.store.columns import AnyRow, Moment, micros, moment
from engine.store.database import Database
from engine.store.sealing import Seal

PAGE = 20
"""Closed alerts of one page."""

_MOST_OPEN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One alert as people see it; `note` is what was written when it was acknowledged, `told` the channels with what became of it."""

    number: int
    rule: str
    kind: str
    severity: Severity
    subject: str
    named: Words
    link: str
    opened: datetime
    calm: datetime | None
    closed: datetime | None
    ended: str
    value: float
    threshold: float
    cause: Words
    cure: Words
    acknowledged: datetime | None
    acknowledged_by: str
    note: str
    told: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Alerts at one moment: all that are open, the gravest first, and one page of the closed ones, the latest first.

    `token` asks for the next page, "" when there is none; `judged` is when a clock last judged.
    """

    open: Sequence[Line]
    closed: Sequence[Line]
    token: str
    judged: datetime | None


class AlertBook:
    """The alerts of one store."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal

    def read(self, token: str = "") -> Lines:
        """Read the open ones and one page of the closed ones; a token that is none begins with the first page."""
        with self._database.read() as connection:
            going_on = connection.execute(_OPEN).all()
            over = connection.execute(_closed(token)).all()
            told = _told(connection, [row.seq for row in (*going_on, *over)])
            judged = last_judged(connection)
        more = len(over) > PAGE
        last = over[PAGE - 1] if more else None
        return Lines(
            open=[self._line(row, told) for row in going_on], closed=[self._line(row, told) for row in over[:PAGE]],
            token=f"{micros(last.closed)}-{last.seq}" if last else "", judged=judged,
        )  # fmt: skip

    def acknowledge(self, number: int, note: str, *, by: str, peer: str, now: datetime) -> bool:
        """Note who sees to an open alert; a later note replaces the one before. False when it is not open any more."""
        sealed = self._seal.seal_text(note, table="alert", column="note", row=str(number))
        mine = (alert.c.seq == number, alert.c.opened.is_not(None), alert.c.closed.is_(None))
        with self._database.write() as connection:
            values = {"acknowledged": now, "acknowledged_by": by, "note": sealed}
            done = connection.execute(update(alert).where(*mine).values(values)).rowcount > 0
            if done:
                Audit().write(connection, [changed("alert acknowledge", subject=str(number), actor=by, peer=peer)])
        return done

    def _line(self, row: AnyRow, told: Mapping[int, Mapping[str, str]]) -> Line:
        return Line(
            number=row.seq, rule=row.rule, kind=row.kind, severity=row.severity, subject=row.subject, named=named(row.subject),
            link=link(row.subject), opened=row.opened, calm=row.calm, closed=row.closed, ended=row.ended, value=row.value,
            threshold=row.threshold, cause=Words(row.cause_zh, row.cause_en), cure=cure(row.kind), acknowledged=row.acknowledged,
            acknowledged_by=row.acknowledged_by, note=self._seal.open_text(row.note, table="alert", column="note", row=str(row.seq)),
            told=told.get(row.seq, {}),
        )  # fmt: skip


def open_counts(connection: Connection) -> OpenAlerts:
    """Count the open alerts by rule and severity."""
    counted = select(alert.c.rule, alert.c.severity, func.count()).where(*_IS_OPEN).group_by(alert.c.rule, alert.c.severity)
    return {(rule, severity): number for rule, severity, number in connection.execute(counted)}


def unsent(connection: Connection) -> dict[str, int]:
    """Count the notices that wait, by channel."""
    counted = select(notice.c.channel, func.count()).where(text(UNSENT)).group_by(notice.c.channel)
    return dict(connection.execute(counted).all())


_IS_OPEN = (text(GOING_ON), alert.c.opened.is_not(None))
_GRAVITY = case({severity: place for place, severity in enumerate(SEVERITIES)}, value=alert.c.severity)
_OPEN = select(alert).where(*_IS_OPEN).order_by(_GRAVITY, alert.c.opened, alert.c.seq).limit(_MOST_OPEN)


_TOKEN = re.compile(r"([0-9]{1,17})-([0-9]{1,18})")


def _closed(token: str) -> Select[Any]:
    chosen = select(alert).where(alert.c.closed.is_not(None))
    if found := _TOKEN.fullmatch(token):
        place = tuple_(literal(moment(int(found[1])), Moment), literal(int(found[2])))
        chosen = chosen.where(tuple_(alert.c.closed, alert.c.seq) < place)
    return chosen.order_by(alert.c.closed.desc(), alert.c.seq.desc()).limit(PAGE + 1)


def _told(connection: Connection, numbers: Sequence[int]) -> dict[int, dict[str, str]]:
    """Say of each channel what became of the last that it is told of an alert: `waiting`, `sent`, or `gone`."""
    found: dict[int, dict[str, str]] = {}
    if numbers:
        chosen = select(notice.c.alert, notice.c.channel, notice.c.outcome).where(notice.c.alert.in_(numbers))
        for number, channel, outcome in connection.execute(chosen.order_by(notice.c.seq)):
            found.setdefault(number, {})[channel] = outcome or "waiting"
    return found
