"""Count messages route by route in slots of five minutes, later in hours: how each ended, how long it took; insert-only, folded later.

A message counts once, when it is filed, as it was answered then: its state, its code and the time from its receipt to the commit. A
delivery counts when it ends: SENT with its destination or DEAD with its code, and the time since its message was received.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.bulk import Listed, insert_rows
from engine.store.columns import EPOCH, RowNumber
from engine.store.database import Database, metadata
from engine.store.entries import Entry
from engine.store.folding import Folding
from engine.store.tables import message

SLOT = timedelta(minutes=5)
"""What is counted together; slots begin alike in UTC and in Shanghai."""

KEPT = timedelta(days=8)
"""How long counts are kept."""

FINE = timedelta(hours=2)
"""How long they are kept slot by slot; what is older stands in the first slot of its hour."""

_HOUR = timedelta(hours=1) // SLOT
"""Slots of an hour."""

DELIVERED = ("SENT", "DEAD")
"""The states that are those of a delivery; all others are those of a message."""

_STEPS = 2
"""Buckets for each doubling of a time, so that a percentile is right within a fifth."""


class RouteKey(NamedTuple):
    """What is counted together: `name` is the code of a message or of a dead delivery, the destination of one that was sent.

    `slot` counts from 1970, `bucket` stands for a time (see `bucket_of`).
    """

    slot: int
    route: str
    state: str
    name: str
    bucket: int


def _keys() -> list[sa.Column[Any]]:
    kinds: dict[str, Any] = {"slot": sa.Integer, "route": sa.Text, "state": sa.Text, "name": sa.Text, "bucket": sa.Integer}
    return [sa.Column(name, kinds[name], nullable=False) for name in RouteKey._fields]


route_count = sa.Table(
    "route_count",
    metadata,
    *_keys(),
    sa.Column("value", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint(*RouteKey._fields),
    sqlite_with_rowid=False,
)
"""The folded sums, a few rows for each busy route and slot however many messages came."""

route_delta = sa.Table(
    "route_delta",
    metadata,
    sa.Column("seq", RowNumber, sa.Identity(always=False), primary_key=True),
    *_keys(),
    sa.Column("delta", sa.BigInteger, nullable=False),
)
"""What was counted and is not folded yet."""

_BOTH = ((route_count, route_count.c.value), (route_delta, route_delta.c.delta))


def slot_of(at: datetime) -> int:
    """Give the number of the slot in which a moment lies."""
    return (at - EPOCH) // SLOT


def start_of(slot: int) -> datetime:
    """Give the aware start of a slot."""
    return EPOCH + slot * SLOT


def bucket_of(seconds: float) -> int:
    """Give the bucket of a time: 0 up to a millisecond, then two for each doubling."""
    return max(0, math.ceil(_STEPS * math.log2(max(seconds * 1000, 1.0)) - 1e-9))


def seconds_of(bucket: int) -> float:
    """Give the longest time of a bucket, in seconds."""
    return float(2 ** (bucket / _STEPS) / 1000)


def filed(connection: Connection, entries: Iterable[Entry], now: datetime) -> None:
    """Count fresh messages that this transaction files; one that no route walked is nobody's."""
    slot, found = slot_of(now), Counter[RouteKey]()
    for entry in entries:
        if entry.route:
            bucket = bucket_of((now - entry.received).total_seconds())
            found[RouteKey(slot, entry.route, entry.state, entry.code, bucket)] += 1
    _record(connection, found)


def ended(connection: Connection, deliveries: Sequence[tuple[str, str, str]], now: datetime) -> None:
    """Count deliveries that this transaction ends, each a receipt, SENT or DEAD, and its destination or its code."""
    if not deliveries:
        return
    known = {row.receipt: row for row in _ROUTES.read(connection, sorted({receipt for receipt, _, _ in deliveries}))}
    slot, found = slot_of(now), Counter[RouteKey]()
    for receipt, state, name in deliveries:
        row = known[receipt]
        if row.route:
            found[RouteKey(slot, row.route, state, name, bucket_of((now - row.received).total_seconds()))] += 1
    _record(connection, found)


