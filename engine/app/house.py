"""Load what every process needs: the project's files as checked objects, and the store."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from engine import log, metrics
from engine.channels import lint
from engine.channels.book import RouteBook, load_book
from engine.documents.limits import Limits
from engine.documents.press import Press
from engine.errors import ConfigError
from engine.inbound.intake import Desk
from engine.inbound.tls import server_context
from engine.outbound.endpoints import Endpoints, load_endpoints
from engine.services.applications import Applications
from engine.services.institutions import Institutions
from engine.services.operations import OperationsDesk
from engine.services.records import RecordsDesk
from engine.services.users import Users, first_administrator
from engine.settings import Settings
from engine.store.database import Database, default_url
from engine.store.keyfile import read_master
from engine.store.keyring import Keyring, make_keys
from engine.store.revisions import is_kept, keep_revision
from engine.store.sealing import Seal

DESKS = ("records", "operations")
"""Our own services that a route may send to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """What the project's files become: press, destinations, routes."""

    press: Press
    endpoints: Endpoints
    book: RouteBook


def document_limits(settings: Settings) -> Limits:
    """Give documents/ its bounds."""
    chosen = settings.limits
    return Limits(
        unpacked=chosen.unpacked, depth=chosen.depth, elements=chosen.elements, attributes=chosen.attributes, text=chosen.text
    )


def load_house(settings: Settings) -> House:
    """Load catalogue, endpoints and routes; raises ConfigError with all faults at once."""
    press = Press(settings.project, document_limits(settings))
    endpoints = load_endpoints(settings.project / "config" / "endpoints.yaml", settings.project)
    return House(press=press, endpoints=endpoints, book=load_book(settings.project, press, endpoints, DESKS))


def build_desks(seal: Seal) -> dict[str, Desk]:
    """Build the desks of our own services, by the names of DESKS."""
    return {"records": RecordsDesk(seal), "operations": OperationsDesk(seal)}


def database_url(settings: Settings) -> str:
    """Name the database in force."""
    return settings.database or default_url(settings.data)


def open_database(settings: Settings, *, checkpoints: bool = False) -> Database:
    """Open the store that the settings name."""
    return Database(database_url(settings), checkpoints=checkpoints)


@contextlib.contextmanager
def open_store(settings: Settings) -> Iterator[Database]:
    """Open the store for a command: made and brought up to date when that is still to be done."""
    # Here, since alembic is a tenth of what a process of the engine loads, and none of them migrates.
    from engine.store.migrations import migrate

    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.closing(open_database(settings)) as database:
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


def tls_context(settings: Settings, *, clients: bool) -> ssl.SSLContext | None:
    """Make the TLS of a port, None when the settings name no certificate; `clients` may show certificates there.

    Raises ConfigError naming the file that cannot be used.
    """
    named = settings.tls
    if not named.certificate:
        return None
    client_ca, revoked = (settings.data / name if name and clients else None for name in (named.client_ca, named.revoked))
    return server_context(
        certificate=settings.data / named.certificate, key=settings.data / (named.key or named.certificate),
        client_ca=client_ca, revoked=revoked,
    )  # fmt: skip


def _compile_everything(press: Press) -> None:
    """Compile the rules of every type once for each new set of files, so that none fails on its first document."""
    faults = [fault for fault in lint.check_documents(press)(press.root) if fault.severity == "error"]
    if faults:
        raise ConfigError(faults)


def prepare(settings: Settings) -> str | None:
    """Do what comes before the first process: lint, migrations, the revision in force, the first administrator.

    Returns the first administrator's password when one was made. Raises ConfigError with all faults.
    """
    log.configure(settings.log_level, "engine")
    tls_context(settings, clients=True)
    house = load_house(settings)
    book = house.book
    with open_store(settings) as database:
        seal = open_seal(database, settings)
        with database.read() as connection:
            known = is_kept(connection, book.revision)
        if not known:
            _compile_everything(house.press)
        with database.write() as connection:
            keep_revision(database, seal, connection, book.revision, book.files(), datetime.now(UTC))
        metrics.clear_figures(settings.data / "figures")
        return first_administrator(database)
