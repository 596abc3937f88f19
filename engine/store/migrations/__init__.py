"""Bring the database to the newest schema; safe when several processes start at once."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from engine.store.database import Database, unhurried

_LOCK = 0x6368616E67
"""The advisory lock that starting processes queue at on PostgreSQL."""


def migrate(database: Database) -> None:
    """Run the migrations that are missing, all in one transaction; raises TryAgain when the store is away."""
    config = _config()
    newest = set(ScriptDirectory.from_config(config).get_heads())
    with database.read() as connection:
        if _heads(connection) == newest:
            return
    with database.write() as connection:
        if database.dialect == "postgresql":
            unhurried(connection)
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        if _heads(connection) != newest:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def build(connection: Connection, schema: str) -> None:
    """Make the tables of a schema, named by its newest migration, in an empty store within the caller's transaction; raises LookupError for an unknown one."""
    config = _config()
    if schema not in {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}:
        raise LookupError(schema)
    config.attributes["connection"] = connection
    command.upgrade(config, schema)


def has_tables(connection: Connection) -> bool:
    """Tell whether anything was ever made in a store."""
    return bool(sa.inspect(connection).get_table_names())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


def _heads(connection: Connection) -> set[str]:
    return set(MigrationContext.configure(connection).get_current_heads())
