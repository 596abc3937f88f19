"""Move referrals: each move is one conditional statement, with its entry, its errands and its hold on the slot in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, update

from engine.message import SHANGHAI
from engine.services.appointments.holding import hold
from engine.services.appointments.refusals import refuse
from engine.services.referrals.history import tell
from engine.services.referrals.kept import Kept
from engine.services.referrals.model import Mover, Role, State, What, state_name
from engine.services.referrals.notices import RECORD, plan_notices
from engine.services.referrals.office import Office
from engine.services.referrals.tables import referral
from engine.store import errands
from engine.store.troubles import Collision

DUE, RELEASE = "referral-due", "referral-release"
"""Errands about one referral: its time limits, and the slot that is to be given back."""

LETTING_GO: frozenset[State] = frozenset({"rejected", "withdrawn", "expired"})
"""The states in which the slot is given back."""

_ROUNDS = 6
_GRACE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Arrow:
    """From where a move may start, and whose it is."""

    sources: frozenset[State]
    role: Role | None


ARROWS: Mapping[What, Arrow] = {
    "Review": Arrow(frozenset({"reviewing"}), "reviewer"),
    "Accept": Arrow(frozenset({"applied"}), "receiver"),
    "Reject": Arrow(frozenset({"applied"}), "receiver"),
    "Withdraw": Arrow(frozenset({"reviewing", "applied", "accepted"}), "origin"),
    "Arrive": Arrow(frozenset({"accepted"}), "receiver"),
    "Complete": Arrow(frozenset({"arrived"}), "receiver"),
    "ReferBack": Arrow(frozenset({"arrived"}), "receiver"),
    "expire": Arrow(frozenset({"reviewing", "applied", "accepted"}), None),
    "attach": Arrow(frozenset({"reviewing", "applied", "accepted", "arrived"}), "origin"),
    "detach": Arrow(frozenset({"reviewing", "applied", "accepted", "arrived"}), "origin"),
}
"""Every move of a referral that there is; those of one that stays in its state are attach and detach. The clock's have no role."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """What becomes of a referral; `to` None leaves its state, `words` are laid over what was said before, `values` are columns."""

    what: What
    to: State | None
    why: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)


def own(office: Office, connection: Connection, institution: str, number: str) -> Kept:
    """Read a referral of an institution that has a part in it; any other is unknown to it (SND-760)."""
    one = office.shelf.read(connection, number)
    if one is None or not one.roles_of(institution):
        raise refuse("SND-760")
    return one


def not_now(one: Kept) -> Exception:
    """Make the refusal that tells in which state a referral now is (SND-763)."""
    return refuse("SND-763", f"转诊单现在的状态为“{state_name(one.state)}”（{one.state}），不能这样变化。")


def check(one: Kept, by: Mover, what: What) -> None:
    """Refuse a move that does not start in the present state, or is not the mover's (SND-763)."""
    arrow = ARROWS[what]
    if one.state not in arrow.sources or arrow.role not in one.roles_of(by.institution):
        raise not_now(one)


def move(office: Office, connection: Connection, by: Mover, number: str, its: Move, at: datetime) -> Kept:
    """Move a referral for one of its institutions; a move that was made by it already is answered as the first time.

    Refused when it has no part in it (SND-760) or the referral is not where this move starts, or it is another's (SND-763).
    """
    for _ in range(_ROUNDS):
        one = own(office, connection, by.institution, number)
        if its.to is not None and (one.state, one.moved, one.mover) == (its.to, its.what, by.institution):
            return one
        check(one, by, its.what)
        moved = carry(office, connection, one, by, its, at)
        if moved is not None:
            return moved
    raise Collision("the referral is moved by others", retry_after=1)


def carry(office: Office, connection: Connection, one: Kept, by: Mover, its: Move, at: datetime) -> Kept | None:
    """Move a referral as it was read, with everything that follows; None when it was moved meanwhile, and then nothing is changed."""
    words = replace(one.words, **its.words)
    values: dict[str, Any] = {**its.values, "changed": at, "version": one.version + 1}
    if its.to is not None:
        values |= {"state": its.to, "moved": its.what, "mover": by.institution}
        values |= limits(office, connection, one.order_id, one.urgency, its.to, at)
    mine = (referral.c.referral == one.referral, referral.c.version == one.version, referral.c.state == one.state)
    sealed = {"words": office.shelf.sealed(one.referral, "words", words)} if words != one.words else {}
    if not connection.execute(update(referral).where(*mine).values(**values, **sealed)).rowcount:
        return None
    moved = replace(one, **values, words=words)
    tell(connection, office.seal, moved, its.what, by, its.why, at)
    if its.to is not None:
        follow(office, connection, moved, its.what, by, at)
    return moved


def follow(office: Office, connection: Connection, one: Kept, what: What, by: Mover, at: datetime) -> None:
    """Plan what follows from a referral's new state: its next time limit, its slot, who is told, its record."""
    if one.due is None:
        errands.drop(connection, DUE, one.referral)
    else:
        errands.plan(connection, DUE, one.referral, one.origin, one.remind or one.due, at)
    if one.order_id and one.state in LETTING_GO:
        errands.put(connection, RELEASE, one.referral, one.receiver, at)
    elif one.order_id and one.state in ("applied", "accepted", "arrived"):
        hold(office.booking, connection, one.order_id, one.referral, held_until(one), at, by.trace)
    plan_notices(connection, one, what, by.institution, at)
    if what == "Accept":
        errands.put(connection, RECORD, one.referral, one.origin, at)


def held_until(one: Kept) -> datetime | None:
    """Say until when the slot of a referral is held: a little beyond its limit, so that the referral ends first; None without end."""
    return None if one.due is None else one.due + _GRACE


def limits(office: Office, connection: Connection, order_id: str, urgency: int, to: State, at: datetime) -> dict[str, Any]:
    """Work out by when the next move must be made, and when both sides are reminded.

    An accepted patient with a slot is waited for until the end of its day; an application is not kept beyond it.
    """
    within = office.rules.time_in(to, urgency)
    if within is None:
        return {"due": None, "remind": None, "overdue": False}
    due = at + within
    order = office.booking.orders.read(connection, order_id) if order_id else None
    if order is not None and order.live:
        over = _end_of(order.date)
        due = max(due, over) if to == "accepted" else max(min(due, over), at)
    return {"due": due, "remind": at + (due - at) * office.rules.remind_at, "overdue": False}


def _end_of(day: str) -> datetime:
    return datetime.combine(datetime.fromisoformat(day), time(), SHANGHAI) + timedelta(days=1)
