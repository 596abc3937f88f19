"""Check the project's files, and the store's counts against its rows and its audit against its chain."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from engine.app.alerts import check_alerts
from engine.app.cellar import open_store
from engine.app.hospitals import open_hospitals
from engine.app.house import BOOKING, DESKS, document_limits, read_adapters, tls_context
from engine.channels import lint
from engine.documents.masking import load_masking
from engine.documents.press import Press
from engine.errors import ConfigError, Fault
from engine.inbound.api import API
from engine.inbound.appointment import APPOINTMENT
from engine.inbound.collection import COLLECTION
from engine.inbound.guide import GUIDE
from engine.inbound.hip import HIP
from engine.inbound.referral import REFERRAL
from engine.inbound.regional import REGIONAL_CONTRACTS
from engine.inbound.registry import REGISTRY
from engine.inbound.report import REPORT
from engine.outbound.connector import Secrets, Surroundings
from engine.outbound.endpoints import build_connectors, load_endpoints
from engine.services.access import load_access
from engine.services.appointments import pool
from engine.services.appointments.rules import load_rules
from engine.services.auditchain import verify_audit
from engine.services.referrals.rules import load_referral_rules
from engine.services.reports.rules import load_report_rules, unknown_destinations
from engine.services.reports.statuses import load_statuses
from engine.settings import Settings, load_settings
from engine.store import counts
from engine.store.backlog import keep_check
from engine.store.database import Database

CONTRACTS = (COLLECTION, REGISTRY, APPOINTMENT, REPORT, REFERRAL, GUIDE, API, HIP, *REGIONAL_CONTRACTS.values())
"""Every contract we serve; each has its WSDLs, its rights and its address."""


def check_project(settings: Settings) -> list[Fault]:
    """Lint settings, access, endpoints, catalogue, routes and WSDLs: all faults and warnings, sorted by place."""
    endpoints = _Endpoints(settings)
    checkers: list[lint.Checker] = [
        _check_settings, lambda _: _check_tls(settings), _check_access, endpoints.check, _check_wsdls, _Hospitals(settings).check,
        lambda root: _check_reports(root, endpoints), _check_referrals, _check_masking,
        lambda root: check_alerts(settings, root, endpoints.names()),
    ]  # fmt: skip
    try:
        press = Press(settings.project, document_limits(settings))
        checkers += [lint.check_documents(press), lint.check_routes(press, endpoints.names(), DESKS)]
    except ConfigError as problem:
        faults = problem.faults
        checkers.append(lambda _: faults)
    return lint.check(settings.project, checkers)


def _check_settings(root: Path) -> Iterable[Fault]:
    load_settings({"project": root}, {})
    return ()


def _check_tls(settings: Settings) -> Iterable[Fault]:
    tls_context(settings, clients=True)
    return ()


def _check_access(root: Path) -> Iterable[Fault]:
    load_access(root, {c.name: list(c.operations) for c in CONTRACTS})
    return ()


class _Endpoints:
    """config/endpoints.yaml, read once for its own faults and for the names that routes may use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def check(self, root: Path) -> Iterable[Fault]:
        """Read and build every endpoint; secrets that are missing are faults too."""
        around = Surroundings(root, self._settings.data, Secrets(self._settings.secrets))
        for connector in build_connectors(load_endpoints(root / "config" / "endpoints.yaml", root), around).values():
            connector.close()
        return ()

    def names(self) -> list[str]:
        """Name the endpoints, as far as the file can be read."""
        return endpoint_names(self._settings.project)


def endpoint_names(root: Path) -> list[str]:
    """Name the endpoints of the project at `root`, as far as the file can be read."""
    path = root / "config" / "endpoints.yaml"
    try:
        return list(load_endpoints(path, root))
    except ConfigError:
        from engine.yamlfile import scan_yaml

        data = scan_yaml(path, "config/endpoints.yaml").data
        return [str(name) for name in data] if isinstance(data, dict) else []


class _Hospitals:
    """The adapters below config/institutions and what they lean on."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def check(self, root: Path) -> Iterable[Fault]:
        """Read and build every adapter: WSDL, operations, stylesheets, secrets; nothing is connected."""
        load_rules(root / BOOKING)
        open_hospitals(self._settings, read_adapters(self._settings, root), root, lambda _call: None).close()
        return ()


def _check_reports(root: Path, endpoints: _Endpoints) -> Iterable[Fault]:
    """Read config/reports.yaml and the tables of statuses; notices go to destinations that there are."""
    yield from unknown_destinations(load_report_rules(root), endpoints.names())
    load_statuses(root)


def _check_referrals(root: Path) -> Iterable[Fault]:
    load_referral_rules(root)
    return ()


def _check_masking(root: Path) -> Iterable[Fault]:
    load_masking(root)
    return ()


def _check_wsdls(root: Path) -> Iterable[Fault]:
    from engine.documents.wsdls import check_wsdl

    for path in sorted((root / "wsdl" / "platform").glob("*.wsdl")):
        yield from check_wsdl(path, path.relative_to(root).as_posix())


def differences(database: Database) -> list[str]:
    """Compare counts with rows, the pool with its orders, and walk the chain of the audit; each line names one difference, none means that nothing is lost."""
    with database.read() as connection:
        return [*counts.verify(connection), *pool.disagreements(connection), *verify_audit(connection)]


def checked(database: Database) -> list[str]:
    """Find the differences, and keep that they were looked for: the overview tells when that was last done."""
    found = differences(database)
    keep_check(database, datetime.now(UTC), len(found))
    return found


def check_store(settings: Settings) -> list[str]:
    """Compare counts with rows of the store that the settings name, and keep that it was done."""
    with open_store(settings) as database:
        return checked(database)
