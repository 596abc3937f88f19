"""Name what the report service takes and gives: plain frozen values, no XML, no rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from engine.report import KeyKind, ReportContent, ReportKind, ReportPerson

UNMAPPED, APPLIED, SAMPLED, RECEIVED, REJECTED = 0, 10, 20, 30, 35
IN_PROGRESS, PRELIMINARY, REVIEWED, RELEASED, AMENDED, WITHDRAWN = 40, 50, 60, 70, 80, 90

STATUSES: Mapping[int, str] = MappingProxyType({
    APPLIED: "已申请", SAMPLED: "已采样", RECEIVED: "已接收", REJECTED: "标本拒收", IN_PROGRESS: "检查检验中", PRELIMINARY: "初步报告",
    REVIEWED: "已审核", RELEASED: "已发布", AMENDED: "已修订", WITHDRAWN: "已撤回",
})  # fmt: skip
"""Our status list with its Chinese names; UNMAPPED is the status of an event whose code no table knows: it is kept, and moves nothing."""

VISIBLE = frozenset({RELEASED, AMENDED})
"""The statuses in which a resident sees a report."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportEvent:
    """One status of a report, as one message tells it.

    `keys` are what the message calls the report by, empty ones left out; `status` is ours, UNMAPPED when no table knows
    `their_code` and `their_name`; `at` is the hospital's own time, aware; `source` is S0059, S0061, S0063, 7001, 8001 to 8004 or a
    document type; `receipt` is the message's id in the journal, or of the call.
    """

    institution: str
    keys: Mapping[KeyKind, str]
    kind: ReportKind
    status: int
    at: datetime
    source: str
    receipt: str = ""
    their_code: str = ""
    their_name: str = ""
    operator: str = ""
    department: str = ""
    reason: str = ""
    person: ReportPerson = field(default_factory=ReportPerson)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """Who reads, why, from where, and by which call; `portal` is the admitted caller's institution code."""

    portal: str
    reason: str
    peer: str = ""
    trace: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResidentClaim:
    """Whom a portal names: the number and the name must be one resident's."""

    identity: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportSummary:
    """One report in a list; `report` is our number of it, `version` counts its contents (0 while there is none yet)."""

    report: str
    institution: str
    kind: ReportKind
    status: int
    at: datetime
    version: int
    title: str = ""
    specimen: str = ""
    department: str = ""
    doctor: str = ""
    reported: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportView:
    """One report with its present content."""

    summary: ReportSummary
    keys: Mapping[KeyKind, str]
    person: ReportPerson
    content: ReportContent


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusEntry:
    """One line of a report's history, by the hospital's time; `late` when a later status stood already as it came."""

    status: int
    at: datetime
    noted: datetime
    source: str
    receipt: str
    their_code: str
    their_name: str
    operator: str
    department: str
    reason: str
    late: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportNotice:
    """What a portal is told: a report of a resident it asked about has a new status; `number` goes up by one for each of the portal's."""

    number: int
    report: str
    institution: str
    kind: ReportKind
    status: int
    at: datetime
    noted: datetime


def shown(status: int) -> bool:
    """Tell whether a resident sees a report in this status."""
    return status in VISIBLE


def status_name(status: int) -> str:
    """Give the Chinese name of a status, 未知 for one that no table knows."""
    return STATUSES.get(status, "未知")
