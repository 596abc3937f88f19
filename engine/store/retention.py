"""Remove messages that nobody needs any more: refused, filtered and discarded ones past their age, or the oldest above a size.

What was accepted is never removed here, nor an error, nor anything of which a delivery is not finished.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store import counts
from engine.store.bulk import Listed
from engine.store.columns import AnyRow
from engine.store.counts import CountKey, Deltas
from engine.store.database import Database, unhurried
from engine.store.tables import UNFINISHED_SQL, body, claim, delivery, event, finding, message

Removable = Literal["INVALID", "FILTERED", "DISCARDED"]
REMOVABLE: tuple[Removable, ...] = get_args(Removable)

_AT_ONCE = 100
"""Messages removed in one transaction, so that no writer waits for long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How long messages are kept: `ages` by state, one that is not named for ever; `largest` bytes of bodies over these states, None for any."""

    ages: Mapping[Removable, timedelta]
    largest: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Messages of one state that go, why (`age` or `size`), the bytes of their bodies, and when the first and the last were received."""

    state: Removable
    why: Literal["age", "size"]
    messages: int
    size: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Past:
    """The messages that go, by receipt, and their shares."""

    receipts: Sequence[str]
    shares: Sequence[Share]


def past(database: Database, keep: Keep, now: datetime) -> Past:
    """Find what goes, changing nothing."""
    shares: dict[tuple[Removable, Literal["age", "size"]], list[AnyRow]] = {}
    receipts = []
    with database.read() as connection:
        unhurried(connection)
        for row, why in _going(connection, keep, now):
            shares.setdefault((row.state, why), []).append(row)
            receipts.append(row.receipt)
    return Past(receipts, [_share(state, why, rows) for (state, why), rows in sorted(shares.items())])


def remove(database: Database, receipts: Sequence[str]) -> Iterator[int]:
    """Remove what was found and still may go, a few at a time, each in one transaction with its counts; gives how many are gone after each."""
    gone = 0
    for start in range(0, len(receipts), _AT_ONCE):
        with database.write() as connection:
            gone += _remove(connection, receipts[start : start + _AT_ONCE])
        yield gone


def reclaim(database: Database) -> bool:
    """Give the space of what is gone back to the machine; false for a SQLite file that was made before it could."""
    return database.reclaim([table.name for table in _TABLES])


def _going(connection: Connection, keep: Keep, now: datetime) -> Iterator[tuple[AnyRow, Literal["age", "size"]]]:
    """Find what goes, the oldest of each state first: first by age, then as many of the rest as lie above the size."""
    kept: list[AnyRow] = []
    for state in REMOVABLE:
        age = keep.ages.get(state)
        for row in connection.execute(_OF_STATE, {"its_state": state}):
            if age is not None and row.received < now - age:
                yield row, "age"
            elif keep.largest is not None:
                kept.append(row)
    if keep.largest is not None:
        above = sum(row.bytes for row in kept) - keep.largest
        for row in sorted(kept, key=lambda one: one.seq):
            if above <= 0:
                return
            above -= row.bytes
            yield row, "size"


def _share(state: Removable, why: Literal["age", "size"], rows: list[AnyRow]) -> Share:
    moments = [row.received for row in rows]
    return Share(
        state=state, why=why, messages=len(rows), size=sum(row.bytes for row in rows), first=min(moments), last=max(moments)
    )


def _remove(connection: Connection, receipts: Sequence[str]) -> int:
    """Remove messages that still may go, with all rows that are theirs; counts follow in the same transaction."""
    rows = _STILL.read(connection, receipts)
    mine = [row.receipt for row in rows]
    deltas: Deltas = Counter()
    for row in rows:
        deltas[CountKey("message", row.institution, row.lane, row.state)] -= 1
        deltas[CountKey("taken", row.institution, row.lane)] -= 1
    for row in _DELIVERIES.read(connection, mine):
        deltas[CountKey("delivery", row.destination, row.lane, row.state)] -= 1
    for table in _TABLES:
        connection.execute(sa.delete(table).where(table.c.receipt.in_(mine)))
    counts.record(connection, deltas)
    return len(mine)


_TABLES = (delivery, event, finding, claim, body, message)
_OPEN = sa.exists().where(delivery.c.receipt == message.c.receipt, sa.text(f"delivery.{UNFINISHED_SQL}")).correlate(message)
_BYTES: Any = sa.func.length(body.c.original) + sa.func.length(body.c.changed) + sa.func.length(body.c.trace)
_OF_STATE = (
    sa.select(message.c.seq, message.c.receipt, message.c.state, message.c.received, sa.func.coalesce(_BYTES, 0).label("bytes"))
    .join(body, body.c.receipt == message.c.receipt, isouter=True)
    # The partial index on states is used only when this is said as it says it.
    .where(message.c.state == sa.bindparam("its_state"), sa.text("message.state <> 'ROUTED'"), ~_OPEN)
    .order_by(message.c.received, message.c.seq)
)
_STILL = Listed(
    message.c.receipt,
    lambda chosen: (
        sa.select(message.c.receipt, message.c.institution, message.c.lane, message.c.state)
        .where(chosen, message.c.state.in_(REMOVABLE), ~_OPEN)
        .with_for_update(of=message)
    ),
)
_DELIVERIES = Listed(
    delivery.c.receipt, lambda chosen: sa.select(delivery.c.destination, delivery.c.lane, delivery.c.state).where(chosen)
)
