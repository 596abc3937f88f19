"""Keep an open page up to date by one stream of server-sent events (HTML Living Standard 9.2): the parts that changed, and nothing else."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from engine.errors import TryAgain
from engine.monitor.pages import may, problem, render
from engine.monitor.signin import Door, token_of
from engine.services.users import Session

PACE = 3.0
"""Seconds between two looks at the figures."""

STILL = 15.0
"""Seconds of silence after which a line shows that the stream is still there."""

MOST = 200
"""Streams that one process keeps open; a page beyond that shows the figures of when it was loaded, and asks again."""

Parts = Callable[[Request, Session], Awaitable[Mapping[str, str]]]
"""Draw the living parts of a page: HTML by the id of the element that holds it."""


@dataclass(slots=True)
class Live:
    """The stream that every page listens to, with how many are `open`; `pages` name the action and draw the parts of the pages that have living ones, by path.

    It ends when the session ends, or when `stop` is set: the page then connects again by itself.
    """

    door: Door
    pages: Mapping[str, tuple[str, Parts]]
    stop: asyncio.Event
    pace: float = PACE
    open: int = field(default=0, init=False)

    async def show(self, request: Request, session: Session) -> Response:
        """Open the stream for the page named by `?page=`; its first events are all parts as they are."""
        if self.open >= MOST:
            return problem(request, 503, session)
        # A page without living parts of its own, or one that this person may not see, has the tiles alone.
        act, draw = self.pages.get(request.query_params.get("page", ""), ("live", None))
        if not may(session, act):
            draw = None
        return StreamingResponse(self._events(request, session, draw), media_type="text/event-stream")

    async def _events(self, request: Request, session: Session, draw: Parts | None) -> AsyncIterator[str]:
        self.open += 1
        try:
            sent: dict[str, str] = {}
            told = time.monotonic()
            while not self.stop.is_set():
                if not await run_in_threadpool(self.door.users.lasts, token_of(request)):
                    yield event("ended", {})
                    return
                async for words in self._news(request, session, draw, sent):
                    told = time.monotonic()
                    yield words
                if time.monotonic() - told > STILL:
                    told = time.monotonic()
                    yield ": still here\n\n"
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.stop.wait(), self.pace)
        finally:
            self.open -= 1

    async def _news(self, request: Request, session: Session, draw: Parts | None, sent: dict[str, str]) -> AsyncIterator[str]:
        """Tell what changed since it was last sent, or that the store is away."""
        try:
            tiles = await self.door.tiles_for(session)
            badge = await self.door.badge_for(session)
            parts = {
                "part-tiles": render(request, "tiles.html", session, {"tiles": tiles}),
                "part-badge": render(request, "_alertbadge.html", session, {"badge": badge}),
            }
            parts |= await draw(request, session) if draw else {}
        except TryAgain:
            yield event("away", {})
            sent.clear()
            return
        for name, words in parts.items():
            if sent.get(name) != words:
                sent[name] = words
                yield event("part", {"id": name, "html": words})


def event(name: str, data: Mapping[str, str]) -> str:
    """Write one event; JSON keeps its data on one line."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
