"""Listen for HTTP on one port, and be away altogether when told to."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any

from engine.simulator.faults import Mishap

_LONGEST = 32 << 20
_LOOK = 0.5
"""Seconds between two looks whether a silent caller has gone, or the hospital closes."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One HTTP request."""

    method: str
    path: str
    query: str
    host: str
    media: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """One HTTP answer, and what goes wrong on its way."""

    status: int
    content: bytes
    media: str = "text/xml; charset=utf-8"
    mishap: Mishap | None = None


class Listener:
    """Answer HTTP/1.1 on one port with a function; `host` is loopback unless a vendor's machine is to reach it."""

    def __init__(self, answer: Callable[[Asked], Said], port: int = 0, host: str = "127.0.0.1") -> None:
        self._answer = answer
        self._host = host
        self._port = port
        self._server: ThreadingHTTPServer | None = None
        self._thread: Thread | None = None
        self._open: set[socket.socket] = set()
        self._guard = Lock()
        self.closing = Event()

    @property
    def port(self) -> int:
        """The port, the same before and after being away."""
        return self._port

    def open(self) -> None:
        """Begin to listen; nothing happens when it listens already."""
        if self._server is None:
            self.closing.clear()
            self._server = _Server((self._host, self._port), self._handler())
            self._port = int(self._server.server_address[1])
            self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Refuse connections and drop those that are open, so that nothing of this hospital can be reached."""
        if self._server is None or self._thread is None:
            return
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._server = self._thread = None
        with self._guard:
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        listener = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def setup(self) -> None:
                super().setup()
                with listener._guard:
                    listener._open.add(self.connection)

            def finish(self) -> None:
                with listener._guard:
                    listener._open.discard(self.connection)
                with contextlib.suppress(OSError):
                    super().finish()

            def do_GET(self) -> None:
                listener._serve(self, b"")

            def do_POST(self) -> None:
                try:
                    body = _body(self)
                except ValueError:
                    self.close_connection = True
                    self.send_error(400, "bad chunk")
                    return
                listener._serve(self, body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
                """Say nothing: who listens tells what came."""

        return Handler

    def _serve(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        path, _, query = handler.path.partition("?")
        asked = Asked(
            handler.command, path, query, handler.headers.get("Host", ""), handler.headers.get("Content-Type", ""), body
        )
        said = self._answer(asked)
        mishap = said.mishap
        try:
            if mishap and mishap.kind == "slow":
                self.closing.wait(mishap.seconds)
            if self.closing.is_set():
                handler.close_connection = True
            elif mishap and mishap.kind == "half-open":
                handler.close_connection = True
                self._say_nothing(handler)
            else:
                self._write(handler, said)
        except OSError:
            handler.close_connection = True  # the caller hung up, which is what many faults are for

    def _write(self, handler: BaseHTTPRequestHandler, said: Said) -> None:
        handler.send_response(said.status)
        handler.send_header("Content-Type", said.media)
        handler.send_header("Content-Length", str(len(said.content)))
        handler.end_headers()
        if said.mishap and said.mishap.kind == "drip":
            for byte in said.content:
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
                if self.closing.wait(1.0):
                    return
        else:
            handler.wfile.write(said.content)

    def _say_nothing(self, handler: BaseHTTPRequestHandler) -> None:
        """Wait until the caller hangs up."""
        handler.connection.settimeout(_LOOK)
        while not self.closing.is_set():
            with contextlib.suppress(TimeoutError):
                if not handler.connection.recv(1 << 16):
                    return


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


def _body(handler: BaseHTTPRequestHandler) -> bytes:
    """Read a body, in chunks when it comes so, up to 32 MiB."""
    if "chunked" not in handler.headers.get("Transfer-Encoding", "").lower():
        return handler.rfile.read(min(int(handler.headers.get("Content-Length") or 0), _LONGEST))
    body = bytearray()
    while len(body) <= _LONGEST:
        size = int(handler.rfile.readline().partition(b";")[0], 16)
        body += handler.rfile.read(size)
        handler.rfile.readline()
        if not size:
            break
    return bytes(body)
