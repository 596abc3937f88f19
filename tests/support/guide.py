"""Put invented hospitals and doctors on show in the guide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert

from engine.services.guide.model import DepartmentEntry, DoctorEntry, HospitalEntry
from engine.services.guide.search import index
from engine.services.guide.tables import guide_current, guide_department, guide_doctor, guide_hospital, guide_version

INNER = DepartmentEntry(department="D0", name="内科", diseases=("高血压",))
SUGAR = DepartmentEntry(department="D1", name="内分泌科", parent="D0", diseases=("甲状腺结节",))
BONES = DepartmentEntry(department="D2", name="骨科")
DEPARTMENTS = (INNER, SUGAR, BONES)


def doctor(number: int, name: str, **more: Any) -> DoctorEntry:
    """Invent a doctor of the second department."""
    return DoctorEntry(**{"doctor": f"E{number}", "name": name, "department": "D1", "title": 1, **more})


def hospital(name: str = "长春市测试医院", **more: Any) -> HospitalEntry:
    """Invent a hospital in a district of Changchun."""
    return HospitalEntry(**{"name": name, "area": "220102", "level": "三级甲等", **more})


def show(
    connection: Connection, code: str, doctors: Sequence[DoctorEntry], *, said: HospitalEntry | None = None,
    departments: Sequence[DepartmentEntry] = DEPARTMENTS, version: int = 1,
) -> None:  # fmt: skip
    """Put a version of an institution on show, as publishing does."""
    its: dict[str, Any] = {"institution": code, "version": version}
    counts = {"departments": len(departments), "doctors": len(doctors), "pictures": 0, "warnings": 0}
    now = datetime.now(UTC)
    connection.execute(
        insert(guide_version).values(**its, imported=now, imported_by="t", published=now, published_by="t", files="", **counts)
    )
    connection.execute(insert(guide_hospital).values(**its, **asdict(said or hospital())))
    _add(connection, guide_department, its, departments)
    _add(connection, guide_doctor, its, doctors)
    connection.execute(delete(guide_current).where(guide_current.c.institution == code))
    connection.execute(insert(guide_current).values(institution=code, last=version, version=version))
    index(connection, code, version)


def _add(connection: Connection, table: Any, its: dict[str, Any], entries: Sequence[Any]) -> None:
    rows = [
        {**its, **asdict(one), "diseases": "\n".join(one.diseases), "place": place} for place, one in enumerate(entries, start=1)
    ]
    if rows:
        connection.execute(insert(table), rows)
