"""Declare the GuideService contract (docs/contracts/guide.md), in the order of the WSDL."""

from __future__ import annotations

from engine.documents.fields import Field, Operation, texts
from engine.inbound.appointment import SLOTS
from engine.inbound.contract import Contract
from engine.inbound.parts import LONGEST_TEXT, PAGE, ids, listed, result

_DISEASES = Field("diseases", "list", item="disease")
_HOSPITAL = (
    *texts("hospital", "name", "shortName", "level", "kind", "area", "address", "telephone", "website", "opensAt", "transport"),
    *texts("picture", "introduction"),
    Field("version", "int"),
    Field("publishedAt"),
)
_DEPARTMENT = (
    *texts("hospital", "department", "name", "parent", "specialty"),
    _DISEASES,
    *texts("address", "telephone", "picture", "introduction"),
)
_NEXT_FREE = (
    *texts("date", "half", "schedule"),
    Field("free", "int"),
    *texts("registrationFee", "treatmentFee", "asOf"),
)
_DOCTOR = (
    *texts("hospital", "hospitalName", "doctor", "name", "sex", "department", "departmentName", "title", "specialty"),
    _DISEASES,
    *texts("picture", "introduction"),
    Field("free", "boolean"),
    Field("nextFree", "record", _NEXT_FREE, type_name="NextFree"),
)


_OPERATIONS = (
    Operation(
        "ListHospitals",
        (*ids("area", "level"), PAGE),
        result("ListHospitals", "HospitalsResult", listed("hospitals", "hospital", "Hospital", _HOSPITAL), PAGE),
    ),
    Operation(
        "GetHospital",
        ids("hospital"),
        result("GetHospital", "HospitalResult", Field("hospital", "record", _HOSPITAL, type_name="Hospital")),
        ("hospital",),
    ),
    Operation(
        "ListDepartments",
        (*ids("hospital", "parent"), PAGE),
        result("ListDepartments", "DepartmentsResult", listed("departments", "department", "Department", _DEPARTMENT), PAGE),
        ("hospital",),
    ),
    Operation(
        "GetDepartment",
        ids("hospital", "department"),
        result("GetDepartment", "DepartmentResult", Field("department", "record", _DEPARTMENT, type_name="Department")),
        ("hospital", "department"),
    ),
    Operation(
        "SearchDoctors",
        (
            Field("words", longest=LONGEST_TEXT),
            *ids("hospital", "department", "title", "area"),
            Field("free", "boolean"),
            PAGE,
        ),
        result("SearchDoctors", "DoctorsResult", listed("doctors", "doctor", "Doctor", _DOCTOR), Field("total", "int"), PAGE),
    ),
    Operation(
        "GetDoctor",
        ids("hospital", "doctor"),
        result("GetDoctor", "DoctorResult", Field("doctor", "record", _DOCTOR, type_name="Doctor")),
        ("hospital", "doctor"),
    ),
    Operation(
        "ListFreeSlots",
        ids("hospital", "doctor", "from", "to"),
        result("ListFreeSlots", "SlotsResult", SLOTS),
        ("hospital", "doctor"),
    ),
    Operation(
        "GetPicture",
        ids("picture"),
        result("GetPicture", "PictureResult", *texts("picture", "mediaType"), Field("content", "binary")),
        ("picture",),
    ),
)

GUIDE = Contract(
    name="GuideService",
    title="就医指南服务",
    namespace="urn:changbai:guide:1",
    operations={operation.name: operation for operation in _OPERATIONS},
    fast=frozenset(
        {"ListHospitals", "GetHospital", "ListDepartments", "GetDepartment", "SearchDoctors", "GetDoctor", "ListFreeSlots"}
    ),
)
"""The contract at /services/guide."""
