"""Share the questions that may be under way: so many to each hospital, so many to all, and always room for the next hospital."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from engine.errors import Unavailable


class Turns:
    """Hand out turns; `together` is how many all hospitals have between them.

    Once half of them are taken a hospital is given one at a time, so that several that drip at once leave room for all others.
    """

    def __init__(self, together: int) -> None:
        self._together = together
        self._held: dict[str, int] = {}
        self._total = 0
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def turn(self, hospital: str, parallel: int, patience: float) -> Iterator[None]:
        """Hold one of a hospital's `parallel` turns; raises Unavailable DST-106 after `patience` seconds without one."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._free(hospital, parallel), patience):
                own = self._held.get(hospital, 0)
                raise Unavailable(
                    "DST-106", f"同时呼叫该医院的 {own} 个、全部医院的 {self._total} 个请求都还没有结束", retry_after=patience
                )
            self._held[hospital] = self._held.get(hospital, 0) + 1
            self._total += 1
        try:
            yield
        finally:
            with self._changed:
                self._total -= 1
                self._held[hospital] -= 1
                if not self._held[hospital]:
                    del self._held[hospital]
                self._changed.notify_all()

    def _free(self, hospital: str, parallel: int) -> bool:
        own = self._held.get(hospital, 0)
        crowded = self._total * 2 >= self._together
        return own < (1 if crowded else parallel) and self._total < self._together
