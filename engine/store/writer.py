"""Commit what many callers hand in together: one thread, one transaction for all that has gathered."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from engine.errors import TryAgain
from engine.store.database import Database
from engine.store.troubles import Collision, StoreAway

U = TypeVar("U")
R = TypeVar("R")
Handler = Callable[[Connection, list[U]], Sequence[R]]
"""Writes units in the given transaction and returns one result for each, in order.

It decides by unique keys, so that running it again for a unit that was committed already changes nothing.
"""

_BATCH_UNITS = 128
_BATCH_BYTES = 8 * 1024 * 1024
"""How much one transaction takes: it is to last less than 50 ms."""

_ATTEMPTS = 3
"""How often a unit that collided with another transaction is tried by itself."""


@dataclass(frozen=True, slots=True)
class _Unit:
    handler: Handler[Any, Any]
    value: Any
    size: int
    target: Future[Any] | asyncio.Future[Any]


_Answer = tuple[_Unit, Any, BaseException | None]


class Writer:
    """One thread that commits units in groups, for all callers of this process.

    It commits at once when nothing more is `coming`; else it gathers until all that was announced has come, at most
    `linger` seconds. `observe` is told of each commit: units, seconds, how many units wait after it. At most `queue_limit` units of `queue_bytes` bytes wait; beyond that `submit` raises TryAgain.
    """

    def __init__(
        self,
        database: Database,
        *,
        linger: float = 0.04,
        queue_limit: int = 2000,
        queue_bytes: int = 256 * 1024 * 1024,
        observe: Callable[[int, float, int], None] = lambda _units, _seconds, _waiting: None,
    ) -> None:
        self._database = database
        self._observe = observe
        self._linger = linger
        self._limits = (queue_limit, queue_bytes)
        self._waiting: deque[_Unit] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._coming = 0
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Count the units that wait for a commit."""
        return len(self._waiting)

    def submit(self, handler: Callable[[Connection, list[U]], Sequence[R]], unit: U, *, size: int = 0) -> Future[R]:
        """Hand in a unit of `size` bytes; the future ends after its commit. Raises TryAgain when too much waits."""
        future: Future[R] = Future()
        self._put(_Unit(handler, unit, size, future))
        return future

    def hand_in(self, handler: Callable[[Connection, list[U]], Sequence[R]], unit: U, *, size: int = 0) -> asyncio.Future[R]:
        """Hand in a unit from an event loop; who cancels the future does not undo the row."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._put(_Unit(handler, unit, size, future))
        return future

    async def write(self, handler: Callable[[Connection, list[U]], Sequence[R]], unit: U, *, size: int = 0) -> R:
        """Hand in a unit from an event loop and wait for its commit."""
        return await self.hand_in(handler, unit, size=size)

    @contextmanager
    def coming(self) -> Iterator[None]:
        """Announce a unit that is made and handed in within this context, so that it goes into one commit with those made beside it."""
        with self._changed:
            self._coming += 1
        try:
            yield
        finally:
            with self._changed:
                self._coming -= 1
                if self._coming == 0 and self._waiting:
                    self._changed.notify()

    def stop(self) -> None:
        """Take nothing more, commit what waits, and end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def _put(self, unit: _Unit) -> None:
        units, size = self._limits
        with self._changed:
            if self._stopping:
                raise TryAgain("the engine is stopping")
            # A single unit larger than the whole limit still passes an empty queue.
            if len(self._waiting) >= units or (self._waiting and self._bytes + unit.size > size):
                raise TryAgain("too many messages wait for the store", retry_after=2)
            self._waiting.append(unit)
            self._bytes += unit.size
            if self._coming == 0 or len(self._waiting) in (1, _BATCH_UNITS):
                self._changed.notify()

    def _run(self) -> None:
        while batch := self._gather():
            _answer(self._commit(batch))

    def _gather(self) -> list[_Unit]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping)
            self._changed.wait_for(
                lambda: self._coming == 0 or self._stopping or len(self._waiting) >= _BATCH_UNITS, self._linger
            )
            batch: list[_Unit] = []
            size = 0
            while self._waiting and len(batch) < _BATCH_UNITS and (not batch or size + self._waiting[0].size <= _BATCH_BYTES):
                batch.append(self._waiting.popleft())
                size += batch[-1].size
            self._bytes -= size
            return batch

    def _commit(self, batch: list[_Unit]) -> list[_Answer]:
        answers: list[_Answer] = []
        began = time.perf_counter()
        try:
            self._together(batch, answers)
            self._observe(len(batch), time.perf_counter() - began, self.waiting)
        except Exception as error:  # noqa: BLE001 - whatever it is, only the unit that caused it may suffer from it
            # When every handler had answered, it was the COMMIT that failed, and it may have gone through all the same.
            unknown = len(answers) == len(batch)
            if isinstance(error, StoreAway) and not unknown:
                return [(unit, None, error) for unit in batch]
            return self._one_by_one(batch)
        return answers

    def _together(self, batch: list[_Unit], answers: list[_Answer]) -> None:
        with self._database.write() as connection:
            for handler, units in _runs(batch):
                results = handler(connection, [unit.value for unit in units])
                answers += [(unit, result, None) for unit, result in zip(units, results, strict=True)]

    def _one_by_one(self, batch: list[_Unit]) -> list[_Answer]:
        """Run each unit by itself: a bad one fails alone, one whose commit got lost finds what it wrote."""
        answers: list[_Answer] = []
        away: StoreAway | None = None
        for unit in batch:
            if away is None:
                answer = self._alone(unit)
                away = answer[2] if isinstance(answer[2], StoreAway) else None
                answers.append(answer)
            else:
                answers.append((unit, None, away))
        return answers

    def _alone(self, unit: _Unit) -> _Answer:
        for attempt in range(1, _ATTEMPTS + 1):
            answers: list[_Answer] = []
            try:
                self._together([unit], answers)
                return answers[0]
            except Exception as error:  # noqa: BLE001 - it is handed to the one who waits
                if attempt == _ATTEMPTS or not (answers or _passing(error)):
                    return unit, None, error
        raise AssertionError("unreachable: the last attempt returns")


def _passing(error: BaseException) -> bool:
    # A broken unique key is most often the other of two equal messages; the next look finds its row.
    return isinstance(error, (Collision, IntegrityError))


def _runs(batch: Iterable[_Unit]) -> Iterable[tuple[Handler[Any, Any], list[_Unit]]]:
    """Group neighbours with the same handler, the order of submission kept."""
    for handler, units in groupby(batch, key=lambda unit: unit.handler):
        yield handler, list(units)


def _answer(answers: Iterable[_Answer]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Answer]] = {}
    for answer in answers:
        target = answer[0].target
        if isinstance(target, asyncio.Future):
            by_loop.setdefault(target.get_loop(), []).append(answer)
        elif target.set_running_or_notify_cancel():
            _resolve(answer)
    for loop, some in by_loop.items():
        # A loop that was closed meanwhile has nobody left to tell; the rows stay.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_resolve_all, some)


def _resolve_all(answers: Iterable[_Answer]) -> None:
    for answer in answers:
        if not answer[0].target.done():
            _resolve(answer)


def _resolve(answer: _Answer) -> None:
    unit, result, error = answer
    if error is None:
        unit.target.set_result(result)
    else:
        unit.target.set_exception(error)
