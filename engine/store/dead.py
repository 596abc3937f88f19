"""Find the dead deliveries that wait for a person, and what waits behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.sealing import Seal
from engine.store.tables import UNFINISHED_SQL, delivery

LOOKED_AT = 1000
"""Dead deliveries of one destination that `blocked` looks at; the page must stay quick on the worst day."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLine:
    """One dead delivery: `behind` later ones of its key wait for it; `at` is when it died."""

    id: int
    destination: str
    receipt: str
    attempts: int
    behind: int
    error_code: str
    error_text: str
    at: datetime


_behind = delivery.alias("behind")
_OF_ITS_KEY = (
    delivery.c.key != "",
    _behind.c.destination == delivery.c.destination,
    _behind.c.key == delivery.c.key,
    _behind.c.seq > delivery.c.seq,
    sa.text(f"behind.{UNFINISHED_SQL}"),
)
# A dead delivery carries its error, so that the index of errors finds it.
_DEAD = (delivery.c.destination == sa.bindparam("its_destination"), sa.text("error_code <> ''"), delivery.c.state == "DEAD")
_LINES = (
    sa.select(
        delivery.c.seq,
        delivery.c.receipt,
        delivery.c.attempts,
        delivery.c.error_code,
        delivery.c.error_text,
        delivery.c.changed_at,
        sa.select(sa.func.count()).select_from(_behind).where(*_OF_ITS_KEY).correlate(delivery).scalar_subquery(),
    )
    .where(*_DEAD)
    .order_by(delivery.c.changed_at.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
)


def _blocking() -> sa.Select[int]:
    newest = (
        sa.select(delivery.c.seq, delivery.c.destination, delivery.c.key)
        .where(*_DEAD)
        .order_by(delivery.c.changed_at.desc())
        .limit(LOOKED_AT)
        .subquery("newest")
    )
    held = sa.exists().where(
        _behind.c.destination == newest.c.destination,
        _behind.c.key == newest.c.key,
        _behind.c.seq > newest.c.seq,
        sa.text(f"behind.{UNFINISHED_SQL}"),
    )
    return sa.select(sa.func.count(sa.distinct(newest.c.key))).where(newest.c.key != "", held)


_BLOCKED = _blocking()


def dead(connection: Connection, seal: Seal, destinations: Iterable[str], *, limit: int) -> list[DeadLine]:
    """List dead deliveries to these destinations, those that died last first, up to `limit` in all."""
    found = [line for name in destinations for line in _of(connection, seal, name, limit)]
    return sorted(found, key=lambda line: line.at, reverse=True)[:limit]


def _of(connection: Connection, seal: Seal, destination: str, limit: int) -> list[DeadLine]:
    rows = connection.execute(_LINES, {"its_destination": destination, "most": limit})
    return [
        DeadLine(
            id=seq,
            destination=destination,
            receipt=receipt,
            attempts=attempts,
            behind=behind,
            error_code=code,
            error_text=seal.open_text(text, table="delivery", column="error_text", row=receipt),
            at=at,
        )
        for seq, receipt, attempts, code, text, at, behind in rows
    ]


def dead_lines(connection: Connection, seal: Seal, numbers: Sequence[int]) -> list[DeadLine]:
    """Read dead deliveries by their numbers, in this order; what waits behind them is not counted (0)."""
    columns = (delivery.c.attempts, delivery.c.error_code, delivery.c.error_text, delivery.c.changed_at)
    wanted = sa.select(delivery.c.seq, delivery.c.destination, delivery.c.receipt, *columns).where(delivery.c.seq.in_(numbers))
    return [
        DeadLine(
            id=seq, destination=destination, receipt=receipt, attempts=attempts, behind=0, error_code=code, at=at,
            error_text=seal.open_text(text, table="delivery", column="error_text", row=receipt),
        )
        for seq, destination, receipt, attempts, code, text, at in connection.execute(wanted.order_by(delivery.c.seq))
    ]  # fmt: skip


def blocked(connection: Connection, destination: str) -> int:
    """Count the keys that a dead delivery holds up, among the thousand that died last."""
    return connection.execute(_BLOCKED, {"its_destination": destination}).scalar_one()


def is_dead(connection: Connection, delivery_id: int) -> bool:
    """Tell whether a delivery is dead now, and keep it so until the transaction ends."""
    wanted = sa.select(delivery.c.seq).where(delivery.c.seq == delivery_id, delivery.c.state == "DEAD").with_for_update()
    return connection.execute(wanted).one_or_none() is not None
