"""Declare the AppointmentService contract (docs/contracts/appointment.md), in the order of the WSDL."""

from __future__ import annotations

from engine.documents.fields import Field, Operation, texts
from engine.inbound.contract import Contract

LONGEST_ID = 64
"""Characters of a number that a portal or a hospital gives."""

_TEXT = 512
"""Characters of what people write: names, addresses, reasons."""

_VERDICT = texts("code", "message", "hint")
_PAGE = Field("page", "record", (Field("size", "int"), Field("token", longest=_TEXT)), type_name="Page")
_HOSPITAL = (
    *texts("hospital", "name", "shortName", "level", "address", "telephone"),
    Field("horizonDays", "int"),
    *texts("opensAt", "closesAt"),
    Field("reachable", "boolean"),
    Field("asOf"),
)
_DEPARTMENT = texts("department", "name", "parent", "level", "description", "expertise", "address")
_DOCTOR = texts("doctor", "department", "name", "title", "speciality", "description", "registrationFee")
_SEATS = (Field("total", "int"), Field("free", "int"), Field("unlimited", "boolean"))
_FEES = texts("registrationFee", "treatmentFee")
_SCHEDULE = (
    *texts("schedule", "department", "doctor", "doctorName", "title", "date", "half", "clinicLevel", "status"),
    *_SEATS,
    *_FEES,
    Field("timed", "boolean"),
    Field("asOf"),
)
_SLOT = (
    *texts("slot", "schedule", "department", "doctor", "date", "half", "begin", "end", "status"),
    *_SEATS,
    *_FEES,
    Field("asOf"),
)
_GUARDIAN = Field("guardian", "record", texts("name", "idType", "idNumber", longest=_TEXT), type_name="Guardian")
_PATIENT = Field(
    "patient",
    "record",
    (
        *texts(
            "name", "sex", "birthday", "idType", "idNumber", "mobile", "address", "healthCard", "hospitalPatientId", longest=_TEXT
        ),
        _GUARDIAN,
    ),
    type_name="Patient",
)
_PAYMENT = Field(
    "payment",
    "record",
    texts(
        "serial", "paidAt", "channel", "total", "payable", "paid", "resultCode", "resultText", "merchant", "terminal", longest=_TEXT
    ),
    type_name="Payment",
)  # fmt: skip
_ORDER = texts(
    "order", "requestId", "state", "pending", "hospital", "department", "departmentName", "doctor", "doctorName", "slot",
    "date", "half", "begin", "end", "patientName", "registrationFee", "treatmentFee", "payable", "hospitalOrder", "queueNumber",
    "medicalNumber", "fetchWindow", "place", "remark", "refund", "createdAt", "lockedUntil", "payBy", "changedAt",
)  # fmt: skip
_NOTICE = texts("notice", "kind", "hospital", "order", "at", "text")
_WHO = texts("account", "channel", "bookedFor", longest=LONGEST_ID)


def _ids(*names: str) -> tuple[Field, ...]:
    return texts(*names, longest=LONGEST_ID)


def _list(name: str, item: str, type_name: str, fields: tuple[Field, ...]) -> Field:
    return Field(name, "list", fields, item=item, type_name=type_name)


def _result(name: str, type_name: str, *fields: Field) -> Field:
    return Field(f"{name}Result", "record", (*_VERDICT, *fields), type_name=type_name)


def _moves(name: str, parameters: tuple[Field, ...], required: tuple[str, ...] = ("order",)) -> Operation:
    """Declare an operation that answers with the order as it now is."""
    return Operation(
        name, parameters, _result(name, "OrderResult", Field("order", "record", _ORDER, type_name="Order")), required
    )


SLOTS = _list("slots", "slot", "Slot", _SLOT)
"""What can be booked; the guide lists it too."""

_OPERATIONS = (
    Operation(
        "ListHospitals",
        (_PAGE,),
        _result("ListHospitals", "HospitalsResult", _list("hospitals", "hospital", "Hospital", _HOSPITAL), _PAGE),
    ),
    Operation(
        "ListDepartments",
        (*_ids("hospital"), _PAGE),
        _result("ListDepartments", "DepartmentsResult", _list("departments", "department", "Department", _DEPARTMENT), _PAGE),
        ("hospital",),
    ),
    Operation(
        "ListDoctors",
        (*_ids("hospital", "department"), _PAGE),
        _result("ListDoctors", "DoctorsResult", _list("doctors", "doctor", "Doctor", _DOCTOR), _PAGE),
        ("hospital",),
    ),
    Operation(
        "ListSchedules",
        (*_ids("hospital", "department", "doctor", "from", "to"), _PAGE),
        _result("ListSchedules", "SchedulesResult", _list("schedules", "schedule", "Schedule", _SCHEDULE), _PAGE),
        ("hospital",),
    ),
    Operation(
        "ListSlots",
        _ids("hospital", "schedule"),
        _result("ListSlots", "SlotsResult", SLOTS),
        ("hospital", "schedule"),
    ),
    Operation(
        "CheckPatient",
        (*_ids("hospital"), _PATIENT),
        _result("CheckPatient", "PatientResult", *texts("hospitalPatientId", "healthCard")),
        ("hospital", "patient"),
    ),
    _moves(
        "Lock",
        (*_ids("requestId", "hospital", "slot"), _PATIENT, *_WHO),
        ("requestId", "hospital", "slot", "patient"),
    ),
    _moves("Unlock", _ids("order")),
    _moves(
        "Book",
        (*_ids("requestId", "order", "hospital", "slot"), _PATIENT, *_WHO),
        ("requestId", "order|hospital", "order|slot", "order|patient"),
    ),
    _moves("NotifyPayment", (*_ids("order"), _PAYMENT), ("order", "payment")),
    _moves("Cancel", (*_ids("order"), *texts("reason", longest=_TEXT))),
    _moves("FetchNumber", _ids("order")),
    _moves("QueryOrder", _ids("order", "requestId"), ("order|requestId",)),
    Operation(
        "ListOrders",
        (
            *_ids("account", "idNumber", "hospital", "from", "to"),
            Field("states", "list", item="state", longest=LONGEST_ID),
            _PAGE,
        ),
        _result("ListOrders", "OrdersResult", _list("orders", "order", "Order", _ORDER), _PAGE),
    ),
    Operation(
        "ListNotices",
        (*_ids("after"), _PAGE),
        _result("ListNotices", "NoticesResult", _list("notices", "notice", "Notice", _NOTICE), _PAGE),
    ),
)

APPOINTMENT = Contract(
    name="AppointmentService",
    title="预约挂号服务",
    namespace="urn:changbai:appointment:1",
    operations={operation.name: operation for operation in _OPERATIONS},
    fast=frozenset({"ListHospitals", "ListDepartments", "ListDoctors", "ListSchedules", "ListSlots", "ListOrders"}),
)
"""The contract at /services/appointment."""
