"""Answer what a hospital asks about its own documents: receipts, revocation, reconciliation, quality, the catalogue."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from engine.documents.catalogue import Catalogue
from engine.errors import Issue, SenderError
from engine.inbound.calls import Call
from engine.inbound.intake import Desk, upload_result
from engine.message import shanghai_text
from engine.services.completeness import Statement, keep_statements
from engine.services.quality import MOST_DAYS, Period, WrongPeriod
from engine.store.database import Connection, Database
from engine.store.entries import Filed, QualityAsked, Stored
from engine.store.journal import Journal
from engine.store.writer import Writer

CONTRACT_VERSION = "1"
_DAY = re.compile(r"(?:19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}")
T = TypeVar("T")


class Reading:
    """Run short reads on a small pool of database threads, off the event loop."""

    def __init__(self, database: Database, threads: int = 4) -> None:
        self._database = database
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="reading")

    async def __call__(self, read: Callable[[Connection], T]) -> T:
        """Run `read` in a read transaction; raises TryAgain when the store is down."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, read)

    async def outside(self, act: Callable[[], T]) -> T:
        """Run something that opens its own transaction on one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, act)

    def _run(self, read: Callable[[Connection], T]) -> T:
        with self._database.read() as connection:
            return read(connection)

    def close(self) -> None:
        """Finish the reads in hand."""
        self._threads.shutdown(wait=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Revocation:
    """One wish to revoke; its moment tells a wish that is written again from a second one."""

    institution: str
    document_type: str
    document_id: str
    reason: str
    at: datetime


class Enquiry:
    """Serve QueryReceipt, Revoke, Reconcile, QualityReport, Heartbeat and ListDocumentTypes."""

    def __init__(
        self, *, journal: Journal, reading: Reading, writer: Writer, desks: Mapping[str, Desk], catalogue: Catalogue
    ) -> None:
        self._journal = journal
        self._reading = reading
        self._writer = writer
        self._desks = desks
        self._catalogue = catalogue

    def exchange(self, catalogue: Catalogue) -> None:
        """Answer by another catalogue from now on."""
        self._catalogue = catalogue

    async def query_receipt(self, call: Call, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer a ReceiptResult; what is unknown, or another institution's, has the status unknown."""
        receipt, document_id = given.get("receipt") or "", given.get("documentId") or ""
        found = await self._reading(lambda c: self._journal.find(c, call.institution, receipt=receipt, document_id=document_id))
        return receipt_result(found) if found else {"status": "unknown"} | ({"receipt": receipt} if receipt else {})

    async def revoke(self, call: Call, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Revoke a document: its id is free again, what waits for delivery is cancelled, our services take it back."""
        wish = Revocation(
            institution=call.institution, document_type=given["documentType"], document_id=given["documentId"],
            reason=given["reason"], at=call.received,
        )  # fmt: skip
        named = {"documentType": wish.document_type, "documentId": wish.document_id}
        try:
            filed = await self._writer.write(self._revoke_all, wish)
        except SenderError as refusal:
            first = refusal.first
            answer = {"status": "rejected", "code": first.code, "message": first.message, "duplicate": False}
            issue = {"severity": "error", "code": first.code, "message": first.message, "hint": first.hint}
            return answer | {"issues": [issue]} | named
        return upload_result(filed) | {"message": "已撤销"} | named

    def _revoke_all(self, connection: Connection, wishes: list[Revocation]) -> list[Filed]:
        filed = [self._journal.revoke(connection, w.institution, w.document_type, w.document_id, w.reason, w.at) for w in wishes]
        for desk in self._desks.values():
            desk.withdraw(connection, [f.receipt for f in filed])
        return filed

    async def reconcile(self, call: Call, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Hold what the hospital says it sent on a day against what was received and accepted; what it says is kept."""
        day = _day_of(call, given, "date")
        rows = await self._reading(lambda c: self._journal.reconcile(c, call.institution, day, call.lane))
        ours = {row.document_type: row for row in rows}
        counts = {c["documentType"]: c for c in given.get("counts") or [] if c.get("documentType")}
        await self._writer.write(keep_statements, self._statement(call, day, counts))
        differences = [_difference(kind, counts.get(kind), ours.get(kind)) for kind in sorted({*ours, *counts})]
        return {"differences": [d for d in differences if d]}

    def _statement(self, call: Call, day: date, counts: Mapping[str, Any]) -> Statement:
        """Write down what is said of types that there are; raises SenderError for a number below nothing."""
        sent = {kind: _count_of(count) for kind, count in counts.items()}
        for kind, number in sent.items():
            if number < 0:
                words, path = f"{kind} 的 sent 为 {number}，不能小于 0", f"/Envelope/Body/{call.operation}/counts"
                raise SenderError(Issue(code="SND-311", message=words, hint="填写当天发送的份数，没有发送填 0", path=path))
        known = {kind: number for kind, number in sent.items() if kind in self._catalogue.types}
        return Statement(institution=call.institution, lane=call.lane, day=day, sent=known, at=call.received)

    async def quality_report(self, call: Call, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Tell which rules the institution's documents broke between two days, both included, at most 366 of them."""
        period = _period_of(call, _day_of(call, given, "from"), _day_of(call, given, "to"))
        asked = QualityAsked(institution=call.institution, start=period.start, end=period.end)
        rows = await self._reading(lambda c: self._journal.quality(c, asked))
        rules = [
            {
                "rule": row.rule or row.code, "severity": row.severity, "count": row.count, "first": shanghai_text(row.first),
                "last": shanghai_text(row.last), "path": row.path, "line": row.line or None, "example": row.example,
                "message": row.message, "hint": row.hint,
            }
            for row in rows
        ]  # fmt: skip
        return {"rules": rules}

    async def heartbeat(self, call: Call, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer the time of the server and the version of the contract."""
        del call, given
        return {"serverTime": shanghai_text(datetime.now(UTC)), "contractVersion": CONTRACT_VERSION}

    async def list_document_types(self, call: Call, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer every type of the catalogue, once for each number under which the work plan lists it."""
        del call, given
        types = [
            {
                "code": t.code, "number": str(number), "name": name, "englishName": t.english_name,
                "standard": t.standard, "part": str(t.part),
            }
            for t in self._catalogue.types.values()
            for number, name in ((t.number, t.name), *t.also)
        ]  # fmt: skip
        return {"types": types}


def receipt_result(stored: Stored) -> dict[str, Any]:
    """Write a ReceiptResult from what the journal knows of a message."""
    facts = stored.facts
    deliveries = [
        {
            "destination": d.destination, "state": d.state.lower(), "attempts": d.attempts,
            "lastError": f"{d.error_code} {d.error_text}" if d.error_code else "",  # without a code the text is what came back
            "nextTry": shanghai_text(d.due) if d.state in {"QUEUED", "UNKNOWN"} and d.attempts else "", "at": shanghai_text(d.at),
        }
        for d in stored.deliveries
    ]  # fmt: skip
    events = [{"at": shanghai_text(e.at), "what": e.what, "detail": e.detail} for e in stored.events]
    return {"receipt": facts.receipt, "status": facts.status, "state": facts.shown, "deliveries": deliveries, "events": events}


def _difference(kind: str, theirs: Mapping[str, Any] | None, ours: Any) -> dict[str, Any] | None:
    sent = _count_of(theirs)
    received, accepted = (ours.received, ours.accepted) if ours else (0, 0)
    answer: dict[str, Any] = {"documentType": kind, "sent": sent, "received": received, "accepted": accepted}
    named: Sequence[str] | None = (theirs or {}).get("documentIds")
    # An empty list beside a number above nothing is how some clients write that they give no ids.
    if named or (named is not None and sent == 0):
        here = set(ours.ids) if ours else set()
        answer |= {"missing": sorted(set(named) - here), "unexpected": sorted(here - set(named))}
    agrees = sent == accepted and not answer.get("missing") and not answer.get("unexpected")
    return None if agrees else answer


def _count_of(theirs: Mapping[str, Any] | None) -> int:
    said = (theirs or {}).get("sent")
    return len(set((theirs or {}).get("documentIds") or ())) if said is None else int(said)


def _day_of(call: Call, given: Mapping[str, Any], name: str) -> date:
    """Read a day as the contract writes it; the first and last year there are would overflow in another time zone."""
    text = str(given[name]).strip()
    try:
        if not _DAY.fullmatch(text):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        words = f"参数 {name} 的取值“{text[:40]}”不是日期"
        path = f"/Envelope/Body/{call.operation}/{name}"
        raise SenderError(Issue(code="SND-311", message=words, hint="按 yyyy-MM-dd 填写", path=path)) from None


def _period_of(call: Call, first: date, last: date) -> Period:
    """Make the period of a report, or say which parameter is wrong."""
    try:
        return Period(first, last)
    except WrongPeriod as wrong:
        said, hint = _WRONG_PERIODS[wrong.reason]
        words = said.format(first=first, last=last, most=MOST_DAYS)
        path = f"/Envelope/Body/{call.operation}/to"
        raise SenderError(Issue(code="SND-311", message=words, hint=hint, path=path, value=str(last))) from None


_WRONG_PERIODS = {
    "order": ("结束日期 {last} 早于开始日期 {first}", "to 应不早于 from"),
    "long": ("从 {first} 到 {last} 超过 {most} 天", f"一次最多查询 {MOST_DAYS} 天，请分段查询"),
}
"""What is said of a period that a report cannot be about, by the reason: message and cure."""
