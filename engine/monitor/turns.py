"""Let heavy work take turns on one thread off the event loop: a few wait at most, each for so long at most."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")
Given_contra = TypeVar("Given_contra", contravariant=True)
Done_co = TypeVar("Done_co", covariant=True)


class Busy(Exception):
    """The thread has enough to do, or took too long."""


class Thread(Protocol[Given_contra, Done_co]):
    """What a page asks of a thread that does its heavy work."""

    def place(self) -> AbstractContextManager[None]:
        """Keep a place while the work is fetched and done; raises Busy when all are taken."""

    async def do(self, work: Given_contra) -> Done_co:
        """Do a piece of work in its turn; raises Busy when that takes too long, and whatever the work raises."""


class Turns(Generic[T, R]):
    """Do one piece of work after another on a thread of its own.

    `make` builds what does the work, in that thread, since compiled schemas are not shared between threads; it is
    built at once and again at the next piece of work when that failed. `most` pieces are in hand at a time; a caller
    waits `seconds` at most, although the thread finishes what it has begun.
    """

    def __init__(self, make: Callable[[], Callable[[T], R]], *, most: int = 4, seconds: float = 60.0) -> None:
        self._make = make
        self._most = most
        self._seconds = seconds
        self._inside = 0
        self._begun: set[Future[R]] = set()
        self._do: Callable[[T], R] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="turns")
        self._thread.submit(self._ready)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Keep a place while the work is fetched and done; raises Busy when all are taken."""
        self._begun = {future for future in self._begun if not future.done()}
        if self._inside + len(self._begun) >= self._most:
            raise Busy
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    async def do(self, work: T) -> R:
        """Do a piece of work in its turn; raises Busy when that takes too long, and whatever the work raises."""
        future = self._thread.submit(self._run, work)
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), self._seconds)
        except TimeoutError:
            if not future.cancel():
                self._begun.add(future)
            raise Busy from None

    def exchange(self, make: Callable[[], Callable[[T], R]]) -> None:
        """Build anew what does the work, between two pieces of it; raises what `make` raises, and then the old one stays.

        The caller, on a thread of its own, waits until that is done.
        """
        self._thread.submit(self._exchange, make).result()

    def _exchange(self, make: Callable[[], Callable[[T], R]]) -> None:
        self._do = make()
        self._make = make

    def _run(self, work: T) -> R:
        return self._ready()(work)

    def _ready(self) -> Callable[[T], R]:
        if self._do is None:
            self._do = self._make()
        return self._do

    def close(self) -> None:
        """Finish what was begun, drop what waits."""
        self._thread.shutdown(wait=True, cancel_futures=True)
