"""Be the hospital's web service: open the envelope, act, seal the reply, and let go wrong what is switched on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock

from engine.documents.jilin.envelope import FRESH, OpenedRequest, open_request, refusal, seal_reply
from engine.documents.jilin.faults import MessageFault
from engine.documents.jilin.functions import FUNCTIONS
from engine.documents.jilin.keys import Keys
from engine.documents.jilin.messages import read_message, write_message
from engine.errors import SenderError
from engine.simulator.answers import ANSWERS
from engine.simulator.dialects import MEDIA, Call, Dialect, read_call, write_fault, write_reply
from engine.simulator.faults import ANSWERED_FULL, Mishap, Switchboard
from engine.simulator.listening import Asked, Said
from engine.simulator.orders import Refusal
from engine.simulator.site import Site

_GARBAGE = b"\x1f\x8b\x08\x00<html>\xff\xfe 502 gateway </soap:Envelope"

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Answer:
    code: str
    message: str
    body: bytes


@dataclass(kw_only=True)
class Service:
    """One simulated hospital as it can be called; `told` gets a line for each call that changes an order."""

    site: Site
    dialect: Dialect
    user: str
    keys: Keys
    board: Switchboard = field(default_factory=Switchboard)
    told: Told = lambda _: None
    calls: Counter[str] = field(default_factory=Counter)
    _nonces: dict[str, datetime] = field(default_factory=dict)
    _guard: Lock = field(default_factory=Lock)

    def answer(self, asked: Asked) -> Said:
        """Answer one HTTP request: the WSDL to GET, a call to POST."""
        if asked.path != self.dialect.path:
            return Said(404, b"not here\n", "text/plain; charset=utf-8")
        if asked.method == "GET":
            return Said(200, self.dialect.served(f"http://{asked.host or '127.0.0.1'}{asked.path}"))
        try:
            call = read_call(self.dialect, asked.body)
        except SenderError as refused:
            content, version = write_fault(asked.body, refused.first.message)
            return Said(500 if version == "1.1" else 400, content, MEDIA[version])
        xml, mishap = self._reply(call)
        return _spoilt(Said(200, write_reply(self.dialect, call, xml), MEDIA[call.version], mishap))

    def _reply(self, call: Call) -> tuple[str, Mishap | None]:
        """Give the reply, and what is to go wrong with it."""
        try:
            opened = open_request(lambda user: self.keys if user == self.user else None, call.xml)
        except MessageFault as fault:
            return refusal(fault.code, fault.message).decode(), None
        try:
            self._once(opened)
            self._fits(call, opened)
        except MessageFault as fault:
            return self._sealed(_Answer(fault.code, fault.message, b""), opened.nonce), None
        mishap = self.board.strike(opened.function)
        found = self._act(opened, mishap)
        xml = self._sealed(found, opened.nonce)
        if mishap and mishap.kind == "wrong-signature":
            xml = xml.replace("<SIGN><![CDATA[", "<SIGN><![CDATA[0", 1)
        return xml, mishap

    def _act(self, opened: OpenedRequest, mishap: Mishap | None) -> _Answer:
        with self._guard:
            self.calls[opened.function] += 1
        if mishap and mishap.kind == "full":
            return _Answer(ANSWERED_FULL[opened.function], "号源已满", b"")
        if mishap and not mishap.acted:
            return _Answer("99", "系统错误", b"")
        found = self._done(opened)
        return self._done(opened) if mishap and mishap.kind == "duplicate" else found

    def _done(self, opened: OpenedRequest) -> _Answer:
        try:
            values = read_message(opened.function, "request", opened.body)
            if values["HOS_ID"] != self.site.hospital:
                raise Refusal("1", f"HOS_ID 应为 {self.site.hospital}")
            reply = ANSWERS[opened.function](self.site, values)
            content = write_message(opened.function, "response", reply)
        except (MessageFault, Refusal) as refused:
            self._tell(opened.function, refused.code)
            return _Answer(refused.code, refused.message, b"")
        self._tell(opened.function, "0")
        return _Answer("0", "成功", content)

    def _sealed(self, answer: _Answer, nonce: str) -> str:
        return seal_reply(self.keys, answer.code, answer.message, answer.body, nonce=nonce).decode()

    def _fits(self, call: Call, opened: OpenedRequest) -> None:
        """Hold the function against the operation and what is answered; raises MessageFault 5."""
        wanted = self.dialect.functions[call.operation]
        if opened.function not in ANSWERS or (wanted and wanted != opened.function):
            raise MessageFault("5", "没有这个功能代码", "FUN_CODE")

    def _once(self, opened: OpenedRequest) -> None:
        """Take a nonce once; raises MessageFault 10 when it comes again."""
        if not opened.nonce:
            return
        with self._guard:
            now = datetime.now(UTC)
            if len(self._nonces) > 10_000:
                self._nonces = {nonce: at for nonce, at in self._nonces.items() if now - at < 2 * FRESH + timedelta(minutes=1)}
            if opened.nonce in self._nonces:
                raise MessageFault("10", "重复提交", "NONCE")
            self._nonces[opened.nonce] = now

    def _tell(self, function: str, code: str) -> None:
        if "2005" <= function <= "2011" or function == "3001":
            self.told(f"{self.site.hospital} {function} {FUNCTIONS[function].name}: {code}")


def _spoilt(said: Said) -> Said:
    """Spoil what is spoilt before it leaves; what goes wrong on the way is done by the listener."""
    if said.mishap and said.mishap.kind == "garbage":
        return Said(200, _GARBAGE, said.media)
    if said.mishap and said.mishap.kind == "5xx":
        status = 500 if said.mishap.acted else 503
        return Said(status, b"<html><body>Server Error in Application</body></html>", "text/html; charset=utf-8")
    return said
