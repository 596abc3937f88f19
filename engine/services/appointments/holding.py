"""Hold the seat of an order for something else than its payment, and let it go when that needs it no more."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from engine.errors import SenderError
from engine.services.appointments.changing import end
from engine.services.appointments.counter import Counter
from engine.services.appointments.moving import fresh
from engine.services.appointments.orders import LETTING_GO, RELEASED, Move, Order
from engine.store.again import again
from engine.store.troubles import Collision

_ROUNDS = 6


def hold(
    counter: Counter, connection: Connection, order_id: str, held_for: str, until: datetime | None, at: datetime, trace: str
) -> Order | None:
    """Hold an order's seat until a time, None without end, within the caller's transaction; None when it is let go.

    Raises Collision when others keep moving the order meanwhile.
    """
    for _ in range(_ROUNDS):
        one = counter.orders.read(connection, order_id)
        if one is None or not one.live or one.wish or one.pending in LETTING_GO:
            return None
        if (one.held_for, one.held_until) == (held_for, until):
            return one
        values: dict[str, Any] = {"held_for": held_for, "held_until": until}
        if one.state == "booked":
            values["expires"] = until
        by = Move(what="held", who="platform", pending=one.pending, trace=trace, values=values)
        moved = counter.orders.move(connection, one, by, at)
        if moved is not None:
            return moved
    raise Collision("the order is moved by others", retry_after=1)


def release(counter: Counter, order_id: str, reason: str, trace: str = "") -> tuple[Order, str]:
    """Let an order go (2009, 2010 when it is paid), whatever deadline a patient would have; gives it, and in Chinese why it cannot be let go.

    An order that is still live without such a reason is being let go: ask again later.
    """
    one = fresh(counter, order_id)
    if not one.live or one.pending or one.wish == RELEASED:
        return one, ""
    if one.state == "fetched":
        return one, "患者已取号，请到医院窗口退号。"
    if one.state == "paid" and one.ended_by == RELEASED and one.code:
        return one, one.words or "医院没有受理退费，请到医院窗口办理。"
    if one.state == "booking":
        by = Move(what="release-wished", who="platform", trace=trace, why=reason, words=reason, values={"wish": RELEASED})
        again(counter.database, lambda connection: counter.orders.move(connection, one, by, counter.now()))
        return fresh(counter, order_id), ""
    try:
        end(counter, one, who="platform", ended_by=RELEASED, reason=reason, trace=trace)
    except SenderError as refusal:
        return one, refusal.first.message
    return fresh(counter, order_id), ""
