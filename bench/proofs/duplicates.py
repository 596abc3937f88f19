"""Prove that repeats have no effect: submissions at two nodes, some twice at once, some with their replies cut; effects are as many as keys."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.duplicates.clients import Spec
from bench.kill.holding import Held, look
from bench.ledger import read_ledger
from bench.papers import KINDS, save, templates
from bench.receiver import Receiver, open_receiver
from bench.registers.site import HOSPITALS, open_engines
from bench.store import fresh_database, unsent
from bench.telling import say
from engine.store.database import Database, default_url
from tests.support.engine import ROOT, Engine
from tests.support.project import Project
from tests.support.stores import until

SIZE = 200_000
REPEATS, CUTS = 0.3, 0.1
SENDERS = 6
RESIDENTS = 12
_PATIENCE = 1800.0


def main(size: int = SIZE, *, only: str = "") -> int:
    """Prove it with two nodes on PostgreSQL; on SQLite, where there is one node, only when that is asked for or no server is here."""
    stores = list(fresh_database())
    name, url, _ = next((store for store in stores if store[0] == only), stores[-1])
    try:
        return int(not prove(name, url, size))
    finally:
        for *_, drop in stores:
            drop()


def prove(name: str, url: str, size: int) -> bool:
    """Run on one store; tells what was seen and whether it holds."""
    nodes = 2 if url else 1
    with tempfile.TemporaryDirectory() as made, open_receiver(Path(made) / "arrivals.jsonl") as receiver:
        folder = Path(made)
        with open_engines(folder, url, nodes, *_project(folder, receiver).option) as engines:
            say(
                f"{name}: {size} submissions of {len(HOSPITALS)} hospitals to {nodes} node(s), {REPEATS:.0%} repeats, {CUTS:.0%} replies cut"
            )
            started = time.monotonic()
            tally = _submit(folder, engines, size)
            spent = time.monotonic() - started
            until(lambda: not unsent(url, engines[0].data), _PATIENCE)
            lines = [line for hospital in HOSPITALS for line in read_ledger(folder / f"{hospital}.jsonl")]
            with closing(Database(url or default_url(engines[0].data), pool=1)) as database:
                held = look(database, lines, receiver.arrivals())
    return _report(tally, spent, lines, held)


def _project(folder: Path, receiver: Receiver) -> Project:
    project = Project.copy(folder / "project")
    (project.root / "config/endpoints.yaml").write_text(receiver.sheet("archive"), encoding="utf-8")
    return project


def _submit(folder: Path, engines: Sequence[Engine], size: int) -> Counter[str]:
    papers = folder / "papers"
    papers.mkdir()
    for kind in KINDS:
        save(papers, templates(kind, RESIDENTS))
    running = []
    for number, hospital in enumerate(HOSPITALS):
        spec = Spec(
            nodes=[engine.services for engine in engines], hospital=hospital, papers=str(papers), ledger=str(folder / f"{hospital}.jsonl"),
            seed=number, senders=SENDERS, submissions=size // len(HOSPITALS), repeats=REPEATS, cuts=CUTS,
        )  # fmt: skip
        command = [sys.executable, "-m", "bench.duplicates.clients", json.dumps(asdict(spec))]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT))
    tally: Counter[str] = Counter()
    for process in running:
        said, _ = process.communicate()
        tally.update(json.loads(said))
    return tally


def more_than_first(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name what was called new in more than one answer."""
    fresh: defaultdict[tuple[str, str], int] = defaultdict(int)
    for line in lines:
        fresh[line["hospital"], line["number"]] += line["said"] == "kept" and not line["duplicate"]
    return [f"{key} was called new {number} times" for key, number in fresh.items() if number > 1]


def _report(tally: Counter[str], spent: float, lines: Sequence[Mapping[str, Any]], held: Held) -> bool:
    distinct = len({(line["hospital"], line["number"]) for line in lines})
    say(
        f"  {tally['submitted']} submissions in {spent:.0f} s ({tally['submitted'] / spent:.0f}/s), {tally['cut']} cut and sent again, "
        f"{tally['told as repeat']} told as repeats, unanswered {tally['unanswered']}, asked to come again {tally['try again']}, odd {tally['odd']}"
    )
    effects = held.messages["ROUTED"]
    say(f"  {distinct} distinct keys, {sum(held.messages.values())} messages, {effects} with their effects; {held.order.first} reports delivered, "
        f"{held.order.repeated} of them more than once under the same id")  # fmt: skip
    wrong = [*more_than_first(lines), *held.wrong]
    say(
        f"  lost {len(held.lost)}, doubled {len(held.doubled)}, undelivered {len(held.undelivered)}, sums that differ {len(held.sums)}, "
        f"called new twice {len(wrong) - len(held.wrong)}, out of order {len(held.order.wrong)}"
    )
    for line in wrong[:20]:
        say(f"    {line}")
    good = not wrong and not tally["odd"] and effects == distinct == sum(held.messages.values())
    say(f"  {'holds' if good else 'DOES NOT HOLD'}")
    return good


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else SIZE
    raise SystemExit(main(asked, only=sys.argv[2] if len(sys.argv) > 2 else ""))
