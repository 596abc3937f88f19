"""Set up what the proof of the registers needs: engines that share one store, and hospitals that may call them."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.engine import Engine
from tests.support.stores import enrol

_PATIENCE = 300.0
"""Seconds that an engine may take to start or to stop on a busy machine."""

HOSPITALS = ("PROOF-A", "PROOF-B", "PROOF-C", "PROOF-D")


@contextmanager
def open_engines(folder: Path, database: str, number: int, *extra: str) -> Iterator[list[Engine]]:
    """Run so many engines on one store until the end of the block; they share the key file of the first and the `extra` options."""
    shared = ("--key-file", str(folder / "engine-0" / "secrets" / "sealing.key"), *extra)
    engines = [Engine(folder / f"engine-{one}", database=database, extra=shared) for one in range(number)]
    for engine in engines:
        engine.data.mkdir()
    enrol(engines[0], dict.fromkeys(HOSPITALS, "hospital"))
    with ExitStack() as stack:
        for engine in engines:
            engine.start(wait=_PATIENCE)
            stack.callback(engine.stop, signal.SIGTERM, _PATIENCE)
        yield engines
