"""Write down what others did about a referral after its moves: a hospital was told of it, its record was made."""

from __future__ import annotations

from sqlalchemy import Connection, update

from engine.services.referrals.history import PLATFORM, tell
from engine.services.referrals.model import NoticeDue, NoticeState
from engine.services.referrals.notices import note, waiting
from engine.services.referrals.office import Office
from engine.services.referrals.tables import referral
from engine.services.referrals.views import shown


def notice_due(office: Office, connection: Connection, number: str, institution: str) -> NoticeDue | None:
    """Say what a hospital is still to be told of a referral; None when nothing is."""
    row, one = waiting(connection, number, institution), office.shelf.read(connection, number)
    if row is None or one is None:
        return None
    seen = shown(office, connection, institution, [one])[0]
    return NoticeDue(institution=institution, referral=seen, what=row.what, version=row.version, tries=row.tries)


def noticed(office: Office, connection: Connection, due: NoticeDue, state: NoticeState, error: str) -> None:
    """Write down what came of telling a hospital; what it answered becomes an entry, a later notice is left as it is."""
    at, number = office.now(), due.referral.referral
    fresh = note(connection, number, due.institution, due.version, state, error, at)
    one = office.shelf.read(connection, number)
    if fresh and one is not None and state in ("delivered", "refused"):
        words = " ".join(filter(None, (due.institution, state, error)))
        tell(connection, office.seal, one, "notice", PLATFORM, words, at)


def recorded(office: Office, connection: Connection, number: str, receipt: str, error: str) -> None:
    """Write down the receipt of the record that was made of a referral, or why none could be made; the same receipt once."""
    mine = (referral.c.referral == number, referral.c.record != receipt)
    if receipt and not connection.execute(update(referral).where(*mine).values(record=receipt)).rowcount:
        return
    one = office.shelf.read(connection, number)
    if one is not None:
        tell(connection, office.seal, one, "record", PLATFORM, error or receipt, office.now())
