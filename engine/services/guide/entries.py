"""Turn rows of the guide into entries."""

from __future__ import annotations

from engine.introduction import listed
from engine.services.guide.model import DepartmentEntry, DoctorEntry, HospitalEntry
from engine.store.columns import AnyRow


def read_hospital(row: AnyRow) -> HospitalEntry:
    """Read a row of guide_hospital."""
    return HospitalEntry(
        name=row.name, short_name=row.short_name, level=row.level, kind=row.kind, area=row.area, address=row.address,
        telephone=row.telephone, website=row.website, opens_at=row.opens_at, transport=row.transport, picture=row.picture,
        introduction=row.introduction,
    )  # fmt: skip


def read_department(row: AnyRow) -> DepartmentEntry:
    """Read a row of guide_department."""
    return DepartmentEntry(
        department=row.department, name=row.name, parent=row.parent, specialty=row.specialty, diseases=listed(row.diseases),
        address=row.address, telephone=row.telephone, picture=row.picture, introduction=row.introduction,
    )  # fmt: skip


def read_doctor(row: AnyRow) -> DoctorEntry:
    """Read a row of guide_doctor."""
    return DoctorEntry(
        doctor=row.doctor, name=row.name, department=row.department, sex=row.sex, title=row.title, specialty=row.specialty,
        diseases=listed(row.diseases), picture=row.picture, introduction=row.introduction,
    )  # fmt: skip
