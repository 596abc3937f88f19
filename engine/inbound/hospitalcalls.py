"""Run calls that wait for a hospital on threads of their own: so many to each hospital, so many to all together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TypeVar

from engine.errors import Issue, SenderError

_CROWDED = Issue(code="SND-719", message="该医院正在办理的请求过多，本次没有办理。", hint="请稍后再试。")
T = TypeVar("T")


@dataclass(slots=True)
class _Turns:
    """The turns at one hospital; `users` counts who has one or waits for one, so that an idle hospital is forgotten."""

    free: asyncio.Semaphore
    users: int = 0


@dataclass(slots=True)
class HospitalCalls:
    """Keep one slow hospital from holding the threads of all others.

    `each` is how many calls to one hospital run at a time, `together` how many to all; who has waited `patience` seconds for its
    turn is refused, and nothing was done. One for each event loop.
    """

    each: int = 8
    together: int = 32
    patience: float = 20.0
    _threads: ThreadPoolExecutor = field(init=False)
    _together: asyncio.Semaphore = field(init=False)
    _turns: dict[str, _Turns] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Open the threads and the shared turns."""
        self._threads = ThreadPoolExecutor(self.together, thread_name_prefix="hospital-call")
        self._together = asyncio.Semaphore(self.together)

    async def run(self, hospital: str, act: Callable[[], T]) -> T:
        """Run `act`, which may ask this hospital; raises SenderError SND-719 when its turn does not come.

        The turn is given back when the act has ended, also when the caller did not wait for that.
        """
        turns = self._turns.setdefault(hospital, _Turns(asyncio.Semaphore(self.each)))
        turns.users += 1
        try:
            await self._enter(turns)
        except BaseException:
            self._left(hospital, turns)
            raise
        acting = asyncio.get_running_loop().run_in_executor(self._threads, copy_context().run, act)
        acting.add_done_callback(lambda _: self._ended(hospital, turns))
        return await asyncio.shield(acting)

    def close(self) -> None:
        """Finish what is in hand."""
        self._threads.shutdown(wait=True)

    async def _enter(self, turns: _Turns) -> None:
        """Take a turn at the hospital, then one of the shared ones, both within the patience."""
        try:
            async with asyncio.timeout(self.patience):
                await turns.free.acquire()
                try:
                    await self._together.acquire()
                except BaseException:
                    turns.free.release()
                    raise
        except TimeoutError:
            raise SenderError(_CROWDED) from None

    def _ended(self, hospital: str, turns: _Turns) -> None:
        self._together.release()
        turns.free.release()
        self._left(hospital, turns)

    def _left(self, hospital: str, turns: _Turns) -> None:
        turns.users -= 1
        if not turns.users:
            del self._turns[hospital]
