"""See to one order whenever something about it is due: an answer that did not come, a time that is over, a stopped clinic."""

from __future__ import annotations

from datetime import datetime, timedelta

from engine.errors import TryAgain
from engine.services.appointments import pool
from engine.services.appointments.asking import FUNCTION_OF
from engine.services.appointments.booking import give_back
from engine.services.appointments.changing import end
from engine.services.appointments.conclusions import adopt
from engine.services.appointments.counter import Counter
from engine.services.appointments.moving import begin, carry_out, fresh, look_up
from engine.services.appointments.orders import RELEASED, Move, Order
from engine.store.again import again

_HURRY = timedelta(seconds=5)
"""After this time an order is looked at again that still has to be ended."""


def tend(counter: Counter, order_id: str) -> datetime | None:
    """Do what is due about an order; give when it is next due, None when nothing is.

    Raises TryAgain while the hospital's answer is still not known, Unavailable while it cannot be asked.
    """
    one = fresh(counter, order_id)
    if one.live and one.unanswered:
        one = resolve(counter, one)
        if one.live and one.unanswered:
            raise TryAgain("the hospital has not yet told what became of the order")
    if not one.live:
        return None
    at = counter.now()
    if _stopped(counter, one):
        return _end_stopped(counter, one, at)
    if one.wish and one.state in ("booked", "paid"):
        by = RELEASED if one.wish == RELEASED else "patient"
        end(counter, one, who="platform", ended_by=by, reason=one.words, late=True)
        return at + _HURRY
    if one.state in ("locked", "booked") and one.expires is not None and one.expires <= at:
        return _expire(counter, one, at)
    return counter.orders.due(one, at)


def resolve(counter: Counter, one: Order) -> Order:
    """Learn what became of what was asked: by the hospital's own record (2012), else by asking the same once more.

    A booking that the hospital does not know is asked for again for as long as a patient may wait for it, then cancelled there,
    so that it cannot appear later; until the hospital has answered, the seat stays held.
    """
    if one.pending == "lock":
        begun = begin(counter, one, "unlock", what="lock-lost", who="platform")
        one = begun or fresh(counter, one.order_id)
    if one.pending == "unlock":
        return carry_out(counter, one, "2006", late=True).order
    rules = counter.rules_of(one.institution)
    if counter.offers(one.institution, "2012"):
        record = look_up(counter, one)
        found = adopt(one, record, rules.payment_window, counter.now()) if record is not None else None
        if found is not None:
            moved = again(counter.database, lambda connection: counter.orders.move(connection, one, found, counter.now()))
            return moved or fresh(counter, one.order_id)
        gone = record is None
    else:
        gone = True
    if one.state == "booking" and one.pending == "" and gone and _given_up(counter, one, rules.unknown_life):
        begun = begin(counter, one, "cancel", what="given-up", who="platform")
        if begun is None:
            return fresh(counter, one.order_id)
        one = begun
    return carry_out(counter, one, FUNCTION_OF[one.pending], late=True).order


def _given_up(counter: Counter, one: Order, life: float) -> bool:
    """Tell whether nobody waits any more for a booking that the hospital does not know of."""
    if not counter.offers(one.institution, "2009"):
        return False
    late = counter.now() - (one.asked or one.created) >= timedelta(seconds=life)
    return late or one.wish != "" or _stopped(counter, one)


def _stopped(counter: Counter, one: Order) -> bool:
    """Tell whether the clinic of an order was stopped by its hospital (5001)."""
    with counter.database.read() as connection:
        seat = pool.read_slot(connection, one.institution, one.slot)
    return seat is not None and seat.status == "stopped" and seat.stop != ""


def _end_stopped(counter: Counter, one: Order, at: datetime) -> datetime | None:
    """End an order whose clinic was stopped: a lock and an unpaid order are given back, a paid one is refunded.

    A number that was fetched is refunded only at the window, as is what the hospital would not refund to us: the portal is told.
    """
    if one.ended_by == "stop" and one.state == "fetched":
        return None
    if one.ended_by == "stop" and one.state == "paid" and one.code:
        return None
    reason = "医院停诊"
    if one.state == "fetched" or (one.state == "paid" and not _refunds(counter, one)):
        by = Move(
            what="clinic-stopped", who="hospital", values={"ended_by": "stop", "code": one.code or "SND-722"},
            notice=("clinic-stopped", "医院停诊，请患者到医院窗口办理退费。"),
        )  # fmt: skip
        again(counter.database, lambda connection: counter.orders.move(connection, one, by, at))
        return None
    if one.state == "locked":
        give_back(counter, one, who="platform", ended_by="stop", late=True)
        return at + _HURRY
    if one.state == "booked" and not _cancels(counter, one):
        by = Move(
            what="cancelled", who="hospital", to="cancelled", values={"ended_by": "stop"},
            notice=("clinic-stopped", "医院停诊，预约已取消。"),
        )  # fmt: skip
        again(counter.database, lambda connection: counter.orders.move(connection, one, by, at))
        return at + _HURRY
    end(counter, one, who="platform", ended_by="stop", reason=reason, late=True)
    return at + _HURRY


def _flags(counter: Counter, one: Order) -> str:
    with counter.database.read() as connection:
        seat = pool.read_slot(connection, one.institution, one.slot)
    return "" if seat is None else str(seat.stop)


def _refunds(counter: Counter, one: Order) -> bool:
    """Tell whether the platform is to refund: unless the hospital said that it is not to (IS_REFUND other than 1)."""
    return "no-refund" not in _flags(counter, one) and counter.offers(one.institution, "2010")


def _cancels(counter: Counter, one: Order) -> bool:
    """Tell whether the platform is to cancel at the hospital: unless the hospital does so itself (IS_CANCEL other than 1)."""
    return "no-cancel" not in _flags(counter, one) and counter.offers(one.institution, "2009")


def _expire(counter: Counter, one: Order, at: datetime) -> datetime | None:
    if one.state == "locked":
        result = give_back(counter, one, who="platform", ended_by="expiry", late=True)
        return at + _HURRY if result.order.live else None
    end(counter, one, who="platform", ended_by="expiry", reason="超过支付时限", late=True)
    return at + _HURRY
