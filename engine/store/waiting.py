"""Tell how each destination stands: how many deliveries in which state, since when, with which last error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.message import LANES
from engine.store import counts
from engine.store.sealing import Seal
from engine.store.tables import UNFINISHED_SQL, delivery


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitingLine:
    """One destination: counts by state, when its oldest unfinished delivery was first due (by lane too), its last error."""

    destination: str
    counts: Mapping[str, int]
    oldest: datetime | None
    oldest_of: Mapping[str, datetime]
    error_code: str
    error_text: str
    error_at: datetime | None


_LEAST = (
    sa.select(delivery.c.destination)
    .where(sa.text(UNFINISHED_SQL), delivery.c.destination > sa.bindparam("last"))
    .order_by(delivery.c.destination)
    .limit(1)
)
_OLDEST = (
    sa.select(delivery.c.first_due)
    .where(
        sa.text(UNFINISHED_SQL),
        delivery.c.destination == sa.bindparam("its_destination"),
        delivery.c.lane == sa.bindparam("its_lane"),
    )
    .order_by(delivery.c.seq)
    .limit(1)
)
LOOKED_AT = 1000
"""Unfinished deliveries of one destination, the oldest ones, among which `oldest_due` looks for one that is not dead."""

_first = (
    sa.select(delivery.c.first_due, delivery.c.state, delivery.c.seq)
    .where(sa.text(UNFINISHED_SQL), delivery.c.destination == sa.bindparam("its_destination"))
    .order_by(delivery.c.seq)
    .limit(LOOKED_AT)
    .subquery("first")
)
_OLDEST_ALIVE = sa.select(_first.c.first_due).where(_first.c.state != "DEAD").order_by(_first.c.seq).limit(1)
_ERROR = (
    sa.select(delivery.c.receipt, delivery.c.error_code, delivery.c.error_text, delivery.c.changed_at)
    .where(sa.text("error_code <> ''"), delivery.c.destination == sa.bindparam("its_destination"))
    .order_by(delivery.c.changed_at.desc())
    .limit(1)
)


def destinations(connection: Connection) -> list[str]:
    """List the destinations that have unfinished deliveries, one step in the index for each."""
    found: list[str] = []
    while True:
        name = connection.execute(_LEAST, {"last": found[-1] if found else ""}).scalar_one_or_none()
        if name is None:
            return found
        found.append(name)


def oldest_due(connection: Connection) -> list[tuple[str, datetime]]:
    """Tell when the oldest delivery on its way to each destination was first due; behind a thousand dead ones none is looked for."""
    found = []
    for name in destinations(connection):
        at = connection.execute(_OLDEST_ALIVE, {"its_destination": name}).scalar_one_or_none()
        if at is not None:
            found.append((name, at))
    return found


def last_trouble(connection: Connection, destination: str) -> str:
    """Give the code of the last error at a destination, "" when there is none."""
    row = connection.execute(_ERROR, {"its_destination": destination}).one_or_none()
    return "" if row is None else str(row.error_code)


def waiting(connection: Connection, seal: Seal) -> list[WaitingLine]:
    """Tell how each destination stands, in the order of their names."""
    by_destination: dict[str, dict[str, int]] = {}
    for key, value in counts.totals(connection).items():
        if key.scope == "delivery":
            states = by_destination.setdefault(key.owner, {})
            states[key.state] = states.get(key.state, 0) + value
    return [_line(connection, seal, name, states) for name, states in sorted(by_destination.items())]


def _line(connection: Connection, seal: Seal, name: str, states: Mapping[str, int]) -> WaitingLine:
    heads = {lane: connection.execute(_OLDEST, {"its_destination": name, "its_lane": lane}).scalar() for lane in LANES}
    oldest_of: dict[str, datetime] = {lane: at for lane, at in heads.items() if at is not None}
    error = connection.execute(_ERROR, {"its_destination": name}).one_or_none()
    code, text, at = "", "", None
    if error is not None:
        receipt, code, sealed, at = error
        text = seal.open_text(sealed, table="delivery", column="error_text", row=receipt)
    return WaitingLine(
        destination=name, counts=states, oldest=min(oldest_of.values(), default=None), oldest_of=oldest_of,
        error_code=code, error_text=text, error_at=at,
    )  # fmt: skip
