"""Rehearse an upload: what live would do with an envelope, a payload or a document, stage by stage; nothing is stored or sent."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.channels.book import RouteBook
from engine.channels.rehearsal import Form, Rehearsed, Stage, passed, refused, targets, walked
from engine.channels.route import Route
from engine.documents.bounded import Bounds
from engine.documents.charset import decode_document
from engine.documents.envelope import Envelope, parse_envelope, read_envelope
from engine.documents.packing import Unpacked, pack_gzip, unpack_binary, unpack_text
from engine.documents.parameters import Allowance, check_lengths, check_required, normalise, read_values
from engine.documents.press import Press
from engine.documents.reading import XmlDocument
from engine.errors import Issue, SenderError
from engine.inbound.collection import COLLECTION
from engine.inbound.encryption import KeyOf, no_key
from engine.inbound.gate import Opened, open_request, too_large
from engine.inbound.interaction_rehearsal import interaction_call, interaction_route, rehearse_call, rehearse_interaction
from engine.inbound.judge import CustodianCheck, Judge, Judgement, Notes, Upload
from engine.inbound.limits import FrontLimits

NOBODY = "TEST"
"""The sender of what names none."""

_GZIP = b"\x1f\x8b"
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_HEAD = 4096
_ENVELOPE = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>]*>)*+<(?:[\w.-]+:)?Envelope[\s/>]", re.DOTALL)
_HTTP = re.compile(rb"\s*POST [^\r\n]* HTTP/1\.[01]\r?\n(.*?)\r?\n\r?\n", re.DOTALL)
_DECLARED = re.compile(r"""\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([\w.-]{1,40})["']""")
_TEXT_CODECS: Mapping[str, str] = {
    "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "cp936": "gb18030", "utf-16": "utf-16",
}  # fmt: skip
_DECODING = frozenset({"SND-201", "SND-202", "SND-203", "SND-204", "SND-205", "SND-217", "SND-219"})
"""Codes that refuse a payload before its Base64 is undone."""

