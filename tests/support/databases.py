"""Give tests databases on both stores: empty ones, or copies of one that was migrated once in this process."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier, Literal

from engine.store.database import Database
from engine.store.migrations import migrate
from tests.support.postgres import throw_away_database

STORES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))

_ending = ExitStack()
atexit.register(_ending.close)
_free: list[_Kept] = []


def migrated_file(path: Path) -> str:
    """Put a migrated SQLite database at `path`; gives its address."""
    shutil.copy(_file(), path)
    return f"sqlite:///{path}"


@dataclass(frozen=True)
class _Kept:
    """A database that was migrated: its address, its schema in one figure, the rows that migrations wrote."""

    address: str
    schema: Any
    rows: Mapping[str, list[str]]


@contextmanager
def migrated_database() -> Iterator[str]:
    """Lend a migrated PostgreSQL database; afterwards it is emptied for the next, which is quicker than to make one."""
    kept = _free.pop() if _free else _made()
    yield kept.address
    with psycopg.connect(kept.address, autocommit=True) as server:
        server.execute(_ALONE)
        if server.execute(_SCHEMA).fetchone() == kept.schema:
            _empty(server, kept.rows)
            _free.append(kept)


def _made() -> _Kept:
    address = _ending.enter_context(throw_away_database())
    with closing(Database(address)) as database:
        migrate(database)
    with psycopg.connect(address, autocommit=True) as server:
        rows = {name: _rows(server, name) for name in _filled(server)}
        return _Kept(address, server.execute(_SCHEMA).fetchone(), rows)


def _empty(server: psycopg.Connection[Any], rows: Mapping[str, list[str]]) -> None:
    if filled := [name for name in _filled(server) if name not in rows or _rows(server, name) != rows[name]]:
        with server.transaction():
            server.execute(SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(SQL(", ").join(map(Identifier, filled))))
            for name in filled:
                put_back = SQL("INSERT INTO {0} SELECT * FROM json_populate_record(NULL::{0}, %s)").format(Identifier(name))
                for row in rows.get(name, ()):
                    server.execute(put_back, [row])


def _rows(server: psycopg.Connection[Any], name: str) -> list[str]:
    return [row[0] for row in server.execute(SQL("SELECT row_to_json(t)::text FROM {} t").format(Identifier(name)))]


def _filled(server: psycopg.Connection[Any]) -> list[str]:
    tables = [row[0] for row in server.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")]
    asked = (SQL("SELECT {} WHERE EXISTS (SELECT 1 FROM {})").format(Literal(name), Identifier(name)) for name in tables)
    return [row[0] for row in server.execute(SQL(" UNION ALL ").join(asked))]


_ALONE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_SCHEMA = (
    "SELECT count(*), sum(hashtext(concat_ws(' ', c.relname, a.attname, a.atttypid, a.attnotnull))::bigint)"
    " FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
    " WHERE c.relnamespace = 'public'::regnamespace"
)
"""What is the same as long as a test has changed no table and no index."""


@cache
def _file() -> Path:
    folder = Path(_ending.enter_context(tempfile.TemporaryDirectory(prefix="changbai-template-")))
    with closing(Database(f"sqlite:///{folder / 'template.db'}", checkpoints=True)) as database:
        migrate(database)
        database.checkpoint()
    return folder / "template.db"


@pytest.fixture(params=STORES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of a new, migrated database twice: once SQLite in a file, once PostgreSQL."""
    if request.param == "sqlite":
        yield migrated_file(tmp_path / "test.db")
        return
    with migrated_database() as address:
        yield address


@pytest.fixture(params=STORES)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of a new, empty database, as `url` does."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    with throw_away_database() as address:
        yield address
