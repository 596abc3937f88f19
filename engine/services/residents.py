"""Keep the population registry: each person once, found by identity number, else health card, else an institution's own number."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    Column,
    Connection,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    bindparam,
    func,
    or_,
    select,
    text,
)

from engine.services.identifying import Key, Person, name_form
from engine.store.columns import Moment
from engine.store.database import metadata
from engine.store.sealing import Seal

ConflictState = Literal["open", "settled"]
Settled = Literal["", "same", "different"]

_OPEN = "state = 'open'"
_CLAIMED = "claim <> ''"
_IDENTITY = "kind = 'identity'"
_NAMED = "named <> ''"
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

resident = Table(
    "resident",
    metadata,
    Column("number", Text, primary_key=True),
    Column("survivor", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("person", LargeBinary, nullable=False),
    Column("claim", Text, nullable=False),
    Column("named", Text, nullable=False, server_default=""),
    Column("first_seen", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Index("ix_resident_survivor", "survivor"),
    Index("ix_resident_named", "named", sqlite_where=text(_NAMED), postgresql_where=text(_NAMED)),
)
"""One row for each person as far as is known: `survivor` is its own number until it is merged into another, `identity` the
search key of its identity number, `person` the sealed name, gender and birth, `claim` the search key of these three, `named` that
of the name alone."""

resident_key = Table(
    "resident_key",
    metadata,
    Column("lookup", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("resident", Text, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("since", Moment, nullable=False),
    PrimaryKeyConstraint("lookup", "kind"),
    Index("ix_resident_key_resident", "resident"),
    Index("ux_resident_key_identity", "resident", unique=True, sqlite_where=text(_IDENTITY), postgresql_where=text(_IDENTITY)),
)
"""What each resident is found by: a key belongs to one resident, a resident has one identity number at most."""

resident_conflict = Table(
    "resident_conflict",
    metadata,
    Column("resident", Text, nullable=False),
    Column("other", Text, nullable=False),
    Column("claim", Text, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("institution", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("raised", Moment, nullable=False),
    Column("settled_by", Text, nullable=False),
    Column("settled_reason", Text, nullable=False),
    Column("settled", Moment),
    PrimaryKeyConstraint("resident", "other"),
    Index("ix_resident_conflict_other", "other"),
    Index("ix_resident_conflict_open", "raised", sqlite_where=text(_OPEN), postgresql_where=text(_OPEN)),
    Index(
        "ux_resident_conflict_claim",
        "resident",
        "claim",
        unique=True,
        sqlite_where=text(_CLAIMED),
        postgresql_where=text(_CLAIMED),
    ),
)
"""Two residents of whom a document makes one, or a key two: a person says whether they are the same. `claim` is the search
key of the description that contradicted (empty when two keys pointed at two residents); `message` the first such document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """One resident; `survivor` is the number under which the person is known after a merge, times are aware."""

    number: str
    survivor: str
    resident_id: str
    resident_name: str
    gender: str
    birth_date: str
    first_seen: datetime
    changed: datetime


def find_resident(connection: Connection, seal: Seal, key: Key) -> Resident | None:
    """Give the resident whom one key belongs to; after a merge the one who survives."""
    wanted = (resident_key.c.lookup == seal.lookup(key.value), resident_key.c.kind == key.kind)
    number = connection.execute(
        select(resident.c.survivor).join(resident_key, resident_key.c.resident == resident.c.number).where(*wanted)
    ).scalar_one_or_none()
    return None if number is None else read_resident(connection, seal, number)


def find_named(connection: Connection, seal: Seal, name: str, limit: int) -> list[str]:
    """List the numbers of residents of exactly this name, those first seen first; after a merge the ones who survive."""
    key = name_key(seal, name)
    query = select(resident.c.survivor).where(resident.c.named == key, text(_NAMED)).group_by(resident.c.survivor)
    query = query.order_by(func.min(resident.c.first_seen), resident.c.survivor).limit(limit)
    return list(connection.execute(query).scalars()) if key else []


