"""Declare the GuideService contract (docs/contracts/guide.md), in the order of the WSDL."""

from __future__ import annotations

from engine.documents.fields import Field, Operation, texts
from engine.inbound.appointment import LONGEST_ID, SLOTS
from engine.inbound.contract import Contract

_TEXT = 512
"""Characters of what people search for."""

_VERDICT = texts("code", "message", "hint")
_PAGE = Field("page", "record", (Field("size", "int"), Field("token", longest=_TEXT)), type_name="Page")
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


def _ids(*names: str) -> tuple[Field, ...]:
    return texts(*names, longest=LONGEST_ID)


def _list(name: str, item: str, type_name: str, fields: tuple[Field, ...]) -> Field:
    return Field(name, "list", fields, item=item, type_name=type_name)


def _result(name: str, type_name: str, *fields: Field) -> Field:
    return Field(f"{name}Result", "record", (*_VERDICT, *fields), type_name=type_name)


_OPERATIONS = (
    Operation(
        "ListHospitals",
        (*_ids("area", "level"), _PAGE),
        _result("ListHospitals", "HospitalsResult", _list("hospitals", "hospital", "Hospital", _HOSPITAL), _PAGE),
    ),
    Operation(
        "GetHospital",
        _ids("hospital"),
        _result("GetHospital", "HospitalResult", Field("hospital", "record", _HOSPITAL, type_name="Hospital")),
        ("hospital",),
    ),
    Operation(
        "ListDepartments",
        (*_ids("hospital", "parent"), _PAGE),
        _result("ListDepartments", "DepartmentsResult", _list("departments", "department", "Department", _DEPARTMENT), _PAGE),
        ("hospital",),
    ),
    Operation(
        "GetDepartment",
        _ids("hospital", "department"),
        _result("GetDepartment", "DepartmentResult", Field("department", "record", _DEPARTMENT, type_name="Department")),
        ("hospital", "department"),
    ),
    Operation(
        "SearchDoctors",
        (
            Field("words", longest=_TEXT),
            *_ids("hospital", "department", "title", "area"),
            Field("free", "boolean"),
            _PAGE,
        ),
        _result("SearchDoctors", "DoctorsResult", _list("doctors", "doctor", "Doctor", _DOCTOR), Field("total", "int"), _PAGE),
    ),
    Operation(
        "GetDoctor",
        _ids("hospital", "doctor"),
        _result("GetDoctor", "DoctorResult", Field("doctor", "record", _DOCTOR, type_name="Doctor")),
        ("hospital", "doctor"),
    ),
    Operation(
        "ListFreeSlots",
        _ids("hospital", "doctor", "from", "to"),
        _result("ListFreeSlots", "SlotsResult", SLOTS),
        ("hospital", "doctor"),
    ),
    Operation(
        "GetPicture",
        _ids("picture"),
        _result("GetPicture", "PictureResult", *texts("picture", "mediaType"), Field("content", "binary")),
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
