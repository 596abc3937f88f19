"""Judge one uploaded document: unpack, open, draw, walk; from payload to what the journal will keep."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

from engine import tracing
from engine.channels.book import RouteBook
from engine.channels.route import Route
from engine.channels.walk import Outcome, Watch, walk
from engine.codes import title
from engine.documents.drawing import Drawn
from engine.documents.packing import Unpacked, unpack_binary, unpack_text
from engine.documents.press import Press
from engine.documents.reading import XmlDocument
from engine.documents.reports import REPORT_TYPES, draw_report
from engine.errors import Issue, Paused, SenderError
from engine.inbound.encryption import Decryption, KeyOf, no_key
from engine.inbound.poison import Vigil
from engine.inhand.board import Board, Place
from engine.message import Figure, Lane, Message, Record, new_receipt, own_key
from engine.store.entries import Entry, Order, TraceLine

CustodianCheck = Callable[[str, str], Issue | None]
"""Called with the admitted institution and the institution code in the document: None when they agree, a warning
when the code is unknown; raises SenderError SND-104 when it is another institution's."""


PausedRoutes = Callable[[], Collection[str]]
"""Name the routes that take nothing in at this moment."""


def none_paused() -> Collection[str]:
    """Name no route: where nothing comes in from outside, none is paused."""
    return ()


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


@dataclass(kw_only=True, slots=True)
class Notes:
    """What a rehearsal learns of one judgement, written down on the way; live there are none.

    `route`, when given, is walked instead of the one that receives the type; each of `steps` is a step's name and
    detail with the message before and after it.
    """

    route: Route | None = None
    unpacked: Unpacked | None = None
    document: XmlDocument | None = None
    outcome: Outcome | None = None
    custodian: tuple[Issue, ...] = ()
    steps: list[tuple[str, str, Message, Message]] = field(default_factory=list)

    def watch(self, name: str, detail: str, before: Message, after: Message) -> None:
        """Note one step of the walk."""
        self.steps.append((name, detail, before, after))


_Facts = dict[str, Any]
"""What is known of a message so far, by the names of Entry's fields: an entry is written once, when all is known."""

_KEPT_BY_REPLAY = (
    "receipt", "institution", "document_type", "document_id", "received", "digest", "size", "lane", "original", "original_form",
    "own", "resident", "replaces", "replaces_own", "batch", "peer",
)  # fmt: skip


UNWALKED = "ENG-001"
"""The code of a document that was in hand at three deaths of a process."""


