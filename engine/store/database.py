"""Open the database, SQLite or PostgreSQL, and hand out read and write transactions that behave alike."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pysqlite3.dbapi2 as sqlite
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from engine.errors import ConfigError, Fault
from engine.store.columns import Moment
from engine.store.troubles import StoreAway, translate

metadata = sa.MetaData()
"""All tables of the house; store and services declare theirs into it."""

pulse = sa.Table(
    "pulse",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False),
)

OLDEST_SQLITE = (3, 51, 3)
"""Builds before this one can corrupt a database when the WAL is reset (sqlite.org, release notes of 3.51.3)."""

BUSY_SECONDS = 5.0
_WAL_LIMIT = 64 * 1024 * 1024
_TRUNCATE_WAIT_MS = 20
_INCREMENTAL = 2
_PAGES_AT_ONCE = 500
"""Pages that SQLite gives back in one transaction: about 2 MB."""

Insert = postgresql.Insert | sqlite_dialect.Insert


def insert_into(dialect: str, table: sa.Table) -> Insert:
    """Build an INSERT of a dialect, `connection.dialect.name`, on which `on_conflict_do_nothing` or `_do_update` may be called."""
    return sqlite_dialect.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def default_url(data: Path) -> str:
    """Name the SQLite database that stands in the data folder when no other is configured."""
    return f"sqlite:///{data / 'changbai.db'}"


def check_sqlite(version: tuple[int, ...] = tuple(sqlite.sqlite_version_info)) -> None:
    """Refuse a SQLite build that carries the WAL-reset bug; raises ConfigError."""
    if version < OLDEST_SQLITE:
        raise _refusal(
            f"SQLite {'.'.join(map(str, version))} can corrupt its WAL; "
            f"install the pysqlite3 wheel (needs {'.'.join(map(str, OLDEST_SQLITE))} or later) or use PostgreSQL"
        )


def _refusal(text: str) -> ConfigError:
    return ConfigError([Fault(file="ENGINE_DATABASE", line=0, column=0, code="CFG-060", message=text)])


class Database:
    """One database as one process sees it; `pool` is the number of connections kept.

    `url` is `sqlite:///path` or `postgresql://...`; raises ConfigError for any other and for an old SQLite.
    The one process that has `checkpoints` calls `checkpoint()` now and then; no other ever checkpoints.
    """

    def __init__(self, url: str, *, pool: int = 5, checkpoints: bool = False) -> None:
        parsed = _parse(url)
        self.dialect: Literal["sqlite", "postgresql"] = "sqlite" if parsed.get_backend_name() == "sqlite" else "postgresql"
        self.checkpoints = checkpoints
        self._path = Path(parsed.database or "") if self.dialect == "sqlite" else None
        engine = _open_sqlite(parsed, pool) if self._path else _open_postgres(parsed, pool)
        self._most = pool * 2
        self._reads, self._writes = _modes(engine, self.dialect)
        self._engine = engine
        self._checkpointing = threading.Lock()

    def write(self) -> AbstractContextManager[Connection]:
        """Open a transaction that commits at the end; raises TryAgain when the store is locked, full or out of reach."""
        return _transaction(self._writes)

    def read(self) -> AbstractContextManager[Connection]:
        """Open a transaction that sees one unchanging state of the store and writes nothing."""
        return _transaction(self._reads)

    def insert_or_ignore(self, table: sa.Table) -> Insert:
        """Build an INSERT that leaves a row with the same unique key as it is."""
        return self.insert(table).on_conflict_do_nothing()

    def insert(self, table: sa.Table) -> Insert:
        """Build an INSERT of this dialect, on which `on_conflict_do_update` may be called."""
        return insert_into(self.dialect, table)

    def ping_write(self) -> None:
        """Write one small row durably, for /health; raises TryAgain when that cannot be done."""
        row = {"id": 1, "at": datetime.now(UTC)}
        statement = self.insert(pulse).values(row).on_conflict_do_update(index_elements=["id"], set_={"at": row["at"]})
        with self.write() as connection:
            connection.execute(statement)

    def checkpoint(self) -> int:
        """Move the write-ahead log into the database file; return the log's size in bytes, 0 on PostgreSQL.

        A passive pass never makes a writer wait. Only a log over 64 MiB is then cut back to nothing, which
        waits at most 20 ms for readers and writers and else tries again next time.
        """
        if self._path is None:
            return 0
        if not self.checkpoints:
            raise RuntimeError("only the process opened with checkpoints=True may checkpoint")
        with self._checkpointing:
            return self._checkpoint(Path(f"{self._path}-wal"))

    def _checkpoint(self, log: Path) -> int:
        with _translated(), self._engine.connect() as connection:
            driver: Any = connection.connection.dbapi_connection
            driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            if log.exists() and log.stat().st_size > _WAL_LIMIT:
                driver.execute(f"PRAGMA busy_timeout={_TRUNCATE_WAIT_MS}")
                try:
                    driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                finally:
                    driver.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")
        return log.stat().st_size if log.exists() else 0

    def reclaim(self, tables: Sequence[str]) -> bool:
        """Give the space of removed rows back, a little at a time, while others go on; false for a SQLite file made before it could."""
        with _translated():
            return self._reclaim_postgres(tables) if self.dialect == "postgresql" else self._reclaim_sqlite()

    def tidies_itself(self) -> bool:
        """Tell whether the server removes dead rows and learns its tables' sizes by itself (PostgreSQL's autovacuum); SQLite needs neither."""
        if self.dialect != "postgresql":
            return True
        with self.read() as connection:
            return bool(connection.exec_driver_sql("SHOW autovacuum").scalar_one() == "on")

    def _reclaim_postgres(self, tables: Sequence[str]) -> bool:
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("SET statement_timeout = 0")
            try:
                connection.exec_driver_sql(f"VACUUM {', '.join(tables)}")
            finally:
                connection.exec_driver_sql("RESET statement_timeout")
        return True

    def _reclaim_sqlite(self) -> bool:
        with self._engine.connect() as connection:
            driver: Any = connection.connection.dbapi_connection
            if driver.execute("PRAGMA auto_vacuum").fetchone()[0] != _INCREMENTAL:
                return False
            while driver.execute("PRAGMA freelist_count").fetchone()[0]:
                driver.execute(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})").fetchall()
        return True

    def watch(self, observe: Callable[[int, int], None]) -> None:
        """Tell `observe`, whenever a connection is taken or given back, how many are in use, of how many at most."""
        pool: Any = self._engine.pool
        event.listen(pool, "checkout", lambda *_: observe(pool.checkedout(), self._most))
        # It is told of before it is back in the pool.
        event.listen(pool, "checkin", lambda *_: observe(pool.checkedout() - 1, self._most))

    def close(self) -> None:
        """Close all connections; the last process to do so folds SQLite's log into the file."""
        self._engine.dispose()


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise _refusal("the database address cannot be read; write sqlite:///PATH or postgresql://USER@HOST/NAME") from None
    name = parsed.drivername.split("+")[0]
    if name == "sqlite" and parsed.database and parsed.database != ":memory:":
        return parsed
    if name in {"postgres", "postgresql"}:
        return parsed.set(drivername="postgresql+psycopg")
    raise _refusal(f"the store is SQLite in a file or PostgreSQL, not {parsed.drivername}")


