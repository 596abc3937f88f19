"""Slow down who failed to prove who it is, and nobody else."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from engine.errors import TryAgain

FIRST = 0.25
"""Seconds that the try after a first failure waits; each further failure doubles it."""

LONGEST = 8.0
"""Seconds that no try waits longer than."""

FORGOTTEN = 900.0
"""Seconds without a try after which failures are forgotten."""


@dataclass(slots=True)
class _Record:
    """The tries of one peer for one institution: how many did not succeed, when the next may start, when the last came."""

    tries: int
    free: float
    last: float


class Delays:
    """Hand out waiting times for tries that need a password check, for each peer and claimed institution.

    A try counts as failed until it is forgiven, so that many at once wait as if they came one after another. `kept`
    bounds the memory: the longest untouched pair is forgotten first.
    """

    def __init__(self, *, kept: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept = kept
        self._clock = clock
        self._records: OrderedDict[tuple[str, str], _Record] = OrderedDict()

    def reserve(self, peer: str, institution: str) -> float:
        """Give the seconds that a try must wait before its check; raises TryAgain when it would be more than eight."""
        now = self._clock()
        record = self._records.pop((peer, institution), None)
        if record is None or now - record.last > FORGOTTEN:
            record = _Record(0, now, now)
        self._records[peer, institution] = record
        if len(self._records) > self._kept:
            self._records.popitem(last=False)
        wait = max(record.free - now, 0.0)
        if wait > LONGEST:
            raise TryAgain("too many sign-ins of one caller wait", retry_after=math.ceil(wait))
        record.tries += 1
        record.free = now + wait + _step(record)
        record.last = now
        return wait

    def failed(self, peer: str, institution: str) -> None:
        """Count the waiting time of the next try from now, the end of one that failed."""
        record = self._records.get((peer, institution))
        if record is not None:
            record.free = max(record.free, self._clock() + _step(record))

    def forgive(self, peer: str, institution: str) -> None:
        """Forget the failures of a pair that has now proven who it is."""
        self._records.pop((peer, institution), None)


def _step(record: _Record) -> float:
    return min(FIRST * 2.0 ** min(record.tries - 1, 16), LONGEST)
