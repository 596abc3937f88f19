"""Show that a backlog of 100,000 deliveries keeps nobody waiting: ready again within 5 s, drained within 30 s, on both stores."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.backlog import fill
from bench.processes import all_processes, children_of
from bench.store import fresh_database, unsent
from tests.support.engine import Engine
from tests.support.hospital import Hospital

_CODE, _PASSWORD = "BENCH-HOSPITAL", "bench-password-1"
_BACKLOG = 100_000
_READY, _DRAINED = 5.0, 30.0


def main(backlog: int = _BACKLOG) -> int:
    """Measure both stores; returns 1 when a bound was passed."""
    held = [_measure(name, url, backlog, drop) for name, url, drop in fresh_database()]
    return int(not all(held))


def _measure(name: str, url: str, backlog: int, drop: Callable[[], None]) -> bool:
    try:
        with tempfile.TemporaryDirectory() as folder:
            engine = Engine(Path(folder), database=url)
            engine.institution(_CODE, _PASSWORD)
            return _run(name, engine, backlog)
    finally:
        drop()


def _run(name: str, engine: Engine, backlog: int) -> bool:
    empty = _start(engine)
    used = _used(engine)
    engine.stop()
    fill(engine, _CODE, "archive", backlog)
    full = _start(engine)
    front = _replaced(engine)
    stopped = _timed(lambda: engine.stop(signal.SIGTERM))
    left = unsent(engine.database, engine.data)
    again = _start(engine)
    for pid in (*(use.pid for use in children_of(engine.pid).values()), engine.pid):
        os.kill(pid, signal.SIGKILL)
    engine.stop(signal.SIGKILL)
    killed = _start(engine)
    after = unsent(engine.database, engine.data)
    engine.stop(signal.SIGTERM)
    sys.stdout.write(
        f"{name}: ready {empty:.1f} s with nothing waiting, {used:.1f} s of CPU; {full:.1f} s with {backlog} deliveries waiting; SIGTERM amid deliveries "
        f"{stopped:.1f} s, {left} left; ready again {again:.1f} s, after SIGKILL of all {killed:.1f} s with {after} left; "
        f"a killed front answers again after {front:.1f} s\n"
    )
    return max(full, again, killed, front) <= _READY and stopped <= _DRAINED


def _start(engine: Engine) -> float:
    return _timed(lambda: engine.start(wait=120))


def _used(engine: Engine) -> float:
    """Sum the CPU seconds that all processes of the engine have used."""
    return sum(use.cpu for use in all_processes() if engine.pid in (use.pid, use.parent))


def _timed(act: Callable[[], object]) -> float:
    started = time.monotonic()
    act()
    return time.monotonic() - started


def _replaced(engine: Engine) -> float:
    """Kill the front and send a document until it is taken."""
    ours = Hospital(engine.services, _CODE, _PASSWORD, timeout=60)
    ours.accepted(ours.invent("C0002"))
    started = time.monotonic()
    os.kill(children_of(engine.pid)["front-1"].pid, signal.SIGKILL)
    paper = ours.invent("C0002")
    while True:
        try:
            ours.upload(paper)
            return time.monotonic() - started
        except OSError:
            time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
