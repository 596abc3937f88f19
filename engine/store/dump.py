"""Write a whole store into one file, and fill an empty store from it: SQLite or PostgreSQL on either side.

The file is a ZIP: `table/NAME.jsonl` for each table (its columns, then one JSON array for each row, bytes in Base64), `secret/NAME` for each secret
file that is taken along, and last `manifest.json` with the schema, the number of rows and the SHA-256 of each part.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.errors import ZIP_DAMAGE
from engine.store.database import Database, unhurried
from engine.store.version import version_of

FORMAT = 1
_AT_ONCE = 100
_LOAD_BYTES = 16 << 20
_LONGEST_LINE = 512 << 20
_NOT_KEPT = frozenset({"alembic_version", "pulse", "node_process"})
"""The schema stands in the manifest; the pulse only proves that the store can be written; the processes that live are those of here."""

_DAMAGE: tuple[type[Exception], ...] = (*ZIP_DAMAGE, KeyError, TypeError, AttributeError, IndexError)
"""What a damaged archive makes of itself and of the JSON in it."""

Told = Callable[[str, int], None]
"""Hear that a part is done: its name, and its rows or bytes."""


class Damaged(Exception):
    """A backup file cannot be used; the words say why."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: the schema (newest migration), when its moment was, and of each part the rows or bytes and the SHA-256."""

    schema: str
    created: datetime
    tables: Mapping[str, tuple[int, str]]
    secrets: Mapping[str, tuple[int, str]]


@dataclass(slots=True)
class _Part:
    """One entry of the ZIP as it is written or read, with its hash."""

    stream: IO[bytes]
    rows: int = -1
    _hash: Any = field(default_factory=hashlib.sha256)

    def write(self, line: bytes) -> None:
        self._hash.update(line)
        self.stream.write(line)
        self.rows += 1

    def lines(self) -> Iterator[bytes]:
        while line := self.stream.readline(_LONGEST_LINE):
            self._hash.update(line)
            self.rows += 1
            yield line

    def fits(self, said: tuple[int, str]) -> bool:
        return (self.rows, self._hash.hexdigest()) == said

    @property
    def sum(self) -> tuple[int, str]:
        return self.rows, self._hash.hexdigest()


