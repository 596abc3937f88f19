"""Apply for a referral: the rules, the patient, the slot at the hospital itself, and only then the referral with all that follows."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError

from engine.errors import EngineError, SenderError
from engine.message import SHANGHAI, new_receipt
from engine.services.appointments import pool
from engine.services.appointments.holding import hold, release
from engine.services.appointments.limits import lock_number
from engine.services.appointments.model import BookWish, OrderView
from engine.services.appointments.refusals import refuse
from engine.services.claiming import claimed_resident
from engine.services.referrals.history import tell
from engine.services.referrals.kept import Kept, Said, Words
from engine.services.referrals.model import Mover, ReferralWish
from engine.services.referrals.moving import LETTING_GO, follow, held_until, limits
from engine.services.referrals.office import Office, approved
from engine.services.referrals.particulars import as_patient, check_request, check_wish
from engine.services.referrals.tables import referral
from engine.services.residents import one_person

_UNWRITTEN = timedelta(minutes=30)
"""How long a slot is held while its referral is not yet written: should we end in between, it goes back by itself."""

_TRIES = 50
"""How many bookings of one application may have ended before it was written."""

_ENDED = ("cancelled", "refunded", "failed")


class _SlotGone(Exception):
    """The order ended before its referral was written."""


def apply(office: Office, by: Mover, request_id: str, wish: ReferralWish, slot: str) -> Kept:
    """Refer a patient; the same wish again is answered as the referral now is, another one by this number refused (SND-766)."""
    check_request(request_id)
    digest = office.seal.lookup(f"{wish!r} {slot}")
    before = office.again(lambda connection: repeated(office, connection, by.institution, request_id, digest))
    if before is not None:
        return before
    at = office.now()
    wish = check_wish(wish, office.rules, at)
    with office.database.read() as connection:
        made = _judged(office, connection, by, request_id, digest, wish, at)
        _check_slot(connection, wish, slot)
        _check_day(office, connection, made)
    for _ in range(2):
        order_id = _book(office, by, made, slot).order if slot else ""
        office.steps("booked-before-written")
        try:
            return _write(office, by, made, order_id)
        except _SlotGone:
            continue
        except SenderError as refusal:
            if order_id:
                _let_go(office, order_id, by.trace)
            raise refusal from None
    raise refuse("SND-704")


def repeated(office: Office, connection: Connection, origin: str, request_id: str, digest: str) -> Kept | None:
    """Give the referral that a wish was made for before; None for a new number, refused when that was another wish."""
    before = office.shelf.by_request(connection, origin, request_id)
    if before is not None and before.digest != digest:
        raise refuse("SND-766")
    return before


def _judged(
    office: Office, connection: Connection, by: Mover, request_id: str, digest: str, wish: ReferralWish, at: datetime
) -> Kept:
    """Make the referral of a wish that the rules allow, for a patient who is one resident; its limits are worked out as it is written."""
    origin, receiver, direction = by.institution, wish.to.hospital, wish.direction
    reviewer = office.rules.reviewer(origin, receiver, direction)
    named = {origin, receiver, *([reviewer] if reviewer else [])}
    if office.rules.way(origin, receiver, direction) is None or set(approved(connection, named)) != named:
        raise refuse("SND-761")
    found = claimed_resident(connection, office.seal, wish.patient.id_number, wish.patient.name)
    if found is None:
        raise refuse("SND-762")
    return Kept(
        referral=new_receipt(at), request_id=request_id, digest=digest, origin=origin, receiver=receiver, reviewer=reviewer,
        direction=direction, kind=wish.kind, state="reviewing" if reviewer else "applied", urgency=wish.urgency, version=1,
        moved="Apply", mover=origin, department=wish.to.department, doctor=wish.to.doctor, resident=found.number,
        day=f"{at.astimezone(SHANGHAI):%Y-%m-%d}", order_id="", record="", return_of="", returned_by="",
        occurred=wish.occurred_at or at, created=at, changed=at, due=None, remind=None, released=None, overdue=False,
        patient=wish.patient, words=Words(),
        said=Said(origin=wish.origin, clinical=wish.clinical, share=wish.share, late_entry=wish.late_entry),
    )  # fmt: skip


def _check_slot(connection: Connection, wish: ReferralWish, slot: str) -> None:
    """Refuse a slot of another department or doctor than the patient is sent to."""
    seat = pool.read_slot(connection, wish.to.hospital, slot) if slot else None
    if seat is None:
        return
    if wish.to.department not in ("", seat.department) or wish.to.doctor not in ("", seat.doctor):
        raise refuse("SND-767", "号源 slot 不属于 to 中的科室或医生。")


def _check_day(office: Office, connection: Connection, made: Kept) -> None:
    """Refuse a second referral of a person to the same receiver on one day (SND-764)."""
    if office.rules.same_day == "allow":
        return
    same = (
        referral.c.resident.in_(one_person(connection, made.resident)), referral.c.receiver == made.receiver,
        referral.c.day == made.day, referral.c.state.not_in(sorted(LETTING_GO)), referral.c.return_of == "",
    )  # fmt: skip
    if connection.execute(select(referral.c.referral).where(*same).limit(1)).first() is not None:
        raise refuse("SND-764")


def _book(office: Office, by: Mover, made: Kept, slot: str) -> OrderView:
    """Book the slot at the receiver, under a number of the wish that finds it again when we ended before the referral was written."""
    booking = BookWish(
        hospital=made.receiver, slot=slot, patient=as_patient(made.patient), held_for=made.referral,
        held_until=office.now() + _UNWRITTEN,
    )  # fmt: skip
    for place in range(_TRIES):
        request = hashlib.sha256(f"{made.origin}\n{made.request_id}\n{made.digest}\n{place}".encode()).hexdigest()
        if _ended(office, by.institution, request):
            continue
        return office.appointments.book(by.institution, request, booking, trace=by.trace)
    raise refuse("SND-704")


def _ended(office: Office, origin: str, request: str) -> bool:
    try:
        before = office.appointments.order(origin, request_id=request)
    except SenderError as unknown:
        if unknown.code != "SND-713":
            raise
        return False
    return before.state in _ENDED


def _write(office: Office, by: Mover, made: Kept, order_id: str) -> Kept:
    """Write the referral and hold its slot until the next move is due, in one transaction."""

    def work(connection: Connection) -> Kept:
        if connection.dialect.name == "postgresql":
            # Two applications for one person wait for each other, so that not both pass the rule of the day.
            connection.execute(select(func.pg_advisory_xact_lock(lock_number(min(one_person(connection, made.resident))))))
        before = repeated(office, connection, made.origin, made.request_id, made.digest)
        if before is not None:
            return before
        _check_day(office, connection, made)
        return enter(office, connection, by, replace(made, order_id=order_id))

    try:
        return office.again(work)
    except IntegrityError:
        # The same request came twice at once, and the other one was first.
        return office.again(lambda connection: _first(office, connection, made))


def _first(office: Office, connection: Connection, made: Kept) -> Kept:
    before = repeated(office, connection, made.origin, made.request_id, made.digest)
    if before is None:
        raise LookupError("a referral that was written cannot be read")
    return before


def enter(office: Office, connection: Connection, by: Mover, made: Kept) -> Kept:
    """Keep a new referral with its first entry and all that follows from it, within the caller's transaction."""
    at = made.created
    one = replace(made, **limits(office, connection, made.order_id, made.urgency, made.state, at))
    if one.order_id:
        order = hold(office.booking, connection, one.order_id, one.referral, held_until(one), at, by.trace)
        if order is None:
            raise _SlotGone
        one = replace(one, department=order.department, doctor=order.doctor)
    office.shelf.add(connection, one)
    tell(connection, office.seal, one, "Apply", by, "", at)
    if one.order_id:
        tell(connection, office.seal, one, "book", by, "", at)
    follow(office, connection, one, "Apply", by, at)
    return one


def _let_go(office: Office, order_id: str, trace: str) -> None:
    """Give back a slot whose referral was not written; what cannot be asked now is ended by the order's own time."""
    with suppress(EngineError):
        release(office.booking, order_id, "转诊没有成立", trace)
