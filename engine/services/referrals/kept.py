"""Read and write the row of a referral: what is personal or clinical is sealed, and opened for whoever may see it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from engine.services.referrals.model import Clinical, Diagnosis, Direction, Kind, PatientSaid, Role, Sender, State
from engine.services.referrals.tables import referral
from engine.store.columns import AnyRow
from engine.store.sealing import Seal


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What the origin said that nobody changes."""

    origin: Sender = field(default_factory=Sender)
    clinical: Clinical = field(default_factory=Clinical)
    share: tuple[str, ...] = ()
    late_entry: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """What both sides said since: how it ended, a note with the acceptance, why it was refused or withdrawn."""

    summary: str = ""
    note: str = ""
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """One referral as read; `version` fences its next move. Times are aware; the columns are those of the table."""

    referral: str
    request_id: str
    digest: str
    origin: str
    receiver: str
    reviewer: str
    direction: Direction
    kind: Kind
    state: State
    urgency: int
    version: int
    moved: str
    mover: str
    department: str
    doctor: str
    resident: str
    day: str
    order_id: str
    record: str
    return_of: str
    returned_by: str
    occurred: datetime
    created: datetime
    changed: datetime
    due: datetime | None
    remind: datetime | None
    released: datetime | None
    overdue: bool
    patient: PatientSaid
    said: Said
    words: Words

    def roles_of(self, institution: str) -> frozenset[Role]:
        """Say what an institution is in this referral; nothing for one that has no part in it."""
        parts: tuple[tuple[Role, str], ...] = (
            ("origin", self.origin), ("receiver", self.receiver), ("reviewer", self.reviewer),
        )  # fmt: skip
        return frozenset(role for role, code in parts if code == institution)


_SEALED = ("patient", "said", "words")
_PLAIN = tuple(one.name for one in fields(Kept) if one.name not in _SEALED)


class Shelf:
    """The rows of referrals, sealed and opened."""

    def __init__(self, seal: Seal) -> None:
        self.seal = seal

    def read(self, connection: Connection, number: str) -> Kept | None:
        """Read one referral."""
        return self._one(connection.execute(_READ, {"its_number": number}).one_or_none())

    def hold(self, connection: Connection, number: str) -> Kept | None:
        """Read one referral that no move changes until the caller's transaction ends."""
        return self._one(connection.execute(_HOLD, {"its_number": number}).one_or_none())

    def by_request(self, connection: Connection, origin: str, request_id: str) -> Kept | None:
        """Read the referral of an origin's own number of a wish."""
        return self._one(connection.execute(_BY_REQUEST, {"its_origin": origin, "its_request": request_id}).one_or_none())

    def add(self, connection: Connection, one: Kept) -> None:
        """Keep a new referral; a request number that its origin used before raises IntegrityError."""
        plain = {name: getattr(one, name) for name in _PLAIN}
        sealed = {name: self.sealed(one.referral, name, getattr(one, name)) for name in _SEALED}
        connection.execute(insert(referral), {**plain, **sealed})

    def sealed(self, number: str, column: str, value: PatientSaid | Said | Words) -> bytes:
        """Seal one of the three sealed columns of a referral."""
        plain = json.dumps(asdict(value), ensure_ascii=False, separators=(",", ":"))
        return self.seal.seal_text(plain, table="referral", column=column, row=number)

    def opened(self, row: AnyRow) -> Kept:
        """Make a referral of its row."""
        plain = {name: getattr(row, name) for name in _PLAIN}
        patient, said, words = (self._open(row, name) for name in _SEALED)
        return Kept(**plain, patient=PatientSaid(**patient), said=_said(said), words=Words(**words))

    def _one(self, row: AnyRow | None) -> Kept | None:
        return None if row is None else self.opened(row)

    def _open(self, row: AnyRow, column: str) -> Mapping[str, Any]:
        opened = self.seal.open_text(getattr(row, column), table="referral", column=column, row=row.referral)
        found: Mapping[str, Any] = json.loads(opened)
        return found


def _said(values: Mapping[str, Any]) -> Said:
    clinical = values["clinical"]
    diagnoses = tuple(Diagnosis(**one) for one in clinical["diagnoses"])
    return Said(
        origin=Sender(**values["origin"]), clinical=Clinical(**{**clinical, "diagnoses": diagnoses}), share=tuple(values["share"]),
        late_entry=values["late_entry"],
    )  # fmt: skip


_READ = select(referral).where(referral.c.referral == bindparam("its_number"))
_HOLD = _READ.with_for_update(key_share=True)
# Readers that only share the row would let others pass a withdrawal that waits; who holds it alone stands in one line with it.
_BY_REQUEST = select(referral).where(
    referral.c.origin == bindparam("its_origin"), referral.c.request_id == bindparam("its_request")
)
