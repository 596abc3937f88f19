"""Read the three base libraries: population, health record, medical record; who reads says why, and it is audited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, or_, select, text

from engine.services.audit import Audit, looked_at
from engine.services.identifying import Key, identity_form, local_key, number_form
from engine.services.records import REPLACED, KeptRecord, RecordsDesk, record
from engine.services.residents import Resident, find_resident, one_person, read_resident
from engine.store.sealing import Seal

LOCAL_KINDS = ("archive", "inpatient", "outpatient")
"""The kinds of an institution's own patient numbers, as documents/ draws them."""

_LONGEST_PAGE = 200

Body = Callable[[Connection, str], bytes | None]
"""Load the document of a receipt as the library took it; None when it is not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Who reads, why, and from where; without a reader and a reason nothing is shown."""

    reader: str
    reason: str
    institution: str = ""
    peer: str = ""

    def __post_init__(self) -> None:
        """Refuse a reading that nobody answers for; raises ValueError."""
        if not self.reader.strip() or not self.reason.strip():
            raise ValueError("a reading of the libraries needs a reader and a reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which documents of a health record: empty means all; `since` is included, `until` is not."""

    types: Sequence[str] = ()
    institutions: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None
    every_state: bool = False


Place = tuple[datetime, str]
"""Where a page of a health record ends: when its last document was written (else taken), and its receipt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthRecord:
    """One page of a resident's documents from all institutions, latest first; `after` asks for the next page, None ends."""

    resident: Resident
    documents: tuple[KeptRecord, ...]
    after: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MedicalRecord:
    """One document of the library with its body; `versions` are all that had its own id, the latest taken first."""

    document: KeptRecord
    body: bytes
    versions: tuple[KeptRecord, ...]


class Library:
    """The libraries of one store; every method reads and audits in the caller's write transaction."""

    def __init__(self, seal: Seal, body: Body) -> None:
        self._seal = seal
        self._body = body
        self._desk = RecordsDesk(seal)

    def find_by_identity(self, connection: Connection, reading: Reading, number: str) -> Resident | None:
        """Find a resident by identity number, however it is written."""
        return self._find(connection, reading, [Key("identity", identity_form(number))])

    def find_by_card(self, connection: Connection, reading: Reading, number: str) -> Resident | None:
        """Find a resident by health card."""
        return self._find(connection, reading, [Key("card", number_form(number))])

    def find_by_local(self, connection: Connection, reading: Reading, institution: str, number: str) -> Resident | None:
        """Find a resident by an institution's own number: archive, inpatient or outpatient, in that order."""
        form = number_form(number)
        return self._find(connection, reading, [local_key(institution, f"{kind}^{form}") for kind in LOCAL_KINDS if form])

    def health_record(
        self,
        connection: Connection,
        reading: Reading,
        resident: str,
        wanted: Wanted,
        *,
        after: Place | None = None,
        limit: int = 50,
    ) -> HealthRecord | None:
        """Give a page of what all institutions wrote about a resident; None when there is no such resident."""
        self._audit(connection, reading, "health-record", resident)
        numbers = one_person(connection, resident)
        known = read_resident(connection, self._seal, resident)
        if known is None:
            return None
        if known.survivor != known.number:
            known = read_resident(connection, self._seal, known.survivor) or known
        limit = max(1, min(limit, _LONGEST_PAGE))
        query = select(record).where(record.c.resident.in_(numbers), *_conditions(wanted, after))
        query = query.order_by(record.c.placed.desc(), record.c.message.desc()).limit(limit + 1)
        found = [self._desk.kept(row) for row in connection.execute(query).mappings()]
        page = tuple(found[:limit])
        return HealthRecord(
            resident=known, documents=page, after=(page[-1].placed, page[-1].message) if len(found) > limit else None
        )

    def medical_record(self, connection: Connection, reading: Reading, receipt: str) -> MedicalRecord | None:
        """Give one document with its body and its versions; None when the library has no such receipt."""
        self._audit(connection, reading, "medical-record", receipt)
        document = self._desk.by_message(connection, receipt)
        body = self._body(connection, receipt) if document else None
        if document is None or body is None:
            return None
        return MedicalRecord(document=document, body=body, versions=self._versions(connection, document))

    def _versions(self, connection: Connection, document: KeptRecord) -> tuple[KeptRecord, ...]:
        """Follow the chain of replacements from a document backwards and forwards."""
        found = {document.message: document}
        wanted = [document]
        while wanted:
            one = wanted.pop()
            around: ColumnElement[bool] = and_(record.c.replaced_by == one.message, text(REPLACED))
            if one.replaced_by:
                around = or_(around, record.c.message == one.replaced_by)
            for row in connection.execute(select(record).where(around)).mappings():
                if row["message"] not in found:
                    found[row["message"]] = self._desk.kept(row)
                    wanted.append(found[row["message"]])
        return tuple(sorted(found.values(), key=lambda one: (one.taken, one.message), reverse=True))

    def _find(self, connection: Connection, reading: Reading, keys: Sequence[Key]) -> Resident | None:
        found = next((one for key in keys if key.value and (one := find_resident(connection, self._seal, key))), None)
        self._audit(connection, reading, "population", found.number if found else "nobody")
        return found

    def _audit(self, connection: Connection, reading: Reading, library: str, subject: str) -> None:
        note = looked_at(
            library,
            reason=reading.reason,
            subject=subject,
            actor=reading.reader,
            institution=reading.institution,
            peer=reading.peer,
        )
        Audit().write(connection, [note])


def _conditions(wanted: Wanted, after: Place | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if not wanted.every_state:
        found.append(record.c.state == "current")
    if wanted.types:
        found.append(record.c.document_type.in_(list(wanted.types)))
    if wanted.institutions:
        found.append(record.c.institution.in_(list(wanted.institutions)))
    if wanted.since is not None:
        found.append(record.c.placed >= wanted.since)
    if wanted.until is not None:
        found.append(record.c.placed < wanted.until)
    if after is not None:
        at, receipt = after
        found.append(or_(record.c.placed < at, and_(record.c.placed == at, record.c.message < receipt)))
    return found
