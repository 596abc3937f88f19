"""Plan what hospitals are told of referrals (3001): each of the latest move that it did not make, until it was told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from engine.services.referrals.kept import Kept
from engine.services.referrals.model import NoticeState, What
from engine.services.referrals.tables import notice
from engine.store import errands
from engine.store.columns import AnyRow
from engine.store.database import insert_into

NOTICE, RECORD = "referral-notice", "referral-record"
"""Errands that others do: tell a hospital of a referral (subject `REFERRAL INSTITUTION`), make its record (subject `REFERRAL`)."""


def _told(one: Kept, what: What) -> tuple[str, ...]:
    """Say who is told of a move: the other side, and who must make the next one."""
    if what in ("Apply", "remind"):
        return (one.reviewer if one.state == "reviewing" else one.receiver,)
    if what == "Review":
        return (one.origin, one.receiver) if one.state == "applied" else (one.origin,)
    if what == "Withdraw":
        return (one.receiver, one.reviewer)
    if what == "expire":
        return (one.origin, one.receiver)
    return (one.origin,)


def plan_notices(connection: Connection, one: Kept, what: What, by: str, at: datetime) -> None:
    """Let everybody be told who is to be, in the transaction of the move."""
    for institution in dict.fromkeys(_told(one, what)):
        if institution and institution != by:
            fresh = {"what": what, "version": one.version, "state": "waiting", "tries": 0, "error": "", "noted": at, "told": None}
            row = {"referral": one.referral, "institution": institution}
            statement = insert_into(connection.dialect.name, notice).values(**row, **fresh)
            connection.execute(statement.on_conflict_do_update(index_elements=list(row), set_=fresh))
            errands.plan(connection, NOTICE, subject_of(one.referral, institution), institution, at, at)


def subject_of(number: str, institution: str) -> str:
    """Name the errand that tells a hospital of a referral."""
    return f"{number} {institution}"


def waiting(connection: Connection, number: str, institution: str) -> AnyRow | None:
    """Read what a hospital is still to be told of a referral."""
    found = connection.execute(_ONE, {"its_referral": number, "its_institution": institution}).one_or_none()
    return found if found is not None and found.state == "waiting" else None


def note(
    connection: Connection, number: str, institution: str, version: int, state: NoticeState, error: str, at: datetime
) -> bool:
    """Write down what came of telling a hospital of a version; false when there is a later one to tell by now."""
    values = {
        "state": state,
        "error": error,
        "tries": notice.c.tries + int(state == "waiting"),
        "told": None if state == "waiting" else at,
    }
    mine = (notice.c.referral == number, notice.c.institution == institution, notice.c.version == version)
    return bool(connection.execute(update(notice).where(*mine, notice.c.state == "waiting").values(values)).rowcount)


def states(connection: Connection, numbers: list[str]) -> dict[tuple[str, str], NoticeState]:
    """Give how the notice of each referral stands with each institution."""
    rows = connection.execute(
        select(notice.c.referral, notice.c.institution, notice.c.state).where(notice.c.referral.in_(numbers))
    )
    return {(row.referral, row.institution): row.state for row in rows}


_ONE = select(notice).where(notice.c.referral == bindparam("its_referral"), notice.c.institution == bindparam("its_institution"))
