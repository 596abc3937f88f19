"""Keep the counts: insert-only deltas in the transaction that changes a state, folded later, compared with the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.bulk import insert_rows
from engine.store.database import Database, unhurried
from engine.store.folding import Folding
from engine.store.tables import count, count_delta, delivery, message

Scope = Literal["taken", "message", "delivery"]
Deltas = Counter["CountKey"]


class CountKey(NamedTuple):
    """What is counted: `owner` is the institution of messages, the destination of deliveries; `taken` has no state."""

    scope: Scope
    owner: str
    lane: str
    state: str = ""


def record(connection: Connection, deltas: Mapping[CountKey, int]) -> None:
    """Write how the counts change; zeros are left out."""
    insert_rows(connection, count_delta, [key._asdict() | {"delta": value} for key, value in deltas.items() if value])


def fold(database: Database) -> int:
    """Move all deltas into the folded sums; return how many rows were folded."""
    return _FOLDING.fold(database)


_FOLDING = Folding(count_delta, count, CountKey._fields, {"delta": "value"})

_KEYS = (count_delta.c.scope, count_delta.c.owner, count_delta.c.lane, count_delta.c.state)


def totals(connection: Connection) -> dict[CountKey, int]:
    """Give the counts as of now, folded and unfolded together; zeros are left out."""
    folded = sa.select(count.c.scope, count.c.owner, count.c.lane, count.c.state, count.c.value.label("value"))
    both = folded.union_all(sa.select(*_KEYS, count_delta.c.delta)).subquery()
    names = (both.c.scope, both.c.owner, both.c.lane, both.c.state)
    rows = connection.execute(sa.select(*names, sa.func.sum(both.c.value)).group_by(*names))
    return {CountKey(scope, owner, lane, state): int(value) for scope, owner, lane, state, value in rows if value}


def balance(counted: Mapping[CountKey, int]) -> tuple[int, int]:
    """Give how many messages were taken in, and how many the five states hold; both are the same unless something was lost."""
    sums = Counter[str]()
    for key, value in counted.items():
        sums[key.scope] += value
    return sums["taken"], sums["message"]


def verify(connection: Connection) -> list[str]:
    """Compare the counts with the rows, in one read transaction; each line of the result names one difference."""
    unhurried(connection)
    counted = totals(connection)
    rows = _rows_by_key(connection)
    lines = [
        f"{key.scope} {key.owner} {key.lane} {key.state}: counted {counted.get(key, 0)}, rows {rows.get(key, 0)}"
        for key in sorted(counted.keys() | rows.keys())
        if counted.get(key, 0) != rows.get(key, 0)
    ]
    taken, kept = balance(counted)
    if taken != kept:
        lines.append(f"taken in {taken}, sum of the five states {kept}")
    return lines


def _rows_by_key(connection: Connection) -> dict[CountKey, int]:
    found: Deltas = Counter()
    by_state = (message.c.institution, message.c.lane, message.c.state)
    for owner, lane, state, number in connection.execute(_counting(by_state)):
        found[CountKey("message", owner, lane, state)] += number
        found[CountKey("taken", owner, lane)] += number
    by_destination = (delivery.c.destination, delivery.c.lane, delivery.c.state)
    for owner, lane, state, number in connection.execute(_counting(by_destination)):
        found[CountKey("delivery", owner, lane, state)] += number
    return dict(found)


def _counting(columns: Iterable[sa.Column[str]]) -> sa.Select[str, str, str, int]:
    first, second, third = columns
    return sa.select(first, second, third, sa.func.count()).group_by(first, second, third)
