"""Tell the monitor how reports stand: status, history and versions, never a content or a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from sqlalchemy import Connection, select

from engine.report import KeyKind
from engine.services.reports.holding import Holding
from engine.services.reports.log import StatusLog
from engine.services.reports.model import StatusEntry
from engine.services.reports.tables import report, report_key, report_version
from engine.store.sealing import Seal

_COLUMNS = (
    report.c.report, report.c.institution, report.c.kind, report.c.status, report.c.status_at, report.c.version, report.c.opened,
    report.c.changed,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """One report in a list; `status` is ours (0 before the first), `version` the number of the content shown, 0 for none."""

    report: str
    institution: str
    kind: str
    status: int
    status_at: datetime | None
    version: int
    opened: datetime
    changed: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLine:
    """One content that a report had: when it is of and when it came, from where, and whether it was revoked."""

    version: int
    at: datetime
    noted: datetime
    source: str
    receipt: str
    gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportHistory:
    """One report with everything that was told of it; `keys` are what its hospital calls it by, as kind and value."""

    line: ReportLine
    keys: Sequence[tuple[str, str]]
    events: Sequence[StatusEntry]
    versions: Sequence[VersionLine]


def latest_reports(connection: Connection, institution: str = "", status: int | None = None, limit: int = 50) -> list[ReportLine]:
    """List the reports that changed last, of one hospital or in one status when asked."""
    query = select(*_COLUMNS).where(report.c.joined == "").order_by(report.c.changed.desc(), report.c.report).limit(limit)
    query = query.where(report.c.institution == institution) if institution else query
    query = query.where(report.c.status == status) if status is not None else query
    return [_line(row) for row in connection.execute(query)]


def find_reports(connection: Connection, seal: Seal, institution: str, value: str, limit: int = 50) -> list[ReportLine]:
    """Find reports by what their hospital calls them by: the number of report, request form or specimen, or a document's own id."""
    lookups = [Holding(seal).lookup(institution, kind, value) for kind in get_args(KeyKind)]
    mine = select(report_key.c.report).where(report_key.c.lookup.in_(lookups))
    query = select(*_COLUMNS).where(report.c.report.in_(mine), report.c.institution == institution, report.c.joined == "")
    return [_line(row) for row in connection.execute(query.order_by(report.c.changed.desc(), report.c.report).limit(limit))]


def report_history(connection: Connection, seal: Seal, number: str) -> ReportHistory | None:
    """Give one report with its history; None when there is none of this number of ours."""
    row = connection.execute(select(*_COLUMNS).where(report.c.report == number)).one_or_none()
    if row is None:
        return None
    return ReportHistory(
        line=_line(row), keys=tuple(Holding(seal).keys_of(connection, number).items()), versions=_versions(connection, number),
        events=StatusLog(seal, Holding(seal), lambda *_: None).history(connection, number),
    )  # fmt: skip


def _line(row: object) -> ReportLine:
    return ReportLine(**{name: getattr(row, name) for name in ReportLine.__dataclass_fields__})


def _versions(connection: Connection, number: str) -> list[VersionLine]:
    names = list(VersionLine.__dataclass_fields__)
    query = select(*(report_version.c[name] for name in names)).where(report_version.c.report == number)
    rows = connection.execute(query.order_by(report_version.c.version.desc()))
    return [VersionLine(**{name: getattr(row, name) for name in names}) for row in rows]
