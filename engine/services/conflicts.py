"""Settle what the population registry could not decide by itself: two residents are the same person, or they are not."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, select, update

from engine.services.audit import Audit, changed
from engine.services.merging import Said, hold_people, merge_people
from engine.services.records import record
from engine.services.registers.tables import entry
from engine.services.residents import resident_conflict
from engine.store.sealing import Seal

Verdict = Literal["same", "different"]


def settle_conflict(
    connection: Connection,
    seal: Seal,
    one: str,
    other: str,
    verdict: Verdict,
    *,
    by: str,
    reason: str,
    at: datetime,
    peer: str = "",
) -> bool:
    """Settle the question about two residents; false when it is not open any more.

    `same` makes the first one the survivor of both by a merge that can be undone, each keeping its own keys and records.
    `different` gives the records and entries that described the other person to that one, as all later ones alike. Raises ValueError
    without a name or a reason.
    """
    if not by.strip() or not reason.strip():
        raise ValueError("who settles a conflict gives a name and a reason")
    if verdict == "same":
        hold_people(connection)
    asked = (resident_conflict.c.resident == one, resident_conflict.c.other == other, resident_conflict.c.state == "open")
    row = connection.execute(select(resident_conflict.c.claim).where(*asked).with_for_update()).one_or_none()
    if row is None:
        return False
    values = {"state": "settled", "verdict": verdict, "settled_by": by, "settled_reason": reason, "settled": at}
    connection.execute(update(resident_conflict).where(*asked).values(**values))
    if verdict == "same":
        merge_people(connection, seal, one, other, Said(by=by, reason=reason, at=at))
    moved = {"resident": other} if verdict == "different" and row.claim else {}
    for table in (record, entry):
        in_question = (table.c.resident == one, table.c.claimed == other)
        connection.execute(update(table).where(*in_question).values(claimed="", **moved))
    Audit().write(connection, [changed(f"residents {verdict}", subject=f"{one} {other}", actor=by, peer=peer)])
    return True
