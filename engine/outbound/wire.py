"""Carry one request to one destination over HTTP(S): total deadline, pinned networks, no redirect, capped reply."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from engine import tracing
from engine.errors import DestinationError, Rejected, Unavailable
from engine.outbound.connector import NetworkEndpoint, Surroundings, tls_context
from engine.outbound.lookup import Lookup, pinned_address
from engine.outbound.timed import Clock, TimedSocket, dial

Network = IPv4Network | IPv6Network

REPLY_LIMIT = 8 << 20
"""Bytes of a reply that are read before it is refused."""

_IDLE = 15.0
"""Seconds a kept connection may rest before it is not trusted any more."""

_CHUNK = 64 << 10

_LONGEST_PAUSE = 3600.0
"""Seconds of a Retry-After that are obeyed at most."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers with lower-case names, body complete."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class _Line(http.client.HTTPConnection):
    """One connection whose every read and write counts against the deadline of the call under way."""

    def __init__(self, wire: Wire, clock: Clock) -> None:
        super().__init__(wire.host, wire.port)
        self._wire = wire
        self.clock = clock
        self.rested_at = 0.0

    def connect(self) -> None:
        """Look the name up once, check the address, connect to exactly that address."""
        wire = self._wire
        address = pinned_address(wire.lookup, wire.host, wire.port, wire.networks, self.clock)
        plain = dial(address, wire.host, wire.tls, self.clock)
        if isinstance(plain, ssl.SSLSocket):
            wire.certificate_until = str((plain.getpeercert() or {}).get("notAfter", ""))
        self.sock: Any = TimedSocket(plain, self.clock)


