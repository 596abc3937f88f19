"""Answer what is asked of the guide: hospitals, departments, doctors on show, with the next free seats of the pool."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, select

from engine.services.appointments.counter import utc_now
from engine.services.appointments.model import Listing, Page, Slot
from engine.services.appointments.refusals import refuse
from engine.services.appointments.views import page_rows
from engine.services.guide.choices import area_prefix
from engine.services.guide.entries import read_department, read_doctor, read_hospital
from engine.services.guide.finding import find
from engine.services.guide.searchtables import guide_listed
from engine.services.guide.seats import Today, free_slots, next_free
from engine.services.guide.shown import DepartmentShown, DoctorQuery, DoctorsFound, DoctorShown, HospitalShown
from engine.services.guide.tables import (
    guide_current,
    guide_department,
    guide_doctor,
    guide_hospital,
    guide_picture,
    guide_picture_use,
    guide_version,
)
from engine.store.columns import AnyRow
from engine.store.database import Database, by_keys

Connected = Callable[[str], bool]
"""Tell whether a hospital is connected for booking, by institution code."""


class Guide:
    """What portals may ask of the guide; each call waits, so run it on a thread.

    Refusals raise SenderError with one Issue (SND-721, SND-78x); a store that is away raises TryAgain.
    """

    def __init__(self, database: Database, connected: Connected, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._connected = connected
        self._now = now

    def hospitals(self, area: str, level: str, page: Page) -> Listing[HospitalShown]:
        """List the hospitals on show, within an area (GB/T 2260) and of a level when they are given."""
        query = _shown_hospitals()
        if area:
            query = query.where(guide_hospital.c.area.startswith(area_prefix(area), autoescape=True))
        if level:
            query = query.where(guide_hospital.c.level == level)
        with self._database.read() as connection:
            rows, token = page_rows(connection, query, (guide_hospital.c.institution,), page)
        return Listing(items=tuple(map(_hospital, rows)), token=token)

    def hospital(self, hospital: str) -> HospitalShown:
        """Show a hospital."""
        with self._database.read() as connection:
            row = connection.execute(_shown_hospitals().where(guide_hospital.c.institution == hospital)).one_or_none()
        if row is None:
            raise refuse("SND-780")
        return _hospital(row)

    def departments(self, hospital: str, parent: str, page: Page) -> Listing[DepartmentShown]:
        """List the departments of a hospital, those right below one when it is given, in the hospital's own order."""
        with self._database.read() as connection:
            version = _version(connection, hospital)
            query = select(guide_department).where(*_of(guide_department, hospital, version))
            if parent:
                query = query.where(guide_department.c.parent == parent)
            rows, token = page_rows(connection, query, (guide_department.c.place,), page)
        return Listing(items=tuple(_department(hospital, row) for row in rows), token=token)

    def department(self, hospital: str, department: str) -> DepartmentShown:
        """Show a department."""
        with self._database.read() as connection:
            where = _of(guide_department, hospital, _version(connection, hospital))
            row = connection.execute(select(guide_department).where(*where, guide_department.c.department == department)).first()
        if row is None:
            raise refuse("SND-781")
        return _department(hospital, row)

    def search(self, query: DoctorQuery) -> DoctorsFound:
        """Find doctors; with `free` a doctor whose last seat has just gone is left out of the page."""
        with self._database.read() as connection:
            by_keys(connection)
            found = find(connection, query)
            shown = self._show(connection, found.numbers)
        items = tuple(shown[number] for number in found.numbers if shown[number].next_free is not None or not query.free)
        return DoctorsFound(items=items, total=found.total, token=found.token)

    def doctor(self, hospital: str, doctor: str) -> DoctorShown:
        """Show a doctor."""
        with self._database.read() as connection:
            _version(connection, hospital)
            number = connection.execute(_NUMBER, {"its_hospital": hospital, "its_doctor": doctor}).scalar()
            if number is None:
                raise refuse("SND-782")
            return self._show(connection, (number,))[number]

    def slots(self, hospital: str, doctor: str, first: str, last: str) -> tuple[Slot, ...]:
        """List what can be booked with a doctor between two days, "" for no bound; nothing at a hospital that is not connected."""
        with self._database.read() as connection:
            _version(connection, hospital)
            if connection.execute(_NUMBER, {"its_hospital": hospital, "its_doctor": doctor}).scalar() is None:
                raise refuse("SND-782")
            if not self._connected(hospital):
                return ()
            return free_slots(connection, hospital, doctor, first, last, Today.of(self._now()))

    def picture(self, picture: str) -> tuple[str, bytes]:
        """Give media type and bytes of a picture that something on show has."""
        use, current = guide_picture_use.c, guide_current.c
        on_show = and_(use.institution == current.institution, use.version == current.version)
        shown = select(use.picture).join(guide_current, on_show).where(use.picture == picture).exists()
        with self._database.read() as connection:
            row = connection.execute(select(guide_picture).where(guide_picture.c.picture == picture, shown)).one_or_none()
        if row is None:
            raise refuse("SND-783")
        return row.media_type, row.content

    def _show(self, connection: Connection, numbers: Collection[int]) -> Mapping[int, DoctorShown]:
        """Show doctors by their numbers in guide_listed; those of hospitals that are not connected have no seat."""
        seats = next_free(connection, numbers, Today.of(self._now()))
        rows = connection.execute(_SHOWN_DOCTORS, {"numbers": list(numbers)}).all() if numbers else []
        return {
            row.no: DoctorShown(
                institution=row.institution, hospital_name=row.hospital_name, department_name=row.department_name or "",
                entry=read_doctor(row), next_free=seats.get(row.no) if self._connected(row.institution) else None,
            )
            for row in rows
        }  # fmt: skip


