"""Declare the ReportService contract (docs/contracts/report.md), in the order of the WSDL."""

from __future__ import annotations

from engine.documents.fields import Field, Operation, texts
from engine.inbound.contract import Contract

LONGEST_ID = 64
"""Characters of a number or a moment."""

_TEXT = 512
"""Characters of what people write: names and their numbers."""

_VERDICT = texts("code", "message", "hint")
_PAGE = Field("page", "record", (Field("size", "int"), Field("token", longest=_TEXT)), type_name="Page")
_RESIDENT = Field("resident", "record", texts("idType", "idNumber", "name", longest=_TEXT), type_name="Resident")
_WHICH = texts("report", longest=LONGEST_ID)
_SUMMARY = (
    *texts("report", "hospital", "hospitalName", "kind", "status", "statusName", "at"),
    Field("version", "int"),
    *texts("title", "specimen", "department", "doctor", "reportedAt"),
)
_ITEM = texts("code", "name", "value", "unit", "range", "flag")
_DRUGS = Field("drugs", "list", texts("name", "mic", "sensitivity"), item="drug", type_name="Drug")
_REPORT = (
    *_SUMMARY,
    *texts("reportNumber", "requestForm", "specimenNumber", "document", "patientName", "sex", "birthday"),
    *texts("complaint", "diagnosis", "findings", "conclusion", "remark", "reviewer", "reviewedAt"),
    Field("items", "list", _ITEM, item="item", type_name="Item"),
    Field("susceptibility", "list", (Field("organism"), _DRUGS), item="finding", type_name="Finding"),
)
_ENTRY = (
    *texts("status", "statusName", "at", "notedAt"),
    Field("late", "boolean"),
    *texts("source", "theirCode", "theirName", "operator", "department", "reason", "receipt"),
)
_NOTICE = texts("notice", "report", "hospital", "kind", "status", "statusName", "at", "notedAt")


def _list(name: str, item: str, type_name: str, fields: tuple[Field, ...]) -> Field:
    return Field(name, "list", fields, item=item, type_name=type_name)


def _result(name: str, type_name: str, *fields: Field) -> Field:
    return Field(f"{name}Result", "record", (*_VERDICT, *fields), type_name=type_name)


def _wish(name: str, *parameters: Field) -> Operation:
    """Declare an operation that answers with its verdict alone."""
    return Operation(name, (_RESIDENT, *parameters), _result(name, "Verdict"), ("resident",))


_OPERATIONS = (
    Operation(
        "ListReports",
        (_RESIDENT, *texts("since", "until", longest=LONGEST_ID), _PAGE),
        _result("ListReports", "ReportsResult", _list("reports", "report", "ReportSummary", _SUMMARY), _PAGE),
        ("resident",),
    ),
    Operation(
        "GetReport",
        _WHICH,
        _result("GetReport", "ReportResult", Field("report", "record", _REPORT, type_name="Report")),
        ("report",),
    ),
    Operation(
        "ReportHistory",
        _WHICH,
        _result("ReportHistory", "HistoryResult", _list("history", "entry", "StatusEntry", _ENTRY)),
        ("report",),
    ),
    Operation(
        "RenderReport",
        _WHICH,
        _result("RenderReport", "RenderedResult", Field("report"), Field("version", "int"), *texts("mediaType", "html")),
        ("report",),
    ),
    _wish("GiveConsent", *texts("until", longest=LONGEST_ID)),
    _wish("WithdrawConsent"),
    _wish("Subscribe"),
    _wish("Unsubscribe"),
    Operation(
        "ListNotices",
        (*texts("after", longest=LONGEST_ID), _PAGE),
        _result("ListNotices", "NoticesResult", _list("notices", "notice", "Notice", _NOTICE), _PAGE),
    ),
)

REPORT = Contract(
    name="ReportService",
    title="检查检验报告服务",
    namespace="urn:changbai:report:1",
    operations={operation.name: operation for operation in _OPERATIONS},
    fast=frozenset({"ListReports", "GetReport", "ReportHistory", "ListNotices"}),
)
"""The contract at /services/report."""
