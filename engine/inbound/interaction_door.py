"""Answer HIPMessageServer and the regional registers: every verdict is a message, and a write is answered after its commit."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import datetime
from typing import TypeVar

from engine import tracing
from engine.documents.hl7.canonical import answer_document
from engine.documents.hl7.framing import Query, Verdict, frame, refusal_text
from engine.documents.hl7.opening import OpenedMessage, service_of
from engine.documents.hl7.services import REGIONAL, HipService, Service
from engine.errors import SenderError
from engine.hospital import Values
from engine.inbound.admission import Written, put_down
from engine.inbound.calls import Call, Handler, Parameters, Result
from engine.inbound.intake import Intake, count_message
from engine.inbound.interaction_filing import MessageFiling, Settled, item_of
from engine.inbound.interaction_reading import OTHER_PARTY, READING, Arrived, read_message, unknown_action
from engine.inbound.judge import Judge, tell
from engine.interaction import Answered, Interaction
from engine.log import get_logger
from engine.message import SHANGHAI
from engine.services.audit import Audit, AuditNote
from engine.services.institutions import Institutions, Register
from engine.store.again import again
from engine.store.database import Database
from engine.store.writer import Writer

_LOG = get_logger("interactions")
T = TypeVar("T")


class InteractionDoor:
    """Serve the interaction services of one front.

    Writes go through the journal's writer; queries too on SQLite, which has one writer anyway, and else on `threads` of their own.
    """

    def __init__(
        self,
        intake: Intake,
        filing: MessageFiling,
        writer: Writer,
        database: Database,
        institutions: Institutions,
        audit: Audit,
        write: Written,
        *,
        threads: int = 4,
    ) -> None:
        self._intake = intake
        self._filing = filing
        self._writer = writer
        self._database = database
        self._institutions = institutions
        self._audit = audit
        self._write = write
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="interactions")

    @property
    def hip(self) -> Mapping[str, Handler]:
        """Name the one operation of HIPMessageServer and what answers it."""
        return {"HIPMessageServer": self._hip}

    def regional(self, operations: Sequence[str]) -> Mapping[str, Handler]:
        """Name the operations of a regional register and what answers them."""
        return dict.fromkeys(operations, self._regional)

    def close(self) -> None:
        """Finish what is in hand."""
        self._threads.shutdown(wait=True)

    async def _hip(self, call: Call, given: Parameters) -> Result:
        action, text = str(given.get("action") or ""), str(given.get("message") or "")
        try:
            service = service_of(action)
        except SenderError as refusal:
            return {"HIPMessageServerResult": await self._unknown(call, text, refusal)}
        return {"HIPMessageServerResult": await self._answered(call, service, text)}

    async def _regional(self, call: Call, given: Parameters) -> Result:
        text = str(given.get("message") or "")
        return {f"{call.operation}Result": await self._answered(call, REGIONAL[call.operation], text)}

    async def _unknown(self, call: Call, text: str, refusal: SenderError) -> str:
        arrived = await self._intake.by_judge(0, lambda judge: unknown_action(call, text, judge.book.revision, refusal))
        await self._kept(call, arrived)
        return frame(None, "hospital", None, "AE", refusal_text(refusal.issues))

    async def _answered(self, call: Call, service: Service, text: str) -> str:
        """Read, do and answer one message; raises TryAgain, or our own failure, when nothing of it was kept."""
        if self._intake.meter and service.act not in READING:
            await self._intake.meter.check(call.institution)
        register = await self._register()
        # What takes its time in a thread is not announced: the commits of others are not to wait for it.
        with self._writer.coming() if self._intake.at_once(len(text)) else nullcontext():
            await asyncio.sleep(0)  # lets all who came with us announce themselves, so that one commit serves us all
            with tracing.message() as span:
                arrived = await self._intake.by_judge(
                    len(text), lambda judge: read_message(judge, call, service, text, register.by_code)
                )
                tell(span, arrived.entry, service.key)
            kept = None if service.act in READING else self._writer.hand_in(self._filing, arrived, size=arrived.size)
        if arrived.entry.code == OTHER_PARTY:
            await self._note(call, "other-party")
        if kept is None:
            return await self._asked(arrived, service)
        with tracing.stage("commit"):
            settled = self._counted(call, arrived, await kept)
        if self._intake.meter:
            self._intake.meter.took(call.institution, 1, arrived.entry.size)
        return await self._intake.by_judge(len(text), lambda judge: _reply(judge, arrived, service, settled))

    async def _kept(self, call: Call, arrived: Arrived) -> Settled:
        return self._counted(call, arrived, await self._writer.write(self._filing, arrived, size=arrived.size))

    def _counted(self, call: Call, arrived: Arrived, settled: Settled) -> Settled:
        """Count a message and the documents it carries; those of a message that was refused were not filed."""
        named = arrived.entry.document_type if arrived.service else "other"
        count_message(call.service, call.kind, arrived.entry, settled.filed, named)
        for carried, kept in zip(arrived.documents, settled.documents, strict=False):
            self._intake.count(call.service, call.kind, carried.judgement.entry, kept)
        return settled

    async def _asked(self, arrived: Arrived, service: Service) -> str:
        """Answer a query."""
        if arrived.interaction is None:
            return await self._told(arrived, service, SenderError(*arrived.entry.issues))
        return await self._told(arrived, service, await self._found(arrived.interaction))

    async def _told(self, arrived: Arrived, service: Service, found: Answered | SenderError) -> str:
        opened = arrived.opened
        if isinstance(found, SenderError):
            said = _Said("AE", refusal_text(found.issues), query="QE")
        else:
            said = _Said("AA", found.text, found.items, found.total or len(found.items), "OK" if found.items else "NF")
        size = sum(len(str(item.get("content") or "")) for item in said.items)
        return await self._intake.by_judge(size, lambda judge: _framed(judge, service, opened, said))

    async def _found(self, asked: Interaction) -> Answered | SenderError:
        if self._database.dialect == "sqlite":
            return await self._writer.write(self._filing.ask, asked)
        (answered,) = await self._aside(lambda: again(self._database, lambda connection: self._filing.ask(connection, [asked])))
        return answered

    async def _register(self) -> Register:
        fresh = self._institutions.fresh()
        return fresh if fresh is not None else await self._aside(self._institutions.refresh)

    async def _note(self, call: Call, reason: str) -> None:
        note = AuditNote(peer=call.peer, institution=call.institution, verdict="refused", reason=reason, service=call.service)
        await put_down(self._audit, self._write, note)

    async def _aside(self, act: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, act)


class _Said:
    """What is answered, before it has the form of a dialect."""

    __slots__ = ("items", "query", "text", "total", "verdict")

    def __init__(self, verdict: Verdict, text: str, items: Sequence[Values] = (), total: int = 0, query: Query = "") -> None:
        self.verdict, self.text, self.items, self.total, self.query = verdict, text, items, total, query


def _reply(judge: Judge, arrived: Arrived, service: Service, settled: Settled) -> str:
    answered = settled.answered
    if answered is not None:
        said = _Said("AA", answered.text, answered.items, answered.total)
    else:
        items = [item_of(each, one) for each, one in zip(arrived.documents, settled.documents, strict=True)]
        said = _Said("AE", refusal_text(settled.filed.issues), items)
    return _framed(judge, service, arrived.opened, said)


def _framed(judge: Judge, service: Service, opened: OpenedMessage | None, said: _Said) -> str:
    """Let the route's stylesheet write the content of the reply, then put header and acknowledgement around it.

    A refusal has no content but in a flat document, whose stylesheet writes refusals too.
    """
    number, now, content = uuid.uuid4().hex, datetime.now(SHANGHAI), None
    route = judge.book.find("hip" if isinstance(service, HipService) else "regional", service.key)
    if route is not None and route.answer is not None and (said.verdict == "AA" or service.flat):
        given = answer_document(
            service.key, service.dialect, said.items, message_id=number, target=opened.message_id if opened else "",
            time=now.strftime("%Y%m%d%H%M%S"), verdict=said.verdict, text=said.text, total=said.total,
        )  # fmt: skip
        content = route.answer.apply(given)
    return frame(
        service, service.dialect, opened, said.verdict, said.text, content, said.query, said.total, message_id=number, now=now
    )
