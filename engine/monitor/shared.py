"""Let all who ask for the same figures within a moment share one reading of the store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from starlette.concurrency import run_in_threadpool

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Shared(Generic[K, V]):
    """Read in a thread, and keep what was read for so many seconds; what reading raises is raised to all who wait for it."""

    def __init__(self, read: Callable[[K], V], seconds: float) -> None:
        self._read = read
        self._seconds = seconds
        self._readings: dict[K, tuple[float, asyncio.Task[V]]] = {}

    async def get(self, key: K) -> V:
        """Give the figures of this key, at most `seconds` old."""
        began, task = self._readings.get(key, (0.0, None))
        if task is None or (task.done() and time.monotonic() - began >= self._seconds):
            self._forget()
            task = asyncio.get_running_loop().create_task(self._ask(key))
            self._readings[key] = (time.monotonic(), task)
        # One who hangs up must not take the reading from the others.
        return await asyncio.shield(task)

    def clear(self) -> None:
        """Forget what was read: something was done that it may not show."""
        self._readings.clear()

    async def _ask(self, key: K) -> V:
        return await run_in_threadpool(self._read, key)

    def _forget(self) -> None:
        over = time.monotonic() - self._seconds
        self._readings = {key: one for key, one in self._readings.items() if one[0] > over or not one[1].done()}
