"""Be the side of a hospital that can be called: a DocumentReceiver that takes what our routes send."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any

from engine.documents.answer import wrap_body, write_answer
from engine.documents.bounded import Bounds
from engine.documents.envelope import parse_envelope, read_envelope
from engine.documents.fields import Field, Operation, texts
from engine.documents.limits import Limits
from engine.documents.packing import unpack_text
from engine.documents.parameters import Allowance, normalise, read_values
from engine.errors import SenderError

NAMESPACE = "urn:changbai:receiver:1"
_RECEIVE = Operation(
    "Receive",
    texts("messageId", "institution", "documentType", "documentId", "digest", "payload"),
    Field("ReceiveResult", "record", texts("messageId", "code", "message", "number"), type_name="ReceiveResult"),
    ("messageId", "payload"),
)
_FIND = Operation(
    "Find",
    texts("messageId"),
    Field("FindResult", "record", texts("messageId", "code", "number"), type_name="FindResult"),
    ("messageId",),
)
_OPERATIONS = {operation.name: operation for operation in (_RECEIVE, _FIND)}


@dataclass(slots=True)
class Inbox:
    """What came in, each message id once; `repeats` counts those that came again."""

    numbers: dict[str, int] = field(default_factory=dict)
    repeats: int = 0
    lock: Lock = field(default_factory=Lock)

    def take(self, message_id: str) -> tuple[int, bool]:
        """Give the number of a message, and whether it is new."""
        with self.lock:
            known = self.numbers.get(message_id)
            if known is not None:
                self.repeats += 1
                return known, False
            self.numbers[message_id] = len(self.numbers) + 1
            return len(self.numbers), True


def open_receiver(port: int, wsdl: Path, told: Callable[[str], None], host: str = "127.0.0.1") -> ThreadingHTTPServer:
    """Open the simulated hospital on a port (0 takes a free one); `told` gets a line for each document."""
    inbox = Inbox()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._reply(200, wsdl.read_bytes())

        def do_POST(self) -> None:
            self._reply(*receive(self.rfile.read(int(self.headers.get("Content-Length") or 0)), inbox, told))

        def _reply(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/xml; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
            """Say nothing: `told` says what came."""

    return ThreadingHTTPServer((host, port), Handler)


def receive(body: bytes, inbox: Inbox, told: Callable[[str], None]) -> tuple[int, bytes]:
    """Take one delivery; returns the HTTP status and the envelope of the answer."""
    try:
        return 200, _receive(body, inbox, told)
    except SenderError as refusal:
        return 500, _fault(refusal)


def _receive(body: bytes, inbox: Inbox, told: Callable[[str], None]) -> bytes:
    envelope = read_envelope(parse_envelope(body, Bounds()), NAMESPACE, _OPERATIONS)
    operation = _OPERATIONS[envelope.operation]
    normalise(envelope, operation, NAMESPACE, {}, Allowance())
    values = read_values(envelope.call, operation.parameters)
    act = _find if operation is _FIND else _take
    return write_answer(envelope.version, NAMESPACE, operation, act(values, inbox, told))


def _find(values: Mapping[str, Any], inbox: Inbox, told: Callable[[str], None]) -> Mapping[str, Any]:
    message_id = values.get("messageId", "")
    known = inbox.numbers.get(message_id)
    told(f"{message_id}  asked for: {'taken' if known else 'unknown'}")
    return {"messageId": message_id, "code": "0", "number": str(known)} if known else {"messageId": message_id, "code": "1"}


def _take(values: Mapping[str, Any], inbox: Inbox, told: Callable[[str], None]) -> Mapping[str, Any]:
    content = unpack_text(values.get("payload", ""), Limits()).content
    message_id = values.get("messageId", "")
    if values.get("digest") and values["digest"] != hashlib.sha256(content).hexdigest():
        return {"messageId": message_id, "code": "1", "message": "内容与 digest 不一致"}
    number, fresh = inbox.take(message_id)
    told(f"{message_id}  {values.get('documentType', '')}  {len(content)} bytes" + ("" if fresh else "  (again)"))
    return {"messageId": message_id, "code": "0", "message": "收妥", "number": str(number)}


def _fault(refusal: SenderError) -> bytes:
    return wrap_body(
        "1.1", f"<soap:Fault><faultcode>soap:Client</faultcode><faultstring>{refusal.first.message}</faultstring></soap:Fault>"
    )