def _current(table: Any) -> Any:
    return and_(guide_current.c.institution == table.c.institution, guide_current.c.version == table.c.version)


def _shown_hospitals() -> Select[Any]:
    its_version = and_(
        guide_version.c.institution == guide_hospital.c.institution, guide_version.c.version == guide_hospital.c.version
    )
    joined = guide_hospital.join(guide_current, _current(guide_hospital)).join(guide_version, its_version)
    return select(guide_hospital, guide_version.c.published).select_from(joined)


def _shown_doctors() -> Select[Any]:
    def same(table: Any) -> Any:
        return and_(table.c.institution == guide_doctor.c.institution, table.c.version == guide_doctor.c.version)

    keys = ("institution", "version", "doctor")
    listed = and_(*(guide_doctor.c[key] == guide_listed.c[key] for key in keys))
    joined = guide_listed.join(guide_doctor, listed).join(guide_hospital, same(guide_hospital))
    joined = joined.outerjoin(
        guide_department, and_(same(guide_department), guide_department.c.department == guide_doctor.c.department)
    )
    names = (guide_hospital.c.name.label("hospital_name"), guide_department.c.name.label("department_name"))
    chosen = guide_listed.c.no.in_(bindparam("numbers", expanding=True))
    return select(guide_listed.c.no, guide_doctor, *names).select_from(joined).where(chosen)


# Built once: to build and to key it anew costs more than to run it.
_SHOWN_DOCTORS = _shown_doctors()
_NUMBER = select(guide_listed.c.no).where(
    guide_listed.c.institution == bindparam("its_hospital"), guide_listed.c.doctor == bindparam("its_doctor")
)


def _version(connection: Connection, hospital: str) -> int:
    """Give the version on show of a hospital; none is SND-780."""
    chosen = select(guide_current.c.version).where(guide_current.c.institution == hospital, guide_current.c.version > 0)
    version = connection.execute(chosen).scalar()
    if version is None:
        raise refuse("SND-780")
    return int(version)


def _of(table: Any, institution: str, version: int) -> tuple[Any, Any]:
    return table.c.institution == institution, table.c.version == version


def _hospital(row: AnyRow) -> HospitalShown:
    return HospitalShown(institution=row.institution, entry=read_hospital(row), version=row.version, published=row.published)


def _department(hospital: str, row: AnyRow) -> DepartmentShown:
    return DepartmentShown(institution=hospital, entry=read_department(row))
