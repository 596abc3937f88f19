"""Be the systems of one hospital in a process of their own: send without end, note every receipt on the disk, repeat what had no answer.

`python -m bench.kill.clients SPEC` with a JSON object of `Spec`; it sends until SIGTERM, finishes what it has in hand, and prints its
tally as JSON.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.documents import envelope, pack
from bench.ledger import Ledger
from bench.load import Line
from bench.papers import Template, load
from bench.registers.messages import envelope as register_envelope
from bench.registers.messages import read
from bench.registers.senders import PEOPLE, identity_of
from tests.support.hospital import PASSWORD

REGISTER = "S0001"
_REGISTERS = 0.2
"""The share of messages that register a resident; the others are documents."""

_AGAIN, _GIVES_UP = 0.1, 0.2
"""The share of answered messages that are sent once more, and of those with a broken answer that are not."""

_PATIENCE = 180.0
"""Seconds after which a message that is never answered is given up."""

_ANSWER = 60.0
_TOLD = 400
"""Bytes of an odd answer that are kept, from its end."""

_RECEIPT = re.compile(rb"<receipt>([^<]+)</receipt>")


@dataclass(frozen=True, kw_only=True, slots=True)
class Spec:
    """Who sends: `pace` is the mean pause of each of the `senders` in seconds."""

    services: str
    hospital: str
    papers: str
    ledger: str
    seed: int
    senders: int
    pace: float


@dataclass(frozen=True, slots=True)
class Sending:
    """One message: what it is, the id by which its hospital knows it, and the whole envelope."""

    kind: str
    number: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer: `taken` when it says that the message is kept, `receipt` "" in a register's answer, `again` when it says try again."""

    taken: bool
    receipt: str = ""
    duplicate: bool = False
    again: bool = False


def hear(kind: str, answer: bytes) -> Heard:
    """Read an answer."""
    if kind == REGISTER:
        verdict, said, _ = read(answer)
        return Heard(verdict == "AA", duplicate="重复提交" in said, again=b"ENG-503" in answer)
    receipt = _RECEIPT.search(answer)
    taken = b">accepted" in answer and receipt is not None
    return Heard(
        taken, receipt[1].decode() if receipt and taken else "", b"<duplicate>true" in answer, not taken and b"ENG-503" in answer
    )


class Clients:
    """All systems of the hospital; they share its ledger and its numbers."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._dice = random.Random(spec.seed)
        self._papers: list[Template] = load(Path(spec.papers))
        self._ledger = Ledger(Path(spec.ledger))
        self._number = 0
        self._stop = asyncio.Event()
        self.tally: Counter[str] = Counter()

    async def run(self) -> None:
        """Send until SIGTERM."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._stop.set)
        await asyncio.gather(*(self._sender() for _ in range(self._spec.senders)))
        self._ledger.close()

    async def _sender(self) -> None:
        line: Callable[[str], Line] = lambda path: Line(self._spec.services, path, self._spec.hospital, PASSWORD)  # noqa: E731 - twice below
        lines = {REGISTER: line("/services/hip")}
        uploads = line(f"/services/collection/{self._spec.hospital}")
        while not self._stop.is_set():
            sending = self._next()
            over = lines.get(sending.kind, uploads)
            if await self._send(over, sending) and self._dice.random() < _AGAIN:
                await self._send(over, sending)
            await asyncio.sleep(self._dice.expovariate(1 / self._spec.pace))
        for each in (*lines.values(), uploads):
            each.close()

    def _next(self) -> Sending:
        self._number += 1
        number = f"{self._spec.hospital}-{self._number:06}"
        if self._dice.random() < _REGISTERS:
            person = {"identity": identity_of(self._dice.randrange(PEOPLE)), "name": f"测试{self._number}"}
            return Sending(
                REGISTER, number, register_envelope(self._spec.hospital, REGISTER, number, patient=f"P-{number}", **person)
            )
        paper = self._dice.choice(self._papers)
        xml = paper.fill(self._spec.hospital, number)
        return Sending(paper.kind, number, envelope(paper.kind, number, pack(xml), self._spec.hospital, PASSWORD))

    async def _send(self, line: Line, sending: Sending) -> bool:
        """Send until there is an answer that says something; what says that it is kept goes into the ledger."""
        began, tries = time.monotonic(), 0
        while time.monotonic() - began < _PATIENCE:
            tries += 1
            try:
                answer = await asyncio.wait_for(line.call(sending.body), _ANSWER)
            except (OSError, EOFError, TimeoutError):
                self.tally["unanswered"] += 1
                if self._dice.random() < _GIVES_UP:
                    self._note(sending, began, tries, "given up")
                    return False
            else:
                heard = hear(sending.kind, answer)
                if heard.taken:
                    self._note(sending, began, tries, "kept", receipt=heard.receipt, duplicate=heard.duplicate)
                    return True
                self.tally["try again" if heard.again else "odd"] += 1
                if not heard.again:
                    self._note(sending, began, tries, "odd", words=answer[-_TOLD:].decode(errors="replace"))
                    return False
            await asyncio.sleep(self._dice.uniform(0.05, 0.5))
        self._note(sending, began, tries, "never answered")
        return False

    def _note(self, sending: Sending, began: float, tries: int, said: str, **more: object) -> None:
        self.tally[said] += 1
        self.tally["repeated"] += tries > 1
        self._ledger.write(
            hospital=self._spec.hospital, kind=sending.kind, number=sending.number, said=said, sent=began, answered=time.monotonic(),
            **more,
        )  # fmt: skip


def main(spec: str) -> None:
    """Be the clients, and print the tally."""

    async def be() -> Counter[str]:
        clients = Clients(Spec(**json.loads(spec)))
        await clients.run()
        return clients.tally

    print(json.dumps(asyncio.run(be())))


def written(spec: Spec) -> str:
    """Write what `main` reads."""
    return json.dumps(asdict(spec))


if __name__ == "__main__":
    main(sys.argv[1])