_DECODING_WARNINGS = frozenset({"SND-215", "SND-216"})
_CHARSET = re.compile(r"SND-22[1-9]\Z")
_UPLOADS = frozenset({"Upload", "UploadBinary", "UploadBatch"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is to be rehearsed; of type, institution and route what is empty is found in the content itself."""

    content: bytes
    document_type: str = ""
    institution: str = ""
    route: str = ""


def pasted(text: str) -> bytes:
    """Give the bytes of a text that passed through a browser: as its XML declaration says, else UTF-8.

    What a person sees of a GBK document are characters; encoded otherwise than declared they would be refused for a
    mistake that the sender never made.
    """
    text = text.replace("\r\n", "\n")
    declared = _DECLARED.match(text[:_HEAD])
    codec = _TEXT_CODECS.get(declared[1].lower(), "utf-8") if declared else "utf-8"
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


@dataclass(slots=True)
class _Parcel:
    """What the stages before the judge have found out."""

    form: Form
    stages: list[Stage] = field(default_factory=list)
    operation: str = ""
    documents: int = 1
    institution: str = ""
    upload: Mapping[str, Any] | None = None


class Rehearsal:
    """Rehearse on a press and a book of one thread.

    `custodian` judges whose document it is, None leaves that out; `key_of` gives the keys of encrypted uploads.
    """

    def __init__(
        self,
        press: Press,
        book: RouteBook,
        limits: FrontLimits,
        custodian: CustodianCheck | None = None,
        key_of: KeyOf = no_key,
    ) -> None:
        self._press = press
        self._book = book
        self._limits = limits
        self._custodian = custodian
        self._judge = Judge(press, book, self._judge_custodian, key_of)

    def rehearse(self, trial: Trial) -> Rehearsed:
        """Take the content as far as live would; raises KeyError for a route that does not exist."""
        if (said := self._interaction(trial)) is not None:
            return said
        begun = time.perf_counter_ns()
        parcel = _Parcel(form_of(trial.content))
        try:
            self._open(parcel, trial.content)
        except SenderError as refusal:
            # Live answers this with a fault and keeps nothing, so there is no state.
            return self._ended(parcel, trial, begun, code=refusal.code)
        if parcel.upload is None:
            return self._ended(parcel, trial, begun)
        return self._judged(parcel, trial, begun)

    def _interaction(self, trial: Trial) -> Rehearsed | None:
        """Rehearse what belongs to the interaction services; None for all else."""
        form = form_of(trial.content)
        if form == "xml":
            found = interaction_route(self._book, trial.route, trial.document_type, trial.content)
            return rehearse_interaction(self._press, *found, trial.content, trial.institution or NOBODY) if found else None
        if form != "envelope" or len(trial.content) > self._limits.body:
            return None
        try:
            call = interaction_call(*_headers(trial.content), self._limits)
        except SenderError as refusal:
            stages = (refused("envelope", refusal, trial.content),)
            return Rehearsed(form="envelope", size=len(trial.content), stages=stages, code=refusal.code)
        if call is None:
            return None
        return rehearse_call(self._press, self._book, call, trial.institution or call.institution or NOBODY)

    def _ended(self, parcel: _Parcel, trial: Trial, begun: int, **more: Any) -> Rehearsed:
        return Rehearsed(
            form=parcel.form, size=len(trial.content), stages=tuple(parcel.stages), operation=parcel.operation,
            documents=parcel.documents, micros=(time.perf_counter_ns() - begun) // 1000,
            **{"institution": trial.institution or parcel.institution} | more,
        )  # fmt: skip

    def _judge_custodian(self, institution: str, custodian: str) -> Issue | None:
        """Judge whose document it is, when it is known who would send it."""
        return self._custodian(institution, custodian) if self._custodian and institution != NOBODY else None

    # -- what came: an envelope, or a payload by itself

    def _open(self, parcel: _Parcel, content: bytes) -> None:
        if parcel.form != "xml" and len(content) > self._limits.body:
            refusal = too_large(self._limits.body)
            parcel.stages.append(refused("input", refusal))
            raise refusal
        if parcel.form == "envelope":
            self._open_envelope(parcel, content)
        elif parcel.form == "xml":
            # Live would get it packed; a document is packed here so that it passes the very same stages.
            parcel.upload = {"payload": pack_gzip(content)}
        else:
            parcel.upload = {"payload": content if parcel.form == "gzip" else content.decode("utf-8", "replace")}

    def _open_envelope(self, parcel: _Parcel, content: bytes) -> None:
        text = content
        try:
            headers, body = _headers(content)
            opened = open_request(body, headers, self._limits.body)
            text = opened.content
            envelope = self._envelope(opened)
        except SenderError as refusal:
            parcel.stages.append(refused("envelope", refusal, text))
            raise
        parcel.operation = envelope.operation
        parcel.institution = next((token.institution for token in envelope.tokens), "")
        parcel.stages.append(passed("envelope", facts={"version": envelope.version, "operation": envelope.operation}))
        self._read(parcel, envelope, opened)

    def _envelope(self, opened: Opened) -> Envelope:
        limits = self._limits
        bounds = Bounds(depth=limits.depth, elements=limits.elements, attributes=limits.attributes, names=limits.names)
        return read_envelope(parse_envelope(opened.content, bounds), COLLECTION.namespace, COLLECTION.operations)

    def _read(self, parcel: _Parcel, envelope: Envelope, opened: Opened) -> None:
        operation = COLLECTION.operations[envelope.operation]
        try:
            normalise(envelope, operation, COLLECTION.namespace, opened.attachments, Allowance(characters=self._limits.body))
            values = read_values(envelope.call, operation.parameters)
            check_required(operation, values)
            check_lengths(operation.parameters, values, f"/Envelope/Body/{operation.name}")
        except SenderError as refusal:
            parcel.stages.append(refused("parameters", refusal))
            raise
        if operation.name not in _UPLOADS:
            parcel.stages.append(passed("parameters", facts={"note": "no-document"}))
            return
        documents = values["documents"] if operation.name == "UploadBatch" else [values]
        parcel.documents = len(documents)
        parcel.upload = next(iter(documents), None)
        first = parcel.upload or {}
        shown: dict[str, str | int] = {
            "documentType": first.get("documentType") or "",
            "documentId": first.get("documentId") or "",
        }
        parcel.stages.append(passed("parameters", facts=shown | {"documents": len(documents)}))

    # -- what it holds: the judge's own stages

    def _judged(self, parcel: _Parcel, trial: Trial, begun: int) -> Rehearsed:
        given = parcel.upload or {}
        payload: str | bytes = given.get("payload") or ""
        route = self._book.routes[trial.route] if trial.route else None
        institution = trial.institution or parcel.institution
        upload = Upload(
            institution=institution or NOBODY, document_id=given.get("documentId") or "", payload=payload,
            document_type=given.get("documentType") or trial.document_type or self._type_of(payload, route),
            digest=given.get("digest") or "", replaces=given.get("replaces") or "", encryption=given.get("encryption") or "none",
        )  # fmt: skip
        notes = Notes(route=route)
        judgement = self._judge.judge(upload, notes)
        taken = route or self._book.find("collection", upload.document_type)
        parcel.stages.extend(self._stages(parcel, upload, notes, judgement, taken))
        entry, outcome = judgement.entry, notes.outcome
        return self._ended(
            parcel, trial, begun, state=entry.state, code=entry.code, reference=entry.reference, digest=entry.digest,
            institution=institution, document_type=upload.document_type, route=taken.name if taken else "",
            revision=entry.revision, reason=outcome.reason if outcome and outcome.state == "FILTERED" else "",
            targets=targets(taken, outcome) if taken and outcome and outcome.state == "ROUTED" else (),
        )  # fmt: skip

    def _type_of(self, payload: str | bytes, route: Route | None) -> str:
        """Read the type from the document; for a route its first type when the document names none of them."""
        types = self._press.catalogue.types
        wanted = [code for code in route.keys if code in types] if route else list(types)
        try:
            unpack = (
                unpack_binary(payload, self._press.limits)
                if isinstance(payload, bytes)
                else unpack_text(payload, self._press.limits)
            )
            named = type_in(self._press, self._press.open(unpack.content))
        except SenderError:
            named = ""  # the judge comes to the same place and says why
        if named in wanted or not route:
            return named
        return wanted[0] if wanted else ""

    def _stages(
        self, parcel: _Parcel, upload: Upload, notes: Notes, judgement: Judgement, route: Route | None
    ) -> Iterator[Stage]:
        entry = judgement.entry
        problem = SenderError(*entry.issues) if entry.issues and notes.outcome is None else None
        if notes.unpacked is None:
            yield from _not_unpacked(upload, problem)
            return
        yield from _unpacked(parcel, upload, notes.unpacked)
        if upload.digest:
            if problem and problem.code == "SND-218":
                yield refused("digest", problem)
                return
            yield passed("digest")
        if notes.document is None:
            yield from _not_opened(notes.unpacked, problem)
            return
        document = notes.document
        yield passed("charset", document.warnings, document.utf8, _encoding(notes.unpacked.content))
        yield passed("xml", facts={"digest": document.digest})
        yield from self._placed(upload, notes, problem, route)
        if route and notes.outcome:
            yield from walked(route, notes.outcome, notes.steps)

    def _placed(self, upload: Upload, notes: Notes, problem: SenderError | None, route: Route | None) -> Iterator[Stage]:
        """Tell the type and its route, and whose document it is."""
        text = notes.document.utf8 if notes.document else b""
        known = self._press.catalogue.types.get(upload.document_type)
        if problem and problem.code == "SND-401":
            yield refused("type", problem, text)
            return
        names = {"name": known.name, "english": known.english_name} if known else {}
        yield passed("type", facts={"type": upload.document_type} | names)
        if problem:
            yield refused("sender", problem, text, {"institution": upload.institution})
            return
        if self._custodian is None or upload.institution == NOBODY:
            yield Stage(name="sender", result="skipped", facts={"institution": upload.institution})
        else:
            yield passed("sender", notes.custodian, text, {"institution": upload.institution})
        if route is None:
            yield Stage(name="route", result="failed", facts={"type": upload.document_type})
        else:
            yield passed("route", facts={"route": route.name, "about": route.about, "revision": route.revision})


def form_of(content: bytes) -> Form:
    """Recognise what came by its first bytes."""
    head = content[:_HEAD]
    if not head.strip():
        return "empty"
    if head.startswith(_GZIP):
        return "gzip"
    plain = head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if _HTTP.match(content[: 16 * _HEAD]) or _ENVELOPE.match(plain):
        return "envelope"
    return "xml" if plain.startswith(b"<") else "base64"


def type_in(press: Press, document: XmlDocument) -> str:
    """Read the code of the catalogue that a document names, by the places of each family; "" when it names none."""
    types = press.catalogue.types
    families = {kind.family: kind.code for kind in reversed(tuple(types.values()))}
    named = (press.draw(document, code).type_code_in_document for code in families.values())
    return next((code for code in named if code in types), "")


def _headers(content: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Part a whole HTTP request, as tools for looking at traffic show it, into headers and body."""
    request = _HTTP.match(content[: 16 * _HEAD])
    if not request:
        return [], content
    lines = (line.partition(b":") for line in request[1].split(b"\n"))
    return [(name.strip().lower(), value.strip()) for name, colon, value in lines if colon], content[request.end() :]


def _not_unpacked(upload: Upload, problem: SenderError | None) -> Iterator[Stage]:
    if problem is None:
        return
    if isinstance(upload.payload, str) and problem.code not in _DECODING and upload.payload.strip():
        yield passed("decode", facts={"characters": len(upload.payload)})
        yield refused("unpack", problem)
    else:
        yield refused("decode" if isinstance(upload.payload, str) else "unpack", problem)


def _unpacked(parcel: _Parcel, upload: Upload, unpacked: Unpacked) -> Iterator[Stage]:
    if parcel.form == "xml":
        yield Stage(name="decode", result="skipped")
        yield Stage(name="unpack", result="skipped", facts={"bytes": len(unpacked.content)})
        return
    decoding = [issue for issue in unpacked.warnings if issue.code in _DECODING_WARNINGS]
    if isinstance(upload.payload, str):
        yield passed("decode", decoding, facts={"characters": len(upload.payload), "bytes": len(unpacked.gzip)})
    rest = [issue for issue in unpacked.warnings if issue not in decoding]
    yield passed("unpack", rest, facts={"packed": len(unpacked.gzip), "bytes": len(unpacked.content)})


def _not_opened(unpacked: Unpacked, problem: SenderError | None) -> Iterator[Stage]:
    if problem is None:
        return
    if _CHARSET.match(problem.code):
        yield refused("charset", problem, unpacked.content)
        return
    try:
        text = decode_document(unpacked.content).utf8
        yield passed("charset", facts=_encoding(unpacked.content))
    except SenderError:
        text = unpacked.content  # it is beyond a limit that comes before the character set
    yield refused("xml", problem, text)


def _encoding(content: bytes) -> dict[str, str | int]:
    return {"label": decode_document(content).label or "UTF-8"}
