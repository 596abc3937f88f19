"""Be the systems of hospitals: register, update, merge, and send visits and orders, many at once and some of it twice."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.load import Line
from bench.registers.messages import envelope, read
from bench.registers.site import HOSPITALS
from engine.identity import check_letter
from tests.support.hospital import PASSWORD

SHARED = 3
"""Residents, visits and orders of each hospital that all of its senders change."""

PEOPLE = 40
"""Identity numbers in all: the same person is registered at several hospitals."""

_SHOWN = re.compile(r'<part value="(测试[0-9]+-[0-9]+)"')
_TRIES = 40
_TWICE = 0.1


@dataclass
class Tally:
    """What the senders saw: the action of every message that was accepted, by hospital and message id.

    `names` is what each message called its patient, `shown` what a query calls each shared resident in the end. `told` hears how
    many are accepted whenever one more is.
    """

    accepted: dict[tuple[str, str], str] = field(default_factory=dict)
    refused: dict[tuple[str, str], str] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    repeated: int = 0
    again: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    queries: int = 0
    shown: dict[tuple[str, str], str] = field(default_factory=dict)
    odd: list[str] = field(default_factory=list)
    told: Callable[[int], None] = lambda _number: None


class Sender:
    """One system of a hospital; `number` makes its message ids and numbers its own."""

    def __init__(self, addresses: Sequence[str], number: int, tally: Tally) -> None:
        self.hospital = HOSPITALS[number % len(HOSPITALS)]
        turn = [addresses[(number // len(HOSPITALS) + step) % len(addresses)] for step in range(len(addresses))]
        # Two connections at least, so that one message can be sent twice at the same moment.
        self._lines = [Line(address, "/services/hip", self.hospital, PASSWORD) for address in (turn * 2)[: max(2, len(turn))]]
        self._number, self._sent, self._tally = number, 0, tally
        self._dice = random.Random(number)
        self._own: list[str] = []

    async def prepare(self) -> None:
        """Register what all senders of this hospital change."""
        for one in range(SHARED):
            await self._send("S0001", patient=f"SHARED-{one}", identity=identity_of(one))
            await self._send("S0023", number=f"SHARED-{one}")
            await self._send("S0035", number=f"SHARED-{one}")

    async def work(self, until: float) -> None:
        """Send until the time (of `time.monotonic`) has come."""
        acts = (
            self._register,
            self._update,
            self._update_shared,
            self._merge,
            self._visit,
            self._order,
            self._status,
            self._query,
        )
        while time.monotonic() < until:
            (act,) = self._dice.choices(acts, (25, 15, 15, 8, 12, 12, 5, 8))
            await act()
        for line in self._lines:
            line.close()

    async def ask(self) -> None:
        """Ask what the shared residents of the hospital are called now."""
        for one in range(SHARED):
            patient = f"SHARED-{one}"
            asked = envelope(self.hospital, "S0004", f"Z{self._number}", patient=patient)
            _, _, text = await self._persist(self._lines[-1], asked)
            names = _SHOWN.findall(text)
            self._tally.shown[self.hospital, patient] = names[0] if len(names) == 1 else f"{len(names)} residents"
        for line in self._lines:
            line.close()

    async def _register(self) -> None:
        patient = f"P{self._number}-{self._sent}"
        await self._send("S0001", patient=patient, identity=identity_of(self._dice.randrange(PEOPLE)))
        self._own.append(patient)

    async def _update(self) -> None:
        if self._own:
            patient = self._dice.choice(self._own)
            await self._send("S0002", patient=patient, identity=identity_of(self._dice.randrange(PEOPLE)))

    async def _update_shared(self) -> None:
        one, kind = self._dice.randrange(SHARED), self._dice.randrange(3)
        if kind == 0:
            await self._send("S0002", patient=f"SHARED-{one}", identity=identity_of(one))
        else:
            await self._send("S0024" if kind == 1 else "S0036", number=f"SHARED-{one}")

    async def _merge(self) -> None:
        """Register somebody under two numbers, then say that they are one."""
        first, second = f"M{self._number}-{self._sent}", f"N{self._number}-{self._sent}"
        identity = identity_of(self._dice.randrange(PEOPLE))
        await self._send("S0001", patient=first, identity=identity)
        await self._send("S0001", patient=second, identity=identity)
        await self._send("S0003", patient=first, obsolete=second)

    async def _visit(self) -> None:
        number = f"V{self._number}-{self._sent}"
        await self._send("S0023", number=number)
        await self._send("S0024", number=number)

    async def _order(self) -> None:
        number = f"O{self._number}-{self._sent}"
        await self._send("S0035", number=number)
        await self._send("S0036", number=number)

    async def _status(self) -> None:
        await self._send("S0059", number=f"SHARED-{self._dice.randrange(SHARED)}")

    async def _query(self) -> None:
        self._tally.queries += 1
        one = f"SHARED-{self._dice.randrange(SHARED)}"
        asked = envelope(self.hospital, "S0004", f"Q{self._number}", patient=one)
        verdict, said, _ = await self._persist(self._lines[0], asked)
        if verdict != "AA":
            self._tally.odd.append(f"a query was answered {verdict} {said}")

    async def _send(self, action: str, **values: str) -> None:
        """Send a message until it has a verdict; now and then the same one twice at the same moment."""
        self._sent += 1
        message_id = f"{self._number}-{self._sent}"
        name = f"测试{message_id}"
        body = envelope(self.hospital, action, message_id, name=name, **values)
        lines = self._lines if self._dice.random() < _TWICE else self._lines[:1]
        verdicts = await asyncio.gather(*(self._persist(line, body) for line in lines[:2]))
        key = (self.hospital, message_id)
        if len(verdicts) > 1:
            self._tally.repeated += 1
            if sum("重复提交" not in said for verdict, said, _ in verdicts if verdict == "AA") > 1:
                self._tally.odd.append(f"{key} {action} was done twice: {[said for _, said, _ in verdicts]}")
        for verdict, said, _ in verdicts:
            if verdict == "AA":
                self._tally.accepted[key], self._tally.names[key] = action, name
                self._tally.told(len(self._tally.accepted))
            else:
                self._tally.refused[key] = f"{action} {verdict or 'fault'} {said}"

    async def _persist(self, line: Line, body: bytes) -> tuple[str, str, str]:
        """Send until there is a verdict: it, what it says, and the whole reply."""
        verdict, said, text = "", "unanswered", ""
        for attempt in range(_TRIES):
            began = time.perf_counter()
            try:
                verdict, said, text = read(await line.call(body))
                self._tally.latencies.append((time.perf_counter() - began) * 1000)
            except (OSError, EOFError):
                verdict, said, text = "", "unanswered", ""
            if verdict:
                break
            self._tally.again["ENG-503" if "ENG-503" in said else said[:120]] += 1
            if said != "unanswered" and "ENG-503" not in said:
                break
            await asyncio.sleep(0.05 * (attempt + 1))
        return verdict, said, text


async def rush(addresses: Sequence[str], senders: int, seconds: float, tally: Tally) -> None:
    """Let so many senders work for some seconds."""
    crowd = [Sender(addresses, number, tally) for number in range(senders)]
    await asyncio.gather(*(one.prepare() for one in crowd[: len(HOSPITALS)]))
    until = time.monotonic() + seconds
    await asyncio.gather(*(one.work(until) for one in crowd))
    await asyncio.gather(*(one.ask() for one in crowd[: len(HOSPITALS)]))


def identity_of(number: int) -> str:
    """Give an invented identity number of the proof, with its check letter."""
    head = f"220104{1950 + number % 50:04}{1 + number % 12:02}{1 + number % 28:02}{number * 2 + 1:03}"
    return head + check_letter(head)
