"""Hold the lock by which one clock of all nodes leads: an advisory lock on PostgreSQL, a file lock beside SQLite."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

import sqlalchemy as sa
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.pool import NullPool

from engine.store.database import postgres_patience

_CLOCK_KEY = 0x6368616E67626169
"""The advisory lock of the clock: "changbai" as eight letters."""


class FileLeadership:
    """Lead by a lock on a file, for the one node that SQLite serves."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def lead(self) -> bool:
        """Take the lock, or tell that it is still held; never waits."""
        if self._file is not None:
            return True
        self._path.parent.mkdir(parents=True, exist_ok=True)
        opened = self._path.open("w", encoding="ascii")
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            opened.close()
            return False
        self._file = opened
        return True

    def close(self) -> None:
        """Let the lock go."""
        if self._file is not None:
            self._file.close()
            self._file = None


class AdvisoryLeadership:
    """Lead by a session lock on a connection of its own; losing the connection is losing the lead."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url).set(drivername="postgresql+psycopg")
        patience = postgres_patience("-c statement_timeout=10s")
        self._engine = sa.create_engine(parsed, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=patience)
        self._connection: Connection | None = None

    def lead(self) -> bool:
        """Take the lock, or tell that it is still held; raises when the store is away, and the lead is then lost."""
        try:
            if self._connection is not None:
                self._connection.execute(sa.text("SELECT 1"))
                return True
            return self._try_lock()
        except Exception:
            self._drop()
            raise

    def _try_lock(self) -> bool:
        connection = self._engine.connect()
        if connection.scalar(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": _CLOCK_KEY}):
            self._connection = connection
            return True
        connection.close()
        return False

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        """Let the lock go."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._engine.dispose()


def leadership(url: str, data: Path) -> FileLeadership | AdvisoryLeadership:
    """Choose the lock that fits the database."""
    if make_url(url).get_backend_name() == "sqlite":
        return FileLeadership(data / "clock.lock")
    return AdvisoryLeadership(url)
