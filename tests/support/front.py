"""Run a real front on loopback with handlers that answer what they were given."""

import asyncio
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path

from engine.documents.catalogue import Catalogue
from engine.errors import Issue, SenderError, TryAgain
from engine.inbound.calling import Service
from engine.inbound.calls import Caller
from engine.inbound.collection import COLLECTION
from engine.inbound.front import build_front
from engine.inbound.handbook import Handbook
from engine.inbound.protocol import serve

ROOT = Path(__file__).parents[2]
WSDL_FOLDER = ROOT / "wsdl" / "platform"
PASSWORD = "Str0ng-password"
AUTH_FAULT = Issue(code="SND-101", message="身份验证未通过。", hint="核对机构代码与密码。")


@dataclass
class Echo:
    """Answer operations and remember what was asked; `answers` replaces an answer or raises."""

    calls: list = field(default_factory=list)
    claims: list = field(default_factory=list)
    answers: dict = field(default_factory=dict)

    async def admit(self, claims, address):
        """Admit H001 by its password, exactly one credential of any form, on its own address."""
        self.claims.append((claims, address))
        if len(claims.found) != 1:
            raise SenderError(AUTH_FAULT)
        (only,) = claims.found
        if only.kind != "certificate" and (only.institution, only.secret) != ("H001", PASSWORD):
            raise SenderError(AUTH_FAULT)
        return Caller(institution="H001")

    def handler(self, operation):
        async def answer(call, values):
            self.calls.append((call, values))
            given = self.answers.get(operation)
            if isinstance(given, Exception):
                raise given
            return DEFAULTS[operation] if given is None else given

        return answer


_UPLOADED = {"receipt": "20260101-abc", "status": "accepted", "code": "0", "message": "已接收", "duplicate": False, "issues": []}
DEFAULTS = {
    "Upload": _UPLOADED,
    "UploadBinary": _UPLOADED,
    "UploadBatch": {"batchId": "B1", "accepted": 1, "rejected": 0, "results": [{**_UPLOADED, "documentId": "D1"}]},
    "QueryReceipt": {"status": "unknown"},
    "Revoke": {"status": "accepted", "code": "0", "documentId": "D1"},
    "Reconcile": {"differences": []},
    "QualityReport": {"rules": []},
    "Heartbeat": {"serverTime": "2026-01-01T08:00:00+08:00", "contractVersion": "1"},
    "ListDocumentTypes": {"types": [{"code": "C0002", "number": "2", "name": "门诊病历"}]},
}


class Running:
    """One front in a thread of its own."""

    def __init__(self, echo, limits, *, tls=None, healthy=True, services=None):
        self.echo = echo
        self.observed = []
        self.healthy = healthy
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        app = build_front(
            services or {"/services/collection/{institution}": Service(contract=COLLECTION, handlers=handlers(echo))},
            admit=echo.admit,
            health=self._health,
            wsdl_folder=WSDL_FOLDER,
            handbook=handbook(),
            limits=limits,
            observe=self.observed.append,
        )
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(app, limits, tls)), daemon=True)
        self._thread.start()
        self._ready.wait(5)

    async def _health(self):
        if self.healthy is None:
            raise TryAgain("store is down")
        return self.healthy

    async def _serve(self, app, limits, tls):
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._ready.set()
        await serve(app, self.sock, limits=limits, tls=tls, stop=self._stop, grace=2)

    def close(self):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)


def handbook():
    return Handbook(Catalogue.load(ROOT / "xsd" / "catalogue.yaml"), ROOT / "docs")


def handlers(echo):
    return {operation: echo.handler(operation) for operation in COLLECTION.operations}
