"""Give tests of appointments a counter, a hospital in memory, patients and a look at the pool."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from engine.services.appointments import pool, resolving, sync
from engine.services.appointments.desk import Appointments
from engine.services.appointments.model import BookWish, LockWish, Patient, Payment, Terms
from engine.services.appointments.rules import BookingRules
from engine.services.appointments.tables import order, slot
from engine.store.database import Database
from engine.store.errands import errand
from tests.support.house_hospital import FUNCTIONS, MemoryHospital
from tests.support.seals import SEAL

HOSPITAL, PORTAL = "HOSP-A", "PORTAL-A"
NOON = datetime(2026, 11, 27, 4, 0, tzinfo=UTC)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


class Clock:
    """A clock that tests turn; each look at it is a millisecond later than the one before."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at

    def turn(self, **by: float) -> None:
        self.at += timedelta(**by)


def identity(place: int) -> str:
    """Make an invented identity number of an adult man with the right check digit."""
    head = f"22010419800101{place:02d}1"
    return head + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(head, _WEIGHTS, strict=True)) % 11]


def patient(place: int = 0) -> Patient:
    """Invent a patient."""
    return Patient(name=f"测试患者{place}", id_number=identity(place % 100), mobile="13800000000", hospital_patient=f"P{place}")


class Office:
    """An appointment service with one hospital behind it, and what tests look at."""

    def __init__(
        self, database: Database, hospital: MemoryHospital, *, rules: BookingRules | None = None, functions: frozenset[str] = FUNCTIONS,
        steps: Callable[[str], None] = lambda _step: None, clock: Callable[[], datetime] | None = None, seal: Any = None, **terms: Any,
    ) -> None:  # fmt: skip
        self.database, self.hospital = database, hospital
        self.clock = clock or Clock()
        hospital.now = self.clock
        self.terms = Terms(functions=functions, deadline=1.0, **terms)
        self.service = Appointments(
            database, seal or SEAL, hospital.ask, lambda code: self.terms if code == HOSPITAL else None, rules or BookingRules(),
            steps=steps, now=self.clock,
        )  # fmt: skip

    def pull(self) -> None:
        sync.pull_hospital(self.service.counter, HOSPITAL)
        sync.pull_doctors(self.service.counter, HOSPITAL, "D1")
        sync.pull_slots(self.service.counter, HOSPITAL, "D1")

    def book(self, request: str = "r1", name: str = "S1", place: int = 0) -> Any:
        return self.service.book(PORTAL, request, BookWish(hospital=HOSPITAL, slot=name, patient=patient(place)))

    def lock(self, request: str = "r1", name: str = "S1", place: int = 0) -> Any:
        return self.service.lock(PORTAL, request, LockWish(hospital=HOSPITAL, slot=name, patient=patient(place)))

    def pay(self, order_id: str, serial: str = "s1", paid: int = 2000) -> Any:
        payment = Payment(serial=serial, paid_at=self.clock(), channel="1", total=paid, payable=paid, paid=paid)
        return self.service.pay(PORTAL, order_id, payment)

    def tend(self, order_id: str) -> Any:
        return resolving.tend(self.service.counter, order_id)

    def seats(self, name: str = "S1") -> tuple[int, int, int, int]:
        """Give free, held, sold, unsure."""
        with self.database.read() as connection:
            row = pool.read_slot(connection, HOSPITAL, name)
        return row.free, row.held, row.sold, row.unsure

    def states(self) -> dict[str, tuple[str, str]]:
        with self.database.read() as connection:
            rows = connection.execute(select(order.c.order_id, order.c.state, order.c.pending)).all()
        return {row.order_id: (row.state, row.pending) for row in rows}

    def slot_rows(self) -> list[Any]:
        with self.database.read() as connection:
            return list(connection.execute(select(slot)).all())

    def agree(self) -> None:
        """Hold the counts against the orders that make them."""
        with self.database.read() as connection:
            assert pool.disagreements(connection) == []

    def due(self) -> dict[str, datetime]:
        """Give the errands about orders with their times."""
        with self.database.read() as connection:
            rows = connection.execute(select(errand.c.subject, errand.c.due).where(errand.c.kind == "order")).all()
        return {row.subject: row.due for row in rows}

    def tend_all(self, rounds: int = 8) -> None:
        """Do every errand about orders until none is due at this time of the clock."""
        from engine.errors import EngineError

        for _ in range(rounds):
            for order_id in sorted(self.due()):
                try:
                    self.tend(order_id)
                except EngineError:
                    continue


def shuffled(seed: int, things: list[Any]) -> list[Any]:
    """Put things in an order that a seed decides."""
    mixed = list(things)
    random.Random(seed).shuffle(mixed)
    return mixed
