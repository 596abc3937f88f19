"""Run errands: claim what is due by lease, do each on a thread, write down what came of it."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Any

from engine.errors import EngineError, TryAgain
from engine.log import get_logger
from engine.metrics import figures
from engine.steady import LeaseTime
from engine.store.errands import Errand, Errands

Handler = Callable[[str], datetime | None]
"""Do an errand by its subject; give when it is next due, None when it is done. Whatever it raises is tried again."""

_FIRST, _LONGEST = 2.0, 300.0
"""Seconds before the first try again, doubled each time, and at most."""

_PATIENCE = 120.0
"""Seconds in which every wait for the store has ended, by its answer or by its time-out."""

_STORE_AWAY = 1.0

_WRITES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds before each further try to write down what came of an errand; afterwards its lease brings it back."""


class ErrandRunner:
    """Run errands beside the courier of a worker until stopped.

    `handlers` by kind; `limit(institution)` is how many errands of an institution may be under way over all workers; times in
    seconds: `lease` must outlast an errand, `poll` is the longest look-away, `drain` how long a stop waits for what is under way.
    """

    def __init__(
        self, errands: Errands, handlers: Mapping[str, Handler], *, limit: Callable[[str], int] = lambda _institution: 2,
        threads: int = 4, lease: float = 600.0, poll: float = 0.5, drain: float = 30.0,
    ) -> None:  # fmt: skip
        self._errands = errands
        self._handlers = dict(handlers)
        self._limit = limit
        self._threads = threads
        self._lease = lease
        self._poll = poll
        self._drain = drain
        self._ended: SimpleQueue[int] = SimpleQueue()
        self._running = 0
        self._stopping = False
        self._over = threading.Event()
        self._lease_time = LeaseTime()
        self._turned = time.monotonic()
        self._thread = threading.Thread(target=self.run, name="errands")
        self._log: Any = get_logger("errands")

    def start(self) -> None:
        """Run on a thread of this process's own."""
        self._thread.start()

    def stop(self) -> None:
        """Claim no more; a signal handler may call it. `close` waits for what is under way."""
        self._stopping = True
        self._over.set()
        self._ended.put(0)

    def close(self) -> None:
        """Stop, and wait until what is under way is written down, `drain` seconds at most."""
        self.stop()
        if self._thread.is_alive():
            self._thread.join(self._drain + _STORE_AWAY)

    def well(self) -> bool:
        """Tell whether the runner still turns."""
        return time.monotonic() - self._turned < _PATIENCE

    def run(self) -> None:
        """Work until `stop` is called."""
        pool = ThreadPoolExecutor(self._threads, thread_name_prefix="errand")
        try:
            while not self._stopping:
                self._turned = time.monotonic()
                self._rest(self._round(pool))
        finally:
            end = time.monotonic() + self._drain
            while self._running and time.monotonic() < end:
                self._rest(0.2)
            pool.shutdown(wait=False, cancel_futures=True)

    def _round(self, pool: ThreadPoolExecutor) -> float:
        """Claim what there is room for; give how long to look away."""
        now, judged, room = datetime.now(UTC), self._lease_time.now(self._lease), self._threads - self._running
        try:
            if room <= 0 or not self._errands.due(now, self._handlers, judged):
                return self._poll
            claimed = self._errands.claim(
                now=now, judged=judged, lease=self._lease, room=room, limit=self._limit, kinds=self._handlers
            )
        except TryAgain as problem:
            self._log.warning("store away", exc_info=problem)
            return _STORE_AWAY
        except Exception as problem:  # noqa: BLE001 - one bad round must not end all errands
            self._log.error("round failed", exc_info=problem)
            return _STORE_AWAY
        for one in claimed:
            self._running += 1
            pool.submit(self._do, one)
        return 0.0 if claimed and len(claimed) < room else self._poll

    def _rest(self, seconds: float) -> None:
        with suppress(Empty):
            while True:
                self._running -= self._ended.get(timeout=seconds)
                seconds = 0.0

    def _do(self, one: Errand) -> None:
        try:
            self._write(one, self._done(one))
        except Exception as problem:  # noqa: BLE001 - the lease brings back what could not be written down
            self._log.warning("errand not written down", exc_info=problem, errand=one.kind)
        finally:
            self._ended.put(1)

    def _done(self, one: Errand) -> Callable[[], None]:
        """Do an errand; give what writes down what came of it."""
        began = time.monotonic()
        try:
            again = self._handlers[one.kind](one.subject)
        except Exception as problem:  # noqa: BLE001 - every errand is tried again, and its failure shown
            figures().errand(one.kind, "failed", time.monotonic() - began)
            now = datetime.now(UTC)
            later, words = now + pause(one.attempts, random.random()), _words(problem)
            if not isinstance(problem, EngineError):
                self._log.error("errand failed", exc_info=problem, errand=one.kind, institution=one.institution)
            return lambda: self._errands.failed(one, now, later, words)
        figures().errand(one.kind, "done" if again is None else "again", time.monotonic() - began)
        return lambda: self._errands.done(one, datetime.now(UTC), again)

    def _write(self, one: Errand, down: Callable[[], None]) -> None:
        """Write down what came of an errand, again while the store is away: else it would lie until its lease ends."""
        for wait in _WRITES:
            try:
                return down()
            except TryAgain as problem:
                self._log.warning("store away", exc_info=problem, errand=one.kind)
            if self._over.wait(wait):
                break
        return down()


def pause(attempts: int, chance: float) -> timedelta:
    """Give the wait after a failure, `attempts` others before it; `chance` from 0 to 1 spreads it over its upper half."""
    return timedelta(seconds=min(_LONGEST, _FIRST * 2.0 ** min(attempts, 20)) * (0.5 + 0.5 * chance))


def _words(problem: Exception) -> str:
    """Tell a failure in words that quote nobody: those of the house's own errors, else the error's name."""
    return f"{problem.code} {problem}"[:200] if isinstance(problem, EngineError) else type(problem).__name__
