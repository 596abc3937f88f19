"""Say what a report is called, whose it is and what it says: what travels between drawing, hospitals and the report service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

ReportKind = Literal["laboratory", "susceptibility", "examination", "pathology"]
"""What a report tells of; the Jilin text's REPORT_TYPE 0, 1 and 2 are the first three."""

KeyKind = Literal["report", "form", "specimen", "document"]
"""By what an institution names a report: its report number, the number of the request form, of the specimen, or the document's own
id (root^extension)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportPerson:
    """Whose a report is, as its message says; `numbers` are the institution's own as `kind^number` (patient, inpatient, outpatient)."""

    identity: str = ""
    name: str = ""
    gender: str = ""
    birth: str = ""
    card: str = ""
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportItem:
    """One result: `range` is the reference range as written, `flag` what the hospital marks it with (H, L, 阳性), "" when normal or unsaid."""

    name: str
    value: str
    code: str = ""
    unit: str = ""
    range: str = ""
    flag: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DrugResult:
    """How an organism answers to a drug: `sensitivity` as the hospital writes it (S, I, R, 敏感)."""

    name: str
    mic: str = ""
    sensitivity: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Susceptibility:
    """One organism that was found, with the drugs tried."""

    organism: str
    drugs: tuple[DrugResult, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportContent:
    """What a report says, whether it came as a document or by 8002 to 8004; times are aware, None when not said."""

    title: str = ""
    items: tuple[ReportItem, ...] = ()
    susceptibility: tuple[Susceptibility, ...] = ()
    findings: str = ""
    conclusion: str = ""
    complaint: str = ""
    diagnosis: str = ""
    specimen: str = ""
    department: str = ""
    doctor: str = ""
    remark: str = ""
    reviewer: str = ""
    reported: datetime | None = None
    reviewed: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportArrival:
    """The content of a report as it came: with what it is called by, whose it is, and when the hospital says it is of (`at`, aware)."""

    institution: str
    keys: Mapping[KeyKind, str]
    kind: ReportKind
    content: ReportContent
    at: datetime
    source: str
    receipt: str = ""
    person: ReportPerson = field(default_factory=ReportPerson)
