"""Run a front with AppointmentService alone, over a hand that answers in place of the service."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

from engine.errors import Issue, SenderError
from engine.inbound.appointment import APPOINTMENT
from engine.inbound.appointment_door import AppointmentDoor
from engine.inbound.calling import Service
from engine.inbound.hospitalcalls import HospitalCalls
from engine.inbound.limits import FrontLimits
from engine.services.appointments.model import Checked, Listing, OrderView
from tests.support.front import Echo, Running

AT = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
PATIENT = {
    "name": "测试患者", "sex": "2", "birthday": "1990-01-01", "idType": "1", "idNumber": "110101199001010023", "mobile": "13800000000",
    "healthCard": "CARD-1", "guardian": {"name": "测试监护人", "idType": "1", "idNumber": "110101196001010011"},
}  # fmt: skip


def an_order(**changes):
    """Make an order as the service shows it."""
    values = {
        "order": "20261120-abc", "request_id": "W-1", "portal": "H001", "state": "booked", "pending": "", "hospital": "HOSP-1",
        "department": "D1", "department_name": "内科", "doctor": "DR1", "doctor_name": "测试医生", "slot": "S-1", "date": "2026-11-21",
        "half": "1", "begin": "08:00", "end": "08:30", "patient_name": "测**", "registration_fee": 500, "treatment_fee": 1000,
        "payable": 1500, "hospital_order": "HO-1", "queue_number": "7", "medical_number": "", "fetch_window": "", "place": "一楼",
        "remark": "", "refund": 0, "created_at": AT, "locked_until": None, "pay_by": AT, "changed_at": AT,
    } | changes  # fmt: skip
    return OrderView(**values)


def refusal(code, message="不行。", hint="换一个。"):
    return SenderError(Issue(code=code, message=message, hint=hint))


@dataclass
class Hand:
    """Stand where the service stands: what was asked is kept, `answers` says what is answered or raised, or done on the thread."""

    asked: list = field(default_factory=list)
    answers: dict = field(default_factory=dict)

    def __getattr__(self, name):
        def act(*arguments, **named):
            self.asked.append((name, arguments, named, threading.current_thread().name))
            given = self.answers.get(name, USUAL.get(name, an_order()))
            if isinstance(given, Exception):
                raise given
            return given(*arguments, **named) if callable(given) else given

        return act


USUAL = {
    "check_patient": Checked(hospital_patient="P-9", health_card="CARD-1"),
    "slots": (),
    **dict.fromkeys(("hospitals", "departments", "doctors", "schedules", "orders", "notices"), Listing(items=())),
}


@dataclass
class Portal:
    """The front, and the hand behind it."""

    each: int = 8
    together: int = 32
    patience: float = 10.0
    hand: Hand = field(default_factory=Hand)

    def __post_init__(self):
        self.echo = Echo()
        self.calls = HospitalCalls(each=self.each, together=self.together, patience=self.patience)
        self.door = AppointmentDoor(self.hand, self.calls)
        service = Service(contract=APPOINTMENT, handlers=self.door.handlers)
        self.front = Running(self.echo, FrontLimits(), services={"/services/appointment": service})
        self.address = f"http://127.0.0.1:{self.front.port}/services/appointment"

    def close(self):
        self.front.close()
        self.door.close()
