"""Take documents in for DataCollection: judge, journal with what our own services take, answer after the commit."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from threading import local
from typing import Any, Protocol, TypeVar

from engine import tracing
from engine.codes import title
from engine.errors import Issue, SenderError, TryAgain
from engine.inbound.calls import Call
from engine.inbound.judge import Judge, Judgement, Upload
from engine.inbound.lanes import Lanes
from engine.inbound.meter import Meter
from engine.log import get_logger
from engine.metrics import figures
from engine.store.database import Connection
from engine.store.entries import Entry, Filed, KnownBatch
from engine.store.journal import Journal
from engine.store.writer import Writer

_LOG = get_logger("intake")
T = TypeVar("T")

_SERVICE = "DataCollection"

_UNPACKS_TO = 8
"""A payload is taken to unpack to so many times its length, when it is decided on which thread it is judged."""


Explain = Callable[[str, str, str], str]
"""Give the address of what explains a refusal, from document type, code and rule."""


class Desk(Protocol):
    """The way into one of our own services: called inside the journal's transaction."""

    def take(self, connection: Connection, records: Sequence[Any]) -> None:
        """Take the records of one commit."""

    def withdraw(self, connection: Connection, receipts: Sequence[str]) -> None:
        """Take back what these messages brought."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parcel:
    """What one call brings to the journal: judged documents of an institution, its kind, and the batch they belong to."""

    judgements: tuple[Judgement, ...]
    institution: str
    kind: str = ""
    batch_id: str = ""
    batch_digest: str = ""


class Filing:
    """Write parcels into the journal, and their records to the desks, in the transaction that is handed in."""

    def __init__(self, journal: Journal, desks: Mapping[str, Desk], explain: Explain) -> None:
        self._journal = journal
        self._desks = desks
        self._explain = explain

    def __call__(self, connection: Connection, parcels: list[Parcel]) -> list[Any]:
        """File all parcels of one group commit; a batch that is known answers what was kept of it."""
        known = [self._known_batch(connection, parcel) for parcel in parcels]
        fresh = [p for p, k in zip(parcels, known, strict=True) if k is None]
        filed = iter(self._file(connection, fresh))
        return [found if found is not None else next(filed) for found in known]

    def _known_batch(self, connection: Connection, parcel: Parcel) -> KnownBatch | None:
        if not parcel.batch_id:
            return None
        return self._journal.batch(connection, parcel.institution, parcel.batch_id)

    def _file(self, connection: Connection, parcels: Sequence[Parcel]) -> list[list[Filed]]:
        judged = [j for parcel in parcels for j in parcel.judgements]
        filed = self._journal.file(connection, [j.entry for j in judged])
        self._serve(connection, judged, filed)
        answers, at = [], 0
        for parcel in parcels:
            mine = filed[at : at + len(parcel.judgements)]
            at += len(mine)
            answers.append(mine)
            if parcel.batch_id:
                answer = json.dumps(batch_answer(parcel, mine, self._explain), ensure_ascii=False)
                known = KnownBatch(receipt=mine[0].receipt, list_digest=parcel.batch_digest, result=answer)
                self._journal.keep_batch(
                    connection, parcel.institution, parcel.batch_id, known, parcel.judgements[0].entry.received
                )
        return answers

    def _serve(self, connection: Connection, judged: Sequence[Judgement], filed: Sequence[Filed]) -> None:
        gone = [receipt for f in filed for receipt in f.superseded]
        for name, desk in self._desks.items():
            records = [
                record
                for judgement, kept in zip(judged, filed, strict=True)
                if kept.fresh and kept.state == "ROUTED"
                for wanted, record in judgement.effects
                if wanted == name
            ]
            if records:
                desk.take(connection, records)
            if gone:
                # Last, since what is replaced may have come in this very commit.
                desk.withdraw(connection, gone)


class Intake:
    """Serve Upload and UploadBinary (`upload`), and UploadBatch.

    `judge` walks on the event loop; documents that may unpack to more than `large` bytes go to one thread with a
    Judge of its own (`make_judge`), because compiled schemas are not shared between threads.
    """

    def __init__(
        self,
        *,
        make_judge: Callable[[], Judge],
        filing: Filing,
        writer: Writer,
        explain: Explain,
        large: int,
        batch_documents: int,
        batch_unpacked: int,
        lanes: Lanes | None = None,
        meter: Meter | None = None,
    ) -> None:
        self._judge = make_judge()
        self._make_judge = make_judge
        self._own = local()
        self._lanes = lanes or Lanes()
        self.meter = meter
        self._executor: Executor = ThreadPoolExecutor(1, thread_name_prefix="large")
        self._filing = filing
        self._writer = writer
        self._explain = explain
        self._large = large
        self._batch_documents = batch_documents
        self._batch_unpacked = batch_unpacked

    async def upload(self, call: Call, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer Upload and UploadBinary: an UploadResult (contracts.md)."""
        return await self._in_lane(call, lambda: self._upload(_upload_of(call, given), call.kind))

    async def _in_lane(self, call: Call, work: Callable[[], Awaitable[Mapping[str, Any]]]) -> Mapping[str, Any]:
        if self.meter:
            await self.meter.check(call.institution)
        if call.lane == "live":
            self._lanes.live()
            return await work()
        async with self._lanes.history(call.institution):
            return await work()

    async def _upload(self, upload: Upload, kind: str) -> Mapping[str, Any]:
        if self._is_large(upload):
            return document_result(
                (await self._write(_alone(await self._judged(upload), kind)))[0], upload.document_type, self._explain
            )
        with self._writer.coming():
            await asyncio.sleep(0)  # lets all who came with us announce themselves, so that one commit serves us all
            parcel = _alone(self._judge.judge(upload), kind)
            filed = self._hand_in(parcel)
        return document_result((await self._kept(filed, parcel))[0], upload.document_type, self._explain)

    async def upload_batch(self, call: Call, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer UploadBatch: every document judged in order, all in one commit."""
        documents = given.get("documents") or []
        self._check_batch(documents)
        return await self._in_lane(call, lambda: self._upload_batch(call, given, documents))

    async def _upload_batch(self, call: Call, given: Mapping[str, Any], documents: Sequence[Any]) -> Mapping[str, Any]:
        uploads = [_upload_of(call, document, batch=given["batchId"]) for document in documents]
        judgements, unpacked = [], 0
        for upload in uploads:
            judgement = await self._judged(upload)
            unpacked += judgement.entry.size
            if unpacked > self._batch_unpacked:
                raise SenderError(_batch_limit(f"一批解压后总量不超过 {self._batch_unpacked} 字节"))
            judgements.append(judgement)
            await asyncio.sleep(0)  # lets other callers in between two documents of a long batch
        digest = _batch_digest(judgements)
        parcel = Parcel(
            judgements=tuple(judgements),
            institution=call.institution,
            kind=call.kind,
            batch_id=given["batchId"],
            batch_digest=digest,
        )
        return await self._file_batch(parcel)

    def at_once(self, size: int) -> bool:
        """Tell whether so many bytes are judged on the event loop."""
        return size <= self._large

    async def by_judge(self, size: int, work: Callable[[Judge], T]) -> T:
        """Let the judge of the event loop do something, or that of the thread of large documents for more than `large` bytes."""
        self._lanes.live()
        if self.at_once(size):
            return work(self._judge)
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, copy_context().run, lambda: work(self._own_judge())
        )

    def close(self) -> None:
        """Finish the large documents in hand."""
        self._executor.shutdown(wait=True)

    def _check_batch(self, documents: Sequence[Any]) -> None:
        if not documents:
            raise SenderError(
                Issue(
                    code="SND-310", message="缺少参数 documents：批次里没有文档", hint="至少放入一个 document", path="documents"
                )
            )
        if len(documents) > self._batch_documents:
            raise SenderError(_batch_limit(f"一批最多 {self._batch_documents} 份文档，收到 {len(documents)} 份"))
        for position, document in enumerate(documents, 1):
            for name in ("documentType", "documentId", "payload"):
                if not document.get(name):
                    path = f"documents/document[{position}]/{name}"
                    raise SenderError(Issue(code="SND-310", message=f"缺少参数 {path}", hint="按 WSDL 补上该参数", path=path))

    async def _judged(self, upload: Upload) -> Judgement:
        if not self._is_large(upload):
            return self._judge.judge(upload)
        return await asyncio.get_running_loop().run_in_executor(self._executor, copy_context().run, self._judge_large, upload)

    def _is_large(self, upload: Upload) -> bool:
        return len(upload.payload) * _UNPACKS_TO > self._large

    def _judge_large(self, upload: Upload) -> Judgement:
        return self._own_judge().judge(upload)

    def _own_judge(self) -> Judge:
        """Give the judge of the thread of large documents, made at its first asking there."""
        if not hasattr(self._own, "judge"):
            self._own.judge = self._make_judge()
        judge: Judge = self._own.judge
        return judge

    async def exchange(self, judge: Judge, make_judge: Callable[[], Judge]) -> None:
        """Judge by another set of files from the next document on; what is in hand is finished by the old one.

        `make_judge` makes the judge of large documents, in their thread; when it raises, nothing is exchanged.
        """
        await asyncio.get_running_loop().run_in_executor(self._executor, self._exchange_large, make_judge)
        self._judge = judge

    def _exchange_large(self, make_judge: Callable[[], Judge]) -> None:
        if hasattr(self._own, "judge"):
            self._own.judge = make_judge()
        self._make_judge = make_judge

    def _hand_in(self, parcel: Parcel) -> asyncio.Future[Any]:
        return self._writer.hand_in(self._filing, parcel, size=_size(parcel))

    async def _write(self, parcel: Parcel) -> Any:
        return await self._kept(self._hand_in(parcel), parcel)

    async def _kept(self, filed: asyncio.Future[Any], parcel: Parcel) -> Any:
        try:
            with tracing.stage("commit"):
                return self._counted(await filed, parcel)
        except (TryAgain, SenderError):
            raise
        except Exception as bug:  # noqa: BLE001 - whatever it is, the document keeps its receipt
            # A valid document that met a bug of ours keeps its receipt and waits as ERROR.
            reference = secrets.token_hex(6)
            _LOG.error(
                "filing failed", exc_info=bug, reference=reference, receipts=[j.entry.receipt for j in parcel.judgements][:20]
            )
            held = Parcel(
                judgements=tuple(_held(j, reference) for j in parcel.judgements),
                institution=parcel.institution, kind=parcel.kind, batch_id=parcel.batch_id, batch_digest=parcel.batch_digest,
            )  # fmt: skip
            return self._counted(await self._hand_in(held), held)

    def count(self, service: str, kind: str, entry: Entry, kept: Filed) -> None:
        """Count what became of a document; a type that the catalogue does not know is counted as other."""
        named = entry.document_type if entry.document_type in self._judge.press.catalogue.types else "other"
        count_message(service, kind, entry, kept, named)

    def _counted(self, filed: Any, parcel: Parcel) -> Any:
        if isinstance(filed, KnownBatch):
            return filed
        fresh: list[Entry] = []
        for judged, kept in zip(parcel.judgements, filed, strict=True):
            self.count(_SERVICE, parcel.kind, judged.entry, kept)
            if not kept.duplicate:
                fresh.append(judged.entry)
        if self.meter:
            self.meter.took(parcel.institution, len(fresh), sum(entry.size for entry in fresh))
        return filed

    async def _file_batch(self, parcel: Parcel) -> Mapping[str, Any]:
        answer = await self._write(parcel)
        if not isinstance(answer, KnownBatch):
            return batch_answer(parcel, answer, self._explain)
        if answer.list_digest != parcel.batch_digest:
            words = f"批次号 {parcel.batch_id} 已用于另一批内容"
            raise SenderError(Issue(code="SND-506", message=words, hint="新的批次请换新的 batchId", path="batchId"))
        first: Mapping[str, Any] = json.loads(answer.result)
        return first


def _alone(judgement: Judgement, kind: str) -> Parcel:
    return Parcel(judgements=(judgement,), institution=judgement.entry.institution, kind=kind)


def count_message(service: str, kind: str, entry: Entry, kept: Filed, named: str) -> None:
    """Count what became of a message of a kind of institution, and the steps of its walk, under the type that is `named`."""
    figures().message(service, named, kind, entry.lane, "duplicate" if kept.duplicate else kept.state)
    for line in entry.trace:
        if line.micros:
            figures().step(line.what, line.micros)


def _size(parcel: Parcel) -> int:
    return sum(len(j.entry.original) + len(j.entry.changed) for j in parcel.judgements)


def upload_result(filed: Filed, **more: str) -> dict[str, Any]:
    """Write an UploadResult from what the journal kept."""
    code = filed.code if filed.status == "rejected" else "0"
    result: dict[str, Any] = {
        "receipt": filed.receipt,
        "status": filed.status,
        "code": code,
        "message": title(code),
        "duplicate": filed.duplicate,
    }
    if filed.issues:
        result["issues"] = [_issue_values(i) for i in filed.issues]
    return result | more


def document_result(filed: Filed, document_type: str, explain: Explain, **more: str) -> dict[str, Any]:
    """Write the UploadResult of a document; the message of a refused one says where its first error is explained."""
    result = upload_result(filed, **more)
    if filed.status == "rejected" and filed.issues:
        first = next((issue for issue in filed.issues if issue.severity == "error"), filed.issues[0])
        result["message"] += f"（说明：{explain(document_type, first.code, first.rule)}）"
    return result


def batch_answer(parcel: Parcel, filed: Sequence[Filed], explain: Explain) -> dict[str, Any]:
    """Write a BatchResult; its receipt is the first document's, under which the batch can be asked for."""
    results = [
        document_result(kept, j.entry.document_type, explain, documentType=j.entry.document_type, documentId=j.entry.document_id)
        for j, kept in zip(parcel.judgements, filed, strict=True)
    ]
    rejected = sum(r["status"] == "rejected" for r in results)
    return {
        "batchId": parcel.batch_id, "receipt": filed[0].receipt, "accepted": len(results) - rejected, "rejected": rejected, "results": results,
    }  # fmt: skip


def _issue_values(issue: Issue) -> dict[str, Any]:
    values = {
        name: getattr(issue, name) for name in ("severity", "code", "rule", "path", "line", "column", "value", "message", "hint")
    }
    return {name: value for name, value in values.items() if value not in ("", 0)}


def _upload_of(call: Call, given: Mapping[str, Any], batch: str = "") -> Upload:
    return Upload(
        institution=call.institution, document_type=given["documentType"], document_id=given["documentId"],
        payload=given["payload"], digest=given.get("digest") or "", lane=call.lane, replaces=given.get("replaces") or "",
        encryption=given.get("encryption") or "none", batch=batch, peer=call.peer,
    )  # fmt: skip


def _batch_digest(judgements: Sequence[Judgement]) -> str:
    """Digest the list of a batch: type, id and content of each document, in order."""
    listed = [
        f"{j.entry.document_type}|{j.entry.document_id}|{j.entry.digest or hashlib.sha256(j.entry.original).hexdigest()}"
        for j in judgements
    ]
    return hashlib.sha256("\n".join(listed).encode()).hexdigest()


def _batch_limit(words: str) -> Issue:
    return Issue(code="SND-608", message=words, hint="分成多批发送", path="documents")


def _held(judgement: Judgement, reference: str) -> Judgement:
    entry = judgement.entry
    if entry.state == "INVALID":
        return judgement
    return Judgement(entry=replace(entry, state="ERROR", code="ENG-000", orders=(), changed=b"", reference=reference))
