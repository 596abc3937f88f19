"""Tie entries of registers to the population registry, and say whose entries a caller may read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, select, true

from engine.hospital import Values
from engine.interaction import Interaction
from engine.message import Record
from engine.services.audit import Audit, looked_at
from engine.services.identifying import Key, identity_form, keys_of, local_key, number_form
from engine.services.linking import Link, link
from engine.services.recordrights import Scope
from engine.services.records import record
from engine.services.registers.asked import said
from engine.services.registers.entries import having
from engine.services.registers.tables import entry
from engine.services.residents import find_resident, one_person
from engine.store.sealing import Seal

TREATING = ("residents", "cards", "outpatient-visits", "inpatient-visits")
"""Registers by whose entries a resident is a patient of an institution; a document of its own does as well."""

NUMBERS = {"patientId": "patient", "inpatientNumber": "inpatient", "outpatientNumber": "outpatient", "archiveNumber": "archive"}
"""The names of an institution's own patient numbers, with the kind by which documents are linked."""

_DIGITS = re.compile(r"\d+")
_NOBODY = Link("")


def linked(connection: Connection, seal: Seal, asked: Interaction, values: Values, visit_kind: str = "") -> Link:
    """Find or make the resident of an entry by the keys by which documents find theirs; of nobody when nothing identifies one.

    `visit_kind` says what kind of number `visitNumber` is: inpatient, outpatient or "" when that cannot be told.
    """
    one = _record(asked, values, visit_kind)
    if all(key.kind == "document" for key in keys_of(one)):
        return _NOBODY
    return link(connection, seal, [one], asked.received)[one.message]


def _record(asked: Interaction, values: Values, visit_kind: str) -> Record:
    numbers = [f"{kind}^{said(values, name)}" for name, kind in NUMBERS.items() if said(values, name)]
    if visit_kind and said(values, "visitNumber"):
        numbers.append(f"{visit_kind}^{said(values, 'visitNumber')}")
    birth = _DIGITS.match(said(values, "birth"))
    return Record(
        message=asked.receipt, institution=asked.institution, document_type=asked.action, written=asked.received,
        resident_id=said(values, "identity"), resident_name=" ".join(said(values, "name").split()), gender=said(values, "gender"),
        birth_date=birth[0][:8] if birth else "", health_card=said(values, "healthCard"), local_numbers=tuple(dict.fromkeys(numbers)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Whose entries a query is about and may read: `people` are numbers of residents, None when it names nobody."""

    people: tuple[str, ...] | None
    everyone: bool
    caller: str

    def among(self) -> ColumnElement[bool]:
        """Say in SQL which entries these are."""
        mine = true() if self.everyone else entry.c.owner == self.caller
        return mine if self.people is None else mine & entry.c.resident.in_(self.people)


def reach(
    connection: Connection,
    seal: Seal,
    asked: Interaction,
    scope: Scope,
    names: Iterable[str] = ("patientId", "identity", "healthCard"),
) -> Reach:
    """Work out whose entries a query may read: all of its own, others' as the rules in config/access.yaml say.

    Every number that the query names narrows it down to the people who have that number.
    """
    found: set[str] | None = None
    for name in names:
        if said(asked.values, name):
            people = people_of(connection, seal, asked.institution, name, said(asked.values, name))
            found = people if found is None else found & people
    named = None if found is None else tuple(sorted(found))
    everyone = scope == "all" or (scope == "treating" and bool(named) and is_patient(connection, asked.institution, named or ()))
    return Reach(people=named, everyone=everyone, caller=asked.institution)


def people_of(connection: Connection, seal: Seal, institution: str, name: str, number: str) -> set[str]:
    """List the numbers of all residents who are the person with a number, after merges too; empty when nobody has it."""
    found = set()
    key = _key(institution, name, number)
    if key.value and (one := find_resident(connection, seal, key)):
        found.add(one.number)
    if name in NUMBERS:
        # What the institution calls a newborn by is no key of its own: its entry tells whose it is.
        same = having(name, seal.lookup(number)) & (entry.c.owner == institution) & (entry.c.resident != "")
        found |= set(connection.execute(select(entry.c.resident).where(same).distinct()).scalars())
    return {each for one in sorted(found) for each in one_person(connection, one)}


def _key(institution: str, name: str, number: str) -> Key:
    if name == "identity":
        return Key("identity", identity_form(number))
    form = number_form(number)
    if name == "healthCard":
        return Key("card", form)
    return local_key(institution, f"{NUMBERS[name]}^{form}") if form else Key("local", "")


def is_patient(connection: Connection, institution: str, people: Sequence[str]) -> bool:
    """Tell whether an institution has a registration, a card, a visit or a document of one of these residents."""
    listed = list(people)
    registered = (
        entry.c.owner == institution,
        entry.c.resident.in_(listed),
        entry.c.register.in_(TREATING),
        entry.c.state != "deleted",
    )
    if connection.execute(select(1).select_from(entry).where(*registered).limit(1)).first() is not None:
        return True
    written = (record.c.institution == institution, record.c.resident.in_(listed), record.c.state == "current")
    return connection.execute(select(1).select_from(record).where(*written).limit(1)).first() is not None


def audit_reading(connection: Connection, asked: Interaction, people: Iterable[str]) -> None:
    """Write down who read whose entries, of what and why: one row for each person, "nobody" when none was found."""
    notes = [
        looked_at(
            asked.register, reason=f"{asked.action} {asked.message_id}", subject=whose, actor=asked.institution,
            institution=asked.institution, peer=asked.peer,
        )
        for whose in sorted(set(people) - {""}) or ["nobody"]
    ]  # fmt: skip
    Audit().write(connection, notes)


def terms_of(values: Values, names: Iterable[str]) -> Mapping[str, str]:
    """Pick the values that an entry is found by."""
    return {name: said(values, name) for name in names if said(values, name)}
