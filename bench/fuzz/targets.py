"""Say what must hold of any bytes at the gate, at unpacking and at the reading of a document."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from lxml import etree

from engine.documents.catalogue import Catalogue
from engine.documents.limits import Limits
from engine.documents.packing import unpack_binary, unpack_text
from engine.documents.reading import open_document
from engine.errors import SenderError
from engine.inbound.calling import Service
from engine.inbound.calls import Address, Call, Caller, Claims
from engine.inbound.collection import COLLECTION
from engine.inbound.front import Front, build_front
from engine.inbound.handbook import Handbook
from engine.inbound.limits import FrontLimits
from engine.settings import ROOT

SMALL = Limits(unpacked=1 << 20, depth=30, elements=2_000, attributes=32, text=1 << 16, names=500)
"""Bounds low enough for a fuzzer to pass them."""

_BODY = 1 << 20
_NARROW = FrontLimits(body=_BODY, depth=30, elements=2_000, attributes=32, names=500)
_ENVELOPES = frozenset(
    {"{http://schemas.xmlsoap.org/soap/envelope/}Envelope", "{http://www.w3.org/2003/05/soap-envelope}Envelope"}
)
_STATUS = frozenset({200, 400, 401, 411, 413, 415, 429, 500})
_HEADERS = 8
_PATH = "/services/collection/H"


class Finding(Exception):
    """Bytes got an answer that they must not get."""


class Gate:
    """A front whose operations answer with nothing: any request gets a well-formed envelope, and never ENG-000."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._front = _front()

    def __call__(self, data: bytes) -> None:
        """Send headers (lines up to the first empty one) and a body; raises Finding for a wrong answer."""
        head, _, body = data.partition(b"\n\n")
        pairs = (line.partition(b":") for line in head.split(b"\n")[:_HEADERS])
        headers = [(name.strip().lower(), value.strip()) for name, _, value in pairs]
        status, answer = self._loop.run_until_complete(_ask(self._front, headers, body))
        check_answer(status, answer)

    def close(self) -> None:
        """Let the loop go."""
        self._loop.close()


def check_answer(status: int, answer: bytes) -> None:
    """Hold an answer to a status of the contracts and a well-formed envelope that admits no bug of ours."""
    if status not in _STATUS:
        raise Finding(f"status {status}")
    root = etree.fromstring(answer)
    if root.tag not in _ENVELOPES:
        raise Finding(f"the answer is no envelope: {root.tag}")
    if b"ENG-000" in answer:
        raise Finding("a bug of ours (ENG-000)")


def unpacking(data: bytes) -> None:
    """Unpack as Upload and as UploadBinary do: a document within its limit, or a refusal with a code."""
    for found in (_judged(lambda: unpack_text(data.decode("latin-1"), SMALL)), _judged(lambda: unpack_binary(data, SMALL))):
        if found is not None and len(found.content) > SMALL.unpacked:
            raise Finding(f"{len(found.content)} bytes came out, {SMALL.unpacked} are allowed")


def reading(data: bytes) -> None:
    """Open a document: a tree that can be written and read again to the same meaning, or a refusal with a code."""
    document = _judged(lambda: open_document(data, SMALL))
    if document is None:
        return
    written = etree.tostring(document.root, encoding="UTF-8")
    if etree.tostring(etree.fromstring(written), encoding="UTF-8") != written:
        raise Finding("what was read is another document when it is written and read again")


def _judged(work: Callable[[], Any]) -> Any:
    """Do it; None for a refusal, whose code must be one of the sender's."""
    try:
        return work()
    except SenderError as refusal:
        if not refusal.code.startswith("SND-") or not refusal.first.message:
            raise Finding(f"a refusal without code or words: {refusal.code}") from refusal
        return None


def _front() -> Front:
    handlers = dict.fromkeys(COLLECTION.operations, _answer_nothing)
    return build_front(
        {"/services/collection/{institution}": Service(contract=COLLECTION, handlers=handlers)},
        admit=_admit, health=_healthy, wsdl_folder=ROOT / "wsdl" / "platform",
        handbook=Handbook(Catalogue.load(ROOT / "xsd" / "catalogue.yaml"), ROOT / "docs"), limits=_NARROW,
    )  # fmt: skip


async def _admit(claims: Claims, address: Address) -> Caller:  # noqa: ARG001  everybody is let in: what lies behind is what is tried
    return Caller(institution="H")


async def _healthy() -> bool:
    return True


async def _answer_nothing(call: Call, values: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG001  a handler's signature
    return {}


async def _ask(front: Front, headers: list[tuple[bytes, bytes]], body: bytes) -> tuple[int, bytes]:
    scope = {
        "type": "http", "method": "POST", "path": _PATH, "raw_path": _PATH.encode(), "query_string": b"", "http_version": "1.1",
        "scheme": "http", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1),
        "headers": [*(pair for pair in headers if pair[0] not in {b"content-length", b"transfer-encoding"}), (b"content-length", b"%d" % len(body))],
    }  # fmt: skip
    sent: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(event: Mapping[str, Any]) -> None:
        sent.append(event)

    await front(scope, receive, send)
    return sent[0]["status"], b"".join(event.get("body", b"") for event in sent)
