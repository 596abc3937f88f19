"""Read residents from the store for their pages, masked unless a reason is given, and settle there what is in question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from engine.monitor.quality import Names
from engine.monitor.residents import Desk, MergeLine, Person, Question, ResidentSheet, ResidentsSource
from engine.services.audit import Audit, looked_at
from engine.services.conflicts import Verdict, settle_conflict
from engine.services.dossier import Dossier, Identity, read_dossier
from engine.services.identifying import identity_form
from engine.services.institutions import Institutions
from engine.services.merging import Merge, merges
from engine.services.peoplefinder import Sought, find_people
from engine.services.registers.persons import is_patient
from engine.services.registers.residents import unmerge
from engine.services.residents import Conflict, Resident, conflicts, one_person, open_conflicts, read_resident
from engine.store.columns import micros, moment
from engine.store.database import Connection, Database
from engine.store.masking import mask, without_numbers
from engine.store.sealing import Seal

LISTED = 20
"""Questions of one page."""

MERGES = 10
"""Merges that the list of questions shows below."""

NOBODY = Resident(
    number="", survivor="", resident_id="", resident_name="", gender="", birth_date="", first_seen=moment(0), changed=moment(0)
)


@dataclass(frozen=True, slots=True)
class ResidentArchive:
    """The population registry as the monitor knows it; every method is one short transaction of its own."""

    database: Database
    seal: Seal
    institutions: Institutions

    def source(self, types: Names) -> ResidentsSource:
        """Hand the pages what they ask."""
        return ResidentsSource(
            desk=self.desk, find=self.find, one=self.one, reveal=self.reveal, settle=self.settle, undo=self.undo,
            names=lambda: {one.code: (one.name, one.name) for one in self.institutions.list()}, types=types,
        )  # fmt: skip

    def desk(self, after: str) -> Desk:
        """Read what waits, the oldest first, and the latest merges."""
        with self.database.read() as connection:
            found = conflicts(connection, after=_place(after), limit=LISTED + 1)
            questions = self._questions(connection, found[:LISTED])
            return Desk(
                now=datetime.now(UTC), waiting=open_conflicts(connection), questions=questions,
                after=_place_text(found[LISTED - 1]) if len(found) > LISTED else "",
                merges=[_merge_line(one) for one in merges(connection, self.seal, limit=MERGES)],
            )  # fmt: skip

    def find(self, sought: Sought, *, by: str, peer: str) -> Sequence[Person]:
        """Find people, masked; the search is in the audit."""
        with self.database.write() as connection:
            return [_masked(one) for one in find_people(connection, self.seal, sought, actor=by, peer=peer)]

    def one(self, number: str, institution: str) -> ResidentSheet | None:
        """Read one resident, masked; for an institution only its own patients, and of them what is its own."""
        with self.database.read() as connection:
            if institution and not is_patient(connection, institution, one_person(connection, number)):
                return None
            dossier = read_dossier(connection, self.seal, number, [institution] if institution else None)
            return None if dossier is None else self._sheet(connection, dossier, revealed=False)

    def reveal(self, number: str, reason: str, *, by: str, peer: str) -> ResidentSheet | None:
        """Read one resident unmasked; who looked and why is in the audit with it."""
        with self.database.write() as connection:
            dossier = read_dossier(connection, self.seal, number)
            if dossier is None:
                return None
            note = looked_at("population", reason=reason, subject=dossier.resident.number, actor=by, peer=peer)
            Audit().write(connection, [note])
            return self._sheet(connection, dossier, revealed=True)

    def settle(self, one: str, other: str, verdict: Verdict, reason: str, *, by: str, peer: str) -> bool:
        """Settle the question about two residents."""
        with self.database.write() as connection:
            at = datetime.now(UTC)
            return settle_conflict(connection, self.seal, one, other, verdict, by=by, reason=reason, at=at, peer=peer)

    def undo(self, merge: str, reason: str, *, by: str, peer: str) -> bool:
        """Undo a merge."""
        with self.database.write() as connection:
            try:
                unmerge(connection, self.seal, merge, by=by, reason=reason, at=datetime.now(UTC), peer=peer)
            except LookupError:
                return False
        return True

    def _sheet(self, connection: Connection, dossier: Dossier, *, revealed: bool) -> ResidentSheet:
        known, identity = dossier.resident, identity_form(dossier.resident.resident_id)
        return ResidentSheet(
            person=_plain(known) if revealed else _masked(known), first_seen=known.first_seen,
            people=[one for one in dossier.people if one != known.number],
            identities=[one if revealed else _masked_identity(one) for one in dossier.identities],
            documents=dossier.documents, entries=dossier.entries,
            questions=self._questions(connection, dossier.conflicts, revealed=revealed),
            merges=[_merge_line(one) for one in dossier.merges], messages=self.seal.lookup(identity), revealed=revealed,
        )  # fmt: skip

    def _questions(self, connection: Connection, found: Iterable[Conflict], *, revealed: bool = False) -> list[Question]:
        listed = list(found)
        people: Mapping[str, Resident] = {
            number: read_resident(connection, self.seal, number) or replace(NOBODY, number=number)
            for number in sorted({number for one in listed for number in (one.resident, one.other)})
        }
        shown = {number: _plain(one) if revealed else _masked(one) for number, one in people.items()}
        return [
            Question(
                one=shown[each.resident], other=shown[each.other], reasons=each.reasons, message=each.message, institution=each.institution,
                raised=each.raised, verdict=each.verdict, settled=each.settled, settled_by=each.settled_by,
                settled_reason=without_numbers(each.settled_reason),
            )
            for each in listed
        ]  # fmt: skip


def _plain(one: Resident) -> Person:
    return Person(
        number=one.number, name=one.resident_name, gender=one.gender, birth=one.birth_date, identity=one.resident_id, changed=one.changed
    )  # fmt: skip


def _masked(one: Resident) -> Person:
    return replace(
        _plain(one), name=mask(one.resident_name, "name"), birth=mask(one.birth_date, "birth"), identity=mask(one.resident_id, "number")
    )  # fmt: skip


def _masked_identity(one: Identity) -> Identity:
    return one if one.kind == "document" else replace(one, number=mask(one.number, "number"))


def _merge_line(one: Merge) -> MergeLine:
    return MergeLine(
        merge=one.merge, survivor=one.survivor, obsolete=one.obsolete, by=one.institution or one.merged_by,
        reason=without_numbers(one.reason), merged=one.merged, undone=one.undone, undone_by=one.undone_by,
        undone_reason=without_numbers(one.undone_reason),
    )  # fmt: skip


def _place_text(one: Conflict) -> str:
    return f"{micros(one.raised)}:{one.resident}:{one.other}"


def _place(text: str) -> tuple[datetime, str, str] | None:
    """Read a place from an address; one that is none begins at the first page."""
    at, _, rest = text.partition(":")
    one, _, other = rest.partition(":")
    if not (at.isascii() and at.isdigit() and len(at) < 17 and one and other):
        return None
    return moment(int(at)), one, other
