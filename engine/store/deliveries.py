"""Change the state of deliveries outside of a lease: cancel, revive, discard, and wake what stood behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store import counts, rows
from engine.store.bulk import Values, insert_rows
from engine.store.columns import AnyRow
from engine.store.counts import CountKey, Deltas
from engine.store.entries import EventLine
from engine.store.sealing import Seal
from engine.store.tables import UNFINISHED_SQL, WAITING_SQL, delivery, event, message

DeliveryState = Literal["QUEUED", "SENDING", "UNKNOWN", "SENT", "DEAD", "CANCELLED", "DISCARDED"]
UNFINISHED: tuple[DeliveryState, ...] = ("QUEUED", "SENDING", "UNKNOWN", "DEAD")
"""The states in which a delivery holds back later ones with the same key."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A delivery that left the queue, as far as those behind it are concerned."""

    seq: int
    destination: str
    key: str


_behind = delivery.alias("behind")
_NEXT = (
    sa.select(sa.func.min(_behind.c.seq))
    .where(
        _behind.c.destination == sa.bindparam("its_destination"),
        _behind.c.key == sa.bindparam("its_key"),
        _behind.c.seq > sa.bindparam("its_seq"),
        sa.text(f"behind.{UNFINISHED_SQL}"),
    )
    .scalar_subquery()
)
_WAKE = sa.update(delivery).where(delivery.c.seq == _NEXT, sa.text(WAITING_SQL)).values(wake=delivery.c.due)


_MARK = sa.select(message.c.mark).where(message.c.receipt == sa.bindparam("its_receipt")).with_for_update(read=True)


def wake_next(connection: Connection, ended: Iterable[Ended]) -> None:
    """Let a worker look again, in its old turn, at the delivery that stood behind each of these in its key."""
    behind = [{"its_destination": one.destination, "its_key": one.key, "its_seq": one.seq} for one in ended if one.key]
    if behind:
        connection.execute(_WAKE, behind)


def cancel_queued(connection: Connection, receipt: str, now: datetime) -> int:
    """Cancel the deliveries of a message that nobody has begun to send; return how many."""
    statement = (
        sa.update(delivery)
        .where(delivery.c.receipt == receipt, delivery.c.state == "QUEUED")
        .values(state="CANCELLED", changed_at=now)
        .returning(delivery.c.seq, delivery.c.destination, delivery.c.key, delivery.c.lane)
    )
    gone = connection.execute(statement).all()
    deltas: Deltas = Counter()
    for row in gone:
        move(deltas, row.destination, row.lane, "QUEUED", "CANCELLED")
    counts.record(connection, deltas)
    wake_next(connection, [Ended(row.seq, row.destination, row.key) for row in gone])
    return len(gone)


def revive(connection: Connection, seal: Seal, delivery_id: int, by: str, now: datetime) -> bool:
    """Queue a DEAD delivery again as if it were new; false when it is not DEAD or its message was revoked."""
    row = _locked(connection, delivery_id, ("DEAD",))
    if row is None or connection.execute(_MARK, {"its_receipt": row.receipt}).scalar_one() == "revoked":
        return False
    fresh = {"state": "QUEUED", "attempts": 0, "first_due": now, "due": now, "wake": now}
    _change(connection, row, fresh, now)
    _tell(connection, seal, row, now, "revived", by)
    return True


def discard(connection: Connection, seal: Seal, delivery_id: int, reason: str, by: str, now: datetime) -> bool:
    """Give up a delivery that is not being sent; false when it is finished or being sent. Its key goes on."""
    row = _locked(connection, delivery_id, ("QUEUED", "UNKNOWN", "DEAD"))
    if row is None:
        return False
    _change(connection, row, {"state": "DISCARDED", "error_code": ""}, now)
    wake_next(connection, [Ended(row.seq, row.destination, row.key)])
    _tell(connection, seal, row, now, "delivery-discarded", f"{by}: {reason}")
    return True


def move(deltas: Deltas, destination: str, lane: str, old: str, new: str) -> None:
    """Note that one delivery went from a state to another."""
    deltas[CountKey("delivery", destination, lane, old)] -= 1
    deltas[CountKey("delivery", destination, lane, new)] += 1


def _locked(connection: Connection, delivery_id: int, states: tuple[DeliveryState, ...]) -> AnyRow | None:
    wanted = sa.select(delivery).where(delivery.c.seq == delivery_id, delivery.c.state.in_(states)).with_for_update()
    return connection.execute(wanted).one_or_none()


def _change(connection: Connection, row: AnyRow, values: Values, now: datetime) -> None:
    connection.execute(sa.update(delivery).where(delivery.c.seq == row.seq).values(**values, changed_at=now))
    deltas: Deltas = Counter()
    move(deltas, row.destination, row.lane, row.state, values["state"])
    counts.record(connection, deltas)


def _tell(connection: Connection, seal: Seal, row: AnyRow, now: datetime, what: str, detail: str) -> None:
    line = EventLine(at=now, what=what, detail=f"{row.destination} {detail}")
    insert_rows(connection, event, [rows.event_row(row.receipt, line, seal)])
