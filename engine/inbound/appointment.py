"""Declare the AppointmentService contract (docs/contracts/appointment.md), in the order of the WSDL."""

from __future__ import annotations

from engine.documents.fields import Field, Operation, texts
from engine.inbound.contract import Contract
from engine.inbound.parts import LONGEST_ID, LONGEST_TEXT, PAGE, ids, listed, result

_HOSPITAL = (
    *texts("hospital", "name", "shortName", "level", "address", "telephone"),
    Field("horizonDays", "int"),
    *texts("opensAt", "closesAt"),
    Field("reachable", "boolean"),
    Field("asOf"),
)
DEPARTMENT = texts("department", "name", "parent", "level", "description", "expertise", "address")
"""A department, as referral shows it too."""

_DOCTOR = texts("doctor", "department", "name", "title", "speciality", "description", "registrationFee")
_SEATS = (Field("total", "int"), Field("free", "int"), Field("unlimited", "boolean"))
_FEES = texts("registrationFee", "treatmentFee")
SCHEDULE = (
    *texts("schedule", "department", "doctor", "doctorName", "title", "date", "half", "clinicLevel", "status"),
    *_SEATS,
    *_FEES,
    Field("timed", "boolean"),
    Field("asOf"),
)
"""A half day of a doctor, the same."""

_SLOT = (
    *texts("slot", "schedule", "department", "doctor", "date", "half", "begin", "end", "status"),
    *_SEATS,
    *_FEES,
    Field("asOf"),
)
_GUARDIAN = Field("guardian", "record", texts("name", "idType", "idNumber", longest=LONGEST_TEXT), type_name="Guardian")
_PATIENT = Field(
    "patient",
    "record",
    (
        *texts(
            "name", "sex", "birthday", "idType", "idNumber", "mobile", "address", "healthCard", "hospitalPatientId",
            longest=LONGEST_TEXT,
        ),
        _GUARDIAN,
    ),
    type_name="Patient",
)  # fmt: skip
_PAYMENT = Field(
    "payment",
    "record",
    texts(
        "serial", "paidAt", "channel", "total", "payable", "paid", "resultCode", "resultText", "merchant", "terminal", longest=LONGEST_TEXT
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


def _moves(name: str, parameters: tuple[Field, ...], required: tuple[str, ...] = ("order",)) -> Operation:
    """Declare an operation that answers with the order as it now is."""
    return Operation(name, parameters, result(name, "OrderResult", Field("order", "record", _ORDER, type_name="Order")), required)


SLOTS = listed("slots", "slot", "Slot", _SLOT)
"""What can be booked; the guide and referrals list it too."""

_OPERATIONS = (
    Operation(
        "ListHospitals",
        (PAGE,),
        result("ListHospitals", "HospitalsResult", listed("hospitals", "hospital", "Hospital", _HOSPITAL), PAGE),
    ),
    Operation(
        "ListDepartments",
        (*ids("hospital"), PAGE),
        result("ListDepartments", "DepartmentsResult", listed("departments", "department", "Department", DEPARTMENT), PAGE),
        ("hospital",),
    ),
    Operation(
        "ListDoctors",
        (*ids("hospital", "department"), PAGE),
        result("ListDoctors", "DoctorsResult", listed("doctors", "doctor", "Doctor", _DOCTOR), PAGE),
        ("hospital",),
    ),
    Operation(
        "ListSchedules",
        (*ids("hospital", "department", "doctor", "from", "to"), PAGE),
        result("ListSchedules", "SchedulesResult", listed("schedules", "schedule", "Schedule", SCHEDULE), PAGE),
        ("hospital",),
    ),
    Operation(
        "ListSlots",
        ids("hospital", "schedule"),
        result("ListSlots", "SlotsResult", SLOTS),
        ("hospital", "schedule"),
    ),
    Operation(
        "CheckPatient",
        (*ids("hospital"), _PATIENT),
        result("CheckPatient", "PatientResult", *texts("hospitalPatientId", "healthCard")),
        ("hospital", "patient"),
    ),
    _moves(
        "Lock",
        (*ids("requestId", "hospital", "slot"), _PATIENT, *_WHO),
        ("requestId", "hospital", "slot", "patient"),
    ),
    _moves("Unlock", ids("order")),
    _moves(
        "Book",
        (*ids("requestId", "order", "hospital", "slot"), _PATIENT, *_WHO),
        ("requestId", "order|hospital", "order|slot", "order|patient"),
    ),
    _moves("NotifyPayment", (*ids("order"), _PAYMENT), ("order", "payment")),
    _moves("Cancel", (*ids("order"), *texts("reason", longest=LONGEST_TEXT))),
    _moves("FetchNumber", ids("order")),
    _moves("QueryOrder", ids("order", "requestId"), ("order|requestId",)),
    Operation(
        "ListOrders",
        (
            *ids("account", "idNumber", "hospital", "from", "to"),
            Field("states", "list", item="state", longest=LONGEST_ID),
            PAGE,
        ),
        result("ListOrders", "OrdersResult", listed("orders", "order", "Order", _ORDER), PAGE),
    ),
    Operation(
        "ListNotices",
        (*ids("after"), PAGE),
        result("ListNotices", "NoticesResult", listed("notices", "notice", "Notice", _NOTICE), PAGE),
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
