"""Settle what the population registry could not decide by itself: two residents are the same person, or they are not."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, select, update

from engine.services.audit import Audit, changed
from engine.services.records import record
from engine.services.residents import resident, resident_conflict

Verdict = Literal["same", "different"]


def settle_conflict(
    connection: Connection, one: str, other: str, verdict: Verdict, *, by: str, reason: str, at: datetime, peer: str = ""
) -> bool:
    """Settle the question about two residents; false when it is not open any more.

    `same` makes the first one the survivor of both, each keeping its own keys and records, so that it can be undone.
    `different` gives the records that described the other person to that one, as all later ones alike. Raises ValueError
    without a name or a reason.
    """
    if not by.strip() or not reason.strip():
        raise ValueError("who settles a conflict gives a name and a reason")
    asked = (resident_conflict.c.resident == one, resident_conflict.c.other == other, resident_conflict.c.state == "open")
    row = connection.execute(select(resident_conflict.c.claim).where(*asked).with_for_update()).one_or_none()
    if row is None:
        return False
    values = {"state": "settled", "verdict": verdict, "settled_by": by, "settled_reason": reason, "settled": at}
    connection.execute(update(resident_conflict).where(*asked).values(**values))
    if verdict == "same":
        _merge(connection, one, other, at)
    in_question = (record.c.resident == one, record.c.claimed == other)
    moved = {"resident": other} if verdict == "different" and row.claim else {}
    connection.execute(update(record).where(*in_question).values(claimed="", **moved))
    Audit().write(connection, [changed(f"residents {verdict}", subject=f"{one} {other}", actor=by, peer=peer)])
    return True


def _merge(connection: Connection, one: str, other: str, at: datetime) -> None:
    """Let the survivor of one survive for all who were one person with the other."""
    numbers = select(resident.c.number, resident.c.survivor).where(resident.c.number.in_((one, other)))
    survivors = {row.number: row.survivor for row in connection.execute(numbers)}
    merged = update(resident).where(resident.c.survivor == survivors[other])
    connection.execute(merged.values(survivor=survivors[one], changed=at))
