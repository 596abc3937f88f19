"""Notice when the clock of the machine is set, so that no lease ends before its time and nothing waits for an hour that comes twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

TOLERATED = 5.0
"""Seconds by which a clock may move between two looks without having been set: it is slewed, or the process was held between two readings."""


class Jumps:
    """Compare the clock with one that only counts on; each look begins anew, so that a slow drift is never taken for a jump."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._steady = wall, steady
        self._apart = wall() - steady()

    def since_last(self) -> float:
        """Give by how many seconds the clock was set since the last look, forward above 0 and back below; 0.0 when it was not."""
        before, self._apart = self._apart, self._wall() - self._steady()
        moved = self._apart - before
        return moved if abs(moved) >= TOLERATED else 0.0


class LeaseTime:
    """Tell by which time one process judges leases: when the clock was set forward, by the old time until every lease of then has ended.

    When it was set back leases only last longer. A process that starts after a jump does not know of it: there the token of a lease
    is what keeps two holders apart.
    """

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._steady = wall, steady
        self._jumps = Jumps(wall, steady)
        self._forward: list[tuple[float, float]] = []

    def now(self, longest: float) -> datetime:
        """Give the time; `longest` is how many seconds a lease may last."""
        moved, at = self._jumps.since_last(), self._steady()
        if moved > 0:
            self._forward.append((at, moved))
        self._forward = [(when, by) for when, by in self._forward if at - when <= longest]
        return datetime.fromtimestamp(self._wall(), UTC) - timedelta(seconds=sum(by for _, by in self._forward))
