"""Keep what happened to each referral, in the transaction in which it happened."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import Connection, insert, select

from engine.services.referrals.kept import Kept
from engine.services.referrals.model import HistoryEntry, Mover, What
from engine.services.referrals.tables import event
from engine.store.sealing import Seal

PLATFORM = Mover(institution="platform")
"""Who does what nobody else does: the clock, and what follows from a move."""


def tell(connection: Connection, seal: Seal, one: Kept, what: What, by: Mover, why: str, at: datetime) -> None:
    """Write one entry of a referral as it now stands."""
    said = json.dumps([by.operator, why], ensure_ascii=False)
    row = {
        "referral": one.referral, "at": at, "what": what, "state": one.state, "institution": by.institution, "trace": by.trace,
        "said": seal.seal_text(said, table="referral_event", column="said", row=one.referral),
    }  # fmt: skip
    connection.execute(insert(event), row)


def entries(connection: Connection, seal: Seal, number: str) -> tuple[HistoryEntry, ...]:
    """List the entries of a referral in the order in which they were written."""
    found = []
    for row in connection.execute(select(event).where(event.c.referral == number).order_by(event.c.seq)):
        operator, why = json.loads(seal.open_text(row.said, table="referral_event", column="said", row=row.referral))
        found.append(
            HistoryEntry(
                at=row.at, what=row.what, state=row.state, by=row.institution, operator=operator, why=why, trace=row.trace
            )
        )
    return tuple(found)
