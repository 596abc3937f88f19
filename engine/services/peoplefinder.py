"""Find residents by what somebody at a desk knows of them; who looked is audited, found or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from engine.services.audit import Audit, looked_at
from engine.services.registers.persons import NUMBERS, is_patient, people_of
from engine.services.residents import Resident, find_named, one_person, read_resident
from engine.store.sealing import Seal

By = Literal["identity", "card", "patient", "name", "number"]
"""An identity number, a health card, an institution's own number of the patient, the whole name, or the resident's own number."""

LISTED = 50
"""People of one search at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Who is sought; `institution` says whose number `patient` is; only its own patients are found for `asking` unless that is ""."""

    by: By
    value: str
    institution: str = ""
    asking: str = ""


def find_people(connection: Connection, seal: Seal, sought: Sought, *, actor: str, peer: str) -> list[Resident]:
    """Find at most LISTED people, each once: after a merge the one who survives. Every search is in the audit, by whom it found."""
    found: dict[str, Resident] = {}
    for number in _numbers(connection, seal, sought):
        one = read_resident(connection, seal, number)
        if one is not None and (not sought.asking or is_patient(connection, sought.asking, one_person(connection, number))):
            found[one.number] = one
    notes = [
        looked_at("population", reason=f"search by {sought.by}", subject=whose, actor=actor, institution=sought.asking, peer=peer)
        for whose in sorted(found) or ["nobody"]
    ]
    Audit().write(connection, notes)
    return list(found.values())


def _numbers(connection: Connection, seal: Seal, sought: Sought) -> Iterator[str]:
    """Give the numbers of survivors."""
    if sought.by == "name":
        yield from find_named(connection, seal, sought.value, LISTED)
        return
    if sought.by == "number":
        yield from _survivors(connection, seal, [sought.value])
        return
    names = {"identity": ("identity",), "card": ("healthCard",), "patient": tuple(NUMBERS)}[sought.by]
    for name in names:
        yield from _survivors(connection, seal, sorted(people_of(connection, seal, sought.institution, name, sought.value)))


def _survivors(connection: Connection, seal: Seal, numbers: Iterable[str]) -> Iterator[str]:
    for number in numbers:
        one = read_resident(connection, seal, number)
        if one is not None:
            yield one.survivor
