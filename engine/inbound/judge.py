"""Judge one uploaded document: unpack, open, draw, walk; from payload to what the journal will keep."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from engine.channels.book import RouteBook
from engine.channels.walk import Outcome, walk
from engine.codes import title
from engine.documents.drawing import Drawn
from engine.documents.packing import Unpacked, unpack_binary, unpack_text
from engine.documents.press import Press
from engine.documents.reading import XmlDocument
from engine.errors import Issue, SenderError
from engine.message import Lane, Message, Record, new_receipt
from engine.store.entries import Entry, Order, TraceLine

CUSTODIAN_PATH = "/ClinicalDocument/custodian/assignedCustodian/representedCustodianOrganization/id"

CustodianCheck = Callable[[str, str], Issue | None]
"""Called with the admitted institution and the institution code in the document: None when they agree, a warning
when the code is unknown; raises SenderError SND-104 when it is another institution's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """One document as its sender handed it over; `payload` is Base64 text, or the GZIP bytes themselves."""

    institution: str
    document_type: str
    document_id: str
    payload: str | bytes
    digest: str = ""
    lane: Lane = "live"
    replaces: str = ""
    encryption: str = "none"
    batch: str = ""
    peer: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What came of one upload: the journal entry, and the records for the desks of our own services."""

    entry: Entry
    effects: tuple[tuple[str, Record], ...] = ()


class Judge:
    """Hold one press and one route book; one Judge to a thread."""

    def __init__(self, press: Press, book: RouteBook, custodian: CustodianCheck) -> None:
        self._press = press
        self._book = book
        self._custodian = custodian

    def judge(self, upload: Upload) -> Judgement:
        """Judge one upload; what is wrong with it stands in the entry, nothing is raised but our own bugs."""
        received = datetime.now(UTC)
        entry = _blank_entry(upload, received, self._book.revision)
        try:
            unpacked = self._unpack(upload)
        except SenderError as refusal:
            return Judgement(entry=_refused(entry, refusal, *_kept_as_sent(upload, refusal)))
        entry = replace(entry, original=unpacked.gzip, original_form="gzip", size=len(unpacked.content))
        try:
            _check_digest(upload, unpacked)
            document = self._press.open(unpacked.content)
            entry = replace(entry, digest=document.digest)
            return self._walk(upload, entry, document, unpacked)
        except SenderError as refusal:
            return Judgement(entry=_refused(_meta_when_over_limit(entry, refusal), refusal, entry.original, entry.original_form))

    def judge_stored(self, entry: Entry, content: bytes) -> Judgement:
        """Judge a stored message again with the routes of now, under its own receipt; for replay."""
        fresh = replace(
            entry, revision=self._book.revision, state="INVALID", issues=(), orders=(), trace=(), changed=b"", reference=""
        )
        upload = Upload(
            institution=entry.institution, document_type=entry.document_type, document_id=entry.document_id,
            payload=b"", lane=entry.lane, replaces=entry.replaces,
        )  # fmt: skip
        try:
            document = self._press.open(content)
            return self._walk(
                upload, replace(fresh, digest=document.digest), document, Unpacked(gzip=entry.original, content=content)
            )
        except SenderError as refusal:
            return Judgement(entry=_refused(fresh, refusal, entry.original, entry.original_form))

    def _unpack(self, upload: Upload) -> Unpacked:
        if upload.encryption not in ("", "none"):
            raise SenderError(
                _issue(
                    "SND-219", f"encryption 的取值“{upload.encryption[:40]}”尚未开通", "填写 none 或不填写", "packing.encryption"
                )
            )
        if isinstance(upload.payload, bytes):
            return unpack_binary(upload.payload, self._press.limits)
        return unpack_text(upload.payload, self._press.limits)

    def _walk(self, upload: Upload, entry: Entry, document: XmlDocument, unpacked: Unpacked) -> Judgement:
        known = self._press.catalogue.types.get(upload.document_type)
        if known is None:
            raise SenderError(
                _issue(
                    "SND-401",
                    f"没有文档类型“{upload.document_type[:40]}”",
                    "用 ListDocumentTypes 查询可用的类型代码",
                    "catalogue.type",
                )
            )
        drawn = self._press.draw(document, known.code)
        own = f"{drawn.own_root}^{drawn.own_extension}" if drawn.own_root and drawn.own_extension else ""
        named = f"{drawn.replaces_root}^{drawn.replaces_extension}" if drawn.replaces_extension else ""
        entry = replace(entry, own=own, resident=drawn.resident_id, replaces_own="" if upload.replaces else named)
        try:
            found = self._custodian(upload.institution, drawn.custodian)
        except SenderError as refusal:
            return Judgement(entry=_refused(entry, refusal, entry.original, entry.original_form))
        route = self._book.find("collection", known.code)
        message = Message(
            id=entry.receipt, route=route.name if route else "", revision=self._book.revision, institution=upload.institution,
            document_type=known.code, received=entry.received, document=document, lane=upload.lane,
            keys={"document": upload.document_id, "own": own, "resident": drawn.resident_id, "visit": drawn.visit_number},
            warnings=(*unpacked.warnings, *document.warnings, *((found,) if found else ())),
        )  # fmt: skip
        if route is None:
            missing = f"no route receives {known.code}"
            return Judgement(
                entry=replace(entry, state="ERROR", code="ENG-000", trace=(TraceLine(what="route", detail=missing, micros=0),))
            )
        return self._settle(entry, message, walk(route, message), drawn)

    def _settle(self, entry: Entry, before: Message, outcome: Outcome, drawn: Drawn) -> Judgement:
        after = outcome.message.document
        changed = after.content if outcome.state == "ROUTED" and after is not before.document else b""
        entry = replace(
            entry, route=before.route, state=outcome.state, code=outcome.code, issues=outcome.issues, changed=changed,
            reference=outcome.reference,
            orders=tuple(Order(destination=s.destination, key=s.key) for s in outcome.sends),
            trace=(*(TraceLine(what=t.what, detail=t.detail, micros=t.micros) for t in outcome.trace), *_end(outcome)),
        )  # fmt: skip
        if outcome.state != "ROUTED" or not outcome.desks:
            return Judgement(entry=entry)
        if isinstance(after, XmlDocument) and after is not before.document:
            drawn = self._press.draw(after, before.document_type)
        record = _record(outcome.message, drawn)
        return Judgement(entry=entry, effects=tuple((desk, record) for desk in outcome.desks))


def _end(outcome: Outcome) -> tuple[TraceLine, ...]:
    return (TraceLine(what=outcome.state.lower(), detail=outcome.reason, micros=0),) if outcome.reason else ()


def _record(message: Message, drawn: Drawn) -> Record:
    values: Mapping[str, Any] = {name: getattr(drawn, name) for name in _DRAWN}
    return Record(
        message=message.id, institution=message.institution, document_type=message.document_type,
        content=message.document.content, **values,
    )  # fmt: skip


_DRAWN = (
    "own_root", "own_extension", "title", "written", "resident_id", "resident_name", "gender", "birth_date",
    "visit_number", "author", "custodian", "custodian_name", "replaces_root", "replaces_extension",
)  # fmt: skip

_OVER_LIMIT = re.compile(r"SND-60[0-9]\Z")


def _blank_entry(upload: Upload, received: datetime, revision: str) -> Entry:
    return Entry(
        receipt=new_receipt(received), institution=upload.institution, document_type=upload.document_type,
        document_id=upload.document_id, lane=upload.lane, received=received, route="", revision=revision,
        state="INVALID", code="", issues=(), digest="", size=0, original=b"", original_form="meta",
        replaces=upload.replaces, batch=upload.batch, peer=upload.peer,
    )  # fmt: skip


def _refused(entry: Entry, refusal: SenderError, original: bytes, form: Any) -> Entry:
    return replace(entry, state="INVALID", code=refusal.code, issues=refusal.issues, original=original, original_form=form)


def _kept_as_sent(upload: Upload, refusal: SenderError) -> tuple[bytes, str]:
    sent = upload.payload if isinstance(upload.payload, bytes) else upload.payload.encode()
    return (b"", "meta") if _OVER_LIMIT.match(refusal.code) else (sent, "raw")


def _meta_when_over_limit(entry: Entry, refusal: SenderError) -> Entry:
    return replace(entry, original=b"", original_form="meta") if _OVER_LIMIT.match(refusal.code) else entry


def _check_digest(upload: Upload, unpacked: Unpacked) -> None:
    if not upload.digest:
        return
    found = hashlib.sha256(unpacked.content).hexdigest()
    if found != upload.digest.strip().lower():
        words = f"digest 为 {upload.digest[:64]}，解压后内容的 SHA-256 为 {found}"
        raise SenderError(_issue("SND-218", words, "对打包前的 XML 字节计算 SHA-256，填写小写十六进制", "packing.digest"))


def _issue(code: str, message: str, hint: str, rule: str) -> Issue:
    return Issue(code=code, message=message or title(code), hint=hint, rule=rule)
