"""Note what a process has in hand where its supervisor can read it without its help."""

from __future__ import annotations

import mmap
import os
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

SIZE = mmap.PAGESIZE
DIGEST_SIZE = 32
NO_DIGEST = bytes(DIGEST_SIZE)
"""Stands for work that has no digest: too long is too long, but nothing is held against it."""

_ENVIRONMENT = "ENGINE_BOARD_FD"
_TIME = struct.Struct("=d")
_write_time = _TIME.pack_into
_BEAT, _DRAIN, _PLACES, _STEP = 0, 8, 64, 64


class Place(IntEnum):
    """Where a process walks documents, one at a time in each place."""

    LOOP = 0
    THREAD = 1


@dataclass(frozen=True, slots=True)
class Walk:
    """One walk in hand: when its step began (monotonic seconds), and the digest of what is walked."""

    began: float
    digest: bytes


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands on a board; times in monotonic seconds, 0.0 for never."""

    beat: float
    draining: float
    walks: tuple[Walk, ...]


class Board:
    """One page of memory that a process and its supervisor share; each place is written by one thread."""

    def __init__(self, descriptor: int = -1, clock: Callable[[], float] = time.monotonic) -> None:
        self._page = mmap.mmap(descriptor, SIZE)
        self._clock = clock

    @classmethod
    def inherited(cls) -> Board:
        """Open the board that the supervisor handed down; one that nobody reads when there is none."""
        descriptor = os.environ.pop(_ENVIRONMENT, "")
        if not descriptor:
            return cls()
        board = cls(int(descriptor))
        os.close(int(descriptor))
        return board

    def beat(self) -> None:
        """Show that the process is alive."""
        _write_time(self._page, _BEAT, self._clock())

    def drain(self) -> None:
        """Show that the process is stopping in order, from now on."""
        _write_time(self._page, _DRAIN, self._clock())

    def begin(self, place: Place, digest: bytes) -> None:
        """Note a walk; the time last, so that who reads a time reads its digest too."""
        at = _PLACES + place * _STEP
        self._page[at + 8 : at + 8 + DIGEST_SIZE] = digest
        _write_time(self._page, at, self._clock())

    def renew(self, place: Place) -> None:
        """Note that the walk in this place has come one step further, and begins the next now."""
        _write_time(self._page, _PLACES + place * _STEP, self._clock())

    def over(self, place: Place) -> None:
        """Note that the walk in this place is over."""
        _write_time(self._page, _PLACES + place * _STEP, 0.0)


def make_board(name: str) -> tuple[int, str]:
    """Make a fresh board for a child; returns its descriptor and the environment variable that names it to the child."""
    descriptor = os.memfd_create(name)
    os.ftruncate(descriptor, SIZE)
    return descriptor, _ENVIRONMENT


def read_board(descriptor: int) -> Seen:
    """Read a board, also that of a process which is dead."""
    page = os.pread(descriptor, SIZE, 0)
    walks = (_walk(page, _PLACES + place * _STEP) for place in Place)
    return Seen(_time(page, _BEAT), _time(page, _DRAIN), tuple(walk for walk in walks if walk.began))


def _walk(page: bytes, at: int) -> Walk:
    return Walk(_time(page, at), page[at + 8 : at + 8 + DIGEST_SIZE])


def _time(page: bytes, at: int) -> float:
    found: float = _TIME.unpack_from(page, at)[0]
    return found
