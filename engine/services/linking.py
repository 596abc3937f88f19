"""Link records to residents: find each person by the strongest key, and queue what contradicts for a person to settle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from engine.message import Record, new_receipt
from engine.services.bulk import upsert
from engine.services.identifying import Key, Person, contradictions, joined, keys_of
from engine.services.residents import name_key, open_person, person_text, resident, resident_conflict, resident_key
from engine.store.bulk import Listed
from engine.store.sealing import Seal
from engine.store.troubles import Collision

_ROUNDS = 3
"""How often a batch is linked anew because another process took in one of its people at the same moment."""

_Place = tuple[str, str]
"""Lookup and kind of a key."""


@dataclass(frozen=True, slots=True)
class Link:
    """Whose a record is; `claimed` names the resident it may belong to instead, while a person has not settled that."""

    resident: str
    claimed: str = ""


def link(connection: Connection, seal: Seal, records: Sequence[Record], at: datetime) -> Mapping[str, Link]:
    """Give each record (by message) its resident, and write what is new: residents, keys, conflicts.

    Two processes that take in one new person at once decide by the unique keys: the later one looks again.
    Raises Collision when that does not end.
    """
    asked = [_Asked(record, _places(seal, record)) for record in records]
    for _ in range(_ROUNDS):
        book = _Book(connection, seal, at, _standing(connection, asked))
        links = {one.record.message: book.link(one) for one in asked}
        if book.write():
            return links
    raise Collision("several processes took in the same residents at once", retry_after=1)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A record with the keys of its person, strongest first."""

    record: Record
    keys: tuple[tuple[_Place, Key], ...]


def _places(seal: Seal, record: Record) -> tuple[tuple[_Place, Key], ...]:
    return tuple(((seal.lookup(key.value), key.kind), key) for key in keys_of(record))


@dataclass(slots=True)
class _Standing:
    """A resident as it stands while a batch is linked; `person` is opened when it is first needed."""

    number: str
    survivor: str
    identity: str
    claim: str
    sealed: bytes
    person: Person | None = None
    new: bool = False
    changed: bool = False


@dataclass(slots=True)
class _Known:
    """What the store knows of the keys of a batch."""

    holders: dict[_Place, str] = field(default_factory=dict)
    people: dict[str, _Standing] = field(default_factory=dict)


_BY_KEY = Listed(
    resident_key.c.lookup,
    select(
        resident_key.c.lookup,
        resident_key.c.kind,
        resident.c.number,
        resident.c.survivor,
        resident.c.identity,
        resident.c.claim,
        resident.c.person,
    )
    .join(resident, resident.c.number == resident_key.c.resident)
    .where,
)


def _standing(connection: Connection, asked: Iterable[_Asked]) -> _Known:
    known = _Known()
    lookups = sorted({place[0] for one in asked for place, _ in one.keys})
    for lookup, kind, number, survivor, identity, claim, sealed in _BY_KEY.read(connection, lookups):
        known.holders[lookup, kind] = number
        known.people[number] = _Standing(number, survivor, identity, claim, sealed)
    return known


