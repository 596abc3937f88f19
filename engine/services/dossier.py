"""Gather what the platform holds of one resident without its contents: identities, counts of documents and entries, questions, merges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from engine.services.merging import Merge, merges
from engine.services.records import record
from engine.services.registers.tables import entry
from engine.services.residents import Conflict, Resident, conflicts_of, one_person, read_resident, resident_key
from engine.store.sealing import Seal

_EVERYWHERE = {"identity": "0", "card": "1"}
"""The order of what a person has at every institution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One thing a resident is found by: `kind` identity, card, document, or the kind of an institution's own number."""

    resident: str
    kind: str
    institution: str
    number: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many of one institution: `what` is a document type or a register; `last` when the latest was written or changed."""

    institution: str
    what: str
    number: int
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """One person: the survivor, the numbers of all who were made one, and what there is of them."""

    resident: Resident
    people: Sequence[str]
    identities: Sequence[Identity]
    documents: Sequence[Tally]
    entries: Sequence[Tally]
    conflicts: Sequence[Conflict]
    merges: Sequence[Merge]


def read_dossier(connection: Connection, seal: Seal, number: str, institutions: Sequence[str] | None = None) -> Dossier | None:
    """Read the dossier of the person to whom a number belongs, of all institutions or of some only; None when there is nobody.

    Of some institutions only: their own numbers beside the person's, their documents, entries and merges, and no question.
    """
    people = sorted(one_person(connection, number))
    known = read_resident(connection, seal, number)
    if known is None:
        return None
    survivor = known if known.survivor == number else read_resident(connection, seal, known.survivor)
    told = {one.merge: one for each in people for one in merges(connection, seal, resident_number=each)}
    whole = institutions is None
    return Dossier(
        resident=survivor or known,
        people=people if whole else [known.survivor],
        identities=[one for one in _identities(connection, seal, people) if whole or _is_for(one, institutions or ())],
        documents=_documents(connection, people, institutions),
        entries=_entries(connection, people, institutions),
        conflicts=conflicts_of(connection, people) if whole else (),
        merges=[one for one in told.values() if institutions is None or one.institution in institutions],
    )


def _identities(connection: Connection, seal: Seal, people: Iterable[str]) -> list[Identity]:
    """List the identities, those that hold everywhere first, then by institution."""
    query = select(resident_key).where(resident_key.c.resident.in_(list(people)))
    found = [_identity(seal, row) for row in connection.execute(query).mappings()]
    return sorted(found, key=lambda one: (one.institution, _EVERYWHERE.get(one.kind, one.kind), one.number))


def _identity(seal: Seal, row: Any) -> Identity:
    value = seal.open_text(row["value"], table="resident_key", column="value", row=row["lookup"])
    kind, institution = row["kind"], ""
    if kind == "local":
        institution, _, value = value.partition(" ")
        # A newborn's number is followed by the child's name, sex and day of birth.
        kind, _, value = value.partition(" ")[0].partition("^")
    return Identity(resident=row["resident"], kind=kind, institution=institution, number=value, since=row["since"])


def _is_for(one: Identity, institutions: Sequence[str]) -> bool:
    """Tell whether an institution may see it: its own number, and what a person has everywhere; never another's document."""
    return one.institution in institutions if one.institution else one.kind in ("identity", "card")


def _documents(connection: Connection, people: Iterable[str], institutions: Sequence[str] | None) -> list[Tally]:
    by = (record.c.institution, record.c.document_type)
    query = select(*by, func.count(), func.max(record.c.placed)).where(
        record.c.resident.in_(list(people)), record.c.state == "current"
    )
    return _tallies(connection, query, by, institutions)


def _entries(connection: Connection, people: Iterable[str], institutions: Sequence[str] | None) -> list[Tally]:
    by = (entry.c.owner, entry.c.register)
    query = select(*by, func.count(), func.max(entry.c.changed)).where(
        entry.c.resident.in_(list(people)), entry.c.state != "deleted"
    )
    return _tallies(connection, query, by, institutions)


def _tallies(connection: Connection, query: Any, by: Sequence[Any], institutions: Sequence[str] | None) -> list[Tally]:
    if institutions is not None:
        query = query.where(by[0].in_(list(institutions)))
    rows = connection.execute(query.group_by(*by).order_by(*by))
    return [Tally(institution=code, what=what, number=number, last=last) for code, what, number, last in rows]
