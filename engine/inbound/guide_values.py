"""Turn what a portal asks of the guide into plain values, and what the guide shows into what the contract writes."""

from __future__ import annotations

from engine.errors import Issue, SenderError
from engine.inbound.appointment_values import at_text, read_page
from engine.inbound.calls import Result
from engine.inbound.given import Given
from engine.services.guide.model import TITLES
from engine.services.guide.shown import DepartmentShown, DoctorQuery, DoctorShown, HospitalShown, NextFree

_TITLES = frozenset(map(str, TITLES))


def read_query(given: Given) -> DoctorQuery:
    """Read the parameters of SearchDoctors; raises SenderError SND-311 for a title that is not listed or an area that is no code."""
    return DoctorQuery(
        words=given.text("words"), hospital=given.text("hospital"), department=given.text("department"),
        title=int(given.one_of("title", _TITLES) or 0), area=read_area(given), free=given.flag("free"), page=read_page(given),
    )  # fmt: skip


def read_area(given: Given) -> str:
    """Read `area`, 2, 4 or 6 digits of GB/T 2260, "" when it was not sent; raises SenderError SND-311."""
    area = given.text("area")
    if area and not (area.isascii() and area.isdigit() and len(area) in (2, 4, 6)):
        hint = "填写 GB/T 2260 的 6 位代码，例如 220100。"
        raise SenderError(Issue(code="SND-311", message=f"参数 area 的取值“{area[:40]}”不是地区代码。", hint=hint))
    return area


def hospital_record(one: HospitalShown, *, long: bool = False) -> Result:
    """Write a hospital, with its introduction when `long`."""
    said = one.entry
    return {
        "hospital": one.institution, "name": said.name, "shortName": said.short_name, "level": said.level, "kind": said.kind,
        "area": said.area, "address": said.address, "telephone": said.telephone, "website": said.website, "opensAt": said.opens_at,
        "transport": said.transport, "picture": said.picture, "introduction": said.introduction if long else "",
        "version": one.version, "publishedAt": at_text(one.published),
    }  # fmt: skip


def department_record(one: DepartmentShown, *, long: bool = False) -> Result:
    """Write a department, with its introduction when `long`."""
    said = one.entry
    return {
        "hospital": one.institution, "department": said.department, "name": said.name, "parent": said.parent,
        "specialty": said.specialty, "diseases": list(said.diseases), "address": said.address, "telephone": said.telephone,
        "picture": said.picture, "introduction": said.introduction if long else "",
    }  # fmt: skip


def doctor_record(one: DoctorShown, *, long: bool = False) -> Result:
    """Write a doctor, with the introduction when `long`."""
    said = one.entry
    return {
        "hospital": one.institution, "hospitalName": one.hospital_name, "doctor": said.doctor, "name": said.name, "sex": said.sex,
        "department": said.department, "departmentName": one.department_name, "title": str(said.title),
        "specialty": said.specialty, "diseases": list(said.diseases), "picture": said.picture,
        "introduction": said.introduction if long else "", "free": one.next_free is not None,
        "nextFree": _next_free(one.next_free) if one.next_free else None,
    }  # fmt: skip


def _next_free(one: NextFree) -> Result:
    return {
        "date": one.date, "half": one.half, "schedule": one.schedule, "free": one.free,
        "registrationFee": str(one.registration_fee), "treatmentFee": str(one.treatment_fee), "asOf": at_text(one.as_of),
    }  # fmt: skip
