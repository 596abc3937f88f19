"""Put into the store what the monitor's other pages show: institutions, residents' documents, slots and orders, referrals, audit."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bench.seeding import HOSPITALS, resident
from bench.telling import say
from engine.documents.sample import types
from engine.message import Figure, Record
from engine.report import ReportPerson
from engine.services.audit import Audit, AuditNote
from engine.services.auditchain import seal_audit
from engine.services.indicators import period_of
from engine.services.institutions import NewInstitution, enter
from engine.services.library import Library
from engine.services.operations import OperationsDesk
from engine.services.records import RecordsDesk
from engine.services.referrals.desk import Referrals
from engine.services.referrals.rules import ReferralRules
from engine.services.reports.desk import Reports
from engine.services.reports.model import ReportEvent
from engine.services.reports.rules import ReportRules
from engine.store.database import Database
from engine.store.sealing import Seal
from tests.support import ward
from tests.support.booking import HOSPITAL, Office, identity
from tests.support.house_hospital import MemoryHospital, Seats, lost

_MESSAGES_TO_A_RECORD, _MESSAGES_TO_A_NOTE, _MESSAGES_TO_A_REPORT, _MESSAGES_TO_AN_ORDER = 20, 20, 100, 1000
_PATIENTS = 100
"""Patients who are booked and referred in turns."""

_BATCH = 500
_SEATS = 40
"""Seats of one slot."""


def seed_neighbours(database: Database, seal: Seal, size: int) -> None:
    """Put so much beside `size` messages as a province has beside them; at least a few of each."""
    began, orders = datetime.now(UTC), max(3, size // _MESSAGES_TO_AN_ORDER)
    with database.write() as connection:
        for code in (*HOSPITALS, HOSPITAL, ward.LEAD, ward.CLINIC):
            made = NewInstitution(code=code, name=f"测试医院 {code}", kind="hospital", state="approved", password_hash="-")
            enter(connection, made)
    _file(database, seal, max(10, size // _MESSAGES_TO_A_RECORD))
    _doubt(database, seal)
    _operate(database, seal)
    _refer(database, seal, _book(database, seal, orders), orders)
    _report(database, seal, max(10, size // _MESSAGES_TO_A_REPORT))
    _audit(database, max(10, size // _MESSAGES_TO_A_NOTE))
    say(f"  seeded what stands beside them in {(datetime.now(UTC) - began).total_seconds():.0f} s")


def _file(database: Database, seal: Seal, number: int) -> None:
    desk, dice = RecordsDesk(seal), random.Random(3)
    records = list(_records(number, dice))
    for start in range(0, len(records), _BATCH):
        with database.write() as connection:
            desk.take(connection, records[start : start + _BATCH])


def _records(number: int, dice: random.Random) -> Iterator[Record]:
    """Invent documents of residents, five to a resident; the first are those who are booked and referred."""
    kinds, now = types()[:30], datetime.now(UTC)
    for place in range(number + _PATIENTS):
        about = place if place < _PATIENTS else dice.randrange(max(1, number // 5))
        yield Record(
            message=f"KEPT-{place:08}", institution=dice.choice(HOSPITALS), document_type=dice.choice(kinds), own_root="2.16.156.10011.1.1",
            own_extension=f"KEPT-{place:08}", written=now - timedelta(hours=place % 8000), resident_id=identity(place) if place < _PATIENTS else resident(about),
            resident_name=f"测试患者{about}", gender="1", birth_date="19800101",
        )  # fmt: skip


def _doubt(database: Database, seal: Seal) -> None:
    """Let some documents name another person under the number of a resident, so that there are questions."""
    one = next(_records(1, random.Random(3)))
    others = [
        replace(one, message=f"DOUBT-{place:08}", own_extension=f"DOUBT-{place:08}", resident_id=identity(place), resident_name="测试患者另", gender="2")
        for place in range(_PATIENTS // 10)
    ]  # fmt: skip
    with database.write() as connection:
        RecordsDesk(seal).take(connection, others)


def _operate(database: Database, seal: Seal) -> None:
    """Let each hospital state its outpatient visits of the last months (OPS01)."""
    desk, today, dice = OperationsDesk(seal), datetime.now(UTC).date(), random.Random(5)
    months = [period_of("month", (today.replace(day=1) - timedelta(days=28 * number)).replace(day=1)) for number in range(1, 7)]
    for code in HOSPITALS:
        reports = [
            Record(
                message=f"OPS-{code}-{month.first}", institution=code, document_type="OPS01", own_root="OPS01",
                own_extension=f"{month.kind} {month.first}/{month.last}", written=datetime.now(UTC), author="测试填报员",
                figures=(Figure(section="volume", field="MZRCS", value=str(dice.randrange(1000, 9000)), unit="人次"),),
            )
            for month in dict.fromkeys(months)
        ]  # fmt: skip
        with database.write() as connection:
            desk.take(connection, reports)


def _report(database: Database, seal: Seal, number: int) -> None:
    """Let the status of reports move, three times each."""
    reports, now = Reports(database, seal, rules=ReportRules()), datetime.now(UTC)
    for start in range(0, number, _BATCH):
        with database.write() as connection:
            for place in range(start, min(number, start + _BATCH)):
                person = ReportPerson(identity=identity(place % _PATIENTS), name="测试患者", gender="1", birth="19800101")
                for step, status in enumerate((10, 20, 70)):
                    event = ReportEvent(
                        institution=HOSPITALS[place % len(HOSPITALS)], keys={"form": f"FORM-{place:08}"}, kind="laboratory",
                        status=status, at=now - timedelta(minutes=place % 40_000 + 30 - 10 * step), source="S0061", person=person,
                    )  # fmt: skip
                    reports.tell(connection, event)


def _book(database: Database, seal: Seal, number: int) -> Office:
    """Make orders at one hospital that loses the answer to every tenth."""
    hospital = MemoryHospital(slots={f"S{place}": Seats(_SEATS) for place in range(number // _SEATS + 1)})
    office = Office(database, hospital, seal=seal, clock=lambda: datetime.now(UTC))
    office.pull()
    asked = iter(range(10 * number))

    def lose(_function: str) -> None:
        if next(asked) % 10 == 1:
            raise lost(unknown=True)

    hospital.after = lose
    for place in range(number):
        office.book(f"request-{place}", f"S{place // _SEATS}", place % _PATIENTS)
    return office


def _refer(database: Database, seal: Seal, office: Office, number: int) -> None:
    referrals = Referrals(
        database, seal, office.service, Reports(database, seal, rules=ReportRules()), Library(seal, lambda _, _receipt: None),
        rules=ReferralRules.model_validate(ward.RULES),
    )  # fmt: skip
    for place in range(min(number, _PATIENTS)):  # a patient is referred to a hospital once a day
        one = referrals.apply(ward.ORIGIN, f"request-{place}", ward.wish(place)).referral
        if place % 2:
            referrals.accept(ward.RECEIVER, one)


def _audit(database: Database, number: int) -> None:
    audit, now = Audit(), datetime.now(UTC)
    notes = [
        AuditNote(
            peer="10.0.0.1", institution=HOSPITALS[place % len(HOSPITALS)], verdict=("admitted", "refused", "changed")[place % 3],
            reason=("Upload", "wrong password", "replay")[place % 3], actor=("", "", "operator-1")[place % 3],
            at=now - timedelta(minutes=5 + place // 10),
        )
        for place in range(number)
    ]  # fmt: skip
    for start in range(0, number, _BATCH):
        with database.write() as connection:
            audit.write(connection, notes[start : start + _BATCH])
    seal_audit(database, now)
