"""Strike at a running engine: kill one of its processes or a connection of its store, and see how soon it is whole again."""

from __future__ import annotations

import json
import os
import random
import signal
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from types import MappingProxyType

import psycopg

from bench.processes import children_of
from tests.support.engine import Engine

_PROCESSES: Mapping[str, int] = MappingProxyType(
    {"front": 30, "worker": 25, "clock": 15, "monitor": 5, "supervisor": 12, "all": 8}
)
_CONNECTIONS: Mapping[str, int] = MappingProxyType({"backend": 15, "backends": 5})
"""What is struck and how often, in hundredths: `all` is every process at once as when the power goes, `backend` one connection of
PostgreSQL, `backends` all of them."""

_PATIENCE = 300.0
"""Seconds: other work on the machine may be far heavier than a start."""

_LOOK = 0.02
_OURS = (
    "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid() ORDER BY random() LIMIT %s) AS chosen"
)


@dataclass(frozen=True, slots=True)
class Strike:
    """One strike: what was struck, and after how many seconds it was ready again (None: not in time)."""

    kind: str
    seconds: float | None


class Striker:
    """Strikes at one engine, drawn from a seeded generator: the same seed gives the same kinds in the same order."""

    def __init__(self, engine: Engine, seed: int) -> None:
        self._engine = engine
        self._dice = random.Random(seed)
        self._kinds = {**_PROCESSES, **(_CONNECTIONS if engine.database else {})}

    def strike(self) -> Strike:
        """Strike once and wait until the engine is ready again."""
        (kind,) = self._dice.choices(list(self._kinds), list(self._kinds.values()))
        log = self._engine.data / "engine.log"
        place, began = log.stat().st_size, time.monotonic()
        if kind in ("supervisor", "all"):
            self._kill_engine(everything=kind == "all")
            whole = self._start_again(began)
        elif kind in _CONNECTIONS:
            self._cut(1 if kind == "backend" else 1000)
            whole = _wait(began, self._healthy)
        else:
            named = self._kill_one(kind)
            whole = _wait(began, lambda: (named, "process ready") in _said(self._engine, place) and self._healthy())
        return Strike(kind, time.monotonic() - began if whole else None)

    def _kill_one(self, role: str) -> str:
        """Kill a process of a role; gives its name."""
        named: dict[str, int] = {}
        _wait(time.monotonic(), lambda: named.update(self._of(role)) or bool(named))
        name = self._dice.choice(sorted(named))
        with suppress(ProcessLookupError):
            os.kill(named[name], signal.SIGKILL)
        return name

    def _of(self, role: str) -> dict[str, int]:
        return {name: use.pid for name, use in children_of(self._engine.pid).items() if name.startswith(role)}

    def _kill_engine(self, *, everything: bool) -> None:
        children = [use.pid for use in children_of(self._engine.pid).values()] if everything else []
        os.kill(self._engine.pid, signal.SIGKILL)
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._engine.stop(signal.SIGKILL)

    def _start_again(self, began: float) -> bool:
        """Start until it is ready, as a service manager does: the ports may still be held by children that drain."""
        while time.monotonic() - began < _PATIENCE:
            try:
                self._engine.start(wait=_PATIENCE)
            except AssertionError:
                self._engine.stop(signal.SIGKILL)
                time.sleep(0.2)
            else:
                return True
        return False

    def _cut(self, number: int) -> None:
        with closing(psycopg.connect(self._engine.database, autocommit=True)) as server:
            server.execute(_OURS, [number])

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._engine.services}/health", timeout=10) as answer:  # noqa: S310 - loopback
                return bool(answer.status == 200)
        except OSError:
            return False


def _wait(began: float, sure: Callable[[], object]) -> bool:
    while time.monotonic() - began < _PATIENCE:
        if sure():
            return True
        time.sleep(_LOOK)
    return False


def _said(engine: Engine, place: int) -> set[tuple[str, str]]:
    """Read which children the log tells what of, from a place on."""
    with (engine.data / "engine.log").open("rb") as log:
        log.seek(place)
        lines = [line for line in log.read().splitlines() if b'"child"' in line]
    found = set()
    for line in lines:
        with suppress(ValueError):  # the last line may not be whole yet
            told = json.loads(line)
            found.add((str(told.get("child")), str(told.get("event"))))
    return found
