"""Measure what one document costs: received (C0002) and delivered (C0007), as CPU and as a ratio to the XML floor."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import mean

from bench.documents import DIFFERENT, envelope, numbered, pack, samples
from bench.floor import Floor
from bench.load import Sent, send
from bench.processes import children_of, postgres_cpu
from bench.store import fresh_database, unsent
from bench.telling import percentile, say
from tests.support.engine import ROOT, Engine

_INSTITUTION, _PASSWORD = "BENCH-HOSPITAL", "bench-password-1"
_RATE = 1600
"""Documents a second that are prepared; no run here has been faster."""


@dataclass(frozen=True, slots=True)
class Reading:
    """CPU seconds by process name at one moment, PostgreSQL's as `postgres`; memory in bytes."""

    cpu: dict[str, float]
    memory: dict[str, int]


def main(*, seconds: float, database: str = "", connections: int = 16) -> None:
    """Run the measurement on SQLite, and on PostgreSQL when a server is named or found."""
    say("all stages on: credentials checked, schema, rules, journal durable (fsync), records library; 20 KB documents, "
        f"{DIFFERENT} different; {connections} connections; load generator on the same machine")  # fmt: skip
    floor = Floor(ROOT / "xsd/clinical/clinical-document.xsd")
    for name, url, drop in fresh_database(database):
        try:
            _measure(name, url, floor, seconds, connections)
        finally:
            drop()


def _measure(name: str, url: str, floor: Floor, seconds: float, connections: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder), database=url)
        engine.institution(_INSTITUTION, _PASSWORD)
        engine.start()
        try:
            _receive(name, engine, floor, "C0002", seconds, connections)
            _receive(name, engine, floor, "C0007", seconds, connections)
        finally:
            engine.stop()


def _receive(name: str, engine: Engine, floor: Floor, kind: str, seconds: float, connections: int) -> None:
    documents = samples(kind, _INSTITUTION)
    packed = [(i, pack(x)) for i, x in islice(numbered(documents, start=time.time_ns() % 10**8), int(seconds * _RATE))]
    bodies = [envelope(kind, i, p, _INSTITUTION, _PASSWORD) for i, p in packed]
    url = f"{engine.services}/services/collection/{_INSTITUTION}"
    send(url, bodies[:50], connections=connections, seconds=10)
    floors = [floor.measure([p for _, p in packed[:DIFFERENT]], min(2.0, seconds))]
    before = _read(engine)
    sent = send(url, bodies[50:], connections=connections, seconds=seconds)
    received = _read(engine)
    waited = _until_delivered(engine)
    after = _read(engine)
    floors.append(floor.measure([p for _, p in packed[:DIFFERENT]], min(2.0, seconds)))
    size = mean(len(d) for d in documents)
    _report(f"{name} {kind} ({size / 1024:.1f} KiB)", sent, mean(floors), before, received, after, waited)


def _until_delivered(engine: Engine) -> float:
    started = time.perf_counter()
    while unsent(engine.database, engine.data) and time.perf_counter() - started < 120:
        time.sleep(0.05)
    return time.perf_counter() - started


def _read(engine: Engine) -> Reading:
    children = children_of(engine.pid)
    cpu = {n: u.cpu for n, u in children.items()} | {"postgres": sum(postgres_cpu().values()) if engine.database else 0.0}
    return Reading(cpu, {n: u.memory for n, u in children.items()})


def _report(title: str, sent: Sent, floor: float, before: Reading, received: Reading, after: Reading, waited: float) -> None:
    count = max(sent.accepted, 1)

    def cost(until: Reading, wanted: Callable[[str], bool]) -> float:
        return sum(until.cpu[n] - before.cpu.get(n, 0.0) for n in until.cpu if wanted(n)) / count * 1e6

    def receiving(n: str) -> bool:
        return n.startswith("front") or n == "postgres"

    front = cost(received, lambda n: n.startswith("front"))
    receive, whole = cost(received, receiving), cost(after, lambda n: n != "monitor")
    say(f"\n{title}: {sent.accepted} accepted, {sent.other} other, floor {floor:.0f} us")
    say(f"  receive     {sent.accepted / sent.seconds:7.0f} docs/s   CPU {receive:6.0f} us/doc (front {front:.0f})   {receive / floor:.2f} floors   "
        f"p50 {percentile(sent.latencies, 0.5):.1f} ms  p99 {percentile(sent.latencies, 0.99):.1f} ms")  # fmt: skip
    say(f"  end to end  {sent.accepted / (sent.seconds + waited):7.0f} docs/s   CPU {whole:6.0f} us/doc   {whole / floor:.2f} floors   "
        f"(worker {cost(after, lambda n: n.startswith('worker')):.0f}, clock {cost(after, lambda n: n == 'clock'):.0f})")  # fmt: skip
    say("  memory      " + ", ".join(f"{n} {m >> 20} MiB" for n, m in sorted(after.memory.items())))
    if sent.odd:
        say(f"  first odd answer: {sent.odd}")


if __name__ == "__main__":
    main(seconds=float(sys.argv[1]) if len(sys.argv) > 1 else 10.0)
