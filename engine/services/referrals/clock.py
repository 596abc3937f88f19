"""See to one referral whenever something about it is due: both sides are reminded, then it expires; and its slot goes back."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, update

from engine.errors import EngineError, TryAgain
from engine.services.appointments.holding import release
from engine.services.referrals.history import PLATFORM, tell
from engine.services.referrals.kept import Kept
from engine.services.referrals.model import state_name
from engine.services.referrals.moving import ARROWS, LETTING_GO, RELEASE, Move, carry
from engine.services.referrals.notices import plan_notices
from engine.services.referrals.office import Office
from engine.services.referrals.tables import referral
from engine.store import errands

_HURRY = timedelta(seconds=1)


def due(office: Office, number: str) -> datetime | None:
    """Do what the time limits of a referral want; give when it is next due, None when nothing is."""
    at = office.now()

    def work(connection: Connection) -> Kept | None:
        one = office.shelf.read(connection, number)
        if one is None or one.due is None or one.state not in ARROWS["expire"].sources:
            return None
        if one.due <= at:
            why = f"超过时限，状态仍为“{state_name(one.state)}”"
            return carry(office, connection, one, PLATFORM, Move(what="expire", to="expired", why=why), at)
        if one.remind is not None and one.remind <= at:
            return _remind(office, connection, one, at)
        return one

    one = office.again(work)
    if one is not None and one.state == "expired":
        give_back_now(office, one)
    if one is None or one.due is None:
        return None
    return max(one.remind or one.due, at + _HURRY)


def _remind(office: Office, connection: Connection, one: Kept, at: datetime) -> Kept:
    """Mark a referral as overdue and say so to who must move next; one that was moved meanwhile is left alone."""
    mine = (referral.c.referral == one.referral, referral.c.version == one.version)
    values: dict[str, Any] = {"overdue": True, "remind": None, "changed": at, "version": one.version + 1}
    if not connection.execute(update(referral).where(*mine).values(values)).rowcount:
        return replace(one, remind=at)
    reminded = replace(one, **values)
    tell(connection, office.seal, reminded, "remind", PLATFORM, "", at)
    plan_notices(connection, reminded, "remind", PLATFORM.institution, at)
    return reminded


def give_back(office: Office, number: str) -> None:
    """Give the slot of a referral back that was rejected, withdrawn or has expired, and note it once.

    Raises TryAgain while the hospital has not yet said that it let the order go.
    """
    with office.database.read() as connection:
        one = office.shelf.read(connection, number)
    if one is None or not one.order_id or one.released is not None or one.state not in LETTING_GO:
        return
    order, why = release(office.booking, one.order_id, f"转诊{state_name(one.state)}", PLATFORM.trace)
    if order.live and not why:
        raise TryAgain("the hospital has not yet let the order go")
    office.again(lambda connection: _note(office, connection, number, why))


def give_back_now(office: Office, one: Kept) -> None:
    """Try at once to give back the slot of a referral that was just ended; what does not go now is the errand's."""
    if one.order_id and one.state in LETTING_GO and one.released is None:
        office.steps("written-before-released")
        with suppress(EngineError):
            give_back(office, one.referral)


def _note(office: Office, connection: Connection, number: str, why: str) -> None:
    at = office.now()
    mine = (referral.c.referral == number, referral.c.released.is_(None))
    if connection.execute(update(referral).where(*mine).values(released=at)).rowcount:
        one = office.shelf.read(connection, number)
        if one is not None:
            tell(connection, office.seal, one, "release", PLATFORM, why, at)
    errands.drop(connection, RELEASE, number)
