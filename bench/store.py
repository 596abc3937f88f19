"""Give the benchmark throw-away databases, and tell what is still waiting in them."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import sqlalchemy as sa

from engine.store.database import Database, default_url

LOCAL = "postgresql://postgres@127.0.0.1:5432/postgres"


def fresh_database(named: str = "") -> Iterator[tuple[str, str, Callable[[], None]]]:
    """Give SQLite, then a new database on the PostgreSQL server that is named or runs here, each with how to drop it."""
    yield "SQLite", "", lambda: None
    server = named or os.environ.get("ENGINE_TEST_POSTGRES", LOCAL)
    if not server.startswith("postgres"):
        return
    name = f"changbai_bench_{uuid.uuid4().hex[:10]}"
    try:
        with psycopg.connect(server, autocommit=True, connect_timeout=3) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
    except psycopg.OperationalError:
        print("\nPostgreSQL: no server, not measured")
        return

    def drop() -> None:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    yield "PostgreSQL", server.rpartition("/")[0] + "/" + name, drop


def settle(url: str) -> None:
    """Let PostgreSQL do at once what its autovacuum does within a minute of such a load; SQLite ("") needs nothing."""
    if url.startswith("postgres"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


def unsent(url: str, data: Path) -> int:
    """Count deliveries that are not done."""
    database = Database(url or default_url(data), pool=1)
    try:
        with database.read() as connection:
            return (
                connection.scalar(sa.text("SELECT count(*) FROM delivery WHERE state IN ('QUEUED', 'SENDING', 'UNKNOWN')")) or 0
            )
    finally:
        database.close()
