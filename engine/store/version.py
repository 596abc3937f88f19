"""Tell whether a store has the newest schema, without loading what could bring it there."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.database import Database

_SCRIPTS = Path(__file__).parent / "migrations" / "versions"
_version = sa.table("alembic_version", sa.column("version_num"))


def newest() -> str:
    """Name the newest migration: its file's first four letters, as in all of them."""
    return max(script.name[:4] for script in _SCRIPTS.glob("[0-9]*.py"))


def is_newest(database: Database) -> bool:
    """Tell whether the newest migration has run; raises TryAgain when the store is away."""
    with database.read() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return False
        return version_of(connection) == newest()


def version_of(connection: Connection) -> str:
    """Name the newest migration that has run in a store that has a schema."""
    return str(connection.execute(sa.select(_version.c.version_num)).scalar_one())