def _open_sqlite(url: URL, pool: int) -> Engine:
    check_sqlite()
    path = Path(url.database or "").resolve()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

    def connect() -> Any:
        connection = sqlite.connect(
            str(path), timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        for line in _PRAGMAS:
            connection.execute(f"PRAGMA {line}")
        return connection

    if not path.exists():
        _create(path)
    return sa.create_engine(
        "sqlite+pysqlite://", module=sqlite, creator=connect, poolclass=QueuePool, pool_size=pool, max_overflow=pool,
        pool_timeout=BUSY_SECONDS, hide_parameters=True,
    )  # fmt: skip


def _create(path: Path) -> None:
    """Put a new file in place that is in WAL mode already: to switch it later, SQLite would not wait for another process."""
    # mkstemp makes it for the engine's own account only: bodies are in it, sealed or not.
    handle, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    os.close(handle)
    try:
        new = sqlite.connect(made)
        new.execute("PRAGMA auto_vacuum=INCREMENTAL").fetchall()
        new.execute("PRAGMA journal_mode=WAL").fetchall()
        new.close()
        with suppress(FileExistsError):
            os.link(made, path)
    finally:
        Path(made).unlink()


_PRAGMAS = (
    f"busy_timeout={int(BUSY_SECONDS * 1000)}",
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "wal_autocheckpoint=0",
    "cache_size=-32000",
    "temp_store=MEMORY",
)


def _open_postgres(url: URL, pool: int) -> Engine:
    return sa.create_engine(
        url, pool_size=pool, max_overflow=pool, pool_timeout=BUSY_SECONDS, hide_parameters=True,
        connect_args=postgres_patience(),
    )  # fmt: skip


_FORGET_THE_CUT_OFF = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=3 -c tcp_keepalives_count=3 -c tcp_user_timeout=15000"
"""The server too lets go of a node that the network has cut off, with all its locks, after about 15 seconds instead of hours."""

_POSTGRES_BOUNDS = "-c lock_timeout=10s -c statement_timeout=30s -c idle_in_transaction_session_timeout=60s"


def postgres_patience(bounds: str = _POSTGRES_BOUNDS) -> dict[str, str | int]:
    """Bound how long a connection waits for a server that is not there any more, and the server for it: about 15 seconds each.

    `bounds` are further settings of its session, as options of libpq.
    """
    return {
        "options": f"{_FORGET_THE_CUT_OFF} {bounds}",
        "connect_timeout": 5,
        "keepalives_idle": 5,
        "keepalives_interval": 3,
        "keepalives_count": 3,
        "tcp_user_timeout": 15000,
        "application_name": "changbai",
    }


def unhurried(connection: Connection) -> None:
    """Let this transaction's statements wait and last as long as they must; for migrations and sums over all rows."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")


def by_keys(connection: Connection) -> None:
    """Let this transaction's statements go from row to row by their keys, for a few rows of large tables that stand in memory."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_BY_KEYS)


_BY_KEYS = "SET LOCAL enable_hashjoin = off; SET LOCAL random_page_cost = 1.1; SET LOCAL max_parallel_workers_per_gather = 0"


def _modes(engine: Engine, dialect: str) -> tuple[Engine, Engine]:
    if dialect == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True), engine

    # The driver begins nothing by itself (isolation_level=None): a writer takes its lock first and so never has to upgrade.
    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine, engine.execution_options(writes=True)


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    with _translated(), engine.begin() as connection:
        yield connection


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, PoolTimeout) as error:
        other = translate(error)
        if other is error:
            raise
        raise other from error


__all__ = [
    "Connection",
    "Database",
    "StoreAway",
    "by_keys",
    "check_sqlite",
    "default_url",
    "metadata",
    "postgres_patience",
    "unhurried",
]
