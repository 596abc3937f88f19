"""Declare the DataCollection contract: its operations, parameters and results, in the order of the WSDL."""

from __future__ import annotations

from engine.documents.fields import Field, Operation, texts
from engine.inbound.contract import Contract

_ISSUE = (
    *texts("severity", "code", "rule", "path"),
    Field("line", "int"),
    Field("column", "int"),
    *texts("value", "message", "hint"),
)
_VERDICT = (
    *texts("receipt", "status", "code", "message"),
    Field("duplicate", "boolean"),
    Field("issues", "list", _ISSUE, item="issue", type_name="Issue"),
)
_VERDICT_OF_DOCUMENT = (*_VERDICT, *texts("documentType", "documentId"))
_ID = 128
"""Characters of an id that a sender chooses: long enough for every system, short enough for every index."""

_REASON = 500
_IDS = texts("documentType", "documentId", longest=_ID)
_UPLOAD_REST = texts("digest", "lane", "replaces", "encryption", longest=_ID)
_DOCUMENT = (*_IDS, Field("payload"), *texts("digest", "replaces", longest=_ID))
_COUNT = (
    *texts("documentType", longest=_ID),
    Field("sent", "int"),
    Field("documentIds", "list", item="documentId", longest=_ID),
)
_DIFFERENCE = (
    Field("documentType"),
    *(Field(name, "int") for name in ("sent", "received", "accepted")),
    Field("missing", "list", item="documentId"),
    Field("unexpected", "list", item="documentId"),
)
_DELIVERY = (*texts("destination", "state"), Field("attempts", "int"), *texts("lastError", "nextTry", "at"))
_RULE = (
    *texts("rule", "severity"),
    Field("count", "int"),
    *texts("first", "last", "path"),
    Field("line", "int"),
    *texts("example", "message", "hint"),
)
_TYPE = texts("code", "number", "name", "englishName", "standard", "part")
_REQUIRED = ("documentType", "documentId", "payload")


def _result(name: str, type_name: str, *fields: Field) -> Field:
    return Field(f"{name}Result", "record", fields, type_name=type_name)


_OPERATIONS = (
    Operation(
        "Upload",
        (*_IDS, Field("payload"), *_UPLOAD_REST),
        _result("Upload", "UploadResult", *_VERDICT),
        _REQUIRED,
    ),
    Operation(
        "UploadBinary",
        (*_IDS, Field("payload", "binary"), *_UPLOAD_REST),
        _result("UploadBinary", "UploadResult", *_VERDICT),
        _REQUIRED,
    ),
    Operation(
        "UploadBatch",
        (
            *texts("batchId", "lane", longest=_ID),
            Field("documents", "list", _DOCUMENT, item="document", type_name="BatchDocument"),
        ),
        _result(
            "UploadBatch",
            "BatchResult",
            *texts("batchId", "receipt"),
            Field("accepted", "int"),
            Field("rejected", "int"),
            Field("results", "list", _VERDICT_OF_DOCUMENT, item="result", type_name="DocumentResult"),
        ),
        ("batchId", "documents"),
    ),
    Operation(
        "QueryReceipt",
        texts("receipt", "documentId", longest=_ID),
        _result(
            "QueryReceipt",
            "ReceiptResult",
            *texts("receipt", "status", "state"),
            Field("deliveries", "list", _DELIVERY, item="delivery", type_name="Delivery"),
            Field("events", "list", texts("at", "what", "detail"), item="event", type_name="Event"),
        ),
        ("receipt|documentId",),
    ),
    Operation(
        "Revoke",
        (*_IDS, *texts("reason", longest=_REASON)),
        _result("Revoke", "RevokeResult", *_VERDICT_OF_DOCUMENT),
        ("documentType", "documentId", "reason"),
    ),
    Operation(
        "Reconcile",
        (*texts("date", "lane", longest=_ID), Field("counts", "list", _COUNT, item="count", type_name="Count")),
        _result(
            "Reconcile",
            "ReconcileResult",
            Field("differences", "list", _DIFFERENCE, item="difference", type_name="Difference"),
        ),
        ("date",),
    ),
    Operation(
        "QualityReport",
        texts("from", "to", longest=_ID),
        _result("QualityReport", "QualityResult", Field("rules", "list", _RULE, item="rule", type_name="QualityRule")),
        ("from", "to"),
    ),
    Operation("Heartbeat", (), _result("Heartbeat", "HeartbeatResult", *texts("serverTime", "contractVersion"))),
    Operation(
        "ListDocumentTypes",
        (),
        _result(
            "ListDocumentTypes",
            "DocumentTypesResult",
            Field("types", "list", _TYPE, item="type", type_name="DocumentType"),
        ),
    ),
)

COLLECTION = Contract(
    name="DataCollection",
    title="数据采集服务",
    namespace="urn:changbai:collection:1",
    operations={operation.name: operation for operation in _OPERATIONS},
    fast=frozenset({"Upload", "UploadBinary", "UploadBatch"}),
)
"""The contract of the upload address of each institution (contracts.md, DataCollection)."""
