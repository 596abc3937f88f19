"""Send reports at an even rate beside all that happens, and know when each was sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Self

from bench.documents import envelope, pack
from bench.kill.clients import hear
from bench.load import Line
from bench.papers import REPORT, Template
from tests.support.hospital import PASSWORD

_LINES = 4


@dataclass
class Live:
    """One hospital that sends `rate` reports a second from the beginning of the block to its end; `sent` is when each was, by receipt."""

    services: str
    hospital: str
    papers: Sequence[Template]
    rate: float
    sent: dict[str, float] = field(default_factory=dict)
    odd: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._stop = Event()
        self._number = 0
        self._thread = Thread(target=lambda: asyncio.run(self._run()), name="live")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    async def _run(self) -> None:
        await asyncio.gather(*(self._send(turn / self.rate) for turn in range(_LINES)))

    async def _send(self, late: float) -> None:
        line = Line(self.services, f"/services/collection/{self.hospital}", self.hospital, PASSWORD)
        due = time.monotonic() + late
        while not self._stop.is_set():
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due = max(due + _LINES / self.rate, time.monotonic())
            self._number += 1
            number = f"L-{self._number:06}"
            xml = self.papers[self._number % len(self.papers)].fill(self.hospital, number)
            began = time.monotonic()
            heard = hear(REPORT, answer := await line.call(envelope(REPORT, number, pack(xml), self.hospital, PASSWORD)))
            if heard.taken:
                self.sent[heard.receipt] = began
            else:
                self.odd.append(answer[-300:].decode(errors="replace"))
        line.close()
