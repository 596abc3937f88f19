"""Remember at which deaths of a process a document was in hand, and tell which documents are walked no more."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

from engine.inhand.board import DIGEST_SIZE

TOO_MANY = 3
"""A document in hand at so many deaths is walked no more until a person replays it."""

_FOLDER = "deaths"
_NEVER = -1
_TICK = 50_000_000


class Deaths:
    """A folder with one small file for each digest, one line for each death; it belongs to one node."""

    def __init__(self, data: Path) -> None:
        self._folder = data / _FOLDER
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._read_at = _NEVER
        self._unwalked: frozenset[bytes] = frozenset()

    def note(self, digest: bytes, child: str, why: str) -> int:
        """Write one death down, whole or not at all; returns how many there are now."""
        file = self._folder / digest.hex()
        lines = _lines(file)
        lines.append(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {child} {why}")
        fresh = self._folder / f".{digest.hex()}"
        fresh.write_text("\n".join(lines) + "\n", encoding="utf-8")
        fresh.replace(file)
        return len(lines)

    def holds(self, digest: bytes) -> bool:
        """Tell whether a document is walked no more; costs a look at the folder's time, two microseconds."""
        changed = os.stat(self._folder).st_mtime_ns  # noqa: PTH116 - half the cost of Path.stat, for every document
        if changed != self._read_at:
            self._unwalked = self._read()
            # A second change in the same tick of the clock would not be seen: a fresh time is not relied on.
            self._read_at = changed if time.time_ns() - changed > _TICK else _NEVER
        return digest in self._unwalked

    def clear(self, digest: bytes) -> None:
        """Forget the deaths of a document that was walked to its end."""
        (self._folder / digest.hex()).unlink(missing_ok=True)

    def _read(self) -> frozenset[bytes]:
        named = (file for file in self._folder.iterdir() if len(file.name) == 2 * DIGEST_SIZE)
        return frozenset(bytes.fromhex(file.name) for file in named if len(_lines(file)) >= TOO_MANY)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
