"""Keep the first base library, the records: what each accepted document is, and whose."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Column, Connection, Index, LargeBinary, Table, Text, bindparam, func, select, text, update

from engine.message import Record, own_key
from engine.services.bulk import upsert
from engine.services.identifying import Key, identity_form
from engine.services.linking import Link, link
from engine.services.residents import find_resident, one_person
from engine.store.columns import Moment
from engine.store.database import metadata
from engine.store.sealing import Seal

RecordState = Literal["current", "replaced", "withdrawn"]

_CLAIMED = "claimed <> ''"
_NUMBERED = "extension <> ''"
REPLACED = "replaced_by <> ''"
_CURRENT = "state = 'current' AND own <> ''"
_PERSON = ("resident_id", "resident_name", "gender", "birth_date", "author")

record = Table(
    "record",
    metadata,
    Column("message", Text, primary_key=True),
    Column("institution", Text, nullable=False),
    Column("document_type", Text, nullable=False),
    Column("own", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("written", Moment),
    Column("resident", Text, nullable=False),
    Column("claimed", Text, nullable=False),
    Column("placed", Moment, nullable=False),
    Column("person", LargeBinary, nullable=False),
    Column("visit_number", Text, nullable=False),
    Column("custodian", Text, nullable=False),
    Column("custodian_name", Text, nullable=False),
    Column("confidentiality", Text, nullable=False),
    Column("extension", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("replaced_by", Text, nullable=False),
    Column("taken", Moment, nullable=False),
    Index("ux_record_own", "institution", "own", unique=True, sqlite_where=text(_CURRENT), postgresql_where=text(_CURRENT)),
    Index("ix_record_resident", "resident", "placed", "message"),
    Index("ix_record_replaced_by", "replaced_by", sqlite_where=text(REPLACED), postgresql_where=text(REPLACED)),
    Index("ix_record_extension", "extension", sqlite_where=text(_NUMBERED), postgresql_where=text(_NUMBERED)),
    Index("ix_record_claimed", "claimed", sqlite_where=text(_CLAIMED), postgresql_where=text(_CLAIMED)),
)
"""One row for each document taken; `own` is root^extension of its own id and `extension` the latter by itself, `confidentiality` its
code, `person` the sealed personal values, `resident` whose it is, `claimed` whose it may be instead while that is in question, `placed` its place in a health record: when it was written,
else when it was taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRecord:
    """One document of the library; its body is in the journal under `message`, the receipt.

    `resident` is whose it is in the population registry, `claimed` whose it may be instead while that is in question.
    `own_root` and `own_extension` are the document's own id within the institution; times are aware.
    """

    message: str
    institution: str
    document_type: str
    own_root: str
    own_extension: str
    title: str
    written: datetime | None
    visit_number: str
    custodian: str
    custodian_name: str
    confidentiality: str
    state: RecordState
    replaced_by: str
    taken: datetime
    resident: str
    claimed: str
    placed: datetime
    resident_id: str
    resident_name: str
    gender: str
    birth_date: str
    author: str