def fold(database: Database) -> int:
    """Move all deltas into the folded sums; return how many rows were folded."""
    return _FOLDING.fold(database)


def forget(database: Database, now: datetime) -> int:
    """Remove counts past their time, an hour of them in one transaction; return how many rows went."""
    bound, gone = slot_of(now - KEPT), 0
    while True:
        with database.write() as connection:
            first = connection.execute(sa.select(sa.func.min(route_count.c.slot))).scalar_one_or_none()
            if first is None or first >= bound:
                return gone
            some = sa.delete(route_count).where(route_count.c.slot < min(bound, first + _HOUR))
            gone += connection.execute(some).rowcount


def gather(database: Database, now: datetime) -> int:
    """Put what is no longer wanted slot by slot into the first slot of its hour, an hour in one transaction; return how many rows went."""
    bound, gone = slot_of(now - FINE) // _HOUR * _HOUR, 0
    old = route_count.c.slot < bound, route_count.c.slot % _HOUR != 0
    while True:
        with database.write() as connection:
            first = connection.execute(sa.select(sa.func.min(route_count.c.slot)).where(*old)).scalar_one_or_none()
            if first is None:
                return gone
            hour = first // _HOUR * _HOUR
            some = sa.delete(route_count).where(*old, route_count.c.slot < hour + _HOUR).returning(*route_count.c)
            found = Counter[RouteKey]()
            for row in connection.execute(some):
                found[RouteKey(hour, *row[1:5])] += row.value
                gone += 1
            _FOLDING.add(database, connection, found)


def sums(connection: Connection, *since: datetime) -> list[dict[RouteKey, int]]:
    """Add up what was counted since each of these moments, all slots together (their number is given as 0); all are read in one walk."""
    firsts = [slot_of(moment) for moment in since]
    found: list[dict[RouteKey, int]] = [{} for _ in firsts]
    for table, value in _BOTH:
        keys = (table.c.route, table.c.state, table.c.name, table.c.bucket)
        added = (sa.func.sum(sa.case((table.c.slot >= first, value), else_=0)) for first in firsts)
        for row in connection.execute(sa.select(*keys, *added).where(table.c.slot >= min(firsts)).group_by(*keys)):
            key = RouteKey(0, *row[:4])
            for held, number in zip(found, row[4:], strict=True):
                if number:
                    held[key] = held.get(key, 0) + int(number)
    return found


def arrivals(connection: Connection, since: datetime) -> dict[tuple[int, str], int]:
    """Count the messages that came in since a moment by slot and route."""
    found = Counter[tuple[int, str]]()
    for table, value in _BOTH:
        wanted = table.c.slot >= slot_of(since), table.c.state.not_in(DELIVERED)
        query = sa.select(table.c.slot, table.c.route, sa.func.sum(value)).where(*wanted).group_by(table.c.slot, table.c.route)
        for slot, route, number in connection.execute(query):
            found[slot, route] += int(number)
    return dict(found)


def by_slot(connection: Connection, since: datetime, route: str = "") -> dict[RouteKey, int]:
    """Give what was counted since a moment slot by slot, of one route or of all."""
    found = Counter[RouteKey]()
    for table, value in _BOTH:
        keys = [table.c[name] for name in RouteKey._fields]
        query = sa.select(*keys, sa.func.sum(value)).where(table.c.slot >= slot_of(since)).group_by(*keys)
        for *key, number in connection.execute(query.where(table.c.route == route) if route else query):
            found[RouteKey(*key)] += int(number)
    return dict(found)


def _record(connection: Connection, found: Counter[RouteKey]) -> None:
    insert_rows(connection, route_delta, [key._asdict() | {"delta": number} for key, number in found.items()])


_FOLDING = Folding(route_delta, route_count, RouteKey._fields, {"delta": "value"})
_ROUTES = Listed(message.c.receipt, sa.select(message.c.receipt, message.c.route, message.c.received).where)
