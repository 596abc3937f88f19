"""Let live documents go first, and institutions by turns: while live ones come in, history passes one call at a time and rests after each."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from engine.inhand.pace import Pace
from engine.metrics import figures

BESIDE_LIVE = 1
"""History calls judged and committed at once while live ones come in: a live one waits for one of them at most."""

ALONE = 16
"""History calls in hand at once when no live one came in for a while: enough to fill a commit."""

QUIET = 1.0
"""So many seconds after the last live document its lane is quiet."""

REST = 3.0
"""Beside live documents history rests so many times as long as its last call took: it has a quarter of the time at most."""

LONGEST_REST = 3.0
"""Seconds of rest at most, also after a large batch."""

_TURN = 1.0
"""Seconds for which a call that begins keeps the other fronts' history waiting; its end says how long in truth."""


AT_ONCE = 4
"""Calls begun between two looks at the network: so many of others one that comes in may find before it."""


class Line:
    """Those who wait for their turn: one institution after the other, and its calls in the order they came."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def join(self, institution: str) -> asyncio.Future[None]:
        """Stand in line; the future that is given is to be fulfilled when the turn has come."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(institution, deque()).append(place)
        return place

    def next(self) -> asyncio.Future[None] | None:
        """Give whose turn it is, None when nobody waits any more; who had its turn goes to the end."""
        while self._waiting:
            institution, places = next(iter(self._waiting.items()))
            del self._waiting[institution]
            place = places.popleft()
            if places:
                self._waiting[institution] = places
            if not place.cancelled():
                return place
        return None


class Turns:
    """Let calls begin on the event loop by turns of their institutions, so that a crowd of one keeps no other waiting."""

    def __init__(self) -> None:
        self._line = Line()
        self._calling = False

    async def come(self, institution: str) -> None:
        """Wait until this institution's turn has come; others that came in meanwhile have been read."""
        place = self._line.join(institution)
        if not self._calling:
            self._calling = True
            asyncio.get_running_loop().call_soon(self._call)
        await place

    def _call(self) -> None:
        for _ in range(AT_ONCE):
            if place := self._line.next():
                place.set_result(None)
        # Those who were called run first, then the network is looked at, then the next ones are called.
        self._calling = bool(self._line)
        if self._calling:
            asyncio.get_running_loop().call_soon(self._call)


class Lanes:
    """The two lanes of one front; history always gets on, each institution in its turn and its calls in the order they came.

    `pace` is shared by all fronts of the node: history of one gives way to live documents of another.
    """

    def __init__(self, pace: Pace | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace = pace or Pace()
        self._clock = clock
        self._inside = 0
        self._line = Line()

    def live(self) -> None:
        """Note that a live document came in."""
        self._pace.live = self._clock()

    @asynccontextmanager
    async def history(self, institution: str = "") -> AsyncIterator[None]:
        """Hold a place for one history call of an institution, from before it is judged until it is committed."""
        came = self._clock()
        await self._enter(institution)
        try:
            await self._rest()
            began = self._clock()
            self._pace.turn = began + _TURN
            try:
                with figures().history(began - came):
                    yield
            finally:
                now = self._clock()
                self._pace.turn = now + min((now - began) * REST, LONGEST_REST)
        finally:
            self._inside -= 1
            self._let_in()

    async def _enter(self, institution: str) -> None:
        """Wait until this institution's turn has come and there is room."""
        place = self._line.join(institution)
        self._let_in()
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._inside -= 1
                self._let_in()
            raise

    def _let_in(self) -> None:
        """Give the free places to those who wait."""
        while self._has_room() and (place := self._line.next()):
            place.set_result(None)
            self._inside += 1

    async def _rest(self) -> None:
        """Wait until history's turn has come; live documents that stay away end the rest."""
        while not self._quiet() and (left := self._pace.turn - self._clock()) > 0:  # noqa: ASYNC110 - other processes move the turn
            await asyncio.sleep(min(left, QUIET))

    def _quiet(self) -> bool:
        return self._clock() - self._pace.live >= QUIET

    def _has_room(self) -> bool:
        return self._inside < (ALONE if self._quiet() else BESIDE_LIVE)
