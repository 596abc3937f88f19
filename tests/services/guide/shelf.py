"""Take introductions in and put them on show, by a clock that goes on an hour at each look, and count what is found."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from engine.introduction import DepartmentEntry, DoctorEntry, HospitalEntry, Introduction, Picture
from engine.services.audit import Audit
from engine.services.guide.searchtables import guide_listed
from engine.services.guide.versions import Person, Versions
from engine.services.institutions import Institutions, NotDone
from tests.support.hospital import PASSWORD
from tests.support.seals import SEAL

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
PERSON = Person(name="engineer-1", peer="10.0.0.9")
PICTURE = Picture(picture="a" * 32, media_type="image/jpeg", width=3, height=4, content=b"\xff\xd8\xff")


def said(name="长春测试医院", doctors=2, pictures=(PICTURE,)):
    return Introduction(
        hospital=HospitalEntry(name=name, level="三级甲等", area="220102", picture=pictures[0].picture if pictures else ""),
        departments=(DepartmentEntry(department="01", name="内科", diseases=("糖尿病", "高血压")),),
        doctors=tuple(DoctorEntry(doctor=f"{n:03}", name=f"王测试{n}", department="01", title=1) for n in range(doctors)),
        pictures=pictures,
    )


class Shelf:
    """The guide of one store."""

    def __init__(self, database):
        self.database = database
        self.now = NOON
        register = Institutions(database, SEAL)
        for code, kind in {"H1": "hospital", "H2": "hospital", "P1": "portal"}.items():
            register.add(code, f"测试机构 {code}", kind, PASSWORD)
        self.register = register
        self.versions = Versions(database, now=self.look)

    def look(self):
        self.now += timedelta(hours=1)
        return self.now

    def found(self, code="H1"):
        """Count the doctors of a hospital that a search may find."""
        with self.database.read() as connection:
            query = select(func.count()).select_from(guide_listed).where(guide_listed.c.institution == code)
            return connection.execute(query).scalar_one()

    def take(self, code="H1", introduction=None, **more):
        return self.versions.take(code, introduction or said(), ["资料.xlsx"], by=PERSON, **more)

    def states(self, code="H1"):
        return [(one.number, one.state) for one in self.versions.list(code)]

    def audited(self):
        with self.database.read() as connection:
            rows = Audit().rows(connection, verdict="changed")
        return sorted((row.reason, row.subject, row.actor) for row in rows if row.reason.startswith("guide"))

    def refused(self, work, *arguments):
        with pytest.raises(NotDone) as refusal:
            work(*arguments)
        return str(refusal.value)