class RecordsDesk:
    """Take records into the library within the transaction that journals their documents."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def take(self, connection: Connection, records: Sequence[Record]) -> None:
        """Keep records in the order given; an older one of the same own id, or one that is named as replaced, steps back.

        A record taken before (the same message walked again) is brought up to date; one that was withdrawn meanwhile stands
        again, one that was replaced stays so.
        """
        at = datetime.now(UTC)
        links = link(connection, self._seal, records, at) if records else {}
        settled = self._settled(connection, records)
        rows, replaced = _judged(records, settled)
        if replaced:
            connection.execute(_STEP_BACK, replaced)
        if rows:
            _keep(connection, [self._row(one, row, links[one.message], at) for one, row in rows])
        back = [one.message for one, row in rows if settled.states.get(one.message) == "withdrawn" and row["state"] == "current"]
        if back:
            connection.execute(_STAND_AGAIN, {"messages": back})

    def withdraw(self, connection: Connection, receipts: Sequence[str]) -> None:
        """Mark the records of documents that were revoked or taken over; one that is not in the library is no error."""
        chosen = record.c.message.in_(list(receipts)) & (record.c.state == "current")
        connection.execute(update(record).where(chosen).values(state="withdrawn"))

    def by_resident(
        self, connection: Connection, resident_id: str, *, every_state: bool = False, limit: int = 200
    ) -> list[KeptRecord]:
        """List the records of one resident by identity number, latest written first; only current ones unless asked."""
        found = find_resident(connection, self._seal, Key("identity", identity_form(resident_id)))
        if found is None:
            return []
        query = select(record).where(record.c.resident.in_(one_person(connection, found.number)))
        if not every_state:
            query = query.where(record.c.state == "current")
        query = query.order_by(record.c.placed.desc(), record.c.message.desc()).limit(limit)
        return [self.kept(row) for row in connection.execute(query).mappings()]

    def by_own(self, connection: Connection, institution: str, root: str, extension: str) -> KeptRecord | None:
        """Give the current record of a document's own id within an institution."""
        query = select(record).where(record.c.institution == institution, record.c.own == own_key(root, extension))
        row = connection.execute(query.where(record.c.state == "current")).mappings().one_or_none()
        return None if row is None else self.kept(row)

    def by_message(self, connection: Connection, receipt: str) -> KeptRecord | None:
        """Give the record that came with one receipt, in whatever state."""
        row = connection.execute(select(record).where(record.c.message == receipt)).mappings().one_or_none()
        return None if row is None else self.kept(row)

    def counts(self, connection: Connection) -> Mapping[tuple[str, str], int]:
        """Count the records by document type and state."""
        query = select(record.c.document_type, record.c.state, func.count()).group_by(record.c.document_type, record.c.state)
        return {(kind, state): number for kind, state, number in connection.execute(query)}

    def _settled(self, connection: Connection, records: Sequence[Record]) -> _Settled:
        """Look up, in two queries for the batch, what of these records and of what they replace is kept already."""
        owns = sorted({own for one in records for own in (_own(one), _replaced_own(one)) if own})
        known = connection.execute(_KNOWN, {"messages": [one.message for one in records]})
        current = connection.execute(_STANDING, {"owns": owns, "institutions": sorted({one.institution for one in records})})
        return _Settled(
            states={row.message: row.state for row in known},
            current={(row.institution, row.own): row.message for row in current},
        )

    def _row(self, one: Record, row: dict[str, Any], whose: Link, at: datetime) -> dict[str, Any]:
        person = json.dumps([getattr(one, name) for name in _PERSON], ensure_ascii=False).encode("utf-8")
        row["person"] = self._seal.seal(person, table="record", column="person", row=one.message)
        row["resident"], row["claimed"] = whose.resident, whose.claimed
        row["taken"], row["placed"] = at, one.written or at
        return row

    def kept(self, row: Any) -> KeptRecord:
        """Read the row of a record."""
        person = json.loads(self._seal.open(row["person"], table="record", column="person", row=row["message"]))
        root, _, extension = row["own"].partition("^")
        names = ("message", "institution", "document_type", "title", "written", "visit_number", "custodian", "custodian_name")
        values = {
            name: row[name]
            for name in (*names, "confidentiality", "state", "replaced_by", "resident", "claimed", "placed", "taken")
        }
        return KeptRecord(**values, own_root=root, own_extension=extension, **dict(zip(_PERSON, person, strict=True)))


@dataclass(frozen=True, slots=True)
class _Settled:
    """What is kept already: the state of each message, the message that is current for each institution and own id."""

    states: Mapping[str, str]
    current: dict[tuple[str, str], str]


def _judged(records: Iterable[Record], settled: _Settled) -> tuple[list[tuple[Record, dict[str, Any]]], list[dict[str, Any]]]:
    """Decide in order which record stands: rows to keep, and kept ones that step back."""
    rows: dict[str, tuple[Record, dict[str, Any]]] = {}
    replaced: list[dict[str, Any]] = []
    current = dict(settled.current)
    for one in records:
        if settled.states.get(one.message, "current") != "replaced":
            for older in _older(one, current):
                if older in rows:
                    rows[older][1].update(state="replaced", replaced_by=one.message)
                else:
                    replaced.append({"older": older, "newer": one.message})
            if _own(one):
                current[one.institution, _own(one)] = one.message
        rows[one.message] = (one, _plain(one))
    return list(rows.values()), sorted(replaced, key=lambda pair: pair["older"])


def _older(one: Record, current: dict[tuple[str, str], str]) -> Iterator[str]:
    for own in dict.fromkeys((_own(one), _replaced_own(one))):
        older = current.pop((one.institution, own), None) if own else None
        if older is not None and older != one.message:
            yield older


def _own(one: Record) -> str:
    return own_key(one.own_root, one.own_extension)


def _replaced_own(one: Record) -> str:
    return own_key(one.replaces_root, one.replaces_extension)


def _plain(one: Record) -> dict[str, Any]:
    return {
        "message": one.message,
        "institution": one.institution,
        "document_type": one.document_type,
        "own": _own(one),
        "title": one.title,
        "written": one.written,
        "visit_number": one.visit_number,
        "custodian": one.custodian,
        "custodian_name": one.custodian_name,
        "confidentiality": one.confidentiality,
        "extension": one.own_extension if _own(one) else "",
        "state": "current",
        "replaced_by": "",
    }


_KNOWN = select(record.c.message, record.c.state).where(record.c.message.in_(bindparam("messages", expanding=True)))
_STANDING = select(record.c.institution, record.c.own, record.c.message).where(
    record.c.institution.in_(bindparam("institutions", expanding=True)),
    record.c.own.in_(bindparam("owns", expanding=True)),
    text(_CURRENT),
)
_STAND_AGAIN = update(record).where(record.c.message.in_(bindparam("messages", expanding=True))).values(state="current")
_STEP_BACK = update(record).where(record.c.message == bindparam("older")).values(state="replaced", replaced_by=bindparam("newer"))


_FIXED = {"message", "state", "replaced_by", "taken"}
_keep = upsert(record, ["message"], [column.name for column in record.columns if column.name not in _FIXED])
