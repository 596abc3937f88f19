"""Declare the ReportService contract (docs/contracts/report.md), in the order of the WSDL."""

from __future__ import annotations

from engine.documents.fields import Field, Operation, texts
from engine.inbound.contract import Contract
from engine.inbound.parts import PAGE, RESIDENT, ids, listed, result

_WHICH = ids("report")
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


def _wish(name: str, *parameters: Field) -> Operation:
    """Declare an operation that answers with its verdict alone."""
    return Operation(name, (RESIDENT, *parameters), result(name, "Verdict"), ("resident",))


_OPERATIONS = (
    Operation(
        "ListReports",
        (RESIDENT, *ids("since", "until"), PAGE),
        result("ListReports", "ReportsResult", listed("reports", "report", "ReportSummary", _SUMMARY), PAGE),
        ("resident",),
    ),
    Operation(
        "GetReport",
        _WHICH,
        result("GetReport", "ReportResult", Field("report", "record", _REPORT, type_name="Report")),
        ("report",),
    ),
    Operation(
        "ReportHistory",
        _WHICH,
        result("ReportHistory", "HistoryResult", listed("history", "entry", "StatusEntry", _ENTRY)),
        ("report",),
    ),
    Operation(
        "RenderReport",
        _WHICH,
        result("RenderReport", "RenderedResult", Field("report"), Field("version", "int"), *texts("mediaType", "html")),
        ("report",),
    ),
    _wish("GiveConsent", *ids("until")),
    _wish("WithdrawConsent"),
    _wish("Subscribe"),
    _wish("Unsubscribe"),
    Operation(
        "ListNotices",
        (*ids("after"), PAGE),
        result("ListNotices", "NoticesResult", listed("notices", "notice", "Notice", _NOTICE), PAGE),
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