class Judge:
    """Hold one press and one route book; one Judge to a thread, which `vigil` lets the supervisor watch."""

    def __init__(
        self,
        press: Press,
        book: RouteBook,
        custodian: CustodianCheck,
        key_of: KeyOf = no_key,
        vigil: Vigil | None = None,
        paused: PausedRoutes = none_paused,
    ) -> None:
        self.press = press
        self.book = book
        self.vigil = vigil or Vigil(Place.LOOP, Board(), None)
        self._custodian = custodian
        self._paused = paused
        self._decryption = Decryption(key_of)

    def judge(self, upload: Upload, notes: Notes | None = None) -> Judgement:
        """Judge one upload; what is wrong with it stands in the entry. Raises Paused, and else nothing but our own bugs."""
        self.admit("collection", upload.document_type)
        with tracing.message() as span:
            judgement = self._judge(upload, notes or Notes())
            known = upload.document_type in self.press.catalogue.types
            tell(span, judgement.entry, upload.document_type if known else "")
        return judgement

    def _judge(self, upload: Upload, notes: Notes) -> Judgement:
        facts = _first_facts(upload, datetime.now(UTC), self.book.revision)
        try:
            with tracing.stage("unpack"):
                unpacked = self._unpack(upload)
        except SenderError as refusal:
            facts["original"], facts["original_form"] = _kept_as_sent(upload, refusal)
            return _refused(facts, refusal)
        facts["original"], facts["original_form"], facts["size"] = unpacked.gzip, "gzip", len(unpacked.content)
        notes.unpacked = unpacked
        try:
            digest = hashlib.sha256(unpacked.content)
            _check_digest(upload, digest.hexdigest())
            if self.vigil.forbids(digest.digest()):
                return self._left_unwalked(facts, upload.document_type, digest.hexdigest())
            with self.vigil.walk(digest.digest()):
                with tracing.stage("open"):
                    document = notes.document = self.press.open(unpacked.content)
                facts["digest"] = digest.hexdigest()
                self.vigil.step()
                return self._walk(upload, facts, document, unpacked, notes)
        except SenderError as refusal:
            if _OVER_LIMIT.match(refusal.code):
                facts["original"], facts["original_form"] = b"", "meta"
            return _refused(facts, refusal)

    def admit(self, service: str, key: str) -> None:
        """Let in what a route takes in at this moment; raises Paused. What no route receives is told elsewhere."""
        paused = self._paused()
        if paused and (route := self.book.find(service, key)) is not None and route.name in paused:
            raise Paused(route.name)

    def _left_unwalked(self, facts: _Facts, document_type: str, digest: str) -> Judgement:
        """Keep as ERROR what a walk would die of, under the beginning of its digest, which the log and `deaths/` have too."""
        route = self.book.find("collection", document_type)
        facts["digest"], facts["route"] = digest, route.name if route else ""
        left = TraceLine(what="unwalked", detail=digest, micros=0)
        return Judgement(entry=Entry(**facts, state="ERROR", code=UNWALKED, reference=digest[:12], trace=(left,)))

    def judge_stored(self, entry: Entry, content: bytes) -> Judgement:
        """Judge a stored message again with the routes of now, under its own receipt; for replay."""
        facts = {name: getattr(entry, name) for name in _KEPT_BY_REPLAY} | {"route": entry.route, "revision": self.book.revision}
        upload = Upload(
            institution=entry.institution, document_type=entry.document_type, document_id=entry.document_id,
            payload=b"", lane=entry.lane, replaces=entry.replaces,
        )  # fmt: skip
        try:
            document = self.press.open(content)
            return self._walk(upload, facts, document, Unpacked(gzip=entry.original, content=content), Notes())
        except SenderError as refusal:
            return _refused(facts, refusal)

    def _unpack(self, upload: Upload) -> Unpacked:
        decrypt = partial(self._decryption.open, institution=upload.institution, encryption=upload.encryption)
        if isinstance(upload.payload, bytes):
            return unpack_binary(upload.payload, self.press.limits, decrypt)
        return unpack_text(upload.payload, self.press.limits, decrypt)

    def _walk(self, upload: Upload, facts: _Facts, document: XmlDocument, unpacked: Unpacked, notes: Notes) -> Judgement:
        code = upload.document_type
        known = self.press.catalogue.types.get(code)
        if known is None and notes.route is None:
            raise SenderError(
                _issue("SND-401", f"没有文档类型“{code[:40]}”", "用 ListDocumentTypes 查询可用的类型代码", "catalogue.type")
            )
        drawn = self.press.draw(document, code)
        own = own_key(drawn.own_root, drawn.own_extension)
        named = f"{drawn.replaces_root}^{drawn.replaces_extension}" if drawn.replaces_extension else ""
        facts["written"] = drawn.written
        facts["own"], facts["resident"], facts["replaces_own"] = own, drawn.resident_id, "" if upload.replaces else named
        facts["repeats"] = bool(known and known.figures)
        found = self._custodian_of(upload.institution, drawn, document, code)
        notes.custodian = (found,) if found else ()
        route = notes.route or self.book.find("collection", code)
        if route is None:
            missing = TraceLine(what="route", detail=f"no route receives {code}", micros=0)
            return Judgement(entry=Entry(**facts, state="ERROR", code="ENG-000", trace=(missing,)))
        message = Message(
            id=facts["receipt"], route=route.name, revision=self.book.revision, institution=upload.institution,
            document_type=code, received=facts["received"], document=document, lane=upload.lane,
            keys={"document": upload.document_id, "own": own, "resident": drawn.resident_id, "visit": drawn.visit_number},
            warnings=(*unpacked.warnings, *document.warnings, *notes.custodian),
        )  # fmt: skip
        with tracing.stage("walk"):
            outcome = notes.outcome = walk(route, message, self._watch(notes))
            tracing.steps(lambda: ((step.what, step.micros) for step in outcome.trace))
        return self._settle(facts, message, outcome, drawn)

    def _watch(self, notes: Notes) -> Watch:
        def watch(name: str, detail: str, before: Message, after: Message) -> None:
            self.vigil.step()
            notes.watch(name, detail, before, after)

        return watch

    def _custodian_of(self, institution: str, drawn: Drawn, document: XmlDocument, code: str) -> Issue | None:
        """Hold the institution in the document against the caller; what is found gets the place where it is written."""
        try:
            found = self._custodian(institution, drawn.custodian)
        except SenderError as refusal:
            raise SenderError(*(self.press.placed(issue, document, code, "institution") for issue in refusal.issues)) from refusal
        return self.press.placed(found, document, code, "institution") if found else None

    def _settle(self, facts: _Facts, before: Message, outcome: Outcome, drawn: Drawn) -> Judgement:
        after = outcome.message.document
        facts["route"] = before.route
        entry = Entry(
            **facts, state=outcome.state, code=outcome.code, issues=outcome.issues, reference=outcome.reference,
            changed=after.content if outcome.state == "ROUTED" and after is not before.document else b"",
            orders=tuple(Order(destination=s.destination, key=s.key) for s in outcome.sends),
            trace=(*(TraceLine(what=t.what, detail=t.detail, micros=t.micros) for t in outcome.trace), *_end(outcome)),
        )  # fmt: skip
        if outcome.state != "ROUTED" or not outcome.desks:
            return Judgement(entry=entry)
        if isinstance(after, XmlDocument) and after is not before.document:
            drawn = self.press.draw(after, before.document_type)
        if entry.replaces:
            # The parameter names what is replaced, as the journal will do it; the library is not to replace another one too.
            drawn = replace(drawn, replaces_root="", replaces_extension="")
        record = _record(outcome.message, drawn, self.press.figures(cast("XmlDocument", after), before.document_type))
        if "reports" in outcome.desks and before.document_type in REPORT_TYPES:
            said = draw_report(cast("XmlDocument", after), before.document_type, drawn, before.institution, before.id)
            record = replace(record, report=said)
        return Judgement(entry=entry, effects=tuple((desk, record) for desk in outcome.desks))


