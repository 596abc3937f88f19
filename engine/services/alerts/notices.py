"""Plan who is told of the start and the end of an alert, and hand each channel what is due, in batches that a repetition repeats."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from engine.alerting import Batch, Notice, Severity, What, Words
from engine.services.alerts.rules import AlertRules
from engine.services.alerts.tables import alert, notice
from engine.services.alerts.words import cure, link, named
from engine.store import errands
from engine.store.columns import AnyRow
from engine.store.database import Database

NOTICE = "alert-notice"
"""The kind of errand by which a channel is told; its subject is the name of the channel."""

_TOGETHER = 200
"""Notices that are sent together at most."""


def plan_notices(
    connection: Connection, rules: AlertRules, number: int, what: What, severity: Severity, channels: Iterable[str], now: datetime
) -> None:
    """Ask that these channels are told of an alert: at once, or when the quiet hours end."""
    quiet = rules.quiet_hours
    due = (quiet.end(now, severity) if quiet else None) or now
    for channel in dict.fromkeys(channels):
        row = {"alert": number, "what": what, "channel": channel, "due": due, "batch": None, "sent": None, "outcome": ""}
        connection.execute(insert(notice).values(row))
        errands.put(connection, NOTICE, channel, owner_of(channel), due)


def owner_of(channel: str) -> str:
    """Name who the errands of a channel belong to, so that one channel never holds up another."""
    return f"channel {channel}"


def told_of(connection: Connection, number: int) -> list[str]:
    """List the channels that were or are to be told of the start of an alert."""
    chosen = select(notice.c.channel).where(notice.c.alert == number, notice.c.what == "start")
    return list(connection.scalars(chosen.order_by(notice.c.seq)))


class Notices:
    """The notices of one store, for who sends them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def batch(self, channel: str, monitor: str, now: datetime) -> Batch | None:
        """Give what a channel is to be told next: the batch whose sending is not known to have gone well, else all that is due."""
        with self._database.write() as connection:
            mine = (notice.c.channel == channel, notice.c.sent.is_(None))
            number: int | None = connection.scalar(select(func.min(notice.c.batch)).where(*mine))
            if number is None:
                number = _new_batch(connection, channel, now)
            if number is None:
                return None
            rows = connection.execute(_NOTICES.where(*mine, notice.c.batch == number)).all()
            return Batch(id=f"{number}", at=now, notices=tuple(_notice(row, monitor) for row in rows))

    def sent(self, channel: str, batch: Batch, now: datetime, outcome: str = "sent") -> None:
        """Note that a batch was sent, or that there is no such channel any more (`gone`)."""
        its = (notice.c.channel == channel, notice.c.batch == int(batch.id), notice.c.sent.is_(None))
        with self._database.write() as connection:
            connection.execute(update(notice).where(*its).values(sent=now, outcome=outcome))

    def next_due(self, channel: str) -> datetime | None:
        """Tell when this channel is to be told next, None when nothing waits."""
        with self._database.read() as connection:
            found: datetime | None = connection.scalar(
                select(func.min(notice.c.due)).where(notice.c.channel == channel, notice.c.sent.is_(None))
            )
            return found


_NOTICES = select(notice.c.what, alert).join(alert, alert.c.seq == notice.c.alert).order_by(notice.c.seq)


def _new_batch(connection: Connection, channel: str, now: datetime) -> int | None:
    """Put what is due into one batch, named after its first notice."""
    due = (notice.c.channel == channel, notice.c.sent.is_(None), notice.c.batch.is_(None), notice.c.due <= now)
    numbers = list(connection.scalars(select(notice.c.seq).where(*due).order_by(notice.c.seq).limit(_TOGETHER)))
    if not numbers:
        return None
    connection.execute(update(notice).where(notice.c.seq.in_(numbers)).values(batch=numbers[0]))
    return int(numbers[0])


def _notice(row: AnyRow, monitor: str) -> Notice:
    return Notice(
        alert=row.seq, what=row.what, rule=row.rule, kind=row.kind, severity=row.severity, subject=row.subject,
        named=named(row.subject), opened=row.opened, closed=row.closed if row.what == "end" else None, value=row.value,
        threshold=row.threshold, cause=Words(row.cause_zh, row.cause_en), cure=cure(row.kind),
        link=f"{monitor.rstrip('/')}{link(row.subject)}",
    )  # fmt: skip