def name_key(seal: Seal, name: str) -> str:
    """Make the search key of a name, "" of none."""
    form = name_form(name)
    return seal.lookup(f"name {form}") if form else ""


def read_resident(connection: Connection, seal: Seal, number: str) -> Resident | None:
    """Give one resident by its number."""
    row = connection.execute(_ONE, {"its_number": number}).one_or_none()
    if row is None:
        return None
    person = open_person(seal, row.person, number)
    identity = ""
    if row.value is not None:
        identity = seal.open_text(row.value, table="resident_key", column="value", row=row.identity)
    return Resident(
        number=row.number, survivor=row.survivor, resident_id=identity, resident_name=person.name, gender=person.gender, birth_date=person.birth,
        first_seen=row.first_seen, changed=row.changed,
    )  # fmt: skip


def one_person(connection: Connection, number: str) -> list[str]:
    """List the numbers of all residents who are this one person: the row itself and those merged with it."""
    survivor = select(resident.c.survivor).where(resident.c.number == number).scalar_subquery()
    return list(connection.execute(select(resident.c.number).where(resident.c.survivor == survivor)).scalars())


def person_text(person: Person) -> str:
    """Write a description as it is sealed, and as its search key is made."""
    return _to_json((person.name, person.gender, person.birth))


def open_person(seal: Seal, sealed: bytes, number: str) -> Person:
    """Open the description of a resident."""
    return Person(*json.loads(seal.open_text(sealed, table="resident", column="person", row=number)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """One question for a person: are `resident` and `other` the same? `reasons` are name, gender, birth or keys."""

    resident: str
    other: str
    reasons: tuple[str, ...]
    message: str
    institution: str
    state: ConflictState
    verdict: Settled
    raised: datetime
    settled_by: str
    settled_reason: str
    settled: datetime | None


def conflicts(
    connection: Connection, *, state: ConflictState = "open", after: tuple[datetime, str, str] | None = None, limit: int = 50
) -> list[Conflict]:
    """List conflicts, the oldest first; `after` is raised, resident and other of the last one of the page before."""
    table = resident_conflict.c
    query = select(resident_conflict).where(text(_OPEN) if state == "open" else table.state == state)
    if after is not None:
        at, one, other = after
        later = or_(table.resident > one, (table.resident == one) & (table.other > other))
        query = query.where(or_(table.raised > at, (table.raised == at) & later))
    rows = connection.execute(query.order_by(table.raised, table.resident, table.other).limit(limit)).mappings()
    return [_conflict(row) for row in rows]


def open_conflicts(connection: Connection) -> int:
    """Count the questions that nobody settled yet."""
    return int(connection.execute(select(func.count()).select_from(resident_conflict).where(text(_OPEN))).scalar_one())


def conflicts_of(connection: Connection, numbers: Iterable[str]) -> list[Conflict]:
    """List every conflict of these residents, settled ones too."""
    listed = list(numbers)
    rows = connection.execute(_OF, {"numbers": listed}).mappings() if listed else ()
    return [_conflict(row) for row in rows]


def _conflict(row: Mapping[Any, Any]) -> Conflict:
    values = {column.name: row[column.name] for column in resident_conflict.columns if column.name != "claim"}
    return Conflict(**values | {"reasons": tuple(values["reasons"].split())})


_ONE = (
    select(resident, resident_key.c.value)
    .outerjoin(resident_key, (resident_key.c.lookup == resident.c.identity) & (resident_key.c.kind == "identity"))
    .where(resident.c.number == bindparam("its_number"))
)
_OF = select(resident_conflict).where(
    or_(
        resident_conflict.c.resident.in_(bindparam("numbers", expanding=True)),
        resident_conflict.c.other.in_(bindparam("numbers", expanding=True)),
    )
)
