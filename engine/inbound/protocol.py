"""Guard the wire: uvicorn's HTTP protocol with deadlines, caps, client certificates and refusals that are SOAP faults."""

from __future__ import annotations

import asyncio
import functools
import secrets
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from engine.inbound.faults import MEDIA_TYPE, EarlyRefusal, refuse, write_fault
from engine.inbound.limits import FrontLimits
from engine.log import get_logger

_LOG = get_logger("front")
_REASONS = {400: "Bad Request", 408: "Request Timeout", 431: "Request Header Fields Too Large"}
_BACKLOG = 512
_AT_ONCE = struct.pack("ii", 1, 0)


class _TooManyHeaders(Exception):
    """The headers of a request passed a cap."""


class LingeringTransport:
    """A transport whose close lets a sender that is still sending read our reply first.

    Closing a socket with unread bytes in it resets the connection, and the reply may be lost with it. So we
    say that we are done, throw away what still comes for a while, and close then. What a peer does not fetch of its
    last reply within `patience` seconds is given up.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, seconds: float, patience: float) -> None:
        self._transport = transport
        self._loop = loop
        self._seconds = seconds
        self._patience = patience
        self.request_whole = True
        self.lingering = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """Tell whether nothing more will be said."""
        return self.lingering or self._transport.is_closing()

    def close(self) -> None:
        """Close now, or after a while when the sender has not finished."""
        if self.request_whole or self._transport.is_closing():
            self._end()
            return
        if self.lingering:
            return
        self.lingering = True
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._transport.resume_reading()
        self._loop.call_later(self._seconds, self._end)

    def _end(self) -> None:
        self._transport.close()
        if self._transport.get_write_buffer_size():
            self._loop.call_later(self._patience, self.abort)

    def abort(self) -> None:
        """Cut the connection now; the system throws away what it has not sent, instead of offering it for minutes."""
        if not self._transport.is_closing() or self._transport.get_write_buffer_size():
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self._transport.abort()


class GuardedProtocol(HttpToolsProtocol):
    """One connection within our limits."""

    transport: Any

    def __init__(self, *args: Any, limits: FrontLimits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._deadline: asyncio.TimerHandle | None = None
        self._reader_deadline: asyncio.TimerHandle | None = None
        self._header_size = 0
        self._header_count = 0
        self._in_headers = True
        self._certificate: bytes | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin: the headers of the first request are due."""
        self._lingering = LingeringTransport(transport, self.loop, self._limits.linger, self._limits.reply_deadline)
        super().connection_made(self._lingering)  # type: ignore[arg-type]
        tls = transport.get_extra_info("ssl_object")
        if tls is not None:
            self._certificate = tls.getpeercert(binary_form=True)
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """End, and forget the deadlines."""
        self._forget_deadline()
        self._forget_reader()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait for a peer to take what we have written, as long as it goes on taking."""
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        """Write on."""
        self._forget_reader()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, unless the connection is only waiting to be closed."""
        if self._lingering.is_closing():
            return
        if self._in_headers:
            self._header_size += len(data)
            if self._deadline is None:
                self._await_headers()
        super().data_received(data)
        if self._in_headers and self._header_size > self._limits.header_bytes and not self._lingering.is_closing():
            self._refuse(431)

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Stay for a sender that closed its half after a whole request; the reply is still due to it."""
        waiting = self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body
        if waiting and self.scheme == "http":
            self.cycle.keep_alive = False
            return True
        return None

    def on_message_begin(self) -> None:
        """Begin a request with the certificate of the peer in its scope."""
        super().on_message_begin()
        self._lingering.request_whole = False
        self._header_count = 0
        if self._deadline is None:
            self._await_headers()
        if self._certificate:
            self.scope["extensions"] = {"tls": {"peer_certificate": self._certificate}}

    def on_url(self, url: bytes) -> None:
        """Take a piece of the address, within the cap of the headers."""
        super().on_url(url)
        if len(self.url) > self._limits.header_bytes:
            raise _TooManyHeaders

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header, within the caps of number and size."""
        super().on_header(name, value)
        self._header_count += 1
        if self._header_count > self._limits.header_count or len(name) + len(value) > self._limits.header_bytes:
            raise _TooManyHeaders

    def on_headers_complete(self) -> None:
        """Hand the request on; HTTP/1.0 senders that ask for it keep their connection."""
        self._in_headers = False
        self._header_size = 0
        self._forget_deadline()
        super().on_headers_complete()
        if self.cycle is not None and self.parser.get_http_version() == "1.0":
            self.cycle.keep_alive = self.parser.should_keep_alive()

    def on_message_complete(self) -> None:
        """Note that the request is whole; the next bytes are headers again."""
        self._in_headers = True
        self._lingering.request_whole = True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn's own words are not for hospitals
        """Answer what the parser refused, as a SOAP fault."""
        self._refuse(431 if self._header_count > self._limits.header_count or self._too_long() else 400)

    def _too_long(self) -> bool:
        longest = max((len(name) + len(value) for name, value in self.headers or ()), default=0)
        return max(longest, len(self.url)) > self._limits.header_bytes

    def _await_headers(self) -> None:
        self._deadline = self.loop.call_later(self._limits.header_deadline, self._headers_late)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _watch_reader(self) -> None:
        left = self.transport.get_write_buffer_size()
        self._reader_deadline = self.loop.call_later(self._limits.reply_deadline, self._look_at_reader, left)

    def _look_at_reader(self, before: int) -> None:
        if before - self.transport.get_write_buffer_size() >= self._limits.least_read:
            self._watch_reader()
            return
        _LOG.info("reader too slow", peer=self.client[0] if self.client else "")
        self.transport.abort()

    def _forget_reader(self) -> None:
        if self._reader_deadline is not None:
            self._reader_deadline.cancel()
            self._reader_deadline = None

    def _headers_late(self) -> None:
        self._deadline = None
        if self._in_headers and not self._lingering.is_closing():
            self._refuse(408)

    def _refuse(self, status: int) -> None:
        """Answer outside any request cycle, and close."""
        error = _early(status, self._limits)
        trace = secrets.token_hex(8)
        content = write_fault(refuse(error, "1.1", trace), "1.1", trace)
        _LOG.info("request refused", code=error.code, status=status, trace=trace, peer=self.client[0] if self.client else "")
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\ncontent-type: {MEDIA_TYPE['1.1']}\r\n"
            f"content-length: {len(content)}\r\nx-trace-id: {trace}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + content)
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._lingering.request_whole = False
        self.transport.close()


