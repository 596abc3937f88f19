"""Answer the two questions that machines ask without signing in: is it well, and what did it count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine import metrics
from engine.errors import TryAgain


@dataclass(frozen=True)
class Probes:
    """`ping` writes to the store or raises TryAgain; `standing` reads what the store says. Both block."""

    ping: Callable[[], None]
    standing: Callable[[], metrics.StoreFigures]

    async def health(self, _request: Request) -> Response:
        """Answer 200 only when the store can be written, 503 with Retry-After otherwise."""
        try:
            await run_in_threadpool(self.ping)
        except TryAgain as trouble:
            return JSONResponse({"status": "unavailable"}, status_code=503, headers={"retry-after": str(trouble.retry_after)})
        return JSONResponse({"status": "ok"})

    async def figures(self, _request: Request) -> Response:
        """Answer with the figures of the node; what the store says is left out while it is out of reach."""
        return Response(await run_in_threadpool(self._render), media_type=metrics.CONTENT_TYPE)

    def _render(self) -> bytes:
        try:
            standing = self.standing()
        except TryAgain:
            return metrics.render()
        return metrics.render(standing)
