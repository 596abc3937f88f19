"""Show how reports stand, and how the hospitals are asked for them: whose are followed, what is overdue, when it last went well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from engine.monitor.board import plain_values
from engine.monitor.pages import page, problem, wants_json
from engine.monitor.signin import posted
from engine.services.reports.look import ReportHistory, ReportLine, find_reports, latest_reports, report_history
from engine.services.reports.model import STATUSES, UNMAPPED
from engine.services.reports.polling import POLL
from engine.services.users import Session
from engine.store.database import Database
from engine.store.errands import Errands
from engine.store.masking import mask, without_numbers
from engine.store.sealing import Seal

PATH = "/reports"
SHOWN: tuple[int, ...] = (UNMAPPED, *STATUSES)
"""The statuses by which reports are chosen."""

_LONGEST = 64


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsSource:
    """What the page asks, as callables that may block and raise TryAgain; `names` are the hospitals by code.

    `latest` takes a hospital and a status, "" and None for all; `find` a hospital and what it calls a report by; `one` our number.
    """

    asking: Callable[[], AskingLines]
    latest: Callable[[str, int | None], Sequence[ReportLine]]
    find: Callable[[str, str], Sequence[ReportLine]]
    one: Callable[[str], ReportHistory | None]
    names: Callable[[], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class ReportsPage:
    """The page /reports, and the page of one report: its status and history, never its content."""

    source: ReportsSource

    async def show(self, request: Request, session: Session) -> Response:
        """Show the reports that moved last, by `?hospital=` and `?status=`, and every hospital that was ever asked; `?format=json` as data."""
        hospital, asked = request.query_params.get("hospital", "").strip()[:_LONGEST], request.query_params.get("status", "")
        status = next((one for one in SHOWN if str(one) == asked), None)
        lines = await run_in_threadpool(self.source.asking)
        found = await run_in_threadpool(self.source.latest, hospital, status)
        if wants_json(request):
            return JSONResponse(plain_values(asdict(lines) | {"reports": [asdict(one) for one in found]}))
        return await self._page(request, session, found, lines=lines, hospital=hospital, status=status)

    async def find(self, request: Request, session: Session) -> Response:
        """Find a report by what its hospital calls it; the number is posted, so that no address holds it."""
        form = await posted(request, session)
        hospital, value = form.get("hospital", "").strip()[:_LONGEST], form.get("number", "").strip()[:_LONGEST]
        found = await run_in_threadpool(self.source.find, hospital, value) if value else ()
        if wants_json(request):
            return JSONResponse({"reports": plain_values([asdict(one) for one in found])})
        if len(found) == 1:
            return RedirectResponse(f"{PATH}/{found[0].report}", status_code=303)
        return await self._page(request, session, found, hospital=hospital, searched=True)

    async def one(self, request: Request, session: Session) -> Response:
        """Show one report with everything that was told of it; `?format=json` gives the same as data."""
        history = await run_in_threadpool(self.source.one, str(request.path_params["report"])[:_LONGEST])
        if history is None:
            return problem(request, 404, session)
        if wants_json(request):
            return JSONResponse(plain_values(asdict(history)))
        names = await run_in_threadpool(self.source.names)
        return page(request, "report.html", session, {"history": history, "names": names})

    async def _page(
        self, request: Request, session: Session, found: Sequence[ReportLine], *, lines: AskingLines | None = None, hospital: str = "",
        status: int | None = None, searched: bool = False,
    ) -> Response:  # fmt: skip
        values = {
            "lines": lines, "found": found, "names": await run_in_threadpool(self.source.names), "hospital": hospital, "status": status,
            "statuses": SHOWN, "searched": searched,
        }  # fmt: skip
        return page(request, "reports.html", session, values, now=lines.now if lines else None)


@dataclass(frozen=True, slots=True)
class ReportArchive:
    """The reports as the monitor knows them: what its hospital calls one by is masked, nothing tells whose it is."""

    database: Database
    seal: Seal
    names: Callable[[], Mapping[str, str]]

    def source(self) -> ReportsSource:
        """Hand the page what it asks."""
        return ReportsSource(
            asking=lambda: read_asking(self.database, self.names),
            latest=self.latest,
            find=self.find,
            one=self.one,
            names=self.names,
        )

    def latest(self, hospital: str, status: int | None) -> Sequence[ReportLine]:
        """List the reports that moved last."""
        with self.database.read() as connection:
            return latest_reports(connection, hospital, status)

    def find(self, hospital: str, value: str) -> Sequence[ReportLine]:
        """Find reports by what their hospital calls them by."""
        with self.database.read() as connection:
            return find_reports(connection, self.seal, hospital, value)

    def one(self, number: str) -> ReportHistory | None:
        """Read one report with its history."""
        with self.database.read() as connection:
            history = report_history(connection, self.seal, number)
        if history is None:
            return None
        keys = tuple((kind, mask(value, "number")) for kind, value in history.keys)
        events = tuple(
            replace(one, operator=mask(one.operator, "name"), reason=without_numbers(one.reason)) for one in history.events
        )
        return replace(history, keys=keys, events=events)


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
