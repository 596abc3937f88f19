"""Count what comes in and goes out hour by hour: insert-only deltas in the transaction that does it, folded later.

A message counts in the hour in which it was received, by the state that its first walk gave it. A delivery counts in the hour in which
it was tried, by what came of that. Hours begin alike in UTC and in Shanghai.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.bulk import insert_rows
from engine.store.columns import EPOCH, RowNumber
from engine.store.database import Database, metadata
from engine.store.entries import Entry
from engine.store.folding import Folding
from engine.store.latency import bucket_of

HOUR = timedelta(hours=1)

KEPT = timedelta(days=8)
"""So long the hours are kept."""

Scope = Literal["message", "delivery"]


class HourKey(NamedTuple):
    """What is counted together; `hour` counts from 1970 UTC.

    `owner` is the institution of messages and the destination of deliveries, `what` the state, `bucket` the class of how long it took:
    to be filed, or from when a delivery was first due until it was tried.
    """

    hour: int
    scope: Scope
    owner: str
    lane: str
    what: str
    bucket: int


def _keys() -> list[sa.Column[Any]]:
    texts = [sa.Column(name, sa.Text, nullable=False) for name in ("scope", "owner", "lane", "what")]
    return [sa.Column("hour", sa.Integer, nullable=False), *texts, sa.Column("bucket", sa.Integer, nullable=False)]


hour_count = sa.Table(
    "hour_count",
    metadata,
    *_keys(),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint(*HourKey._fields),
)
"""The folded sums."""

hour_delta = sa.Table(
    "hour_delta",
    metadata,
    sa.Column("seq", RowNumber, sa.Identity(always=False), primary_key=True),
    *_keys(),
    sa.Column("delta", sa.BigInteger, nullable=False),
)
"""What is not folded yet, insert-only."""


def hour_of(at: datetime) -> int:
    """Give the number of the hour in which a moment lies."""
    return (at - EPOCH) // HOUR


def start_of(hour: int) -> datetime:
    """Give the moment at which an hour begins, in UTC."""
    return EPOCH + hour * HOUR


def filed(connection: Connection, entries: Iterable[Entry], now: datetime) -> None:
    """Count fresh messages, filed `now`."""
    _record(
        connection,
        (
            HourKey(hour_of(one.received), "message", one.institution, one.lane, one.state, _took(one.received, now))
            for one in entries
        ),
    )


def tried(connection: Connection, tries: Iterable[tuple[str, str, str, datetime, datetime]]) -> None:
    """Count tries of deliveries: destination, lane, the state they came to, when each was first due, when it was tried."""
    _record(
        connection,
        (HourKey(hour_of(now), "delivery", name, lane, state, _took(due, now)) for name, lane, state, due, now in tries),
    )


def _took(since: datetime, until: datetime) -> int:
    return bucket_of(max((until - since).total_seconds(), 0.0))


def _record(connection: Connection, keys: Iterable[HourKey]) -> None:
    insert_rows(connection, hour_delta, [key._asdict() | {"delta": number} for key, number in Counter(keys).items()])


def fold(database: Database, now: datetime) -> int:
    """Move all deltas into the folded sums and forget the hours that are over for long; return how many rows were folded."""
    folded = _FOLDING.fold(database)
    if folded:
        with database.write() as connection:
            connection.execute(sa.delete(hour_count).where(hour_count.c.hour < hour_of(now - KEPT)))
    return folded


_FOLDING = Folding(hour_delta, hour_count, HourKey._fields, {"delta": "number"})


@dataclass(slots=True)
class Flow:
    """What one hour saw, by lane where it says so: `taken` by lane and state, `tries` by lane and what came of them.

    `filing` and `sending` count by the class of how long it took to answer a message, and to deliver one that was sent.
    """

    start: datetime
    taken: Counter[tuple[str, str]] = field(default_factory=Counter)
    tries: Counter[tuple[str, str]] = field(default_factory=Counter)
    filing: Counter[int] = field(default_factory=Counter)
    sending: Counter[int] = field(default_factory=Counter)


def hourly(connection: Connection, first: datetime, hours: int) -> list[Flow]:
    """Give so many hours from the one that begins at `first`, all institutions and destinations together; empty ones too."""
    begin = hour_of(first)
    flows = [Flow(start_of(begin + number)) for number in range(hours)]
    for row in _grouped(connection, begin, begin + hours, "hour", "scope", "lane", "what", "bucket"):
        flow = flows[row.hour - begin]
        if row.scope == "message":
            flow.taken[row.lane, row.what] += int(row.number)
            flow.filing[row.bucket] += int(row.number)
        else:
            flow.tries[row.lane, row.what] += int(row.number)
            if row.what == "SENT":
                flow.sending[row.bucket] += int(row.number)
    return flows


def by_institution(connection: Connection, first: datetime, until: datetime) -> Mapping[str, Mapping[str, int]]:
    """Give what each institution sent from the hour of one moment to the hour of another, both included, by state."""
    found: dict[str, dict[str, int]] = {}
    for row in _grouped(connection, hour_of(first), hour_of(until) + 1, "owner", "what", scope="message"):
        found.setdefault(row.owner, {})[row.what] = int(row.number)
    return found


def _grouped(connection: Connection, begin: int, end: int, *names: str, scope: Scope | None = None) -> Iterator[Any]:
    """Sum folded and unfolded rows of hours from `begin` to before `end` by these columns."""
    parts = [
        sa.select(*(table.c[name] for name in names), amount.label("number")).where(
            table.c.hour >= begin, table.c.hour < end, *(() if scope is None else (table.c.scope == scope,))
        )
        for table, amount in ((hour_count, hour_count.c.number), (hour_delta, hour_delta.c.delta))
    ]
    both = sa.union_all(*parts).subquery()
    columns = [both.c[name] for name in names]
    yield from connection.execute(sa.select(*columns, sa.func.sum(both.c.number).label("number")).group_by(*columns))
