"""Show how the hospitals are asked for reports: whose are followed, what is overdue, when it last went well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.monitor.board import plain_values
from engine.monitor.pages import page, wants_json
from engine.services.reports.polling import POLL
from engine.services.users import Session
from engine.store.database import Database
from engine.store.errands import Errands


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How one hospital is asked: residents whose reports are followed, questions under way, the next one due, and how the last ended.

    `late` is for how many seconds the next one is overdue, 0 when it is not.
    """

    hospital: str
    name: str
    followed: int
    running: int
    due: datetime | None
    late: float
    last_done: datetime | None
    last_failed: datetime | None
    failures: int
    error: str


@dataclass(frozen=True, slots=True)
class AskingLines:
    """All hospitals at one moment."""

    now: datetime
    hospitals: Sequence[Asking]


@dataclass(frozen=True, slots=True)
class ReportsPage:
    """The page /reports; `read` may block and raise TryAgain."""

    read: Callable[[], AskingLines]

    async def show(self, request: Request, session: Session) -> Response:
        """Show every hospital that was ever asked; `?format=json` gives the same as data."""
        lines = await run_in_threadpool(self.read)
        if wants_json(request):
            return JSONResponse(plain_values(asdict(lines)))
        return page(request, "reports.html", session, {"lines": lines}, now=lines.now)


def read_asking(database: Database, names: Callable[[], Mapping[str, str]]) -> AskingLines:
    """Read the lines from the store's errands; hospitals with questions overdue first."""
    now, known = datetime.now(UTC), names()
    with database.read() as connection:
        lines = [line for line in Errands(database).lines(connection, now) if line.kind == POLL]
    found = [
        Asking(
            hospital=line.institution, name=known.get(line.institution, line.institution), followed=line.open, running=line.running,
            due=line.oldest_due, late=max((now - line.oldest_due).total_seconds(), 0.0) if line.oldest_due else 0.0,
            last_done=line.last_done, last_failed=line.last_failed, failures=line.failures, error=line.last_error,
        )
        for line in lines
    ]  # fmt: skip
    return AskingLines(now, sorted(found, key=lambda one: (-one.late, one.hospital)))
