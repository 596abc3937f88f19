"""Answer the AppointmentService: what a portal asks goes to the appointment service, what that says comes back as a result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from engine.inbound import appointment_values as wire
from engine.inbound.calls import Call, Handler, Result
from engine.inbound.given import Given
from engine.inbound.hospitalcalls import HospitalCalls
from engine.inbound.verdicts import page_of, with_verdict
from engine.services.appointments.desk import Appointments
from engine.services.appointments.model import OrderView

T = TypeVar("T")


class AppointmentDoor:
    """Serve the operations of a portal; reads have threads of their own, what may ask a hospital waits for its turn there."""

    def __init__(self, appointments: Appointments, calls: HospitalCalls, *, threads: int = 4) -> None:
        self._appointments = appointments
        self._calls = calls
        self._readers = ThreadPoolExecutor(threads, thread_name_prefix="appointments")

    @property
    def handlers(self) -> dict[str, Handler]:
        """Name the operations of the contract and what answers them."""
        return {
            name: with_verdict(answer)
            for name, answer in {
                "ListHospitals": self._hospitals, "ListDepartments": self._departments, "ListDoctors": self._doctors,
                "ListSchedules": self._schedules, "ListSlots": self._slots, "CheckPatient": self._check_patient,
                "Lock": self._lock, "Unlock": self._unlock, "Book": self._book, "NotifyPayment": self._pay,
                "Cancel": self._cancel, "FetchNumber": self._fetch, "QueryOrder": self._order, "ListOrders": self._orders,
                "ListNotices": self._notices,
            }.items()
        }  # fmt: skip

    def close(self) -> None:
        """Finish what is in hand."""
        self._calls.close()
        self._readers.shutdown(wait=True)

    async def _hospitals(self, call: Call, given: Given) -> Result:  # noqa: ARG002 - every operation is given its call
        page = wire.read_page(given)
        found = await self._read(lambda: self._appointments.hospitals(page))
        return page_of("hospitals", wire.hospital_record, found)

    async def _departments(self, call: Call, given: Given) -> Result:  # noqa: ARG002
        hospital, page = given.text("hospital"), wire.read_page(given)
        found = await self._read(lambda: self._appointments.departments(hospital, page))
        return page_of("departments", wire.department_record, found)

    async def _doctors(self, call: Call, given: Given) -> Result:  # noqa: ARG002
        hospital, department, page = given.text("hospital"), given.text("department"), wire.read_page(given)
        found = await self._read(lambda: self._appointments.doctors(hospital, department, page))
        return page_of("doctors", wire.doctor_record, found)

    async def _schedules(self, call: Call, given: Given) -> Result:  # noqa: ARG002
        where = given.text("hospital"), given.text("department"), given.text("doctor")
        first, last, page = given.day("from"), given.day("to"), wire.read_page(given)
        wire.check_days(first, last)
        found = await self._read(lambda: self._appointments.schedules(*where, first, last, page))
        return page_of("schedules", wire.schedule_record, found)

    async def _slots(self, call: Call, given: Given) -> Result:  # noqa: ARG002
        hospital, schedule = given.text("hospital"), given.text("schedule")
        found = await self._read(lambda: self._appointments.slots(hospital, schedule))
        return {"slots": [wire.slot_record(one) for one in found]}

    async def _check_patient(self, call: Call, given: Given) -> Result:  # noqa: ARG002
        hospital, patient = given.text("hospital"), wire.read_patient(given)
        checked = await self._calls.run(hospital, lambda: self._appointments.check_patient(hospital, patient))
        return {"hospitalPatientId": checked.hospital_patient, "healthCard": checked.health_card}

    async def _lock(self, call: Call, given: Given) -> Result:
        request, wish = given.text("requestId"), wire.read_lock(given)
        service = self._appointments
        moved = await self._calls.run(wish.hospital, lambda: service.lock(call.institution, request, wish, trace=call.trace))
        return _order(moved)

    async def _book(self, call: Call, given: Given) -> Result:
        request, wish, service = given.text("requestId"), wire.read_booking(given), self._appointments

        def book() -> OrderView:
            return service.book(call.institution, request, wish, trace=call.trace)

        if wish.order:
            return await self._move(call, wish.order, book)
        return _order(await self._calls.run(wish.hospital, book))

    async def _unlock(self, call: Call, given: Given) -> Result:
        order, service = given.text("order"), self._appointments
        return await self._move(call, order, lambda: service.unlock(call.institution, order, trace=call.trace))

    async def _pay(self, call: Call, given: Given) -> Result:
        order, payment, service = given.text("order"), wire.read_payment(given, call.received), self._appointments
        return await self._move(call, order, lambda: service.pay(call.institution, order, payment, trace=call.trace))

    async def _cancel(self, call: Call, given: Given) -> Result:
        order, reason, service = given.text("order"), given.text("reason"), self._appointments
        return await self._move(call, order, lambda: service.cancel(call.institution, order, reason, trace=call.trace))

    async def _fetch(self, call: Call, given: Given) -> Result:
        order, service = given.text("order"), self._appointments
        return await self._move(call, order, lambda: service.fetch(call.institution, order, trace=call.trace))

    async def _order(self, call: Call, given: Given) -> Result:
        order, request = given.text("order"), given.text("requestId")
        return _order(await self._read(lambda: self._appointments.order(call.institution, order=order, request_id=request)))

    async def _orders(self, call: Call, given: Given) -> Result:
        query = wire.read_query(given)
        return page_of("orders", wire.order_record, await self._read(lambda: self._appointments.orders(call.institution, query)))

    async def _notices(self, call: Call, given: Given) -> Result:
        after, page = given.number("after"), wire.read_page(given)
        found = await self._read(lambda: self._appointments.notices(call.institution, after, page))
        return page_of("notices", wire.notice_record, found)

    async def _move(self, call: Call, order: str, act: Callable[[], OrderView]) -> Result:
        """Move an order at the turn of its own hospital; an order that is not the caller's is SND-713 at once."""
        now = await self._read(lambda: self._appointments.order(call.institution, order=order))
        return _order(await self._calls.run(now.hospital, act))

    async def _read(self, act: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, act)


def _order(one: OrderView) -> Result:
    said = {"message": one.message} if one.message else {}
    return {**said, "order": wire.order_record(one)}