def tell(span: tracing.Noted, entry: Entry, document_type: str) -> None:
    """Note on a span which message it was and what came of it; `document_type` is "" when we do not know it."""
    span.note(
        receipt=entry.receipt, type=document_type, route=entry.route, lane=entry.lane, state=entry.state, code=entry.code,
        reference=entry.reference,
    )  # fmt: skip


def _end(outcome: Outcome) -> tuple[TraceLine, ...]:
    return (TraceLine(what=outcome.state.lower(), detail=outcome.reason, micros=0),) if outcome.reason else ()


def _record(message: Message, drawn: Drawn, figures: tuple[Figure, ...]) -> Record:
    return Record(
        message=message.id, institution=message.institution, document_type=message.document_type, content=message.document.content,
        own_root=drawn.own_root, own_extension=drawn.own_extension, title=drawn.title, written=drawn.written,
        resident_id=drawn.resident_id, resident_name=drawn.resident_name, gender=drawn.gender, birth_date=drawn.birth_date,
        visit_number=drawn.visit_number, health_card=drawn.health_card, local_numbers=drawn.local_numbers, author=drawn.author, custodian=drawn.custodian, custodian_name=drawn.custodian_name,
        confidentiality=drawn.confidentiality, replaces_root=drawn.replaces_root, replaces_extension=drawn.replaces_extension,
        figures=figures,
    )  # fmt: skip


_OVER_LIMIT = re.compile(r"SND-60[0-9]\Z")


def _first_facts(upload: Upload, received: datetime, revision: str) -> _Facts:
    return {
        "receipt": new_receipt(received), "institution": upload.institution, "document_type": upload.document_type,
        "document_id": upload.document_id, "lane": upload.lane, "received": received, "route": "", "revision": revision,
        "digest": "", "size": 0, "replaces": upload.replaces, "batch": upload.batch, "peer": upload.peer,
    }  # fmt: skip


def _refused(facts: _Facts, refusal: SenderError) -> Judgement:
    return Judgement(entry=Entry(**facts, state="INVALID", code=refusal.code, issues=refusal.issues))


def _kept_as_sent(upload: Upload, refusal: SenderError) -> tuple[bytes, str]:
    sent = upload.payload if isinstance(upload.payload, bytes) else upload.payload.encode()
    return (b"", "meta") if _OVER_LIMIT.match(refusal.code) else (sent, "raw")


def _check_digest(upload: Upload, found: str) -> None:
    if upload.digest and found != upload.digest.strip().lower():
        words = f"digest 为 {upload.digest[:64]}，解压后内容的 SHA-256 为 {found}"
        raise SenderError(_issue("SND-218", words, "对打包前的 XML 字节计算 SHA-256，填写小写十六进制", "packing.digest"))


def _issue(code: str, message: str, hint: str, rule: str) -> Issue:
    return Issue(code=code, message=message or title(code), hint=hint, rule=rule)
