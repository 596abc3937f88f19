"""Give a running engine a store of its own: SQLite in its data directory, or a throw-away PostgreSQL database."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import func, select

from engine.services.institutions import Institutions
from engine.store import counts
from engine.store.database import Database, default_url
from engine.store.keyfile import read_master
from engine.store.keyring import Keyring, make_keys
from engine.store.migrations import migrate
from engine.store.sealing import Seal
from engine.store.tables import message
from tests.support.databases import migrated_database, migrated_file
from tests.support.engine import Engine
from tests.support.hospital import PASSWORD, Hospital


@contextmanager
def new_engine(store: str, data: Path, *extra: str, hospitals: tuple[str, ...] = ("HOSP-A",)) -> Iterator[Engine]:
    """Prepare an engine with these hospitals, not started yet; whatever still runs at the end is stopped."""
    with migrated_database() if store == "postgresql" else _in(data) as url:
        engine = Engine(data, url, extra)
        enrol(engine, dict.fromkeys(hospitals, "hospital"))
        try:
            yield engine
        finally:
            if engine.process is not None:
                engine.stop()


@contextmanager
def _in(data: Path) -> Iterator[str]:
    """Put the SQLite file where an engine looks for it when no address is given."""
    migrated_file(data / "changbai.db")
    yield ""


@contextmanager
def opened(engine: Engine) -> Iterator[Database]:
    """Open the engine's store beside it."""
    with closing(Database(engine.database or default_url(engine.data))) as database:
        yield database


def enrol(engine: Engine, kinds: dict[str, str]) -> None:
    """Register institutions by code and kind, all with the one test password."""
    with opened(engine) as database:
        migrate(database)
        make_keys(database, engine.data / "secrets" / "sealing.key", "AES-256-GCM")
        register = Institutions(database, seal_of(engine, database))
        for code, kind in kinds.items():
            register.add(code, f"测试机构 {code}", kind, PASSWORD)


def hospital(engine: Engine, code: str = "HOSP-A") -> Hospital:
    """Give the system of one hospital."""
    return Hospital(engine.services, code)


def messages(engine: Engine) -> int:
    """Count the messages in the store."""
    with opened(engine) as database, database.read() as connection:
        return connection.execute(select(func.count()).select_from(message)).scalar_one()


def conserved(engine: Engine) -> bool:
    """Tell whether counts and rows agree, as `check --store` does."""
    with opened(engine) as database, database.read() as connection:
        found = counts.verify(connection)
    assert found == []
    return True


def until(sure: Callable[[], object], seconds: float = 40.0) -> None:
    """Wait for something that another process does; fails when it does not become so."""
    end = time.monotonic() + seconds
    while not sure():
        assert time.monotonic() < end, "it did not become so in time"
        time.sleep(0.05)


def seal_of(engine: Engine, database: Database) -> Seal:
    """Open the seal of the engine's store with the engine's own key file."""
    return Seal(Keyring(database, read_master(engine.data / "secrets" / "sealing.key")))