def dump(database: Database, target: IO[bytes], secrets: Mapping[str, bytes], told: Told) -> Manifest:
    """Write everything the store held at one moment, while it goes on being written; raises TryAgain when it is away."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True, compresslevel=1) as archive:
        with database.read() as connection:
            unhurried(connection)
            created, schema, tables = datetime.now(UTC), version_of(connection), {}
            for table in _tables(connection):
                tables[table.name] = _write_table(connection, archive, table)
                told(table.name, tables[table.name][0])
        for name, content in secrets.items():
            archive.writestr(f"secret/{name}", content)
        manifest = Manifest(schema, created, tables, {name: _summed(content) for name, content in secrets.items()})
        archive.writestr("manifest.json", _written(manifest))
    return manifest


def _write_table(connection: Connection, archive: zipfile.ZipFile, table: sa.Table) -> tuple[int, str]:
    bytes_at = _bytes_at(table.columns)
    with archive.open(f"table/{table.name}.jsonl", "w", force_zip64=True) as stream:
        part = _Part(stream)
        part.write(_line([column.name for column in table.columns]))
        query = sa.select(table).execution_options(stream_results=True, yield_per=_AT_ONCE)
        for row in connection.execute(query):
            values = list(row)
            for place in bytes_at:
                if values[place] is not None:
                    values[place] = _base64(values[place])
            part.write(_line(values))
    return part.sum


def _base64(value: bytes | str) -> str:
    # SQLite keeps as text what the default of a column of bytes wrote.
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode("ascii")


def _line(values: Sequence[Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def read_manifest(archive: zipfile.ZipFile) -> Manifest:
    """Read what a backup says it holds; raises Damaged for a file that is none, or of a later format."""
    try:
        said = json.loads(archive.read("manifest.json"))
        if said["format"] != FORMAT:
            raise Damaged(f"the backup is of format {said['format']}, this engine reads {FORMAT}")
        tables, secrets = (
            {name: (int(rows), str(digest)) for name, (rows, digest) in said[kind].items()} for kind in ("tables", "secrets")
        )
        return Manifest(str(said["schema"]), datetime.fromisoformat(said["created"]), tables, secrets)
    except _DAMAGE as problem:
        raise Damaged("the file is no backup of this engine") from problem


def load(connection: Connection, archive: zipfile.ZipFile, manifest: Manifest, told: Told) -> None:
    """Fill the tables of a store that has the manifest's schema and no other rows, within the caller's transaction.

    Raises Damaged when a part is missing, was changed, or does not fit the schema: the caller then rolls back.
    """
    unhurried(connection)
    known = {table.name: table for table in _tables(connection)}
    if known.keys() != manifest.tables.keys():
        raise Damaged(f"tables differ from schema {manifest.schema}: {', '.join(sorted(known.keys() ^ manifest.tables.keys()))}")
    for table in reversed(known.values()):
        connection.execute(sa.delete(table))
    for name, table in known.items():
        _read_table(connection, archive, table, manifest.tables[name])
        told(name, manifest.tables[name][0])


def _read_table(connection: Connection, archive: zipfile.ZipFile, table: sa.Table, said: tuple[int, str]) -> None:
    try:
        with archive.open(f"table/{table.name}.jsonl") as stream:
            part = _Part(stream)
            _fill(connection, table, part.lines())
    except sa.exc.OperationalError:
        raise
    except sa.exc.StatementError as problem:
        # Rows are put in before the end of the part shows that it is whole, so the store may be the first to see the damage.
        raise Damaged(f"table {table.name} of the backup does not fit its schema") from problem
    except _DAMAGE as problem:
        raise Damaged(f"table {table.name} of the backup cannot be read") from problem
    if not part.fits(said):
        raise Damaged(f"table {table.name} of the backup is not what was written")
    _count_on(connection, table)


def _fill(connection: Connection, table: sa.Table, lines: Iterator[bytes]) -> None:
    names = json.loads(next(lines, b"[]"))
    if {*names} != {column.name for column in table.columns}:
        raise Damaged(f"columns of table {table.name} differ from its schema")
    bytes_at = _bytes_at(table.c[name] for name in names)
    for some in _handfuls(lines):
        rows = []
        for line in some:
            values = json.loads(line)
            for place in bytes_at:
                if values[place] is not None:
                    values[place] = base64.b64decode(values[place], validate=True)
            rows.append(dict(zip(names, values, strict=True)))
        connection.execute(sa.insert(table), rows)


def _handfuls(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Take lines together as long as they are few and short enough to be held in memory."""
    some, size = list[bytes](), 0
    for line in lines:
        some.append(line)
        size += len(line)
        if len(some) == _AT_ONCE or size > _LOAD_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some


def _count_on(connection: Connection, table: sa.Table) -> None:
    """Let the numbers that PostgreSQL gives go on after the highest one; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for column in (column for column in table.columns if column.identity is not None):
        last = connection.execute(sa.select(sa.func.max(column))).scalar()
        if last is not None:
            sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
            connection.execute(sa.select(sa.func.setval(sequence, last)))


def _tables(connection: Connection) -> Sequence[sa.Table]:
    """Read the tables as they are, whoever declared them; what others refer to comes first."""
    found = sa.MetaData()
    found.reflect(connection, only=lambda name, _: name not in _NOT_KEPT)
    return found.sorted_tables


def _bytes_at(columns: Iterable[sa.Column[Any]]) -> tuple[int, ...]:
    return tuple(place for place, column in enumerate(columns) if isinstance(column.type, sa.LargeBinary))


def _summed(content: bytes) -> tuple[int, str]:
    return len(content), hashlib.sha256(content).hexdigest()


def read_secret(archive: zipfile.ZipFile, name: str, said: tuple[int, str]) -> bytes:
    """Read a secret file of a backup; raises Damaged when it is not what was written, or its name is not a plain one."""
    if name != Path(name).name:
        raise Damaged(f"secret {name!r} has no plain name")
    try:
        content = archive.read(f"secret/{name}")
    except _DAMAGE as problem:
        raise Damaged(f"secret {name} of the backup cannot be read") from problem
    if _summed(content) != said:
        raise Damaged(f"secret {name} of the backup is not what was written")
    return content


def _written(manifest: Manifest) -> bytes:
    said = {"format": FORMAT, "schema": manifest.schema, "created": manifest.created.isoformat()}
    parts = {"tables": dict(manifest.tables), "secrets": dict(manifest.secrets)}
    return json.dumps(said | parts, indent=1).encode()
