"""Let live documents go first: while any come in, history passes one document at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

BESIDE_LIVE = 1
"""History documents judged and committed at once while live ones come in: a live one waits for one of them at most."""

ALONE = 16
"""History documents in hand at once when no live one came in for a while: enough to fill a commit."""

QUIET = 1.0
"""So many seconds after the last live document its lane is quiet."""


class Lanes:
    """The two lanes of one front; history waits for its turn in the order it came, and always gets on."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last_live = -QUIET
        self._inside = 0
        self._turn = asyncio.Condition()

    def live(self) -> None:
        """Note that a live document came in."""
        self._last_live = self._clock()

    @asynccontextmanager
    async def history(self) -> AsyncIterator[None]:
        """Hold a place for one history call, from before it is judged until it is committed."""
        async with self._turn:
            await self._turn.wait_for(self._has_room)
            self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
            async with self._turn:
                self._turn.notify_all()

    def _has_room(self) -> bool:
        quiet = self._clock() - self._last_live >= QUIET
        return self._inside < (ALONE if quiet else BESIDE_LIVE)
