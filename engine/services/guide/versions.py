"""Keep the versions of each hospital's introduction: taken in whole, put on show when approved, put back, taken off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, insert, select, update

from engine.introduction import DepartmentEntry, DoctorEntry, Introduction
from engine.services.audit import Audit, changed
from engine.services.guide.model import Version, VersionState
from engine.services.guide.search import drop, index
from engine.services.guide.tables import (
    guide_current,
    guide_department,
    guide_doctor,
    guide_hospital,
    guide_picture,
    guide_picture_use,
    guide_version,
)
from engine.services.institutions import NotDone, institution
from engine.store.columns import AnyRow
from engine.store.database import Database, insert_into

Now = Callable[[], datetime]


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Who does it, for the audit: a monitor user or "command-line", and from which address."""

    name: str = "command-line"
    peer: str = ""


class Versions:
    """The versions of all hospitals in one store; each act is one transaction with its audit row."""

    def __init__(self, database: Database, *, now: Now = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._now = now

    def take(
        self, code: str, said: Introduction, files: Sequence[str], *, warnings: int = 0, by: Person | None = None
    ) -> Version:
        """Keep an introduction as the hospital's next version, which waits; raises NotDone when no such hospital is registered."""
        who = by or Person()
        with self._database.write() as connection:
            _must_be_hospital(connection, code)
            number = _next_number(connection, code)
            row = {
                "institution": code, "version": number, "imported": self._now(), "imported_by": who.name, "published": None,
                "published_by": "", "files": "\n".join(files), "departments": len(said.departments), "doctors": len(said.doctors),
                "pictures": len(said.pictures), "warnings": warnings,
            }  # fmt: skip
            connection.execute(insert(guide_version), row)
            _write_said(connection, code, number, said)
            _note(connection, "guide import", code, number, who)
            return _read(connection, code, number)

    def publish(self, code: str, number: int, *, by: Person | None = None) -> Version:
        """Put a version on show in the place of any other of the hospital; an older one is put back so.

        Raises NotDone when there is no such version, when it is on show, or when the hospital is not approved.
        """
        who = by or Person()
        with self._database.write() as connection:
            _must_be_hospital(connection, code, approved=True)
            put = update(guide_current).where(guide_current.c.institution == code).values(version=number)
            done = connection.execute(put.where(guide_current.c.version != number, guide_current.c.last >= number)).rowcount
            if number < 1 or not done:
                _refuse(connection, code, number)
            at = (guide_version.c.institution == code, guide_version.c.version == number)
            connection.execute(update(guide_version).where(*at).values(published=self._now(), published_by=who.name))
            index(connection, code, number)
            _note(connection, "guide approve", code, number, who)
            return _read(connection, code, number)

    def withdraw(self, code: str, *, by: Person | None = None) -> int:
        """Take a hospital off show and give the number of the version that was; raises NotDone when none was."""
        who = by or Person()
        with self._database.write() as connection:
            mine = guide_current.c.institution == code
            query = select(guide_current.c.version).where(mine)
            number = connection.scalar(query.with_for_update()) or 0
            if not number:
                raise NotDone(f"nothing of {code} is on show")
            connection.execute(update(guide_current).where(mine).values(version=0))
            drop(connection, code)
            _note(connection, "guide withdraw", code, number, who)
        return number

    def list(self, code: str = "") -> Sequence[Version]:
        """List the versions of a hospital, or of all by code, the newest first."""
        query = _ALL.order_by(guide_version.c.institution, guide_version.c.version.desc())
        with self._database.read() as connection:
            found = connection.execute(query.where(guide_version.c.institution == code) if code else query).all()
        return tuple(_version(row) for row in found)


_ALL = select(guide_version, guide_current.c.version.label("shown")).join(
    guide_current, guide_current.c.institution == guide_version.c.institution
)


def _must_be_hospital(connection: Connection, code: str, *, approved: bool = False) -> None:
    found = connection.execute(select(institution.c.kind, institution.c.state).where(institution.c.code == code)).one_or_none()
    if found is None or found.kind != "hospital":
        raise NotDone(f"no hospital {code} is registered")
    if approved and found.state != "approved":
        raise NotDone(f"hospital {code} is not approved; approve it first by: institution approve {code}")


def _next_number(connection: Connection, code: str) -> int:
    """Count a hospital's versions up; who else takes one in for the same hospital waits until this transaction ends."""
    first = insert_into(connection.dialect.name, guide_current).values(institution=code, last=1, version=0)
    more = first.on_conflict_do_update(index_elements=["institution"], set_={"last": guide_current.c.last + 1})
    return int(connection.execute(more.returning(guide_current.c.last)).scalar_one())


def _write_said(connection: Connection, code: str, number: int, said: Introduction) -> None:
    key = {"institution": code, "version": number}
    connection.execute(insert(guide_hospital), key | asdict(said.hospital))
    _write_listed(connection, guide_department, key, said.departments)
    _write_listed(connection, guide_doctor, key, said.doctors)
    if said.pictures:
        new = insert_into(connection.dialect.name, guide_picture).on_conflict_do_nothing()
        connection.execute(new, [asdict(one) | {"institution": code} for one in said.pictures])
        connection.execute(insert(guide_picture_use), [key | {"picture": one.picture} for one in said.pictures])


def _write_listed(
    connection: Connection, table: Table, key: dict[str, Any], entries: Sequence[DepartmentEntry | DoctorEntry]
) -> None:
    rows = [key | asdict(one) | {"place": place, "diseases": "\n".join(one.diseases)} for place, one in enumerate(entries, 1)]
    if rows:
        connection.execute(insert(table), rows)


def _refuse(connection: Connection, code: str, number: int) -> None:
    """Say why a version cannot be put on show."""
    known = connection.scalar(
        select(guide_version.c.version).where(guide_version.c.institution == code, guide_version.c.version == number)
    )
    if known is None:
        raise NotDone(f"{code} has no version {number}; list them by: guide versions {code}")
    raise NotDone(f"version {number} of {code} is on show already")


def _read(connection: Connection, code: str, number: int) -> Version:
    return _version(connection.execute(_ALL.where(guide_version.c.institution == code, guide_version.c.version == number)).one())


def _version(row: AnyRow) -> Version:
    state: VersionState = "published" if row.shown == row.version else "kept" if row.published else "waiting"
    return Version(
        institution=row.institution, number=row.version, state=state, imported=row.imported, imported_by=row.imported_by,
        published=row.published, published_by=row.published_by, files=tuple(row.files.split("\n")) if row.files else (),
        departments=row.departments, doctors=row.doctors, pictures=row.pictures, warnings=row.warnings,
    )  # fmt: skip


def _note(connection: Connection, act: str, code: str, number: int, who: Person) -> None:
    note = changed(act, institution=code, subject=f"{code} {number}", actor=who.name, peer=who.peer)
    Audit().write(connection, [note])
