"""Measure what hostile senders cost: a 1 GiB bomb, and hundreds of slow connections beside a good client: `python -m bench.slow [CONNECTIONS]`."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import socket
import sys
import tempfile
import threading
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bench.documents import envelope, numbered, pack, samples
from bench.load import Sent, read_answer, send
from bench.processes import children_of
from bench.telling import percentile, say
from tests.support.engine import Engine

CONNECTIONS, SECONDS = 500, 12.0
"""Slow connections at a time, and seconds for which the good client is measured beside each kind of them."""

MOST_CPU, MOST_MEMORY, MOST_SLOWER = 0.3, 96, 2.0
"""What a bomb may cost (seconds, MiB), and by how much the good client's p99 may grow."""

_CODE, _PASSWORD = "BENCH-HOSPITAL", "bench-password-1"
_PATH = f"/services/collection/{_CODE}"
_DRIP = 2.0
_BOMB = 1 << 30
_ASKED = 20
"""Questions of a slow reader; the answers are some 20 KB each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What one request took of the front that served it: seconds of processor, MiB above what it held before."""

    seconds: float
    mebibytes: int
    status: bytes


def bomb(size: int = _BOMB) -> bytes:
    """Pack so many zeros as a hospital packs a document: about a thousandth of them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = bytes(1 << 20)
    packed = b"".join(packer.compress(piece) for _ in range(size >> 20)) + packer.flush()
    return base64.b64encode(packed)


def cost_of(engine: Engine, body: bytes) -> Cost:
    """Send one envelope and give what the front spent on it."""
    front = children_of(engine.pid)["front-1"].pid
    Path(f"/proc/{front}/clear_refs").write_text("5", encoding="ascii")
    before, held = children_of(engine.pid)["front-1"].cpu, _memory(front, "VmRSS")
    answer = asyncio.run(_post(engine, body))
    return Cost(
        seconds=children_of(engine.pid)["front-1"].cpu - before, mebibytes=(_memory(front, "VmHWM") - held) >> 10, status=answer
    )


def _memory(pid: int, key: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key))


async def _post(engine: Engine, body: bytes) -> bytes:
    reader, writer = await _connect(engine)
    writer.write(_head(len(body)) + body)
    answer = await read_answer(reader)
    writer.close()
    return answer


def _head(length: int) -> bytes:
    return (
        f"POST {_PATH} HTTP/1.1\r\nHost: engine\r\nContent-Type: text/xml; charset=utf-8\r\n"
        f'SOAPAction: ""\r\nContent-Length: {length}\r\n\r\n'
    ).encode()


async def _connect(engine: Engine, receive: int = 0) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = engine.services.removeprefix("http://").partition(":")
    one = socket.socket()
    if receive:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    one.setblocking(False)  # noqa: FBT003  the socket's own signature
    await asyncio.get_running_loop().sock_connect(one, (host, int(port)))
    return await asyncio.open_connection(sock=one, limit=1 << 12)


Drip = Callable[[Engine], Awaitable[None]]


async def slow_headers(engine: Engine) -> None:
    """Send one byte of a header now and then."""
    _, writer = await _connect(engine)
    with contextlib.closing(writer):
        writer.write(b"POST / HTTP/1.1\r\nX-Slow: ")
        while not writer.is_closing():
            await asyncio.sleep(_DRIP)
            writer.write(b"a")
            await writer.drain()


async def slow_bodies(engine: Engine) -> None:
    """Announce a document, and send it a byte now and then."""
    _, writer = await _connect(engine)
    with contextlib.closing(writer):
        writer.write(_head(1 << 20))
        while not writer.is_closing():
            await asyncio.sleep(_DRIP)
            writer.write(b" ")
            await writer.drain()


async def slow_readers(engine: Engine) -> None:
    """Ask for more than the sockets hold, and read almost nothing of it."""
    reader, writer = await _connect(engine, receive=4096)
    with contextlib.closing(writer):
        writer.write(f"GET {_PATH}?wsdl HTTP/1.1\r\nHost: engine\r\n\r\n".encode() * _ASKED)
        while await reader.read(16):  # noqa: ASYNC110  to be slow is what it is here for
            await asyncio.sleep(_DRIP)


KINDS: dict[str, Drip] = {"headers": slow_headers, "bodies": slow_bodies, "readers": slow_readers}


@contextlib.contextmanager
def beside(engine: Engine, drip: Drip, connections: int) -> Iterator[None]:
    """Keep so many slow connections open, each opened anew when it is cut off."""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(_keep(engine, drip, connections, stop)))
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def _keep(engine: Engine, drip: Drip, connections: int, stop: asyncio.Event) -> None:
    async def again(number: int) -> None:
        await asyncio.sleep(number * _DRIP / connections)
        while True:
            with contextlib.suppress(OSError, EOFError):
                await drip(engine)

    async with _cancelled(asyncio.gather(*(again(number) for number in range(connections)))):
        await stop.wait()


@contextlib.asynccontextmanager
async def _cancelled(work: asyncio.Future[object]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work


class GoodClient:
    """One hospital that uploads documents one after another over one connection."""

    def __init__(self, engine: Engine, start: int = 0) -> None:
        self._engine = engine
        self._documents = numbered(samples("C0002", _CODE), start)

    def upload(self, seconds: float) -> Sent:
        """Upload for so long; gives what came of it."""
        made = [envelope("C0002", name, pack(xml), _CODE, _PASSWORD) for name, xml in islice(self._documents, int(seconds * 300))]
        return send(self._engine.services + _PATH, made, connections=1, seconds=seconds)


def main(connections: int = CONNECTIONS, seconds: float = SECONDS) -> int:
    """Measure on SQLite with one front; returns the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder))
        engine.institution(_CODE, _PASSWORD)
        engine.start()
        try:
            return int(not (_bombs(engine) & _slow(engine, connections, seconds)))
        finally:
            engine.stop()


