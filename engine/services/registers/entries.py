"""Keep the entries of every register: sealed content, versions, and keyed hashes of what it is found by."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, exists, func, insert, select, update

from engine.hospital import Values
from engine.services.bulk import upsert
from engine.services.registers.tables import entry, term, version
from engine.store.sealing import Seal
from engine.store.troubles import Collision

EntryState = Literal["current", "merged", "deleted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """What is to stand under a key: `values` as sent, `terms` what it is found by, `at` the time it speaks of (aware)."""

    key: str
    values: Values
    terms: Mapping[str, str] = field(default_factory=dict)
    at: datetime
    resident: str = ""
    claimed: str = ""
    without: frozenset[str] = frozenset()

    def digest(self, seal: Seal) -> str:
        """Make the keyed hash by which the same content is known again; names in `without` do not count."""
        return seal.lookup(written({name: value for name, value in self.values.items() if name not in self.without}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One entry as it stands; times are aware."""

    register: str
    owner: str
    key: str
    resident: str
    state: EntryState
    into_key: str
    version: int
    receipt: str
    digest: str
    at: datetime
    registered: datetime
    changed: datetime
    values: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which entries are wanted.

    `terms` are keyed hashes by name, all of which must be among what an entry is found by; `since` is included, `until` is not;
    `among` is what the caller may read, `states` the states that are shown.
    """

    register: str
    among: ColumnElement[bool]
    terms: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    states: Sequence[EntryState] = ("current",)


def written(values: Values) -> str:
    """Write values as they are sealed: one form for the same values."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class Entries:
    """The entries of all registers of one store; every method works in the caller's transaction."""

    def __init__(self, seal: Seal) -> None:
        self.seal = seal

    def lookup(self, *parts: str) -> str:
        """Make the keyed hash of a business key or of a value to search by."""
        return self.seal.lookup("\0".join(parts)) if any(parts) else ""

    def locked(self, connection: Connection, register: str, owner: str, keys: Iterable[str]) -> Mapping[str, Kept]:
        """Read entries and hold them until the transaction ends, always in the order of their keys."""
        wanted = (entry.c.register == register, entry.c.owner == owner, entry.c.key.in_(sorted(set(keys))))
        query = select(entry).where(*wanted).order_by(entry.c.key).with_for_update()
        return {row["key"]: self.kept(row) for row in connection.execute(query).mappings()}

    def read(self, connection: Connection, register: str, owner: str, key: str) -> Kept | None:
        """Read one entry in whatever state."""
        row = connection.execute(select(entry).where(*_of(entry, register, owner, key))).mappings().one_or_none()
        return None if row is None else self.kept(row)

    def add(self, connection: Connection, register: str, owner: str, receipt: str, fresh: Sequence[Fresh], at: datetime) -> None:
        """Write entries that did not stand when they were looked for; raises Collision when another process was quicker."""
        for one in sorted(fresh, key=lambda each: each.key):
            row = {
                **self._row(register, owner, receipt, one, 1),
                "state": "current",
                "into_key": "",
                "registered": at,
                "changed": at,
            }
            if connection.dialect.name == "sqlite":
                connection.execute(insert(entry).values(row))
            elif _insert(connection, [row]) != 1:
                raise Collision("another process wrote the same entry")
            self._find_by(connection, register, owner, one)

    def replace(
        self, connection: Connection, register: str, owner: str, receipt: str, fresh: Fresh, before: Kept, at: datetime
    ) -> None:
        """Put a newer version in the place of one that was read by `locked`, and keep that one."""
        mine = _of(entry, register, owner, fresh.key)
        self.put_by(connection, before, at)
        row = self._row(register, owner, receipt, fresh, before.version + 1)
        connection.execute(update(entry).where(*mine).values(**row, state="current", into_key="", changed=at))
        connection.execute(delete(term).where(*_of(term, register, owner, fresh.key)))
        self._find_by(connection, register, owner, fresh)

    def put_by(self, connection: Connection, before: Kept, at: datetime) -> None:
        """Keep the version of an entry that is about to go."""
        row = {
            "register": before.register, "owner": before.owner, "key": before.key, "version": before.version,
            "receipt": before.receipt, "since": before.changed, "replaced": at,
            "content": self._sealed("register_version", before.register, before.owner, before.key, before.version, before.values),
        }  # fmt: skip
        connection.execute(insert(version).values(row))

    def mark(self, connection: Connection, one: Kept, state: EntryState, at: datetime, into_key: str = "") -> None:
        """Change the state of an entry that was read by `locked`."""
        mine = _of(entry, one.register, one.owner, one.key)
        connection.execute(update(entry).where(*mine).values(state=state, into_key=into_key, changed=at))

    def find(self, connection: Connection, sought: Sought, limit: int) -> tuple[list[Kept], int]:
        """Give the entries of a search, the latest first, at most `limit`, and how many there are in all."""
        where = [entry.c.register == sought.register, entry.c.state.in_(sought.states), sought.among]
        where += [having(name, lookup) for name, lookup in sorted(sought.terms.items())]
        if sought.since is not None:
            where.append(entry.c.at >= sought.since)
        if sought.until is not None:
            where.append(entry.c.at < sought.until)
        query = select(entry).where(*where).order_by(entry.c.at.desc(), entry.c.key.desc()).limit(limit)
        found = [self.kept(row) for row in connection.execute(query).mappings()]
        if len(found) < limit:
            return found, len(found)
        return found, int(connection.execute(select(func.count()).select_from(entry).where(*where)).scalar_one())

    def latest(self, connection: Connection, register: str, owner: str, terms: Mapping[str, str]) -> Kept | None:
        """Give the entry of an owner that speaks of the latest time; of equal times the greater key, whichever came first."""
        # The few keys that are found so come first, whatever a planner without figures of the tables would rather begin with.
        found = [
            select(term.c.key)
            .where(term.c.name == name, term.c.lookup == lookup, term.c.register == register, term.c.owner == owner)
            .cte(f"by_{place}")
            .prefix_with("MATERIALIZED", dialect="postgresql")
            for place, (name, lookup) in enumerate(terms.items())
        ]
        mine = (entry.c.key.in_(select(keys.c.key)) for keys in found)
        where = [entry.c.register == register, entry.c.owner == owner, *mine]
        query = select(entry).where(*where).order_by(entry.c.at.desc(), entry.c.key.desc()).limit(1)
        row = connection.execute(query).mappings().one_or_none()
        return None if row is None else self.kept(row)

    def versions(self, connection: Connection, one: Kept) -> list[Values]:
        """Give what an entry said before, the latest first."""
        query = select(version).where(*_of(version, one.register, one.owner, one.key)).order_by(version.c.version.desc())
        return [self._opened("register_version", row) for row in connection.execute(query).mappings()]

    def kept(self, row: Mapping[Any, Any]) -> Kept:
        """Read the row of an entry."""
        names = [name for name in Kept.__dataclass_fields__ if name != "values"]
        return Kept(**{name: row[name] for name in names}, values=self._opened("register_entry", row))

    def _row(self, register: str, owner: str, receipt: str, one: Fresh, number: int) -> dict[str, Any]:
        return {
            "register": register, "owner": owner, "key": one.key, "resident": one.resident, "claimed": one.claimed,
            "version": number, "receipt": receipt, "digest": one.digest(self.seal), "at": one.at,
            "content": self._sealed("register_entry", register, owner, one.key, number, one.values),
        }  # fmt: skip

    def _find_by(self, connection: Connection, register: str, owner: str, one: Fresh) -> None:
        self.also_found_by(connection, register, owner, one.key, one.terms.items())

    def also_found_by(
        self, connection: Connection, register: str, owner: str, key: str, terms: Iterable[tuple[str, str]]
    ) -> None:
        """Let an entry that was just written be found by more values, each pair of name and value once."""
        rows = [
            {"name": name, "lookup": self.lookup(value), "register": register, "owner": owner, "key": key}
            for name, value in sorted(set(terms))
            if value
        ]
        if rows:
            connection.execute(insert(term), rows)

    def _sealed(self, table: str, register: str, owner: str, key: str, number: int, values: Values) -> bytes:
        return self.seal.seal_text(written(values), table=table, column="content", row=_place(register, owner, key, number))

    def _opened(self, table: str, row: Mapping[Any, Any]) -> Values:
        place = _place(row["register"], row["owner"], row["key"], row["version"])
        opened: Values = _frozen(json.loads(self.seal.open_text(row["content"], table=table, column="content", row=place)))
        return opened


def having(name: str, lookup: str) -> ColumnElement[bool]:
    """Say in SQL that an entry is found by a value."""
    mine = and_(term.c.register == entry.c.register, term.c.owner == entry.c.owner, term.c.key == entry.c.key)
    return exists(select(1).where(term.c.name == name, term.c.lookup == lookup, mine))


def _of(table: Table, register: str, owner: str, key: str) -> tuple[ColumnElement[bool], ...]:
    return table.c.register == register, table.c.owner == owner, table.c.key == key


def _place(register: str, owner: str, key: str, number: int) -> str:
    return f"{register} {owner} {key} {number}"


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_frozen(each) for each in value)
    if isinstance(value, dict):
        return {name: _frozen(each) for name, each in value.items()}
    return value


_insert = upsert(entry, ["register", "owner", "key"], [])
