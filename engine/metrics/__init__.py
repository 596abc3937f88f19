"""Count what the node does, in files that all its processes share, and show the sum to Prometheus."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import values

from engine.metrics import processes
from engine.metrics.figures import Figures
from engine.metrics.processes import revisions_at_work
from engine.metrics.showing import CONTENT_TYPE, StoreFigures, write_figures


@dataclass
class _Now:
    """Which figures this process writes to, and where those of the whole node lie."""

    figures: Figures
    directory: Path | None = None


_now = _Now(Figures())


def figures() -> Figures:
    """Return the figures of this process; before `open_figures` they are counted in memory only."""
    return _now.figures


def clear_figures(directory: Path) -> None:
    """Empty the shared directory: called once at engine start, which Prometheus sees as one reset of all counters."""
    directory.mkdir(parents=True, exist_ok=True)
    for file in [*directory.glob("*.db"), *directory.glob("process-*"), *directory.glob("revision-*")]:
        file.unlink(missing_ok=True)


def open_figures(directory: Path, process: str) -> None:
    """Count into the shared directory from now on, under the name of this process (`front-1`, `worker-1`, `clock`).

    The files of a process that died stay, so that no counter falls when a child is started again.
    """
    directory.mkdir(parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
    # The library chooses its form at import, when the directory is not yet known; so it is chosen again here.
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
    # Signed first: the gauges of who has not signed count as those of a dead process.
    processes.sign(directory, process)
    _now.figures = Figures()
    _now.directory = directory


def note_revision(process: str, running: str, refused: str = "") -> None:
    """Tell which set of files this process works with, and which current one it could not take up."""
    if _now.directory is not None:
        processes.note_revision(_now.directory, process, running, refused)


def render(standing: StoreFigures | None = None) -> bytes:
    """Write the figures of all processes of the node, summed, in Prometheus' text form; what the store says is handed in."""
    return write_figures(_now.figures.registry, _now.directory, standing)


__all__ = [
    "CONTENT_TYPE",
    "Figures",
    "StoreFigures",
    "clear_figures",
    "figures",
    "note_revision",
    "open_figures",
    "render",
    "revisions_at_work",
]