class _Book:
    """The registry as one batch sees and changes it."""

    def __init__(self, connection: Connection, seal: Seal, at: datetime, known: _Known) -> None:
        self._connection = connection
        self._seal = seal
        self._at = at
        self._holders = known.holders
        self._people = known.people
        self._keys: dict[_Place, dict[str, Any]] = {}
        self._conflicts: dict[tuple[str, str], dict[str, Any]] = {}
        self._asked_about: dict[str, list[dict[str, Any]]] = {}

    def link(self, asked: _Asked) -> Link:
        """Decide whose one record is."""
        record, ((first, key), *rest) = asked.record, asked.keys
        person = Person(record.resident_name, record.gender, record.birth_date)
        claim = self._seal.lookup(person_text(person))
        known = self._holders.get(first)
        other = ""
        if known is None:
            home = self._adopted(first, rest, person) or self._new(person, claim)
            self._assign(first, key, home)
            self._learn(self._people[home], person, claim)
        else:
            home, other = self._settled_in(known, record, person, claim, rest)
        claimed = other
        for place, weaker in rest:
            holder = self._holders.get(place)
            if holder is None:
                self._assign(place, weaker, other or home)
            elif not self._is_one(holder, home) and not (other and self._is_one(holder, other)):
                doubted = self._doubt(home, holder, "", ("keys",), record)
                claimed = claimed or doubted
        return Link(home, claimed)

    def write(self) -> bool:
        """Write what is new; false, with nothing written, when another process was quicker with one of the keys."""
        if self._keys or self._conflicts:
            keys = [self._keys[place] for place in sorted(self._keys)]
            questions = [self._conflicts[pair] for pair in sorted(self._conflicts)]
            if self._connection.dialect.name == "sqlite":
                self._claim(keys, questions)
            else:
                nested = self._connection.begin_nested()
                if not self._claim(keys, questions):
                    nested.rollback()
                    return False
                nested.commit()
        self._write_people()
        return True

    def _claim(self, keys: Sequence[dict[str, Any]], questions: Sequence[dict[str, Any]]) -> bool:
        won = not keys or _insert_keys(self._connection, keys) == len(keys)
        return won and (not questions or _insert_conflicts(self._connection, questions) == len(questions))

    def _write_people(self) -> None:
        new = [one for _, one in sorted(self._people.items()) if one.new]
        if new:
            _insert_people(self._connection, [self._row(one) for one in new])
        changed = [one for _, one in sorted(self._people.items()) if one.changed and not one.new]
        if changed:
            values = [
                {"its_number": one.number, "its_identity": one.identity, "its_person": self._sealed(one), "its_claim": one.claim, "its_name": self._named(one), "at": self._at}
                for one in changed
            ]  # fmt: skip
            self._connection.execute(_CHANGE, values)

    def _row(self, one: _Standing) -> dict[str, Any]:
        return {
            "number": one.number, "survivor": one.survivor, "identity": one.identity, "person": self._sealed(one),
            "claim": one.claim, "named": self._named(one), "first_seen": self._at, "changed": self._at,
        }  # fmt: skip

    def _sealed(self, one: _Standing) -> bytes:
        person = self._person(one)
        return self._seal.seal_text(person_text(person), table="resident", column="person", row=one.number)

    def _named(self, one: _Standing) -> str:
        return name_key(self._seal, self._person(one).name)

    def _person(self, one: _Standing) -> Person:
        if one.person is None:
            one.person = open_person(self._seal, one.sealed, one.number)
        return one.person

    def _new(self, person: Person, claim: str) -> str:
        number = f"P{new_receipt(self._at)}"
        self._people[number] = _Standing(number, number, "", claim, b"", person, new=True)
        return number

    def _assign(self, place: _Place, key: Key, number: str) -> None:
        lookup, kind = place
        self._holders[place] = number
        value = self._seal.seal_text(key.value, table="resident_key", column="value", row=lookup)
        self._keys[place] = {"lookup": lookup, "kind": kind, "resident": number, "value": value, "since": self._at}
        if kind == "identity":
            one = self._people[number]
            one.identity, one.changed = lookup, True

    def _adopted(self, first: _Place, rest: Sequence[tuple[_Place, Key]], person: Person) -> str:
        """Find by weaker keys the resident to whom a new strongest key belongs: nothing may speak against it."""
        for place, _ in rest:
            holder = self._holders.get(place)
            if holder is None or (first[1] == "identity" and self._people[holder].identity):
                continue
            if not contradictions(self._person(self._people[holder]), person):
                return holder
        return ""

    def _settled_in(
        self, home: str, record: Record, person: Person, claim: str, rest: Sequence[tuple[_Place, Key]]
    ) -> tuple[str, str]:
        """Hold a description against the resident who has the key; give whose the record is, and whose it may be instead."""
        one = self._people[home]
        reasons = () if one.claim == claim else contradictions(self._person(one), person)
        if not reasons:
            self._learn(one, person, claim)
            return home, ""
        fitting = self._fitting(home, rest, person)
        told = self._told(home, claim, fitting)
        if told is None:
            other = fitting or self._new(person, claim)
            return home, self._doubt(home, other, claim, reasons, record)
        other = told["other"] if told["resident"] == home else told["resident"]
        if told["verdict"] == "different":
            return other, ""
        return home, other if told["state"] == "open" else ""

    def _told(self, home: str, claim: str, fitting: str) -> dict[str, Any] | None:
        """Find what was asked already about a resident and a description of this kind, or the resident whom it fits."""
        rows = self._questions(home)
        same = (row for row in rows if row["resident"] == home and row["claim"] == claim)
        return next(same, None) or next((row for row in rows if fitting and fitting in (row["resident"], row["other"])), None)

    def _fitting(self, home: str, rest: Sequence[tuple[_Place, Key]], person: Person) -> str:
        for place, _ in rest:
            holder = self._holders.get(place)
            if holder is None or self._is_one(holder, home):
                continue
            if not contradictions(self._person(self._people[holder]), person):
                return holder
        return ""

    def _learn(self, one: _Standing, person: Person, claim: str) -> None:
        if one.claim == claim:
            return
        known = self._person(one)
        fuller = joined(known, person)
        if fuller != known:
            one.person, one.changed = fuller, True
            one.claim = self._seal.lookup(person_text(fuller))

    def _is_one(self, number: str, other: str) -> bool:
        return number == other or self._survivor(number) == self._survivor(other)

    def _survivor(self, number: str) -> str:
        return self._people[number].survivor if number in self._people else number

    def _doubt(self, home: str, other: str, claim: str, reasons: Sequence[str], record: Record) -> str:
        """Queue the question whether two are one, unless it was asked before; gives the other one while it is open."""
        asked = [row for row in self._questions(home) if {row["resident"], row["other"]} == {home, other}]
        if asked:
            return other if asked[0]["state"] == "open" else ""
        row = {
            "resident": home, "other": other, "claim": claim, "reasons": " ".join(reasons), "message": record.message,
            "institution": record.institution, "state": "open", "verdict": "", "raised": self._at, "settled_by": "",
            "settled_reason": "", "settled": None,
        }  # fmt: skip
        self._conflicts[home, other] = row
        self._questions(home).append(row)
        if other in self._asked_about:
            self._asked_about[other].append(row)
        return other

    def _questions(self, number: str) -> list[dict[str, Any]]:
        """List what was asked about a resident, in the store and in this batch."""
        if number not in self._asked_about:
            stored = [] if self._people[number].new else self._stored_questions(number)
            self._asked_about[number] = stored + [row for pair, row in self._conflicts.items() if number in pair]
        return self._asked_about[number]

    def _stored_questions(self, number: str) -> list[dict[str, Any]]:
        return [dict(row) for row in self._connection.execute(_QUESTIONS, {"its_number": number}).mappings()]


_QUESTIONS = select(resident_conflict).where(
    (resident_conflict.c.resident == bindparam("its_number")) | (resident_conflict.c.other == bindparam("its_number"))
)
_CHANGE = (
    update(resident)
    .where(resident.c.number == bindparam("its_number"))
    .values(
        # What another process found out meanwhile stays.
        identity=func.coalesce(func.nullif(bindparam("its_identity"), ""), resident.c.identity),
        person=bindparam("its_person"),
        claim=bindparam("its_claim"),
        named=bindparam("its_name"),
        changed=bindparam("at"),
    )
)
_insert_keys = upsert(resident_key, ["lookup", "kind"], [])
_insert_conflicts = upsert(resident_conflict, ["resident", "other"], [])
_insert_people = upsert(resident, ["number"], [])
