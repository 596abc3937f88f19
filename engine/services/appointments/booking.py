"""Hold a seat, ask the hospital for it, and keep what it said: the way every order begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from engine.message import new_receipt
from engine.services.appointments import pool
from engine.services.appointments.counter import Counter
from engine.services.appointments.limits import check_limits
from engine.services.appointments.model import BookWish, LockWish, NoticeKind, State
from engine.services.appointments.moving import UNHEARD, Result, begin, carry_out, fresh, refusal_of
from engine.services.appointments.orders import Move, Order
from engine.services.appointments.patients import check_particulars, known_at, person_key, person_of
from engine.services.appointments.refusals import refuse
from engine.services.appointments.rules import BookingRules, check_age, check_day
from engine.store.again import again

_LONGEST_REQUEST = 64
_EXPIRED: tuple[NoticeKind, str] = ("expired", "锁号已到期，号源已释放。")


def lock(counter: Counter, portal: str, request_id: str, wish: LockWish, trace: str) -> Order:
    """Hold a seat for a while, at the hospital too where it offers locks (2005)."""
    offered = counter.offers(wish.hospital, "2005")
    one, first = _taken(counter, portal, request_id, wish, "lock", trace)
    if not first or not offered:
        return one
    return _settled(carry_out(counter, one, "2005"))


def book(counter: Counter, portal: str, request_id: str, wish: BookWish, trace: str) -> Order:
    """Book a slot, or what was locked before: hold, commit, ask 2007, and write down the answer."""
    if wish.order:
        return _book_lock(counter, portal, request_id, wish.order, trace)
    if wish.patient is None:
        raise refuse("SND-706", "请填写患者信息。")
    counter.need(wish.hospital, "2007")
    given = LockWish(
        hospital=wish.hospital, slot=wish.slot, patient=wish.patient, account=wish.account, channel=wish.channel,
        booked_for=wish.booked_for,
    )  # fmt: skip
    one, first = _taken(counter, portal, request_id, given, "book", trace, held_for=wish.held_for, held_until=wish.held_until)
    return _settled(carry_out(counter, one, "2007")) if first else one


def _book_lock(counter: Counter, portal: str, request_id: str, order_id: str, trace: str) -> Order:
    one = own(counter, portal, order_id)
    counter.need(one.institution, "2007")
    with counter.database.read() as connection:
        other = counter.orders.by_request(connection, portal, request_id)
    if other is not None and other.order_id != order_id:
        raise refuse("SND-712")
    if one.state == "cancelled":
        raise refuse("SND-717")
    if one.state != "locked":
        return _as_before(one)
    if one.pending:
        raise refuse("SND-717" if one.pending == "unlock" else "SND-723")
    at = counter.now()
    if one.expires is not None and one.expires <= at:
        raise refuse("SND-717")
    given = {"asked": at, "expires": None, "book_request": "" if request_id == one.request_id else request_id}
    by = Move(what="asked", who=portal, to="booking", trace=trace, values=given)
    moved = again(counter.database, lambda connection: counter.orders.move(connection, one, by, at))
    if moved is None:
        # Something else was done with it at this very moment: what is there now is judged anew.
        return _book_lock(counter, portal, request_id, order_id, trace)
    return _settled(carry_out(counter, moved, "2007"))


def _taken(
    counter: Counter, portal: str, request_id: str, wish: LockWish, kind: str, trace: str, **held: Any
) -> tuple[Order, bool]:
    """Give the order of a wish, and whether it is new: a repeat gets the order as it now is, or its refusal again.

    A wish whose question never left (SND-719) is asked anew by its number: what came of it the first time is kept beside it.
    `held` are `held_for` and `held_until` of the new order; they are no part of the wish that a repeat must say again.
    """
    if not 1 <= len(request_id) <= _LONGEST_REQUEST:
        raise refuse("SND-712", "requestId 应为 1 至 64 个字符。")
    counter.terms(wish.hospital)
    digest = counter.seal.lookup(f"{kind} {wish!r}")
    before = _repeated(counter, portal, request_id, digest)
    if before is not None and not _never_left(before):
        return _as_before(before), False
    rules, at = counter.rules_of(wish.hospital), counter.now()
    patient = check_particulars(wish.patient, rules, at)
    known = known_at(counter, wish.hospital, patient)
    patient = replace(patient, hospital_patient=known.hospital_patient)
    made = replace(_wished(counter, portal, request_id, replace(wish, patient=patient), kind, digest), **held)
    try:
        return again(counter.database, _hold(counter, made, rules, trace, before)), True
    except IntegrityError:
        # The same request came twice at once, and the other one was first.
        before = _repeated(counter, portal, request_id, digest)
        if before is None:
            raise
        return _as_before(before), False


def _repeated(counter: Counter, portal: str, request_id: str, digest: str) -> Order | None:
    with counter.database.read() as connection:
        before = counter.orders.by_request(connection, portal, request_id)
    if before is None:
        return None
    if before.digest != digest:
        raise refuse("SND-712")
    return before


def _never_left(one: Order) -> bool:
    """Tell whether an order failed before its hospital was asked."""
    return one.state == "failed" and one.code == UNHEARD


def _as_before(one: Order) -> Order:
    if one.state == "failed" or (one.state == "booking" and one.pending == "unlock"):
        raise refusal_of(one)
    return one


def _settled(result: Result) -> Order:
    if result.refusal is not None:
        raise result.refusal
    return result.order if result.order.state != "failed" else _as_before(result.order)


def _hold(
    counter: Counter, wished: Order, rules: BookingRules, trace: str, before: Order | None
) -> Callable[[Connection], Order]:  # fmt: skip
    """Take the seat and keep the order, in one transaction; an order `before` gives it the number of its wish."""

    def work(connection: Connection) -> Order:
        at = wished.created
        seat = pool.read_slot(connection, wished.institution, wished.slot)
        if seat is None or seat.status == "gone":
            raise refuse("SND-703")
        if seat.status != "open":
            raise refuse("SND-705")
        check_day(rules, seat.date, at)
        check_age(rules, seat.as_of, at)
        one = replace(
            wished, slot=seat.slot, reg_id=seat.reg_id, schedule=seat.schedule, department=seat.department, doctor=seat.doctor,
            date=seat.date, half=seat.half, begins=seat.begins, ends=seat.ends, level=seat.level,
            registration_fee=seat.registration_fee, treatment_fee=seat.treatment_fee,
            payable=seat.registration_fee + seat.treatment_fee,
        )  # fmt: skip
        check_limits(connection, rules, one)
        if pool.take(connection, one.institution, one.slot, at) is None:
            raise refuse("SND-704")
        if before is not None:
            counter.orders.let_go(connection, before)
        counter.orders.add(connection, one, what="held", trace=trace)
        return one

    return work


def _wished(counter: Counter, portal: str, request_id: str, wish: LockWish, kind: str, digest: str) -> Order:
    """Make the order of a wish; what the slot says is filled in when its seat is taken."""
    at = counter.now()
    state: State = "locked" if kind == "lock" else "booking"
    expires = at + timedelta(seconds=counter.rules_of(wish.hospital).lock_life) if kind == "lock" else None
    locking = kind == "lock" and counter.offers(wish.hospital, "2005")
    return Order(
        order_id=new_receipt(at).replace("-", ""), portal=portal, request_id=request_id, book_request="", digest=digest,
        institution=wish.hospital, slot=wish.slot, reg_id="", schedule="", department="", doctor="", date="", half="", begins="",
        ends="", level="", channel=wish.channel, booked_for=wish.booked_for, kind=kind, state=state,
        pending="lock" if locking else "", wish="", known=False, version=1, registration_fee=0, treatment_fee=0, payable=0, paid=0,
        refund=0, person_lookup=counter.seal.lookup(person_key(wish.patient)),
        account_lookup=counter.seal.lookup(f"{portal} {wish.account}") if wish.account else "", hospital_order="", serial="",
        refund_id="", ended_by="", code="", held_for="", held_until=None, person=person_of(wish.patient), told={}, money={}, words="", created=at, asked=at,
        expires=expires, changed=at,
    )  # fmt: skip


def unlock(counter: Counter, portal: str, order_id: str, trace: str) -> Order:
    """Give a lock back; one that has ended is answered as it is."""
    one = own(counter, portal, order_id)
    if one.state in ("cancelled", "failed") or one.pending == "unlock":
        return one
    if one.state != "locked":
        raise refuse("SND-714")
    if one.pending:
        raise refuse("SND-723")
    return _settled(give_back(counter, one, who=portal, ended_by="patient", trace=trace))


def give_back(counter: Counter, one: Order, *, who: str, ended_by: str, trace: str = "", late: bool = False) -> Result:
    """Give a lock back: at once where the hospital knows of none, else by 2006 until it has said so."""
    if not one.known and not one.pending:
        told = _EXPIRED if ended_by == "expiry" else None
        by = Move(what="unlocked", who=who, to="cancelled", trace=trace, values={"ended_by": ended_by}, notice=told)
        moved = again(counter.database, lambda connection: counter.orders.move(connection, one, by, counter.now()))
        return Result(moved or fresh(counter, one.order_id))
    begun = begin(counter, one, "unlock", what="unlock-asked", who=who, trace=trace, values={"ended_by": ended_by})
    if begun is None:
        return Result(fresh(counter, one.order_id))
    return carry_out(counter, begun, "2006", late=late)


def own(counter: Counter, portal: str, order_id: str) -> Order:
    """Read an order of a portal; any other is unknown to it (SND-713)."""
    with counter.database.read() as connection:
        found = counter.orders.read(connection, order_id)
    if found is None or found.portal != portal:
        raise refuse("SND-713")
    return found
