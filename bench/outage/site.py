"""Set up what the proof of outages needs: an engine whose reports go to two destinations, each with a ledger of its own."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.receiver import Receiver, open_receiver
from tests.support.engine import Engine
from tests.support.project import Project
from tests.support.stores import enrol

HOSPITAL = "PROOF-A"
DOWN, OTHER = "archive", "other"
"""The destination that goes down, and the one beside it."""

DEADLINE = 3.0
"""Seconds that a send may take; as many are lost to each that hangs."""

_ROUTE = "routes/laboratory-report/route.yaml"
_OTHER = f"  - to: {OTHER}\n    in-order-by: resident\n"
_PATIENCE = 300.0


@dataclass(frozen=True)
class Site:
    """The engine and its two destinations."""

    engine: Engine
    down: Receiver
    other: Receiver


@contextmanager
def open_site(folder: Path, database: str) -> Iterator[Site]:
    """Run all of it until the end of the block."""
    with ExitStack() as stack:
        down, other = (stack.enter_context(open_receiver(folder / f"{name}.jsonl")) for name in (DOWN, OTHER))
        project = Project.copy(folder / "project")
        sheets = down.sheet(DOWN, f"{DEADLINE:g}s") + other.sheet(OTHER, f"{DEADLINE:g}s")
        (project.root / "config/endpoints.yaml").write_text(sheets, encoding="utf-8")
        project.add(_ROUTE, _OTHER)
        engine = Engine(folder / "engine", database=database, extra=project.option)
        engine.data.mkdir()
        enrol(engine, {HOSPITAL: "hospital"})
        engine.start(wait=_PATIENCE)
        stack.callback(engine.stop, signal.SIGTERM, _PATIENCE)
        yield Site(engine, down, other)
