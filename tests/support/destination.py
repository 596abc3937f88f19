"""Stand in for a destination: a real server on loopback that answers each request as a test tells it."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from engine.message import SHANGHAI, Message


@dataclass(frozen=True)
class Request:
    """What came in: the first line, headers by lower-case name, the body, and which connection it came on."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: int


Act = Callable[[socket.socket, Request], bool]
"""Answer one request on its socket; False closes the connection."""


def http_reply(body: bytes = b"", status: str = "200 OK", media: str = "text/xml; charset=utf-8", **headers: str) -> bytes:
    """Write a complete HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", f"Content-Type: {media}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def saying(reply: bytes) -> Act:
    """Answer every request with the same bytes and keep the connection."""

    def act(sock: socket.socket, _request: Request) -> bool:
        sock.sendall(reply)
        return True

    return act


@dataclass
class Destination:
    """A server on a port of its own; `requests` holds all that came, `act` may be changed at any time."""

    act: Act
    requests: list[Request] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._connections = 0
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        for sock in list(self._open):
            sock.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/receive"

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._open.add(sock)
            self._connections += 1
            threading.Thread(target=self._serve, args=(sock, self._connections), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        reader = sock.makefile("rb")
        try:
            while (request := _read(reader, number)) is not None:
                self.requests.append(request)
                if not self.act(sock, request):
                    break
        except OSError:
            pass  # the other side hung up, which many tests want it to do
        finally:
            reader.close()
            sock.close()
            self._open.discard(sock)


def _read(reader, number: int) -> Request | None:
    line = reader.readline().decode("latin-1").strip()
    if not line:
        return None
    headers = {}
    while (row := reader.readline().decode("latin-1").strip()) != "":
        name, _, value = row.partition(":")
        headers[name.lower()] = value.strip()
    return Request(line, headers, reader.read(int(headers.get("content-length", "0"))), number)


@dataclass(frozen=True)
class Paper:
    """A document without the press: its bytes and their digest."""

    content: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def a_message(number: int = 1, content: bytes = "<病历>测试患者</病历>".encode(), **changes: object) -> Message:
    """Make a message of an invented document."""
    facts: dict = {
        "id": f"20261123-{number:012d}",
        "route": "outpatient-record",
        "revision": "r1",
        "institution": "H001",
        "document_type": "C0002",
        "received": datetime(2026, 11, 23, 8, 30, tzinfo=SHANGHAI),
        "document": Paper(content),
        "keys": {"document": f"D{number}", "resident": "R1", "own": "2.16.1^D1"},
    }
    return Message(**(facts | changes))
