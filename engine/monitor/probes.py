"""Answer the two questions that machines ask without signing in: is it well, and what did it count."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine import metrics
from engine.alerting import OpenAlerts
from engine.errors import TryAgain

Waiting = tuple[Mapping[str, int], Mapping[str, float]]
"""Deliveries not yet done and the age in seconds of the oldest, each by destination."""


@dataclass(frozen=True)
class Probes:
    """`ping` writes to the store or raises TryAgain; `waiting` reads what waits there, `alerts` counts the open ones. All block."""

    ping: Callable[[], None]
    waiting: Callable[[], Waiting]
    alerts: Callable[[], OpenAlerts]

    async def health(self, _request: Request) -> Response:
        """Answer 200 only when the store can be written, 503 with Retry-After otherwise."""
        try:
            await run_in_threadpool(self.ping)
        except TryAgain as trouble:
            return JSONResponse({"status": "unavailable"}, status_code=503, headers={"retry-after": str(trouble.retry_after)})
        return JSONResponse({"status": "ok"})

    async def figures(self, _request: Request) -> Response:
        """Answer with the figures of the node; what waits is left out while the store is out of reach."""
        return Response(await run_in_threadpool(self._render), media_type=metrics.CONTENT_TYPE)

    def _render(self) -> bytes:
        try:
            (waiting, oldest), alerts = self.waiting(), self.alerts()
        except TryAgain:
            waiting, oldest, alerts = {}, {}, {}
        return metrics.render(waiting, oldest, alerts)