def _early(status: int, limits: FrontLimits) -> EarlyRefusal:
    if status == 431:
        return EarlyRefusal(431, "SND-602", f"请求头超过上限 {limits.header_bytes // 1024} KiB。", "检查 HTTP 客户端。")
    if status == 408:
        message = f"在 {limits.header_deadline:g} 秒内没有收完请求头。"
        return EarlyRefusal(408, "SND-316", message, "检查网络与 HTTP 客户端。")
    return EarlyRefusal(400, "SND-302", "HTTP 请求的格式不正确。", "检查请求行、Content-Length 与分块。")


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs it when it is given an event to stop by."""

    def __init__(self, config: uvicorn.Config, stop: asyncio.Event | None) -> None:
        super().__init__(config)
        self._stop = stop

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture signals only when nobody else does."""
        if self._stop is None:
            with super().capture_signals():
                yield
        else:
            yield

    async def watch(self) -> None:
        """Begin the graceful end when the event is set."""
        if self._stop is not None:
            await self._stop.wait()
            self.should_exit = True


async def serve(
    app: Any,
    sock: socket.socket,
    *,
    limits: FrontLimits | None = None,
    tls: ssl.SSLContext | None = None,
    stop: asyncio.Event | None = None,
    grace: float = 20.0,
) -> None:
    """Serve an ASGI application on a bound socket until `stop` is set (or SIGTERM, SIGINT when there is none).

    Requests in flight are finished for at most `grace` seconds. `tls` asks for client certificates when its
    verify_mode says so; what a peer shows stands as DER in `scope["extensions"]["tls"]["peer_certificate"]`.
    """
    bounds = limits or FrontLimits()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, bounds.send_buffer)  # accepted connections inherit it
    config = uvicorn.Config(
        app,
        http=functools.partial(GuardedProtocol, limits=bounds),  # type: ignore[arg-type]  # called like the class
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=int(bounds.keep_alive),
        timeout_graceful_shutdown=int(grace),
        backlog=_BACKLOG,
        ssl_context_factory=None if tls is None else (lambda _config, _default: tls),
    )
    server = _Server(config, stop)
    watcher = asyncio.ensure_future(server.watch())
    try:
        await server.serve(sockets=[sock])
    finally:
        watcher.cancel()
