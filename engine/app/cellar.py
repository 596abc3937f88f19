"""Open the store for a process or a command, with nothing else of the house: little is loaded, so that it is soon done."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from engine.services.applications import Applications
from engine.services.institutions import Institutions
from engine.services.secondfactor import SecondFactors
from engine.services.users import Users
from engine.settings import Settings
from engine.store.database import Database, default_url
from engine.store.keyfile import read_master
from engine.store.keyring import Keyring, make_keys
from engine.store.sealing import Seal
from engine.store.version import is_newest


def database_url(settings: Settings) -> str:
    """Name the database in force."""
    return settings.database or default_url(settings.data)


def open_database(settings: Settings, *, checkpoints: bool = False) -> Database:
    """Open the store that the settings name."""
    return Database(database_url(settings), checkpoints=checkpoints)


@contextlib.contextmanager
def open_store(settings: Settings) -> Iterator[Database]:
    """Open the store for a command: made and brought up to date when that is still to be done."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.closing(open_database(settings)) as database:
        if not is_newest(database):
            # Here, since alembic is a quarter of what a command loads, and a store is migrated once.
            from engine.store.migrations import migrate

            migrate(database)
        make_keys(database, settings.key_path, settings.sealing)
        yield database


def open_seal(database: Database, settings: Settings) -> Seal:
    """Open the seal of a store; raises ConfigError (CFG-062) when the key file is missing or another store's."""
    return Seal(Keyring(database, read_master(settings.key_path)))


@contextlib.contextmanager
def open_institutions(settings: Settings) -> Iterator[Institutions]:
    """Open the register of institutions for a command."""
    with open_store(settings) as database:
        yield Institutions(database, open_seal(database, settings))


@contextlib.contextmanager
def open_applications(settings: Settings) -> Iterator[Applications]:
    """Open the invitations and applications for a command."""
    with open_store(settings) as database:
        yield Applications(database, open_seal(database, settings))


@contextlib.contextmanager
def open_users(settings: Settings) -> Iterator[Users]:
    """Open the monitor's users for a command."""
    with open_store(settings) as database:
        yield Users(database)


@contextlib.contextmanager
def open_second_factors(settings: Settings) -> Iterator[SecondFactors]:
    """Open the second factors of the monitor's users for a command."""
    with open_store(settings) as database:
        yield SecondFactors(database, open_seal(database, settings))
