"""Share between all fronts of a node when live documents last came in, and when history may take its next turn."""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path

_TIME = struct.Struct("=d")
_LIVE, _TURN = 0, 8
_LONG_AGO = float("-inf")


class Pace:
    """Two moments (monotonic seconds) in one page of memory; without a file they are this process's own.

    A moment is written and read in one piece, so no lock is held: two fronts that look at the very same time may
    both begin, which costs one document's time and nothing else.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._page = _open(file) if file else mmap.mmap(-1, mmap.PAGESIZE)
        if file is None:
            self.live = self.turn = _LONG_AGO

    @property
    def live(self) -> float:
        """When a live document last came in."""
        return self._read(_LIVE)

    @live.setter
    def live(self, moment: float) -> None:
        _TIME.pack_into(self._page, _LIVE, moment)

    @property
    def turn(self) -> float:
        """When history may go on beside live documents."""
        return self._read(_TURN)

    @turn.setter
    def turn(self, moment: float) -> None:
        _TIME.pack_into(self._page, _TURN, moment)

    def _read(self, at: int) -> float:
        found: float = _TIME.unpack_from(self._page, at)[0]
        return found


def make_pace(file: Path) -> None:
    """Begin a node's page anew; for who starts the fronts, since monotonic time ends with the machine's run."""
    file.write_bytes(_TIME.pack(_LONG_AGO) * 2 + bytes(mmap.PAGESIZE - 2 * _TIME.size))


def _open(file: Path) -> mmap.mmap:
    descriptor = os.open(file, os.O_RDWR)
    try:
        return mmap.mmap(descriptor, mmap.PAGESIZE)
    finally:
        os.close(descriptor)