def _bombs(engine: Engine) -> bool:
    body = envelope("C0002", "BOMB", bomb(), _CODE, _PASSWORD)
    cost_of(
        engine, envelope("C0002", "WARM", bomb(80 << 20), _CODE, _PASSWORD)
    )  # the thread of large documents compiles its rules once
    cost = cost_of(engine, body)
    good = cost.seconds <= MOST_CPU and cost.mebibytes <= MOST_MEMORY and b"SND-603" in cost.status
    say(f"1 GiB bomb ({len(body) >> 10} KiB on the wire): {cost.seconds:.2f} s CPU, {cost.mebibytes} MiB: {_word(good)}")
    return good


def _slow(engine: Engine, connections: int, seconds: float) -> bool:
    client = GoodClient(engine)
    client.upload(seconds / 4)
    good = True
    for name, drip in KINDS.items():
        quiet = client.upload(seconds)
        with beside(engine, drip, connections):
            client.upload(_DRIP)
            loud = client.upload(seconds)
        ratio = percentile(loud.latencies, 0.99) / percentile(quiet.latencies, 0.99)
        good &= ratio <= MOST_SLOWER and not loud.other
        say(
            f"{connections} slow {name}: p50 {percentile(quiet.latencies, 0.5):.1f} -> {percentile(loud.latencies, 0.5):.1f} ms, "
            f"p99 {percentile(quiet.latencies, 0.99):.1f} -> {percentile(loud.latencies, 0.99):.1f} ms ({ratio:.2f} times), {loud.accepted} accepted, "
            f"{loud.other} other: {_word(ratio <= MOST_SLOWER and not loud.other)}"
        )
    return good


def _word(good: bool) -> str:  # noqa: FBT001  one yes or no
    return "holds" if good else "DOES NOT HOLD"


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else CONNECTIONS))
