"""Keep the residents whom documents named, found by identity number only through its lookup key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, LargeBinary, Table, Text, select

from engine.message import Record
from engine.services.bulk import upsert
from engine.store.columns import Moment
from engine.store.database import metadata
from engine.store.sealing import Seal

_SEALED = ("resident_id", "resident_name", "gender", "birth_date")

resident = Table(
    "resident",
    metadata,
    Column("lookup", Text, primary_key=True),
    Column("resident_id", LargeBinary, nullable=False),
    Column("resident_name", LargeBinary, nullable=False),
    Column("gender", LargeBinary, nullable=False),
    Column("birth_date", LargeBinary, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """One resident as the latest document named them; `gender` and `birth_date` as coded in the document, times aware."""

    resident_id: str
    resident_name: str
    gender: str
    birth_date: str
    first_seen: datetime
    last_seen: datetime


def take_residents(connection: Connection, seal: Seal, records: Sequence[Record], at: datetime) -> None:
    """Add the residents of these records, or bring them up to date; one without an identity number is left out."""
    found = {seal.lookup(one.resident_id): one for one in records if one.resident_id}
    if found:
        # In one order for all processes, so that none waits in a ring.
        _keep(connection, [_row(seal, lookup, found[lookup], at) for lookup in sorted(found)])


def find_resident(connection: Connection, seal: Seal, resident_id: str) -> Resident | None:
    """Give one resident by identity number."""
    lookup = seal.lookup(resident_id)
    row = connection.execute(select(resident).where(resident.c.lookup == lookup)).mappings().one_or_none()
    if row is None:
        return None
    opened = {n: seal.open(row[n], table="resident", column=n, row=lookup).decode("utf-8") for n in _SEALED}
    return Resident(**opened, first_seen=row["first_seen"], last_seen=row["last_seen"])


def _row(seal: Seal, lookup: str, one: Record, at: datetime) -> dict[str, Any]:
    sealed = {n: seal.seal(getattr(one, n).encode("utf-8"), table="resident", column=n, row=lookup) for n in _SEALED}
    return {"lookup": lookup, **sealed, "first_seen": at, "last_seen": at}


_keep = upsert(resident, ["lookup"], ["resident_name", "gender", "birth_date", "last_seen"])
