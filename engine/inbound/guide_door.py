"""Answer the GuideService: what a portal asks goes to the guide, what that shows comes back as a result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from engine.inbound import guide_values as wire
from engine.inbound.appointment_values import check_days, read_page, slot_record
from engine.inbound.calls import Call, Handler, Result
from engine.inbound.given import Given
from engine.inbound.verdicts import Answered, page_of, with_verdict
from engine.services.guide.asking import Guide

_Answer = Callable[[Given], Result]


class GuideDoor:
    """Serve the operations of a portal on threads of their own; nothing here writes."""

    def __init__(self, guide: Guide, *, threads: int = 4) -> None:
        self._guide = guide
        self._readers = ThreadPoolExecutor(threads, thread_name_prefix="guide")

    @property
    def handlers(self) -> dict[str, Handler]:
        """Name the operations of the contract and what answers them."""
        return {
            name: with_verdict(self._aside(answer))
            for name, answer in {
                "ListHospitals": self._hospitals, "GetHospital": self._hospital, "ListDepartments": self._departments,
                "GetDepartment": self._department, "SearchDoctors": self._search, "GetDoctor": self._doctor,
                "ListFreeSlots": self._slots, "GetPicture": self._picture,
            }.items()
        }  # fmt: skip

    def close(self) -> None:
        """Finish what is in hand."""
        self._readers.shutdown(wait=True)

    def _hospitals(self, given: Given) -> Result:
        found = self._guide.hospitals(wire.read_area(given), given.text("level"), read_page(given))
        return page_of("hospitals", wire.hospital_record, found)

    def _hospital(self, given: Given) -> Result:
        return {"hospital": wire.hospital_record(self._guide.hospital(given.text("hospital")), long=True)}

    def _departments(self, given: Given) -> Result:
        found = self._guide.departments(given.text("hospital"), given.text("parent"), read_page(given))
        return page_of("departments", wire.department_record, found)

    def _department(self, given: Given) -> Result:
        found = self._guide.department(given.text("hospital"), given.text("department"))
        return {"department": wire.department_record(found, long=True)}

    def _search(self, given: Given) -> Result:
        found = self._guide.search(wire.read_query(given))
        page = {"size": len(found.items), "token": found.token}
        return {"doctors": [wire.doctor_record(one) for one in found.items], "total": found.total, "page": page}

    def _doctor(self, given: Given) -> Result:
        return {"doctor": wire.doctor_record(self._guide.doctor(given.text("hospital"), given.text("doctor")), long=True)}

    def _slots(self, given: Given) -> Result:
        first, last = given.day("from"), given.day("to")
        check_days(first, last)
        found = self._guide.slots(given.text("hospital"), given.text("doctor"), first, last)
        return {"slots": [slot_record(one) for one in found]}

    def _picture(self, given: Given) -> Result:
        media_type, content = self._guide.picture(given.text("picture"))
        return {"picture": given.text("picture"), "mediaType": media_type, "content": content}

    def _aside(self, answer: _Answer) -> Answered:
        """Answer on a thread, for every answer waits for the store."""

        async def handle(_call: Call, given: Given) -> Result:
            return await asyncio.get_running_loop().run_in_executor(self._readers, answer, given)

        return handle
