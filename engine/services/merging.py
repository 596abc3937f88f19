"""Make one person of two residents, and two again: each merge stays on record, so that any of them can be undone by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Index, LargeBinary, Table, Text, insert, or_, select, text, update

from engine.message import new_receipt
from engine.services.audit import Audit, changed
from engine.services.residents import resident
from engine.store.columns import Moment
from engine.store.database import metadata
from engine.store.sealing import Seal

_STANDS = "undone IS NULL"
_LOCK = 7_305_001
"""Number of the advisory lock that merges and their undoing hold on PostgreSQL, so that no two work on one chain of people."""

resident_merge = Table(
    "resident_merge",
    metadata,
    Column("merge", Text, primary_key=True),
    Column("survivor", Text, nullable=False),
    Column("obsolete", Text, nullable=False),
    Column("institution", Text, nullable=False),
    Column("register", Text, nullable=False),
    Column("survivor_key", Text, nullable=False),
    Column("obsolete_key", Text, nullable=False),
    Column("receipt", Text, nullable=False),
    Column("merged_by", Text, nullable=False),
    Column("reason", LargeBinary, nullable=False),
    Column("merged", Moment, nullable=False),
    Column("undone", Moment),
    Column("undone_by", Text, nullable=False),
    Column("undone_reason", LargeBinary, nullable=False),
    Index("ix_resident_merge_survivor", "survivor", sqlite_where=text(_STANDS), postgresql_where=text(_STANDS)),
    Index("ix_resident_merge_obsolete", "obsolete", sqlite_where=text(_STANDS), postgresql_where=text(_STANDS)),
    Index("ix_resident_merge_merged", "merged"),
)
"""Who was said to be one person with whom: `survivor` and `obsolete` are residents, `institution` who said so ("" a person of ours),
`survivor_key` and `obsolete_key` its two entries of `register`; nothing is ever deleted, `undone` ends it. Reasons are sealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """One merge on record; times are aware, `undone` is None while it stands."""

    merge: str
    survivor: str
    obsolete: str
    institution: str
    register: str
    survivor_key: str
    obsolete_key: str
    receipt: str
    merged_by: str
    reason: str
    merged: datetime
    undone: datetime | None
    undone_by: str
    undone_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Who says that two residents are one, and why; the keys are those of its own two entries, when a register asked."""

    by: str
    reason: str
    at: datetime
    institution: str = ""
    register: str = ""
    survivor_key: str = ""
    obsolete_key: str = ""
    receipt: str = ""


def hold_people(connection: Connection) -> None:
    """Wait until no other transaction merges people; it must come before any lock on their rows."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


def merge_people(connection: Connection, seal: Seal, survivor: str, obsolete: str, said: Said) -> str:
    """Make two residents one person under the first one's survivor; gives the number of the merge.

    Each keeps its own keys and records, so that it can be undone. Call `hold_people` first.
    """
    number = f"M{new_receipt(said.at)}"
    row = {
        "merge": number, "survivor": survivor, "obsolete": obsolete, "institution": said.institution, "register": said.register,
        "survivor_key": said.survivor_key, "obsolete_key": said.obsolete_key, "receipt": said.receipt, "merged_by": said.by,
        "reason": _sealed(seal, "reason", number, said.reason), "merged": said.at, "undone": None, "undone_by": "",
        "undone_reason": b"",
    }  # fmt: skip
    connection.execute(insert(resident_merge).values(row))
    _arrange(connection, (survivor, obsolete), said.at)
    return number


def unmerge_people(
    connection: Connection, seal: Seal, number: str, *, by: str, reason: str, at: datetime, peer: str = ""
) -> Merge:
    """Undo one merge: who is one person now follows from all others that stand.

    Raises LookupError for a merge that is not on record or was undone before, ValueError without a name or a reason.
    """
    if not by.strip() or not reason.strip():
        raise ValueError("who undoes a merge gives a name and a reason")
    hold_people(connection)
    row = (
        connection.execute(select(resident_merge).where(resident_merge.c.merge == number).with_for_update())
        .mappings()
        .one_or_none()
    )
    if row is None or row["undone"] is not None:
        raise LookupError(f"no merge {number} stands")
    sealed = _sealed(seal, "undone_reason", number, reason)
    values = {"undone": at, "undone_by": by, "undone_reason": sealed}
    connection.execute(update(resident_merge).where(resident_merge.c.merge == number).values(**values))
    _arrange(connection, (row["survivor"], row["obsolete"]), at)
    subject = f"{row['survivor']} {row['obsolete']} {number}"
    note = changed("residents unmerge", institution=row["institution"], subject=subject, actor=by, peer=peer)
    Audit().write(connection, [note])
    return _merge(seal, {**row, **values})


def merges(connection: Connection, seal: Seal, *, number: str = "", resident_number: str = "", limit: int = 50) -> list[Merge]:
    """List merges, undone ones too, the latest first; the one of a number, or those of a resident, when asked."""
    query = select(resident_merge).order_by(resident_merge.c.merged.desc(), resident_merge.c.merge.desc()).limit(limit)
    if number:
        query = query.where(resident_merge.c.merge == number)
    if resident_number:
        query = query.where(or_(resident_merge.c.survivor == resident_number, resident_merge.c.obsolete == resident_number))
    return [_merge(seal, row) for row in connection.execute(query).mappings()]


def _arrange(connection: Connection, touched: Iterable[str], at: datetime) -> None:
    """Work out anew, from the merges that stand, who survives for each of those who hang together with these residents."""
    said = _standing_around(connection, touched)
    people = sorted({*touched, *(name for pair in said for name in pair)})
    query = select(resident.c.number, resident.c.survivor).where(resident.c.number.in_(people)).order_by(resident.c.number)
    stands = {row.number: row.survivor for row in connection.execute(query.with_for_update())}
    for number, survivor in survivors(people, said).items():
        if number in stands and stands[number] != survivor:
            connection.execute(update(resident).where(resident.c.number == number).values(survivor=survivor, changed=at))


def survivors(people: Sequence[str], said: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    """Say who survives for each: merges (survivor, obsolete) in their order, each hands all of the second one's to the first one's."""
    found = {one: one for one in people}
    for survivor, obsolete in said:
        kept, gone = found[survivor], found[obsolete]
        found = {one: kept if whose == gone else whose for one, whose in found.items()}
    return found


def _standing_around(connection: Connection, touched: Iterable[str]) -> list[tuple[str, str]]:
    """List the merges that stand among all who hang together with some residents, in the order they were made."""
    known: dict[str, Any] = {}
    reached: set[str] = set()
    wanted = set(touched)
    while wanted:
        reached |= wanted
        some = sorted(wanted)
        around = or_(resident_merge.c.survivor.in_(some), resident_merge.c.obsolete.in_(some))
        rows = connection.execute(select(resident_merge).where(around, text(_STANDS))).all()
        known |= {row.merge: row for row in rows}
        wanted = {name for row in rows for name in (row.survivor, row.obsolete)} - reached
    in_order = sorted(known.values(), key=lambda row: (row.merged, row.merge))
    return [(row.survivor, row.obsolete) for row in in_order]


def _sealed(seal: Seal, column: str, number: str, plain: str) -> bytes:
    return seal.seal_text(plain, table="resident_merge", column=column, row=number)


def _merge(seal: Seal, row: Mapping[Any, Any]) -> Merge:
    values = {name: row[name] for name in Merge.__dataclass_fields__}
    for column in ("reason", "undone_reason"):
        values[column] = seal.open_text(row[column], table="resident_merge", column=column, row=row["merge"])
    return Merge(**values)
