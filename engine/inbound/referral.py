"""Declare the ReferralService contract (docs/contracts/referral.md), in the order of the WSDL."""

from __future__ import annotations

from engine.documents.fields import Field, Operation, texts
from engine.inbound.appointment import DEPARTMENT, SCHEDULE, SLOTS
from engine.inbound.contract import Contract
from engine.inbound.parts import LONGEST_ID, LONGEST_TEXT, PAGE, RESIDENT, ids, listed, result

LONGEST_PROSE = 2000
"""Characters of what a doctor writes about a patient under one heading."""

_CLINICAL = ("condition", "pastHistory", "allergies", "treatment", "plan", "precautions")
_WHO = texts("operator", longest=LONGEST_TEXT)
_WHY = texts("reason", longest=LONGEST_TEXT)
_WHICH = ids("referral")
_PARTNER = (
    *texts("hospital", "name", "level", "network", "direction", "review", "address", "telephone"),
    Field("reachable", "boolean"),
    Field("asOf"),
)
_SPECIALIST = texts("doctor", "department", "name", "title", "speciality", "description", "registrationFee", "nextFree")
_BED = (
    *texts("department", "departmentName", longest=LONGEST_TEXT),
    Field("total", "int"),
    Field("free", "int"),
    *ids("at"),
)
_BEDS = listed("beds", "bed", "Bed", _BED)
_PATIENT = Field(
    "patient",
    "record",
    texts("name", "sex", "birthday", "idType", "idNumber", "mobile", "address", "healthCard", longest=LONGEST_TEXT),
    type_name="Patient",
)
_ORIGIN = texts("department", "departmentName", "doctor", "doctorName", "telephone", longest=LONGEST_TEXT)
_DIAGNOSES = listed("diagnoses", "diagnosis", "Diagnosis", texts("code", "name", longest=LONGEST_TEXT))
_SHARE = Field("share", "list", item="type", longest=LONGEST_ID)
_WISH = (
    *ids("direction", "kind", "urgency"),
    Field("to", "record", ids("hospital", "department", "doctor"), type_name="Receiver"),
    _PATIENT,
    Field("origin", "record", _ORIGIN, type_name="Origin"),
    *texts("reason", longest=LONGEST_PROSE),
    _DIAGNOSES,
    *texts(*_CLINICAL, longest=LONGEST_PROSE),
    _SHARE,
    *texts("lateEntry", longest=LONGEST_TEXT),
    *ids("occurredAt"),
)
_FROM = (*texts("hospital", "hospitalName"), *_ORIGIN)
_TO = texts("hospital", "hospitalName", "department", "departmentName", "doctor", "doctorName")
_BOOKING = texts(
    "order", "state", "pending", "slot", "department", "doctor", "date", "half", "begin", "end", "registrationFee", "treatmentFee",
    "queueNumber", "place", "message",
)  # fmt: skip
_DOCUMENT = (*texts("document", "documentType", "title", "hospital", "writtenAt"), Field("attached", "boolean"))
_REFERRAL = (
    *texts("referral", "requestId", "state", "stateName", "direction", "kind", "urgency"),
    Field("from", "record", _FROM, type_name="From"),
    Field("to", "record", _TO, type_name="To"),
    Field("reviewer"),
    _PATIENT,
    Field("reason"),
    _DIAGNOSES,
    *texts(*_CLINICAL),
    _SHARE,
    listed("attached", "document", "Document", _DOCUMENT),
    *texts("lateEntry", "occurredAt", "summary", "note", "why", "returnOf", "returnedBy"),
    Field("booking", "record", _BOOKING, type_name="Booking"),
    *texts("record", "notice", "createdAt", "changedAt", "dueAt"),
    Field("overdue", "boolean"),
)
_ENTRY = texts("at", "what", "state", "stateName", "by", "operator", "why", "trace")


def _moves(name: str, parameters: tuple[Field, ...], *required: str) -> Operation:
    """Declare an operation that answers with the referral as it now is."""
    answer = result(name, "ReferralResult", Field("referral", "record", _REFERRAL, type_name="Referral"))
    return Operation(name, parameters, answer, required)


def _shows(name: str, parameters: tuple[Field, ...], kind: str, content: Field, *required: str, paged: bool = True) -> Operation:
    """Declare an operation that answers with one list, page by page unless it is short."""
    page = (PAGE,) if paged else ()
    return Operation(name, (*parameters, *page), result(name, kind, content, *page), required)


