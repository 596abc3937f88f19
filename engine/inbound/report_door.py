"""Answer the ReportService: what a portal asks goes to the report service, what that says comes back as a result."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from engine.documents.reportpage import ReportHead
from engine.inbound import report_values as wire
from engine.inbound.appointment_values import read_page
from engine.inbound.calls import Call, Handler, Result
from engine.inbound.given import Given
from engine.inbound.refused import PutDown, audited
from engine.inbound.verdicts import page_of, with_verdict
from engine.services.reports.desk import Reports
from engine.services.reports.model import Reader, ReportSummary, ReportView, ResidentClaim
from engine.store.again import again
from engine.store.database import Connection, Database

Draw = Callable[[ReportView, ReportHead], Awaitable[bytes]]
"""Make the HTML page of a report, in UTF-8."""

NameOf = Callable[[str], str]
"""Give the name of an institution, "" when nobody knows it; may block on the store."""

_REFUSED_READING = frozenset({"SND-753", "SND-754", "SND-755"})
"""Whoever asked for somebody's reports and did not get them is audited too."""

_HTML = "text/html; charset=utf-8"
T = TypeVar("T")


class ReportDoor:
    """Serve the operations of a portal on threads of their own, each in one transaction with the audit of what it read."""

    def __init__(
        self, reports: Reports, database: Database, draw: Draw, name_of: NameOf, put_down: PutDown, *, threads: int = 4
    ) -> None:
        self._reports = reports
        self._database = database
        self._draw = draw
        self._name_of = name_of
        self._put_down = put_down
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="reports")

    @property
    def handlers(self) -> dict[str, Handler]:
        """Name the operations of the contract and what answers them."""
        return {
            name: with_verdict(audited(answer, _REFUSED_READING, self._put_down))
            for name, answer in {
                "ListReports": self._list, "GetReport": self._get, "ReportHistory": self._history, "RenderReport": self._render,
                "GiveConsent": self._give_consent, "WithdrawConsent": self._withdraw_consent, "Subscribe": self._subscribe,
                "Unsubscribe": self._unsubscribe, "ListNotices": self._notices,
            }.items()
        }  # fmt: skip

    def close(self) -> None:
        """Finish what is in hand."""
        self._threads.shutdown(wait=True)

    async def _list(self, call: Call, given: Given) -> Result:
        claim, page = wire.read_resident(given), read_page(given)
        since, until = given.moment("since", None), given.moment("until", None)
        reader, reports = _reader(call), self._reports
        found = await self._write(lambda connection: reports.list(connection, reader, claim, since, until, page))
        names = await self._aside(lambda: {one.institution: self._name_of(one.institution) for one in found.items})

        def write(one: ReportSummary) -> Result:
            return wire.summary_record(one, names[one.institution])

        return page_of("reports", write, found)

    async def _get(self, call: Call, given: Given) -> Result:
        view, name = await self._viewed(call, given)
        return {"report": wire.report_record(view, name)}

    async def _history(self, call: Call, given: Given) -> Result:
        number, reader = given.text("report"), _reader(call)
        entries = await self._write(lambda connection: self._reports.history(connection, reader, number))
        return {"history": [wire.entry_record(one) for one in entries]}

    async def _render(self, call: Call, given: Given) -> Result:
        view, name = await self._viewed(call, given)
        html = await self._draw(view, wire.page_head(view, name))
        summary = view.summary
        return {"report": summary.report, "version": summary.version, "mediaType": _HTML, "html": html.decode()}

    async def _give_consent(self, call: Call, given: Given) -> Result:
        until, reports = given.moment("until", None), self._reports

        def give(connection: Connection, reader: Reader, claim: ResidentClaim) -> None:
            reports.give_consent(connection, reader, claim, until)

        return await self._wish(call, given, give)

    async def _withdraw_consent(self, call: Call, given: Given) -> Result:
        return await self._wish(call, given, self._reports.withdraw_consent)

    async def _subscribe(self, call: Call, given: Given) -> Result:
        return await self._wish(call, given, self._reports.subscribe)

    async def _unsubscribe(self, call: Call, given: Given) -> Result:
        return await self._wish(call, given, self._reports.unsubscribe)

    async def _notices(self, call: Call, given: Given) -> Result:
        after, page = given.number("after"), read_page(given)
        found = await self._aside(lambda: self._reports.notices(call.institution, after, page))
        return page_of("notices", wire.notice_record, found)

    async def _wish(self, call: Call, given: Given, act: Callable[[Connection, Reader, ResidentClaim], None]) -> Result:
        claim, reader = wire.read_resident(given), _reader(call)
        await self._write(lambda connection: act(connection, reader, claim))
        return {}

    async def _viewed(self, call: Call, given: Given) -> tuple[ReportView, str]:
        number, reader = given.text("report"), _reader(call)
        view = await self._write(lambda connection: self._reports.get(connection, reader, number))
        return view, await self._aside(lambda: self._name_of(view.summary.institution))

    async def _write(self, work: Callable[[Connection], T]) -> T:
        return await self._aside(lambda: again(self._database, work))

    async def _aside(self, act: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, act)


def _reader(call: Call) -> Reader:
    return Reader(portal=call.institution, reason=call.operation, peer=call.peer, trace=call.trace)
