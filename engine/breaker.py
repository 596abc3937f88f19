"""Stop knocking at a destination that is away, and knock once now and then until it answers."""

from __future__ import annotations

import threading


class Breaker:
    """Count failures of one destination; times are seconds of a monotonic clock.

    After `trips` failures in a row it is open for `first` seconds, then one probe is let through; each probe that
    fails doubles the wait up to `longest`. Any answer closes it, a refusal too: who refuses is there. The threads
    of the destination share it.
    """

    def __init__(self, *, trips: int = 5, first: float = 1.0, longest: float = 30.0) -> None:
        self._trips = trips
        self._first = first
        self._longest = longest
        self._failures = 0
        self._wait = first
        self._closed = True
        self._again = 0.0
        self._lock = threading.Lock()

    @property
    def open(self) -> bool:
        """Tell whether the destination counts as away."""
        return not self._closed

    def allows(self, now: float) -> int | None:
        """Say how many sends may be under way: None for no limit, 0 while open, 1 for the probe."""
        if self._closed:
            return None
        return 1 if now >= self._again else 0

    def answered(self) -> bool:
        """Note an answer; true when this closes the breaker."""
        with self._lock:
            closes = self.open
            self._failures, self._wait, self._closed = 0, self._first, True
        return closes

    def failed(self, now: float) -> bool:
        """Note that the destination was away; true when this opens the breaker."""
        with self._lock:
            self._failures += 1
            if self.open:
                self._failed_again(now)
                return False
            if self._failures < self._trips:
                return False
            self._closed = False
            self._again = now + self._wait
            return True

    def _failed_again(self, now: float) -> None:
        # A straggler sent before the trip is no probe: only one that fails after the wait doubles it.
        if now >= self._again:
            self._wait = min(self._longest, self._wait * 2)
            self._again = now + self._wait
