"""Tell of each process of this node whether it lives, what it uses, and which set of files it works with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Proc:
    """What the kernel says of one process: start in ticks since boot, CPU in seconds, resident memory in bytes, threads, open files."""

    start: int
    cpu: float
    resident: int
    threads: int
    files: int


@dataclass(frozen=True, slots=True)
class Life:
    """One process that counted into the figures: its name and number, its CPU in seconds, and what it uses while it lives."""

    name: str
    pid: int
    cpu: float
    alive: Proc | None


def sign(directory: Path, process: str) -> None:
    """Leave a file that names this process, so that others find its memory and CPU under /proc."""
    born = _proc(os.getpid())
    if born is not None:
        (directory / f"process-{process}-{os.getpid()}-{born.start}").write_text("0", encoding="ascii")


def lives(directory: Path) -> Iterator[Life]:
    """Give every process that signed since the engine's start; a dead one keeps the CPU that was last shown."""
    for file in sorted(directory.glob("process-*")):
        name, pid, start = file.name.removeprefix("process-").rsplit("-", 2)
        alive = _proc(int(pid))
        if alive is not None and alive.start == int(start):
            put(file, f"{alive.cpu:.2f}")
            yield Life(name, int(pid), alive.cpu, alive)
        else:
            yield Life(name, int(pid), float(file.read_text(encoding="ascii") or "0"), None)


def put(file: Path, text: str) -> None:
    """Write a small file by a rename, so that two readers never see half of it."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.write_text(text, encoding="ascii")
    fresh.replace(file)


def note_revision(directory: Path, process: str, running: str, refused: str) -> None:
    """Tell which set of files a process works with, and which current one it could not take up ("" for none)."""
    put(directory / f"revision-{process}", f"{running} {refused}")


def revisions_at_work(directory: Path) -> list[tuple[str, str, str]]:
    """Tell of each process of this node the set of files it works with, and the current one it could not take up ("" for none)."""
    told = (
        (file.name.removeprefix("revision-"), file.read_text(encoding="ascii")) for file in sorted(directory.glob("revision-*"))
    )
    return [(process, *text.partition(" ")[::2]) for process, text in told]


def _proc(pid: int) -> Proc | None:
    """Read one process from /proc, or None when it is gone or the system has no /proc."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        files = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return None
    # The second field is the program's name in brackets and may hold spaces; the numbers follow the last bracket.
    rest = text.rpartition(")")[2].split()
    cpu = (int(rest[11]) + int(rest[12])) / os.sysconf("SC_CLK_TCK")
    return Proc(int(rest[19]), cpu, int(rest[21]) * os.sysconf("SC_PAGE_SIZE"), int(rest[17]), files)
