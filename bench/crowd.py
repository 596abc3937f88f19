"""Measure how long a hospital waits beside the crowd of another: `python -m bench.crowd [CONNECTIONS]`.

One system of a quiet hospital sends one document after the other, first alone, then while a loud one keeps so many connections busy.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

from bench.documents import envelope, numbered, pack, samples
from bench.load import Sent, send
from bench.telling import percentile, say
from tests.support.engine import ROOT, Engine

CONNECTIONS, SECONDS = 200, 12.0
LOUD, QUIET, PASSWORD = "BENCH-LOUD", "BENCH-QUIET", "bench-password-1"
_KIND = "C0002"
_MOST = 6000
"""Documents that the loud hospital has ready."""


def bodies(institution: str, count: int, start: int = 0) -> list[bytes]:
    """Pack so many different documents of an institution."""
    made = islice(numbered(samples(_KIND, institution, 8), start), count)
    return [envelope(_KIND, number, pack(content), institution, PASSWORD) for number, content in made]


def shout(services: str, connections: int, seconds: float) -> Sent:
    """Be the loud hospital."""
    ready = bodies(LOUD, _MOST)
    print("ready", flush=True)
    sys.stdin.readline()
    return send(f"{services}/services/collection/{LOUD}", ready, connections=connections, seconds=seconds)


def ask(services: str, seconds: float, start: int) -> Sent:
    """Be the quiet hospital: one connection, one document after the other."""
    return send(f"{services}/services/collection/{QUIET}", bodies(QUIET, 400, start), connections=1, seconds=seconds)


def main(connections: int = CONNECTIONS, seconds: float = SECONDS) -> int:
    """Measure and tell; returns the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder))
        for code in (LOUD, QUIET):
            engine.institution(code, PASSWORD)
        engine.start()
        try:
            alone = ask(engine.services, seconds, 0)
            command = [sys.executable, "-m", "bench.crowd", engine.services, str(connections), str(seconds + 2)]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as crowd:
                if crowd.stdin is None or crowd.stdout is None or crowd.stdout.readline() != "ready\n":
                    raise AssertionError("the crowd did not come")
                crowd.stdin.write("go\n")
                crowd.stdin.flush()
                beside = ask(engine.services, seconds, 1000)
                said = crowd.communicate(timeout=120)[0].strip()
        finally:
            engine.stop()
    for words, sent in (("alone", alone), (f"beside {connections}", beside)):
        p50, p99 = (percentile(sent.latencies, part) for part in (0.5, 0.99))
        say(f"  quiet hospital {words:12} {sent.accepted:4} accepted, {sent.other} not   p50 {p50:7.1f} ms   p99 {p99:7.1f} ms")
    say(f"  loud hospital: {said}")
    return int(bool(alone.other or beside.other))


if __name__ == "__main__":
    if len(sys.argv) == 4:
        sent = shout(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
        rate, waits = sent.accepted / sent.seconds, percentile(sent.latencies, 0.5)
        print(f"{sent.accepted} accepted, {sent.other} not, {rate:.0f} a second, p50 {waits:.0f} ms")
    else:
        raise SystemExit(main(*map(int, sys.argv[1:2])))
