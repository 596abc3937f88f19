"""Send prepared requests over a few kept connections as fast as they are answered."""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(slots=True)
class Sent:
    """What came of a load: counts, seconds of wall clock, latencies in milliseconds, the first odd answer."""

    accepted: int = 0
    other: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    odd: str = ""


def send(url: str, bodies: Sequence[bytes], *, connections: int, seconds: float) -> Sent:
    """Send bodies, each once, until they or the seconds are used up."""
    return asyncio.run(_send(url, list(bodies), connections, seconds))


async def _send(url: str, bodies: list[bytes], connections: int, seconds: float) -> Sent:
    sent, started = Sent(), time.perf_counter()
    waiting = iter(bodies)
    await asyncio.gather(*(_client(url, waiting, sent, started + seconds) for _ in range(connections)))
    sent.seconds = time.perf_counter() - started
    return sent


async def _client(url: str, waiting: Iterator[bytes], sent: Sent, until: float) -> None:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = f'POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: text/xml; charset=utf-8\r\nSOAPAction: ""\r\nContent-Length: '
    for body in waiting:
        began = time.perf_counter()
        if began > until:
            break
        writer.write(f"{head}{len(body)}\r\n\r\n".encode() + body)
        answer = await read_answer(reader)
        sent.latencies.append((time.perf_counter() - began) * 1000)
        if b">accepted" in answer and b"<duplicate>true" not in answer:
            sent.accepted += 1
        else:
            sent.other += 1
            sent.odd = sent.odd or answer[:600].decode(errors="replace")
    writer.close()


class Line:
    """One kept connection of one caller to one service, opened anew when it breaks."""

    def __init__(self, address: str, path: str, user: str, password: str) -> None:
        self._host, port = address.removeprefix("http://").split(":")
        self._port = int(port)
        self._head = (
            f'POST {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: text/xml; charset=utf-8\r\nSOAPAction: ""\r\n'
            f"Authorization: Basic {b64encode(f'{user}:{password}'.encode()).decode()}\r\nContent-Length: "
        )
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, body: bytes) -> bytes:
        """Send one envelope and read its answer; raises OSError or EOFError when the engine is gone."""
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection(self._host, self._port)
            reader, writer = self._streams
            writer.write(f"{self._head}{len(body)}\r\n\r\n".encode() + body)
            return await read_answer(reader)
        except BaseException:
            self.close()
            raise

    async def cut(self, body: bytes, seconds: float) -> None:
        """Send one envelope and hang up after so many seconds, whatever became of it; raises OSError when the engine is gone."""
        self.close()
        _, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(f"{self._head}{len(body)}\r\n\r\n".encode() + body)
            await writer.drain()
            await asyncio.sleep(seconds)
        finally:
            writer.close()

    def close(self) -> None:
        """Hang up."""
        if self._streams:
            self._streams[1].close()
            self._streams = None


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    """Read the body of one HTTP answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return await reader.readexactly(length)