_REFERRALS = listed("referrals", "referral", "Referral", _REFERRAL)
_OPERATIONS = (
    _shows("ListPartners", ids("direction"), "PartnersResult", listed("partners", "partner", "Partner", _PARTNER)),
    _shows(
        "ListDepartments", ids("hospital"), "DepartmentsResult", listed("departments", "department", "Department", DEPARTMENT),
        "hospital",
    ),
    _shows(
        "ListSpecialists", ids("hospital", "department"), "SpecialistsResult",
        listed("specialists", "specialist", "Specialist", _SPECIALIST), "hospital",
    ),
    _shows(
        "ListSchedules", ids("hospital", "department", "doctor", "from", "to"), "SchedulesResult",
        listed("schedules", "schedule", "Schedule", SCHEDULE), "hospital",
    ),
    _shows(
        "ListSlots", ids("hospital", "schedule"), "SlotsResult", SLOTS, "hospital", "schedule",
        paged=False,
    ),
    Operation("ReportBeds", (_BEDS,), result("ReportBeds", "Verdict"), ("beds",)),
    _shows("ListBeds", ids("hospital"), "BedsResult", _BEDS, "hospital", paged=False),
    _moves(
        "Apply", (*ids("requestId"), Field("referral", "record", _WISH, type_name="ReferralWish"), *ids("slot")), "requestId", "referral"
    ),
    _moves("Review", (*_WHICH, *ids("decision"), *_WHO, *_WHY), "referral", "decision"),
    _moves("Accept", (*_WHICH, *ids("department", "doctor"), *_WHO, *texts("note", longest=LONGEST_TEXT)), "referral"),
    _moves("Reject", (*_WHICH, *_WHY, *_WHO), "referral", "reason"),
    _moves("Withdraw", (*_WHICH, *_WHY, *_WHO), "referral", "reason"),
    _moves("Arrive", (*_WHICH, *_WHO, *ids("at")), "referral"),
    _moves("Complete", (*_WHICH, *texts("summary", longest=LONGEST_PROSE), *_WHO), "referral", "summary"),
    _moves(
        "ReferBack",
        (*ids("requestId"), *_WHICH, *texts("summary", longest=LONGEST_PROSE), *_WHO, *texts("advice", longest=LONGEST_PROSE)),
        "requestId", "referral", "summary",
    ),
    _moves("AttachDocument", (*_WHICH, *texts("document", longest=LONGEST_TEXT)), "referral", "document"),
    _moves("DetachDocument", (*_WHICH, *texts("document", longest=LONGEST_TEXT)), "referral", "document"),
    _shows(
        "ListSharedDocuments", _WHICH, "DocumentsResult", listed("documents", "document", "Document", _DOCUMENT), "referral",
        paged=False,
    ),
    Operation(
        "GetSharedDocument",
        (*_WHICH, *texts("document", longest=LONGEST_TEXT)),
        result(
            "GetSharedDocument", "DocumentResult",
            Field("document", "record", (*_DOCUMENT, Field("content", "binary")), type_name="DocumentContent"),
        ),
        ("referral", "document"),
    ),
    _moves("QueryReferral", ids("referral", "requestId"), "referral|requestId"),
    _shows(
        "ListReferrals",
        (
            *ids("role"), Field("states", "list", item="state", longest=LONGEST_ID), *ids("direction"),
            *texts("idNumber", longest=LONGEST_TEXT), *ids("from", "to"),
        ),
        "ReferralsResult", _REFERRALS,
    ),
    _shows("ReferralHistory", _WHICH, "HistoryResult", listed("history", "entry", "Entry", _ENTRY), "referral", paged=False),
    _shows("ListResidentReferrals", (RESIDENT,), "ReferralsResult", _REFERRALS, "resident"),
)  # fmt: skip

REFERRAL = Contract(
    name="ReferralService",
    title="双向转诊服务",
    namespace="urn:changbai:referral:1",
    operations={operation.name: operation for operation in _OPERATIONS},
    fast=frozenset({
        "ListPartners", "ListDepartments", "ListSpecialists", "ListSchedules", "ListSlots", "ListBeds", "ListSharedDocuments",
        "ListReferrals", "ReferralHistory", "ListResidentReferrals",
    }),
)  # fmt: skip
"""The contract at /services/referral."""
