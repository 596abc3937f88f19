"""Read from an HTTP request what the front asks of it: peer, headers, body within bounds, credentials."""

from __future__ import annotations

import asyncio
import base64
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from engine.errors import TryAgain
from engine.inbound.calls import Credential
from engine.inbound.faults import EarlyRefusal
from engine.inbound.gate import too_large
from engine.inbound.limits import FrontLimits
from engine.metrics import figures

_LONGEST_SECRET = 8192


class Disconnected(Exception):
    """The sender went away before its request was whole."""


class InFlight:
    """Count the bytes of the bodies that one front holds at a time; one peer never holds more than half of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: Counter[str] = Counter()

    def take(self, peer: str, size: int) -> None:
        """Add bytes of a peer; raises TryAgain when there would be too many."""
        if self._held.total() + size > self._limit or self._held[peer] + size > self._limit // 2:
            raise TryAgain("bodies in flight", retry_after=5)
        self._held[peer] += size
        figures().body_bytes(self._held.total())

    def give_back(self, peer: str, size: int) -> None:
        """Take bytes off again."""
        self._held[peer] -= size
        if not self._held[peer]:
            del self._held[peer]
        figures().body_bytes(self._held.total())


class Body:
    """The body of one request, read within its bounds and counted as long as it is held."""

    def __init__(self, scope: Mapping[str, Any], peer: str, receive: Any, limits: FrontLimits, in_flight: InFlight) -> None:
        self._scope = scope
        self._peer = peer
        self._receive = receive
        self._limits = limits
        self._in_flight = in_flight
        self.size = 0

    async def read(self) -> bytes:
        """Read it whole; raises EarlyRefusal 400, 408, 411, 413, TryAgain, Disconnected."""
        self._check_declared()
        try:
            async with asyncio.timeout(self._limits.body_deadline):
                return await self._gather()
        except TimeoutError:
            limit = self._limits.body_deadline
            message = f"在 {limit:g} 秒内没有收完请求体。"
            raise EarlyRefusal(408, "SND-316", message, "检查网络；分批发送。") from None

    def release(self) -> None:
        """Give back what was counted."""
        self._in_flight.give_back(self._peer, self.size)
        self.size = 0

    def _check_declared(self) -> None:
        """Judge the length before a byte is read, so that `100 Continue` is never sent for what will be refused."""
        declared = header(self._scope, b"content-length")
        if declared.isdecimal() and int(declared) > self._limits.body:
            raise too_large(self._limits.body)
        if not declared and not header(self._scope, b"transfer-encoding"):
            raise EarlyRefusal(411, "SND-302", "请求没有 Content-Length，也没有分块。", "检查 HTTP 客户端。")

    async def _gather(self) -> bytes:
        pieces = []
        more = True
        while more:
            event = await self._receive()
            if event["type"] == "http.disconnect":
                raise Disconnected
            piece = event.get("body", b"")
            more = event.get("more_body", False)
            if self.size + len(piece) > self._limits.body:
                raise too_large(self._limits.body)
            self._in_flight.take(self._peer, len(piece))
            self.size += len(piece)
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def header(scope: Mapping[str, Any], name: bytes) -> str:
    """Give the first header of that name (lower case) as text, "" when there is none."""
    return next(_headers(scope, name), "")


def announces_body(scope: Mapping[str, Any]) -> bool:
    """Tell whether bytes of a body will follow the headers."""
    return header(scope, b"content-length").strip("0") != "" or bool(header(scope, b"transfer-encoding"))


def peer_of(scope: Mapping[str, Any], proxies: frozenset[str]) -> str:
    """Give the address of the sender; X-Forwarded-For is believed only from a configured proxy."""
    client = scope.get("client")
    peer = client[0] if client else ""
    if peer not in proxies:
        return peer
    passed = [each.strip() for line in _headers(scope, b"x-forwarded-for") for each in line.split(",")]
    return next((each for each in reversed(passed) if each and each not in proxies), peer)


def http_credentials(scope: Mapping[str, Any]) -> list[Credential]:
    """Find HTTP Basic (each header of it) and the client certificate that TLS has checked."""
    found = [_basic(line[6:]) for line in _headers(scope, b"authorization") if line[:6].lower() == "basic "]
    certificate = scope.get("extensions", {}).get("tls", {}).get("peer_certificate", b"")
    if certificate:
        found.append(Credential(kind="certificate", certificate=certificate))
    return found


def _basic(packed: str) -> Credential:
    """Read one Basic header; an unreadable one is a credential with nothing in it, which no one admits."""
    try:
        plain = base64.b64decode(packed.strip()[:_LONGEST_SECRET], validate=True)
    except ValueError:  # also for a letter that is not ASCII
        return Credential(kind="basic")
    try:
        text = plain.decode("utf-8")
    except UnicodeDecodeError:
        text = plain.decode("gb18030", "replace")
    institution, _, secret = text.partition(":")
    return Credential(kind="basic", institution=institution, secret=secret)


def _headers(scope: Mapping[str, Any], name: bytes) -> Iterator[str]:
    return (value.decode("latin-1") for key, value in scope["headers"] if key == name)
