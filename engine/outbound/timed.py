"""Keep a total deadline over every read and write of one socket."""

from __future__ import annotations

import io
import select
import socket
import ssl
import time
from typing import Any

from engine.outbound.lookup import Address


class Clock:
    """Count down from `seconds`; the clock starts when it is made."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Give the seconds left; raises TimeoutError when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the total deadline has passed")
        return left


def dial(address: Address, name: str, tls: ssl.SSLContext | None, clock: Clock) -> socket.socket:
    """Connect to one numeric address; with TLS the certificate must be that of `name` (SNI sent).

    Raises OSError and TimeoutError.
    """
    family, place = address
    plain = socket.socket(family, socket.SOCK_STREAM)
    try:
        plain.settimeout(clock.left())
        plain.connect(place)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is None:
            return plain
        return _shake_hands(plain, name, tls, clock)
    except BaseException:
        plain.close()
        raise


def _shake_hands(plain: socket.socket, name: str, tls: ssl.SSLContext, clock: Clock) -> ssl.SSLSocket:
    """Do the TLS handshake step by step, for a socket's own time-out starts anew with each packet."""
    wrapped = tls.wrap_socket(plain, server_hostname=name, do_handshake_on_connect=False)
    wrapped.settimeout(0.0)
    while True:
        try:
            wrapped.do_handshake()
        except ssl.SSLWantReadError:
            select.select([wrapped], [], [], clock.left())
        except ssl.SSLWantWriteError:
            select.select([], [wrapped], [], clock.left())
        else:
            return wrapped


class TimedSocket:
    """Offer what http.client asks of a socket, each call limited to what the clock has left."""

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._sock = sock
        self.clock = clock
        self._readers = 0
        self._closed = False

    def sendall(self, data: Any) -> None:
        """Send every byte; raises TimeoutError at the deadline."""
        view = memoryview(data)
        while view:
            self._sock.settimeout(self.clock.left())
            view = view[self._sock.send(view) :]

    def receive_into(self, buffer: Any) -> int:
        """Read what is there, at least one byte, 0 at the end."""
        self._sock.settimeout(self.clock.left())
        return self._sock.recv_into(buffer)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Give the reader that http.client parses the reply from."""
        self._readers += 1
        return io.BufferedReader(_Stream(self), 64 << 10)

    def quiet(self) -> bool:
        """Tell whether a resting connection is usable: anything readable is its end or rubbish."""
        return not select.select([self._sock], [], [], 0)[0]

    def close(self) -> None:
        """Close the socket, once nobody reads from it: http.client closes it before the body when the reply says so."""
        self._closed = True
        if not self._readers:
            self._sock.close()

    def reader_closed(self) -> None:
        """Note that a reader is done."""
        self._readers -= 1
        if self._closed:
            self.close()


class _Stream(io.RawIOBase):
    """The raw reading side of a timed socket; closing it leaves the socket open for the next request."""

    def __init__(self, sock: TimedSocket) -> None:
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._sock.receive_into(buffer)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._sock.reader_closed()
