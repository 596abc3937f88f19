"""Read from /proc what processes have used: CPU seconds and resident memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Use:
    """CPU in seconds since the process began, resident memory in bytes."""

    pid: int
    parent: int
    name: str
    command: str
    cpu: float
    memory: int


def all_processes() -> Iterator[Use]:
    """List every process that can be read."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            use = _read(folder)
            if use is not None:
                yield use


def _read(folder: Path) -> Use | None:
    try:
        head, _, tail = (folder / "stat").read_text().rpartition(")")
        command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return None
    parts = tail.split()
    cpu = (int(parts[11]) + int(parts[12])) / _TICK
    return Use(int(folder.name), int(parts[1]), head.partition("(")[2], command, cpu, int(parts[21]) * _PAGE)


def children_of(pid: int) -> dict[str, Use]:
    """Name the engine's processes below a supervisor (`front-1`, `worker-1` ...); all are forked from one that it started."""
    found = list(all_processes())
    nursery = {use.pid for use in found if use.parent == pid}
    return {use.name: use for use in found if use.parent in nursery}


def postgres_cpu() -> dict[int, float]:
    """Give the CPU of every PostgreSQL process, which serves only us during a measurement."""
    return {use.pid: use.cpu for use in all_processes() if use.name == "postgres"}
