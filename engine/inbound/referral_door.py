"""Answer the ReferralService: what hospitals and portals ask goes to the referral service, what that says comes back as a result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from engine.inbound import referral_values as wire
from engine.inbound.appointment_values import check_days, department_record, read_page, schedule_record, slot_record
from engine.inbound.calls import Call, Handler, Result
from engine.inbound.given import Given
from engine.inbound.hospitalcalls import HospitalCalls
from engine.inbound.refused import PutDown, audited
from engine.inbound.report_values import read_resident
from engine.inbound.verdicts import page_of, with_verdict
from engine.services.referrals.desk import Referrals
from engine.services.referrals.model import Mover, Referral
from engine.services.reports.model import Reader

_REFUSED_READING = frozenset({"SND-753", "SND-754", "SND-760", "SND-762", "SND-765"})
"""Whoever asked for somebody's referral or record and did not get it is audited too."""

T = TypeVar("T")


class ReferralDoor:
    """Serve the operations on threads of their own; what may ask a hospital waits for its turn there."""

    def __init__(self, referrals: Referrals, calls: HospitalCalls, put_down: PutDown, *, threads: int = 8) -> None:
        self._referrals = referrals
        self._calls = calls
        self._put_down = put_down
        self._readers = ThreadPoolExecutor(threads, thread_name_prefix="referrals")
        self._movers = ThreadPoolExecutor(threads, thread_name_prefix="referral-moves")

    @property
    def handlers(self) -> dict[str, Handler]:
        """Name the operations of the contract and what answers them."""
        return {
            name: with_verdict(audited(answer, _REFUSED_READING, self._put_down))
            for name, answer in {
                "ListPartners": self._partners, "ListDepartments": self._departments, "ListSpecialists": self._specialists,
                "ListSchedules": self._schedules, "ListSlots": self._slots, "ReportBeds": self._report_beds, "ListBeds": self._beds,
                "Apply": self._apply, "Review": self._review, "Accept": self._accept, "Reject": self._reject,
                "Withdraw": self._withdraw, "Arrive": self._arrive, "Complete": self._complete, "ReferBack": self._refer_back,
                "AttachDocument": self._attach, "DetachDocument": self._detach, "ListSharedDocuments": self._shared,
                "GetSharedDocument": self._document, "QueryReferral": self._query, "ListReferrals": self._list,
                "ReferralHistory": self._history, "ListResidentReferrals": self._of_resident,
            }.items()
        }  # fmt: skip

    def close(self) -> None:
        """Finish what is in hand; the turns at hospitals are closed by whose they are."""
        self._readers.shutdown(wait=True)
        self._movers.shutdown(wait=True)

    async def _partners(self, call: Call, given: Given) -> Result:
        mover, direction, page = wire.read_mover(call, given), wire.read_direction(given), read_page(given)
        found = await self._aside(lambda: self._referrals.partners(mover, direction, page))
        return page_of("partners", wire.partner_record, found)

    async def _departments(self, call: Call, given: Given) -> Result:  # noqa: ARG002 - every operation is given its call
        hospital, page = given.text("hospital"), read_page(given)
        found = await self._aside(lambda: self._referrals.departments(hospital, page))
        return page_of("departments", department_record, found)

    async def _specialists(self, call: Call, given: Given) -> Result:  # noqa: ARG002
        hospital, department, page = given.text("hospital"), given.text("department"), read_page(given)
        found = await self._aside(lambda: self._referrals.specialists(hospital, department, page))
        return page_of("specialists", wire.specialist_record, found)

    async def _schedules(self, call: Call, given: Given) -> Result:  # noqa: ARG002
        where = given.text("hospital"), given.text("department"), given.text("doctor")
        first, last, page = given.day("from"), given.day("to"), read_page(given)
        check_days(first, last)
        found = await self._aside(lambda: self._referrals.schedules(*where, first, last, page))
        return page_of("schedules", schedule_record, found)

    async def _slots(self, call: Call, given: Given) -> Result:  # noqa: ARG002
        hospital, schedule = given.text("hospital"), given.text("schedule")
        return {"slots": [slot_record(one) for one in await self._aside(lambda: self._referrals.slots(hospital, schedule))]}

    async def _report_beds(self, call: Call, given: Given) -> Result:
        mover, beds = wire.read_mover(call, given), wire.read_beds(given)
        await self._aside(lambda: self._referrals.report_beds(mover, beds))
        return {}

    async def _beds(self, call: Call, given: Given) -> Result:  # noqa: ARG002
        hospital = given.text("hospital")
        return {"beds": [wire.bed_record(one) for one in await self._aside(lambda: self._referrals.beds(hospital))]}

    async def _apply(self, call: Call, given: Given) -> Result:
        mover, request, wish, slot = (
            wire.read_mover(call, given),
            given.text("requestId"),
            wire.read_wish(given),
            given.text("slot"),
        )

        def act() -> Referral:
            return self._referrals.apply(mover, request, wish, slot)

        return _referral(await (self._calls.run(wish.to.hospital, act) if slot else self._moving(act)))

    async def _review(self, call: Call, given: Given) -> Result:
        decision, reason = wire.read_decision(given), given.text("reason")
        return await self._move(call, given, lambda mover, number: self._referrals.review(mover, number, decision, reason))

    async def _accept(self, call: Call, given: Given) -> Result:
        where, note = (given.text("department"), given.text("doctor")), given.text("note")
        return await self._move(call, given, lambda mover, number: self._referrals.accept(mover, number, *where, note))

    async def _reject(self, call: Call, given: Given) -> Result:
        reason = given.text("reason")
        return await self._move(call, given, lambda mover, number: self._referrals.reject(mover, number, reason))

    async def _withdraw(self, call: Call, given: Given) -> Result:
        reason = given.text("reason")
        return await self._move(call, given, lambda mover, number: self._referrals.withdraw(mover, number, reason))

    async def _arrive(self, call: Call, given: Given) -> Result:
        at = given.moment("at", None)
        return await self._move(call, given, lambda mover, number: self._referrals.arrive(mover, number, at))

    async def _complete(self, call: Call, given: Given) -> Result:
        summary = given.text("summary")
        return await self._move(call, given, lambda mover, number: self._referrals.complete(mover, number, summary))

    async def _refer_back(self, call: Call, given: Given) -> Result:
        request, said = given.text("requestId"), (given.text("summary"), given.text("advice"))
        return await self._move(call, given, lambda mover, number: self._referrals.refer_back(mover, request, number, *said))

    async def _attach(self, call: Call, given: Given) -> Result:
        document = given.text("document")
        return await self._move(call, given, lambda mover, number: self._referrals.attach(mover, number, document))

    async def _detach(self, call: Call, given: Given) -> Result:
        document = given.text("document")
        return await self._move(call, given, lambda mover, number: self._referrals.detach(mover, number, document))

    async def _shared(self, call: Call, given: Given) -> Result:
        mover, number = wire.read_mover(call, given), given.text("referral")
        found = await self._aside(lambda: self._referrals.shared_documents(mover, number))
        return {"documents": [wire.document_record(one) for one in found]}

    async def _document(self, call: Call, given: Given) -> Result:
        mover, number, document = wire.read_mover(call, given), given.text("referral"), given.text("document")
        found = await self._aside(lambda: self._referrals.shared_document(mover, number, document))
        return {"document": wire.content_record(found)}

    async def _query(self, call: Call, given: Given) -> Result:
        mover, number, request = wire.read_mover(call, given), given.text("referral"), given.text("requestId")
        return _referral(await self._aside(lambda: self._referrals.query(mover, referral=number, request_id=request)))

    async def _list(self, call: Call, given: Given) -> Result:
        mover, query = wire.read_mover(call, given), wire.read_query(given)
        return page_of("referrals", wire.referral_record, await self._aside(lambda: self._referrals.list(mover, query)))

    async def _history(self, call: Call, given: Given) -> Result:
        mover, number = wire.read_mover(call, given), given.text("referral")
        return {"history": [wire.entry_record(one) for one in await self._aside(lambda: self._referrals.history(mover, number))]}

    async def _of_resident(self, call: Call, given: Given) -> Result:
        claim, page = read_resident(given), read_page(given)
        reader = Reader(portal=call.institution, reason=call.operation, peer=call.peer, trace=call.trace)
        found = await self._aside(lambda: self._referrals.of_resident(reader, claim, page))
        return page_of("referrals", wire.referral_record, found)

    async def _move(self, call: Call, given: Given, act: Callable[[Mover, str], Referral]) -> Result:
        mover, number = wire.read_mover(call, given), given.text("referral")
        return _referral(await self._moving(lambda: act(mover, number)))

    async def _aside(self, act: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, act)

    async def _moving(self, act: Callable[[], T]) -> T:
        """Run what may wait for a hospital at its end, where a slot is given back, so that no reading waits behind it."""
        return await asyncio.get_running_loop().run_in_executor(self._movers, act)


def _referral(one: Referral) -> Result:
    return {"referral": wire.referral_record(one)}
