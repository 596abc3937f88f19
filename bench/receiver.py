"""Be a destination in a process of its own: keep a ledger of every message that was taken, and be down as one is told.

On stdin it hears one mood a line: `answer`, `refuse` (nobody listens), `hang` (a request is read and never answered; every other
one was taken all the same), `503`. It prints its port at first, then the mood when it has come about.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bench.ledger import Ledger, read_ledger
from tests.support.engine import ROOT

Mood = Literal["answer", "refuse", "hang", "503"]

ENDPOINT = """\
{name}:
  kind: http
  about: 证明用的接收方，自己记账
  address: http://127.0.0.1:{port}/receive
  networks: ["127.0.0.1/32"]
  deadline: {deadline}
  parallel: 4
"""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message that was taken: when (monotonic seconds), under which stable message id, of which receipt."""

    at: float
    message: str
    receipt: str


@dataclass
class Receiver:
    """A running receiver; it keeps its port in every mood."""

    process: subprocess.Popen[str]
    port: int
    ledger: Path

    def be(self, mood: Mood) -> None:
        """Change its mood, and wait until it is so."""
        if self.process.stdin is None or self.process.stdout is None:
            raise AssertionError("a receiver is spoken to by pipes")
        self.process.stdin.write(mood + "\n")
        self.process.stdin.flush()
        if self.process.stdout.readline().strip() != mood:
            raise AssertionError(f"the receiver did not become {mood}")

    def arrivals(self) -> list[Arrival]:
        """Read what was taken, in the order in which it came."""
        return [Arrival(line["at"], line["message"], line["message"].rpartition("-")[0]) for line in read_ledger(self.ledger)]

    def sheet(self, name: str, deadline: str = "5s") -> str:
        """Write the entry of config/endpoints.yaml that makes it a destination."""
        return ENDPOINT.format(name=name, port=self.port, deadline=deadline)


@contextmanager
def open_receiver(ledger: Path) -> Iterator[Receiver]:
    """Run a receiver until the end of the block."""
    command = [sys.executable, "-m", "bench.receiver", str(ledger)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        port = int(process.stdout.readline()) if process.stdout else 0
        yield Receiver(process, port, ledger)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


class _Server:
    """The server in its present mood."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._mood: Mood = "answer"
        self._changed = asyncio.Event()
        self._listening: Any = None
        self._open: set[asyncio.StreamWriter] = set()
        self._hung = 0
        self.port = 0

    async def become(self, mood: Mood) -> None:
        """Take on a mood; who hangs on an answer is hung up on."""
        self._mood = mood
        self._changed.set()
        self._changed = asyncio.Event()
        if mood == "refuse" and self._listening is not None:
            self._listening.close()
            self._listening = None
            for writer in list(self._open):
                writer.transport.abort()
        elif mood != "refuse" and self._listening is None:
            self._listening = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._listening.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while await self._answer(await _request(reader), writer):
                pass
        except (OSError, EOFError):
            pass  # the engine hung up, or was killed
        finally:
            self._open.discard(writer)
            writer.close()

    async def _answer(self, message: str, writer: asyncio.StreamWriter) -> bool:
        if self._mood == "503":
            writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
            return True
        if self._mood == "hang":
            self._hung += 1
            if self._hung % 2:
                self._take(message)
            await self._changed.wait()
            return False
        self._take(message)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        return True

    def _take(self, message: str) -> None:
        self._ledger.write(at=time.monotonic(), message=message)


async def _request(reader: asyncio.StreamReader) -> str:
    """Read one request whole; gives its X-Message-Id."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    await reader.readexactly(int(headers.get("content-length", "0")))
    return headers["x-message-id"]


async def _main(path: Path) -> None:
    # It is never killed, so it need not sync: what it wrote is there.
    server = _Server(Ledger(path, durable=False))
    await server.become("answer")
    print(server.port, flush=True)
    told = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(told), sys.stdin)
    moods: dict[str, Mood] = {"answer": "answer", "refuse": "refuse", "hang": "hang", "503": "503"}
    while line := await told.readline():
        mood = moods[line.decode().strip()]
        await server.become(mood)
        print(mood, flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_main(Path(sys.argv[1])))
