"""Load what every process needs: the project's files as checked objects, and the store."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from engine import log, metrics
from engine.alerting import ALERTS
from engine.app import kept
from engine.app.alerts import check_alerts
from engine.app.cellar import open_seal, open_store
from engine.channels import lint
from engine.channels.book import RouteBook, load_book
from engine.channels.revision import digests_of, revision_of, same_shared
from engine.documents.catalogue import Catalogue
from engine.documents.limits import Limits
from engine.documents.masking import load_masking
from engine.documents.press import Press
from engine.errors import ConfigError
from engine.inbound.intake import Desk
from engine.inbound.tls import server_context
from engine.inhand.pace import make_pace
from engine.outbound.adapters import Adapters, load_adapters
from engine.outbound.endpoints import Endpoints, load_endpoints
from engine.services.appointments.rules import BookingRules
from engine.services.audit import Audit, changed
from engine.services.operations import OperationsDesk
from engine.services.records import RecordsDesk
from engine.services.referrals.rules import REFERRALS
from engine.services.reports.desk import Reports, ReportsDesk
from engine.services.reports.rules import REPORTS
from engine.services.reports.statuses import status_files
from engine.services.users import first_administrator
from engine.settings import Settings
from engine.store.database import Database
from engine.store.revisions import is_kept, keep_revision
from engine.store.sealing import Seal

DESKS = ("records", "operations", "reports")
"""Our own services that a route may send to."""

PACE = "pace"
"""The file in the data directory by which the fronts of this node keep their lanes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """What the project's files become: press, destinations, hospitals that are called, routes."""

    press: Press
    endpoints: Endpoints
    adapters: Adapters
    book: RouteBook

    def files(self) -> Mapping[str, bytes]:
        """Read every file of the set, by path from the project's top."""
        return self.book.files()


BOOKING = "config/booking.yaml"


def read_adapters(settings: Settings, top: Path) -> Adapters:
    """Read the hospitals that are called; their own rules of booking are held to those of config/booking.yaml."""
    return load_adapters(top, BookingRules, old_profile=settings.hospitals.old_profile)


def leaning(top: Path, endpoints: Endpoints, adapters: Adapters) -> tuple[str, ...]:
    """Name the files that belong to a set beside those of its routes."""
    rules = tuple(name for name in (BOOKING, REPORTS, REFERRALS, ALERTS) if (top / name).is_file())
    return (*endpoints.files(top), *adapters.files(top), *rules, *status_files(top))


def document_limits(settings: Settings) -> Limits:
    """Give documents/ its bounds."""
    chosen = settings.limits
    return Limits(
        unpacked=chosen.unpacked, depth=chosen.depth, elements=chosen.elements, attributes=chosen.attributes, text=chosen.text
    )


def press_for(settings: Settings, root: Path, like: Press | None, catalogue: Catalogue | None = None) -> Press:
    """Make the press of a set of files; what `like`, a press of the same thread, compiled of the same xsd/ goes over."""
    if like is not None and same_shared(like.root, root):
        return like.successor(root)
    return Press(root, document_limits(settings), catalogue)


def load_house(settings: Settings, root: Path | None = None, press: Press | None = None) -> House:
    """Load catalogue, endpoints, adapters and routes, of the project or of a set of files unpacked at `root`.

    `press` is given by who has one for that set. Raises ConfigError with all faults at once.
    """
    top = root or settings.project
    press = press or Press(top, document_limits(settings))
    endpoints, adapters = load_endpoints(top / "config" / "endpoints.yaml", top), read_adapters(settings, top)
    book = load_book(top, press, endpoints, DESKS, leaning(top, endpoints, adapters))
    return House(press=press, endpoints=endpoints, adapters=adapters, book=book)


def build_desks(seal: Seal, reports: Reports) -> dict[str, Desk]:
    """Build the desks of our own services, by the names of DESKS."""
    return {"records": RecordsDesk(seal), "operations": OperationsDesk(seal), "reports": ReportsDesk(reports)}


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


def put_in_force(
    settings: Settings, database: Database, seal: Seal, house: House, *, actor: str = "command-line", peer: str = ""
) -> str:
    """Keep the files of a house in the store and make them the current set in one commit; give the name of the one before.

    What is kept is loaded once by itself first, so that no process can find it incomplete. Raises ConfigError.
    """
    name, files = house.book.revision, house.files()
    if revision_of(digests_of(files)) != name:
        raise kept.changed_meanwhile()
    folder = kept.unpack(settings, name, files)
    if load_house(settings, folder).book.revision != name:
        raise kept.changed_meanwhile()
    with database.write() as connection:
        before = keep_revision(database, seal, connection, name, files, datetime.now(UTC))
        if before not in ("", name):
            Audit().write(connection, [changed("reload", subject=f"{before} {name}", actor=actor, peer=peer)])
    return before


def load_in_force(settings: Settings, database: Database, seal: Seal) -> House:
    """Load the current set of the store, as it is kept there; that of the project while the store has none."""
    name = kept.current(database)
    return load_house(settings, kept.folder_of(settings, database, seal, name) if name else None)


def prepare(settings: Settings) -> str | None:
    """Do what comes before the first process: lint, migrations, the revision in force, the first administrator.

    Returns the first administrator's password when one was made. Raises ConfigError with all faults.
    """
    log.configure(settings.log_level, "engine")
    tls_context(settings, clients=True)
    load_masking(settings.project)
    house = load_house(settings)
    if faults := check_alerts(settings, settings.project, house.endpoints):
        raise ConfigError(faults)
    with open_store(settings) as database:
        seal = open_seal(database, settings)
        with database.read() as connection:
            known = is_kept(connection, house.book.revision)
        if not known:
            _compile_everything(house.press)
        put_in_force(settings, database, seal, house)
        kept.forget_others(settings, house.book.revision)
        metrics.clear_figures(settings.data / "figures")
        make_pace(settings.data / PACE)
        return first_administrator(database)
