"""Ask a hospital about an order and write down what it said, in that order and at the named steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection

from engine.errors import DestinationError, SenderError, TryAgain
from engine.hospital import Values
from engine.services.appointments.answers import EXISTS, Meaning
from engine.services.appointments.asking import VALUES, record_values
from engine.services.appointments.conclusions import adopt, done, refused
from engine.services.appointments.counter import Counter, Outcome, filled
from engine.services.appointments.model import NoticeKind, Pending
from engine.services.appointments.orders import RELEASED, Move, Order
from engine.services.appointments.refusals import refuse
from engine.store.again import again

UNHEARD = "SND-719"
"""The code of an order that failed because its hospital surely was not asked."""

_ROUNDS = 6
_NOT_ASKED_FAILS = {"2005", "2007", "2011"}
"""Functions that end when the hospital surely was not asked the first time; what was asked before, money and cancellations go on being tried."""


class TryAgainLater(DestinationError):
    """The hospital answered, and the answer says nothing."""

    def __init__(self, text: str) -> None:
        super().__init__("DST-201", text)


@dataclass(frozen=True, slots=True)
class Result:
    """An order after a question, and the refusal when the hospital refused."""

    order: Order
    refusal: SenderError | None = None


def begin(
    counter: Counter, one: Order, pending: Pending, *, what: str, who: str, trace: str = "", values: Mapping[str, Any] | None = None,
    **more: Any,
) -> Order | None:  # fmt: skip
    """Write down that something is about to be asked of the hospital; None when the order was moved meanwhile."""
    at = counter.now()
    by = Move(what=what, who=who, pending=pending, trace=trace, values={**(values or {}), "asked": at}, **more)
    return again(counter.database, lambda connection: counter.orders.move(connection, one, by, at))


def carry_out(counter: Counter, one: Order, function: str, *, late: bool = False) -> Result:
    """Ask what is pending and write down what came of it; an answer that did not come leaves the order as it is.

    `late` says that nobody waits for this answer.
    """
    outcome = counter.conduct(one, function, VALUES[function](one))
    result = _written(counter, one, function, outcome, late=late)
    counter.steps("after-commit-before-answer")
    return result


def _concluded(counter: Counter, one: Order, function: str, outcome: Outcome, *, late: bool) -> Move | None:
    window = counter.rules_of(one.institution).payment_window
    reply, what = outcome.reply, outcome.meaning
    if reply is None or what is None:
        if function == "2005" and outcome.arrived:
            return Move(what="lock-lost", who="platform", pending="unlock", why=outcome.text)
        if not outcome.arrived and function in _NOT_ASKED_FAILS and not late:
            return _not_asked(counter, one, function)
        return None
    if what.kind == "done":
        return done(one, function, reply, window, late=late)
    if what.kind == "refused":
        # What the platform itself must end goes on being tried, whatever a hospital answers.
        return None if _must_end(one, function) else refused(one, function, what, reply.message, late=late)
    return _asked_after(counter, one, function, reply.code, reply.message, window, late=late)


def _not_asked(counter: Counter, one: Order, function: str) -> Move:
    """Say how an order moves whose hospital surely was not asked: what was locked is locked again until its end, a wish has failed."""
    if function == "2007" and one.kind == "lock":
        ends = one.created + timedelta(seconds=counter.rules_of(one.institution).lock_life)
        return Move(what="refused", who="platform", to="locked", code=UNHEARD, values={"code": UNHEARD, "expires": ends})
    return refused(one, function, Meaning("refused", UNHEARD), "医院暂时不能办理，请稍后再试。", late=False)


def _must_end(one: Order, function: str) -> bool:
    return function == "2006" or (function == "2009" and (one.ended_by in ("expiry", "stop", RELEASED) or one.state == "booking"))


def _asked_after(
    counter: Counter, one: Order, function: str, code: str, message: str, window: float, *, late: bool
) -> Move | None:
    """Ask by 2012 what is so, after an answer that does not tell."""
    plain = Meaning("refused")
    if not counter.offers(one.institution, "2012"):
        if (function, code) in EXISTS:
            told: tuple[NoticeKind, str] | None = ("booking-confirmed", "医院已确认预约。") if late else None
            return Move(
                notice=told,
                what="booked",
                who="hospital",
                to="booked",
                known=True,
                values={"expires": one.kept_until(counter.now(), window)},
            )
        definite = len(code) == 6 and not _must_end(one, function)
        return refused(one, function, plain, message, late=late) if definite else None
    try:
        record = look_up(counter, one)
    except DestinationError:
        return None
    if record is not None:
        found = adopt(one, record, window, counter.now())
        if found is not None:
            return found
    if (function, code) in EXISTS or _must_end(one, function):
        return None
    return refused(one, function, plain, message, late=late)


def look_up(counter: Counter, one: Order) -> Values | None:
    """Ask a hospital for its record of one order (2012); None when it has none. Raises Unavailable and Rejected."""
    reply = counter.ask(one.institution, "2012", filled(record_values(one)))
    if reply.code == "0":
        found = [each for each in reply.values.get("ORDER_LIST", ()) if each.get("ORDER_ID") == one.order_id]
        return found[0] if found and str(found[0].get("ORDER_STATUS", "")) != "1" else None
    if reply.code == "201201":
        return None
    raise TryAgainLater(f"2012 answered {reply.code}")


def _written(counter: Counter, one: Order, function: str, outcome: Outcome, *, late: bool) -> Result:
    """Write down what came of a question; an order that meanwhile is only held for longer is moved all the same."""
    for _ in range(_ROUNDS):
        by = _concluded(counter, one, function, outcome, late=late)
        if by is None:
            return Result(one)
        moved = again(counter.database, partial(_moved, counter, one, by))
        if moved is not None:
            return Result(moved, refusal_of(moved) if by.what == "refused" else None)
        now = fresh(counter, one.order_id)
        if _standing(now) != _standing(one):
            # Somebody else wrote down the hospital's word first; that is what stands.
            return Result(now)
        one = now
    return Result(one)


def _moved(counter: Counter, one: Order, by: Move, connection: Connection) -> Order | None:
    return counter.orders.move(connection, one, by, counter.now())


def _standing(one: Order) -> tuple[str, str, str, bool]:
    return one.state, one.pending, one.wish, one.known


def refusal_of(one: Order) -> SenderError:
    """Make the refusal that an order keeps: the hospital's own words where it gave some."""
    return refuse(one.code or "SND-718", one.words)


def fresh(counter: Counter, order_id: str) -> Order:
    """Read an order that is there."""
    with counter.database.read() as connection:
        found = counter.orders.read(connection, order_id)
    if found is None:
        raise TryAgain("an order that was written cannot be read")
    return found
