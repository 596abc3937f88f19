"""Note every minute how much waits, so that it can be seen over the day; and when the counts were last compared with the rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.message import LANES
from engine.store import counts
from engine.store.columns import Moment, moment
from engine.store.database import Database, metadata

KEPT = timedelta(days=8)
"""So long the notes are kept."""

WAITS = ("QUEUED", "SENDING", "UNKNOWN")
"""The states of a delivery that is still on its way."""

backlog_note = sa.Table(
    "backlog_note",
    metadata,
    sa.Column("at", Moment, primary_key=True),
    sa.Column("lane", sa.Text, primary_key=True),
    sa.Column("waiting", sa.BigInteger, nullable=False),
    sa.Column("dead", sa.BigInteger, nullable=False),
)
"""How many deliveries waited, and how many were dead, at a moment."""

store_check = sa.Table(
    "store_check",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("differences", sa.Integer, nullable=False),
)
"""One row: when the counts were last compared with the rows, and how many differences were found."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """The most that waited and that was dead in a lane within a span of time that begins at `start`."""

    start: datetime
    lane: str
    waiting: int
    dead: int


@dataclass(frozen=True, slots=True)
class Checked:
    """When the counts were compared with the rows, and how many differences were found."""

    at: datetime
    differences: int


def note(database: Database, now: datetime) -> None:
    """Note how much waits now, and forget notes of long ago."""
    with database.write() as connection:
        waiting, dead = _sums(connection)
        rows = [{"at": now, "lane": lane, "waiting": waiting[lane], "dead": dead[lane]} for lane in LANES]
        connection.execute(database.insert_or_ignore(backlog_note), rows)
        connection.execute(sa.delete(backlog_note).where(backlog_note.c.at < now - KEPT))


def _sums(connection: Connection) -> tuple[Counter[str], Counter[str]]:
    waiting: Counter[str] = Counter()
    dead: Counter[str] = Counter()
    for key, value in counts.totals(connection).items():
        if key.scope == "delivery":
            waiting[key.lane] += value if key.state in WAITS else 0
            dead[key.lane] += value if key.state == "DEAD" else 0
    return waiting, dead


def over_time(connection: Connection, first: datetime, step: timedelta) -> list[Backlog]:
    """Give the most that waited and was dead since `first`, in steps of so long, oldest first; steps without a note are left out."""
    size = step // timedelta(microseconds=1)
    number: Any = sa.type_coerce(backlog_note.c.at, sa.BigInteger).op("/")(sa.literal_column(str(size)))
    most = (sa.func.max(backlog_note.c.waiting), sa.func.max(backlog_note.c.dead))
    wanted = sa.select(number, backlog_note.c.lane, *most).where(backlog_note.c.at >= first)
    rows = connection.execute(wanted.group_by(number, backlog_note.c.lane).order_by(number, backlog_note.c.lane))
    return [Backlog(moment(int(place) * size), lane, int(waiting), int(dead)) for place, lane, waiting, dead in rows]


def keep_check(database: Database, at: datetime, differences: int) -> None:
    """Keep when the counts were compared with the rows, and how many differences were found."""
    row = {"id": 1, "at": at, "differences": differences}
    put = database.insert(store_check).values(row).on_conflict_do_update(index_elements=["id"], set_=row)
    with database.write() as connection:
        connection.execute(put)


def last_check(connection: Connection) -> Checked | None:
    """Give the last comparison of counts and rows; None when there was none."""
    row = connection.execute(sa.select(store_check.c.at, store_check.c.differences)).one_or_none()
    return None if row is None else Checked(row.at, row.differences)
