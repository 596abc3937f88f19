"""Give tests of referrals their institutions, patients, documents, and a hospital in memory that holds the slots."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from engine.errors import SenderError
from engine.message import Record
from engine.services.institutions import NewInstitution, enter
from engine.services.library import Library
from engine.services.records import RecordsDesk
from engine.services.referrals import clock as clocks
from engine.services.referrals.desk import Referrals
from engine.services.referrals.model import Clinical, Diagnosis, Mover, PatientSaid, Referral, ReferralWish, Sender, Target
from engine.services.referrals.rules import ReferralRules
from engine.services.referrals.tables import event, referral
from engine.services.reports.desk import Reports
from engine.services.reports.rules import ReportRules
from engine.store.database import Database
from engine.store.errands import errand
from tests.support.booking import HOSPITAL, NOON, Office, identity
from tests.support.house_hospital import MemoryHospital, Seats
from tests.support.seals import SEAL

CLINIC, LEAD, OTHER = "CLINIC-C", "LEAD-B", "HOSP-D"
ORIGIN, RECEIVER, REVIEWER = (Mover(institution=code, operator="经办人甲", trace="T1") for code in (CLINIC, HOSPITAL, LEAD))
STRANGER = Mover(institution=OTHER)

RULES: dict[str, Any] = {
    "networks": [{"name": "测试医联体", "lead": HOSPITAL, "institutions": [HOSPITAL, LEAD, CLINIC]}],
    "levels": {HOSPITAL: 3, LEAD: 2, CLINIC: 1},
}
REVIEWED: dict[str, Any] = {**RULES, "review": [{"by": LEAD, "from": CLINIC, "direction": "up"}]}


def rules(**more: Any) -> ReferralRules:
    """Make the rules of the ward, with other keys where they are given."""
    return ReferralRules.model_validate({**RULES, **more})


def said(place: int = 1, **more: Any) -> PatientSaid:
    """Invent a patient."""
    return PatientSaid(name=f"测试患者{place}", id_number=identity(place), mobile="13800000000", **more)


def wish(place: int = 1, *, hospital: str = HOSPITAL, **more: Any) -> ReferralWish:
    """Invent a referral from the clinic up to the hospital."""
    given: dict[str, Any] = {
        "direction": "up", "kind": "outpatient", "to": Target(hospital=hospital), "patient": said(place),
        "origin": Sender(department="K1", department_name="全科", doctor="Q1", doctor_name="测试医师", telephone="0431-1234567"),
        "clinical": Clinical(reason="需进一步检查", diagnoses=(Diagnosis(name="糖尿病", code="E11.9"),), condition="血糖控制不佳"),
    }  # fmt: skip
    return ReferralWish(**{**given, **more})


class Ward:
    """The referrals of a store, with three institutions of one network and one beside it, and the slots of HOSPITAL."""

    def __init__(
        self, database: Database, hospital: MemoryHospital | None = None, *, steps: Callable[[str], None] = lambda _step: None,
        closed: tuple[str, ...] = ("R", "V"), persons: int = 3, body: Callable[[str], bytes | None] | None = None, **more: Any,
    ) -> None:  # fmt: skip
        self.database = database
        self.hospital = hospital or MemoryHospital(slots={"S1": Seats(2), "S2": Seats(1)})
        self.office = Office(database, self.hospital)
        self.office.pull()
        self.clock = self.office.clock
        self.read = body or (lambda receipt: f"<ClinicalDocument>{receipt}</ClinicalDocument>".encode())
        self.reports = Reports(database, SEAL, rules=ReportRules(), now=self.clock)
        self.referrals = Referrals(
            database, SEAL, self.office.service, self.reports, Library(SEAL, lambda _, receipt: self.read(receipt)),
            rules=rules(**more), closed=closed, steps=steps, now=self.clock,
        )  # fmt: skip
        self._enter()
        for place in range(1, persons + 1):
            self.paper(f"KNOWN-{place}", place, institution=OTHER)

    def _enter(self) -> None:
        with self.database.write() as connection:
            for code, name in ((HOSPITAL, "测试中心医院"), (LEAD, "测试县医院"), (CLINIC, "测试卫生院"), (OTHER, "测试医院")):
                made = NewInstitution(code=code, name=name, kind="hospital", state="approved", password_hash="-")
                enter(connection, made)

    def paper(self, receipt: str, place: int = 1, **more: Any) -> None:
        """Let an institution upload a document of a patient."""
        given: dict[str, Any] = {
            "institution": CLINIC, "document_type": "C0004", "own_root": "2.16.156.10011.1.1", "own_extension": f"DOC-{receipt}",
            "written": NOON - timedelta(days=1), "resident_id": identity(place), "resident_name": f"测试患者{place}", "gender": "1",
            "birth_date": "19800101",
        }  # fmt: skip
        with self.database.write() as connection:
            RecordsDesk(SEAL).take(connection, [Record(message=receipt, **{**given, **more})])

    def apply(self, request: str = "r1", place: int = 1, slot: str = "", **more: Any) -> Referral:
        return self.referrals.apply(ORIGIN, request, wish(place, **more), slot)

    def at(self, state: str, request: str = "r1", place: int = 1, slot: str = "") -> str:
        """Bring a referral to a state; a reviewing one needs the rules of a review."""
        desk = self.referrals
        one = self.apply(request, place, slot).referral
        if state != "reviewing" and desk.whole(one).state == "reviewing":
            desk.review(REVIEWER, one, "approve")
        before = {"accepted": (), "arrived": ("accept",), "completed": ("accept", "arrive"), "returned": ("accept", "arrive")}
        for step in before.get(state, ()):
            getattr(desk, step)(RECEIVER, one)
        last: dict[str, Callable[[], object]] = {
            "accepted": lambda: desk.accept(RECEIVER, one), "arrived": lambda: desk.arrive(RECEIVER, one),
            "completed": lambda: desk.complete(RECEIVER, one, "已治疗"), "returned": lambda: desk.refer_back(RECEIVER, f"{request} back", one, "病情稳定"),
            "rejected": lambda: desk.reject(RECEIVER, one, "无床位"), "withdrawn": lambda: desk.withdraw(ORIGIN, one, "患者不愿"),
            "expired": lambda: self.expire(one),
        }  # fmt: skip
        last.get(state, lambda: None)()
        assert desk.whole(one).state == state
        return one

    def expire(self, number: str) -> None:
        """Let the time limit of a referral pass."""
        due = self.referrals.whole(number).due_at
        self.clock.at = max(self.clock.at, due)
        self.due(number)

    def due(self, number: str) -> Any:
        return clocks.due(self.referrals._office, number)

    def refused(self, work: Callable[..., object], *arguments: Any, **named: Any) -> str:
        with pytest.raises(SenderError) as refusal:
            work(*arguments, **named)
        assert refusal.value.first.message
        assert refusal.value.first.hint
        return refusal.value.code

    def told(self, number: str) -> list[str]:
        """Name the entries of a referral."""
        return [entry.what for entry in self.referrals.whole_history(number)]

    def errands(self, kind: str) -> list[str]:
        with self.database.read() as connection:
            return sorted(connection.execute(select(errand.c.subject).where(errand.c.kind == kind)).scalars())

    def rows(self) -> list[Any]:
        with self.database.read() as connection:
            return list(connection.execute(select(referral).order_by(referral.c.created)).all())

    def raw(self) -> bytes:
        """Give all that the store keeps of referrals, as it stands there."""
        with self.database.read() as connection:
            kept = [*connection.execute(select(referral)).all(), *connection.execute(select(event)).all()]
        return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for row in kept for value in row)
