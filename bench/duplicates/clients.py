"""Be the systems of one hospital in a process of their own, which send many documents more than once, and now and then hang up too early.

`python -m bench.duplicates.clients SPEC` with a JSON object of `Spec`; it ends when all is answered, and prints its tally as JSON.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.documents import envelope, pack
from bench.kill.clients import Heard, hear
from bench.ledger import Ledger
from bench.load import Line
from bench.papers import load
from tests.support.hospital import PASSWORD

_NEAR = 50
_HANGS_UP = 0.06
"""Seconds at most until a caller hangs up: somewhere between before the document is read and after its receipt is on the way."""

_TRIES = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Spec:
    """Who sends how much where: `repeats` and `cuts` are shares of the `submissions`, `nodes` the addresses of the engines."""

    nodes: Sequence[str]
    hospital: str
    papers: str
    ledger: str
    seed: int
    senders: int
    submissions: int
    repeats: float
    cuts: float


def submissions(number: int, repeats: float, dice: random.Random) -> Iterator[int]:
    """Give the numbers of documents in the order in which they are sent: so many in all, of which a share are there already.

    A third of the repeats come at once after the first, so that both are on the way together, a third soon, a third at any time.
    """
    distinct = 0
    again = dice.sample(range(1, number), int(number * repeats)) if number > 1 else []
    places = set(again)
    for place in range(number):
        if place in places:
            back = dice.choice((0, dice.randrange(_NEAR), dice.randrange(number)))
            yield distinct - 1 - back % distinct
        else:
            yield distinct
            distinct += 1


class Clients:
    """All systems of the hospital; they share its ledger."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._dice = random.Random(spec.seed)
        self._papers = load(Path(spec.papers))
        self._ledger = Ledger(Path(spec.ledger), durable=False)
        self._first: dict[int, float] = {}
        self.tally: Counter[str] = Counter()

    async def run(self) -> None:
        """Send all submissions, some at the same moment."""
        waiting = submissions(self._spec.submissions, self._spec.repeats, random.Random(self._spec.seed))
        await asyncio.gather(*(self._sender(waiting) for _ in range(self._spec.senders)))
        self._ledger.close()

    async def _sender(self, waiting: Iterator[int]) -> None:
        path = f"/services/collection/{self._spec.hospital}"
        lines = [Line(node, path, self._spec.hospital, PASSWORD) for node in self._spec.nodes]
        for one in waiting:
            await self._submit(lines, one)
        for line in lines:
            line.close()

    async def _submit(self, lines: Sequence[Line], one: int) -> None:
        paper = self._papers[one % len(self._papers)]
        number = f"{self._spec.hospital}-{one:07}"
        body = envelope(paper.kind, number, pack(paper.fill(self._spec.hospital, number)), self._spec.hospital, PASSWORD)
        self.tally["submitted"] += 1
        began = self._first.setdefault(one, time.monotonic())
        if self._dice.random() < self._spec.cuts:
            self.tally["cut"] += 1
            await self._dice.choice(lines).cut(body, self._dice.uniform(0, _HANGS_UP))
        heard = await self._persist(lines, paper.kind, body)
        said = "kept" if heard.taken else "odd"
        self.tally[said] += 1
        self.tally["told as repeat"] += heard.duplicate
        self._ledger.write(
            hospital=self._spec.hospital, kind=paper.kind, number=number, said=said, receipt=heard.receipt, duplicate=heard.duplicate,
            sent=began, answered=time.monotonic(),
        )  # fmt: skip

    async def _persist(self, lines: Sequence[Line], kind: str, body: bytes) -> Heard:
        """Send to one node or the other until there is an answer that says something."""
        for _ in range(_TRIES):
            try:
                heard = hear(kind, await self._dice.choice(lines).call(body))
            except (OSError, EOFError):
                self.tally["unanswered"] += 1
            else:
                if not heard.again:
                    return heard
                self.tally["try again"] += 1
            await asyncio.sleep(self._dice.uniform(0.05, 0.5))
        return Heard(taken=False)


def main(spec: str) -> None:
    """Be the clients, and print the tally."""
    clients = Clients(Spec(**json.loads(spec)))
    asyncio.run(clients.run())
    print(json.dumps(clients.tally))


if __name__ == "__main__":
    main(sys.argv[1])