class Wire:
    """Hold the kept connections to one destination.

    `url` is http or https; `networks` are the only ones the name may resolve to; `deadline` is in seconds and
    covers name, connect, send and the whole reply; `reply_limit` is in bytes; `tls` verifies unless told otherwise.
    """

    def __init__(
        self,
        url: str,
        *,
        networks: Sequence[Network],
        deadline: float = 30.0,
        reply_limit: int = REPLY_LIMIT,
        tls: ssl.SSLContext | None = None,
        lookup: Lookup | None = None,
    ) -> None:
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if secure else 80)
        self.path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self.networks = tuple(networks)
        self.deadline = deadline
        self.reply_limit = reply_limit
        self.tls = (tls or ssl.create_default_context()) if secure else None
        self.lookup = lookup or Lookup()
        self.certificate_until = ""
        """When the certificate shown last ends, as OpenSSL writes it (ssl.cert_time_to_seconds reads it); "" without TLS."""
        self._kept: list[_Line] = []
        self._closed = False
        self._lock = threading.Lock()

    def post(self, body: bytes, headers: Mapping[str, str], *, deadline: float = 0.0) -> Answer:
        """Send one POST and read the whole reply within the deadline (the wire's own unless given); never follows a redirect.

        Raises Unavailable DST-101 (nothing sent), DST-102 and DST-104 (may have arrived, `unknown`),
        DST-105 (address outside the pinned networks), Rejected DST-202 (a redirect).
        """
        return self._call("POST", self.path, body, headers, deadline or self.deadline)

    def get(self, path: str, *, deadline: float = 0.0) -> Answer:
        """Ask for one file of the same host by GET; raises as `post` does, though nothing can be unknown."""
        return self._call("GET", path, b"", {}, deadline or self.deadline)

    def _call(self, method: str, path: str, body: bytes, headers: Mapping[str, str], deadline: float) -> Answer:
        line = self._take(Clock(deadline))
        try:
            answer = self._exchange(line, method, path, body, headers)
        except BaseException:
            line.close()
            raise
        self._keep(line)
        if 300 <= answer.status < 400:
            raise Rejected("DST-202", f"HTTP {answer.status} 重定向，平台不跟随；请在 endpoints.yaml 填写最终地址")
        return answer

    def close(self) -> None:
        """Close every kept connection, and let none be kept that is still in use."""
        with self._lock:
            kept, self._kept, self._closed = self._kept, [], True
        for line in kept:
            line.close()

    def _exchange(self, line: _Line, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        sent = False
        try:
            line.request(method, path, body=body or None, headers={**headers, **tracing.outgoing()})
            sent = True
            with line.getresponse() as response:
                return self._read(response)
        except DestinationError:
            raise
        except TimeoutError as error:
            raise _late(line, sent=sent) from error
        except (http.client.HTTPException, OSError) as error:
            raise _broken(error, sent=sent) from error

    def _read(self, response: http.client.HTTPResponse) -> Answer:
        """Read the reply up to the cap; a body shorter than promised raises IncompleteRead."""
        promised = response.length or 0
        parts: list[bytes] = []
        size = 0
        while promised <= self.reply_limit and size <= self.reply_limit and (part := response.read(_CHUNK)):
            parts.append(part)
            size += len(part)
        if promised > self.reply_limit or size > self.reply_limit:
            raise Unavailable("DST-104", f"应答超过上限 {self.reply_limit} 字节", unknown=True)
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
        headers = MappingProxyType({name.lower(): value for name, value in response.getheaders()})
        return Answer(response.status, headers, b"".join(parts))

    def _take(self, clock: Clock) -> _Line:
        """Hand out the connection used last, if it is still quiet and fresh, or a new one."""
        while True:
            with self._lock:
                line = self._kept.pop() if self._kept else None
            if line is None:
                return _Line(self, clock)
            if line.sock is not None and time.monotonic() - line.rested_at < _IDLE and line.sock.quiet():
                line.clock = line.sock.clock = clock
                return line
            line.close()

    def _keep(self, line: _Line) -> None:
        if line.sock is None:
            return
        line.rested_at = time.monotonic()
        with self._lock:
            if not self._closed:
                self._kept.append(line)
                return
        line.close()


def open_wire(address: str, sheet: NetworkEndpoint, around: Surroundings, lookup: Lookup | None) -> Wire:
    """Make the wire to an address within the bounds of its sheet; nothing is connected yet."""
    return Wire(
        address,
        networks=sheet.networks,
        deadline=sheet.deadline,
        reply_limit=sheet.reply_limit,
        tls=tls_context(sheet.trust, around.root) if address.startswith("https:") else None,
        lookup=lookup,
    )


def _late(line: _Line, *, sent: bool) -> Unavailable:
    seconds = f"{line.clock.seconds:g} 秒内"
    if line.sock is None and not sent:
        return Unavailable("DST-101", f"{seconds}没有连接上")
    return Unavailable("DST-102", f"{seconds}没有{'完整的应答' if sent else '发送完毕'}", unknown=sent)


def _broken(error: Exception, *, sent: bool) -> Unavailable:
    """Name a connection that failed: before the last byte was sent nothing can have been taken."""
    if not sent:
        return Unavailable("DST-101", f"连接失败：{_plain(error)}")
    if isinstance(error, http.client.RemoteDisconnected | ConnectionError):
        return Unavailable("DST-102", "对方收到请求后断开了连接，没有应答", unknown=True)
    return Unavailable("DST-104", f"应答不完整或不是 HTTP：{_plain(error)}", unknown=True)


def _plain(error: Exception) -> str:
    """Describe an error by its kind and system text only; a reply's bytes may hold personal data."""
    if isinstance(error, ssl.SSLError):
        return f"TLS {getattr(error, 'verify_message', '') or error.reason or type(error).__name__}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


def refuse_status(answer: Answer) -> None:
    """Raise what a status outside 2xx means: 408, 425, 429 and 5xx Unavailable, other 4xx Rejected DST-202.

    A gateway's 502 or 504 leaves open whether the destination got the request, so it is `unknown`.
    """
    if answer.status < 300:
        return
    if answer.status >= 500 or answer.status in {408, 425, 429}:
        wait = answer.headers.get("retry-after", "")
        pause = min(float(wait), _LONGEST_PAUSE) if wait.isascii() and wait.isdigit() else 0.0
        unknown = answer.status in {502, 504}
        raise Unavailable("DST-103", f"HTTP {answer.status}", unknown=unknown, retry_after=pause)
    raise Rejected("DST-202", f"HTTP {answer.status}")
