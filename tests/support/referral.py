"""Run a front with ReferralService alone, over a hand that answers in place of the service."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from engine.inbound.calling import Service
from engine.inbound.hospitalcalls import HospitalCalls
from engine.inbound.limits import FrontLimits
from engine.inbound.referral import REFERRAL
from engine.inbound.referral_door import ReferralDoor
from engine.services.referrals.model import Booked, Clinical, Diagnosis, Party, PatientSaid, Referral, SharedDocument
from tests.support.front import Echo, Running
from tests.support.portal import Hand

AT = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
PERSON = PatientSaid(
    name="测试患者", sex="2", birthday="1990-01-01", id_type="1", id_number="110101199001010023", mobile="13800000000", address="测试街1号",
    health_card="CARD-1",
)  # fmt: skip
CASE = Clinical(
    reason="需要冠脉造影", diagnoses=(Diagnosis(code="I20.000", name="不稳定性心绞痛"), Diagnosis(name="待查")), condition="胸痛3天",
    past_history="高血压", allergies="青霉素", treatment="抗凝", plan="造影", precautions="吸氧",
)  # fmt: skip
DOCUMENT = SharedDocument(
    document="20261119-doc", document_type="C0002", title="门诊病历", hospital="H001", written_at=AT, attached=True
)
BOOKED = Booked(
    order="20261120-ord", state="booked", pending="", slot="S-1", department="D1", doctor="DR1", date="2026-11-21", half="1", begin="08:00",
    end="08:30", registration_fee=500, treatment_fee=1000, queue_number="7", place="一楼", message="请提前取号",
)  # fmt: skip


def a_referral(**changes):
    """Make a referral as the service shows it."""
    values = {
        "referral": "20261120-ref", "request_id": "W-1", "state": "applied", "version": 1, "direction": "up", "kind": "outpatient", "urgency": 2,
        "origin": Party(hospital="H001", hospital_name="测试县医院", department="01", department_name="内科", doctor="7", doctor_name="测试医师甲", telephone="0431-1"),
        "to": Party(hospital="HOSP-1", hospital_name="测试省医院", department="D1", department_name="心内科", doctor="DR1", doctor_name="测试医师乙"),
        "reviewer": "OFFICE", "patient": PERSON, "clinical": CASE, "share": ("C0002",), "attached": (DOCUMENT,), "late_entry": "补录", "occurred_at": AT,
        "summary": "小结", "note": "请空腹", "why": "", "return_of": "R-0", "returned_by": "R-2", "booking": BOOKED, "record": "20261120-rec",
        "notice": "delivered", "created_at": AT, "changed_at": AT, "due_at": AT, "overdue": True,
    } | changes  # fmt: skip
    return Referral(**values)


class ReferralHand(Hand):
    """Stand where the referral service stands: a move answers with a referral, unless `answers` says otherwise."""

    def __getattr__(self, name):
        self.answers.setdefault(name, a_referral())
        return super().__getattr__(name)


@dataclass
class Desk:
    """The front, the hand behind it, and what was put down of refusals."""

    hand: ReferralHand = field(default_factory=ReferralHand)
    notes: list = field(default_factory=list)

    def __post_init__(self):
        self.calls = HospitalCalls()
        self.door = ReferralDoor(self.hand, self.calls, self._put_down)
        service = Service(contract=REFERRAL, handlers=self.door.handlers)
        self.front = Running(Echo(), FrontLimits(), services={"/services/referral": service})
        self.address = f"http://127.0.0.1:{self.front.port}/services/referral"

    async def _put_down(self, note):
        self.notes.append(note)

    def close(self):
        self.front.close()
        self.door.close()
        self.calls.close()
