"""Show every route and one route: its figures, its diagram, its file with lint, its tests, its revisions; pause and resume it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Protocol
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from engine.channels.explain import SERVICES, explain
from engine.channels.route import Route
from engine.channels.setchanges import Change
from engine.channels.trial import TrialResult
from engine.errors import ConfigError, Fault
from engine.log import get_logger
from engine.message import SHANGHAI
from engine.monitor.board import plain_values, reason_of
from engine.monitor.chart import Hour, draw
from engine.monitor.diagram import draw_route
from engine.monitor.pages import language_of, page, problem, render, wants_json
from engine.monitor.quality import Names
from engine.monitor.routefigures import Figures, Times
from engine.monitor.shared import Shared
from engine.monitor.signin import peer_of, posted
from engine.monitor.texts import Language, speaker
from engine.monitor.turns import Busy, Thread
from engine.services.users import Session
from engine.store.pauses import Pause

_SAID = ("paused", "paused-before", "resumed", "resumed-before", "reason", "reloaded", "unchanged")

log = get_logger("monitor")


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteLine:
    """One route in the list.

    `rate` is in messages a minute; `curve` counts messages in each five minutes of the last hour; `waiting` and `dead` are the
    deliveries at its destinations, None where all of them are ours; `edited` when its files on disk are not those in force.
    """

    name: str
    about: str
    service: str
    keys: Sequence[str]
    revision: str
    pause: Pause | None
    hour: Figures
    today: Figures
    rate: float
    curve: Sequence[int]
    waiting: int | None
    dead: int | None
    tests: int
    edited: bool


@dataclass(frozen=True, slots=True)
class RouteList:
    """All routes in force at the moment `now`; `fresh` are folders on disk that are not in force yet."""

    now: datetime
    revision: str
    lines: Sequence[RouteLine]
    fresh: Sequence[str]


@dataclass(frozen=True, slots=True)
class RouteRevision:
    """One set of files in which the route's own files changed (`same` when it has those in force)."""

    name: str
    created: datetime
    current: bool
    same: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteView:
    """Everything about one route; `files` are its own by path, `shared` others it uses; `since` compares with an older revision."""

    now: datetime
    line: RouteLine
    route: Route
    hours: Sequence[Hour]
    files: Mapping[str, str]
    shared: Sequence[str]
    tests: Sequence[str]
    history: Sequence[RouteRevision]
    edited: Change | None
    since: Change | None


@dataclass(frozen=True, slots=True)
class RunTests:
    """Run the tests of a route, as they stand on disk, by the set in force."""

    route: str


@dataclass(frozen=True, slots=True)
class LintRoute:
    """Lint the folder of a route on disk, and put what is found to its lines."""

    route: str


class Look(Protocol):
    """Read one route, None when there is none; `faults` of its files on disk are put to their lines, `since` names a revision to compare with."""

    def __call__(self, name: str, *, faults: Sequence[Fault] = (), since: str = "") -> RouteView | None:
        """Read it."""


class PauseAct(Protocol):
    """Pause or resume a route in one transaction with its audit row; False when it is so already."""

    def __call__(self, name: str, *, reason: str, by: str, peer: str) -> bool:
        """Do it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutesSource:
    """What the pages ask, as callables that may block and raise TryAgain; `edited` tells whether files on disk differ from those in force.

    `worker` is the thread that has a set of files; `tested` notes in the audit who ran tests.
    """

    read: Callable[[], RouteList]
    known: Callable[[str], bool]
    edited: Callable[[str], bool]
    one: Look
    pause: PauseAct
    resume: PauseAct
    tested: PauseAct
    worker: Thread[RunTests | LintRoute, Any]
    types: Names


@dataclass(frozen=True, slots=True)
class RoutesPage:
    """The pages below /routes; all who look at the list share the `living` reading of it."""

    source: RoutesSource
    living: Shared[None, RouteList]

    async def show(self, request: Request, session: Session) -> Response:
        """Show every route; `format=json` gives the same as data."""
        found = await self.living.get(None)
        if wants_json(request):
            lines = [line_values(one) for one in found.lines]
            return JSONResponse(
                plain_values({"now": found.now, "revision": found.revision, "fresh": found.fresh, "routes": lines})
            )
        told = request.query_params.get("done", "")
        values = self._list_values(request, found) | {"told": told if told in _SAID else ""}
        return page(request, "routes.html", session, values, now=found.now)

    async def parts(self, request: Request, session: Session) -> Mapping[str, str]:
        """Draw the living part of the list."""
        found = await self.living.get(None)
        return {"part-routes": render(request, "routelist.html", session, self._list_values(request, found), now=found.now)}

    def _list_values(self, request: Request, found: RouteList) -> dict[str, Any]:
        groups = [(service, list(lines)) for service, lines in groupby(found.lines, key=lambda one: one.service)]
        return {"found": found, "groups": groups, **_words(language_of(request)), "types": self.source.types}

    async def one(self, request: Request, session: Session) -> Response:
        """Show one route; `since` names an older revision to compare with."""
        return await self._one(request, session)

    async def tests(self, request: Request, session: Session) -> Response:
        """Run the tests of a route, and show what came of each."""
        await posted(request, session)
        name = str(request.path_params["name"])
        if not self.source.known(name):
            return problem(request, 404, session)
        try:
            with self.source.worker.place():
                results: list[TrialResult] = await self.source.worker.do(RunTests(name))
        except (Busy, ConfigError):
            return await self._one(request, session, busy=True)
        failed = sum(not one.passed for one in results)
        words = f"{len(results)} run, {failed} failed"
        await run_in_threadpool(self.source.tested, name, reason=words, by=session.user, peer=peer_of(request))
        log.info("route tested", user=session.user, route=name, tests=len(results), failed=failed)
        return await self._one(request, session, results=results)

    async def pause(self, request: Request, session: Session) -> Response:
        """Pause a route; a reason is asked."""
        reason = reason_of(await posted(request, session))
        return await self._act(request, session, self.source.pause, reason, "paused") if reason else _back(request, "reason")

    async def resume(self, request: Request, session: Session) -> Response:
        """Let a route take in again."""
        await posted(request, session)
        return await self._act(request, session, self.source.resume, "", "resumed")

    async def _act(self, request: Request, session: Session, act: PauseAct, reason: str, told: str) -> Response:
        name = str(request.path_params["name"])
        if not self.source.known(name):
            return problem(request, 404, session)
        done = await run_in_threadpool(act, name, reason=reason, by=session.user, peer=peer_of(request))
        self.living.clear()
        log.info("route acted on", user=session.user, route=name, action=told, done=done)
        return _back(request, told if done else f"{told}-before")

    async def _one(
        self, request: Request, session: Session, *, results: Sequence[TrialResult] | None = None, busy: bool = False
    ) -> Response:
        name = str(request.path_params["name"])
        if not self.source.known(name):
            return problem(request, 404, session)
        faults = await self._lint(name)
        since = request.query_params.get("since", "")
        view = await run_in_threadpool(self.source.one, name, faults=faults or (), since=since)
        if view is None:
            return problem(request, 404, session)
        if wants_json(request):
            return JSONResponse(_view_values(view, faults, results))
        language = language_of(request)
        told = request.query_params.get("done", "")
        values = {
            "view": view, "line": view.line, "faults": faults, "results": results, "busy": busy, "told": told if told in _SAID else "",
            "diagram": draw_route(view.route, language, speaker(language)), "chart": draw(view.hours),
            "prose": explain(view.route, language), "messages": _messages(view), "since": since, **_words(language), "types": self.source.types,
        }  # fmt: skip
        return page(request, "route.html", session, values, status=503 if busy else 200, now=view.now)

    async def _lint(self, name: str) -> Sequence[Fault] | None:
        """Lint the files on disk when they are not those in force; None when the thread has no time for it."""
        if not await run_in_threadpool(self.source.edited, name):
            return ()
        try:
            with self.source.worker.place():
                found: Sequence[Fault] = await self.source.worker.do(LintRoute(name))
        except Busy:
            return None
        except ConfigError as problem:
            return problem.faults
        return found


def _back(request: Request, told: str) -> Response:
    return RedirectResponse(f"/routes/{request.path_params['name']}?done={told}", status_code=303)


def _messages(view: RouteView) -> Callable[..., str]:
    """Give what writes the address of the messages of today along a route, of one state or code."""
    today = view.now.astimezone(SHANGHAI).date().isoformat()

    def address(**more: str) -> str:
        return f"/messages?{urlencode({'route': view.line.name, **more, 'from': today})}"

    return address


def _words(language: Language) -> dict[str, Any]:
    return {"services": SERVICES[language], "column": 0 if language == "zh" else 1, "lasting": lasting, "spark": spark}


def lasting(seconds: float) -> str:
    """Write how long something took, with the precision that it has: `12 ms`, `1.4 s`, `7 min`, `3 h`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    for size, unit in ((60.0, "s"), (3600.0, "min"), (86_400.0, "h")):
        if seconds < size:
            value = seconds / {"s": 1, "min": 60, "h": 3600}[unit]
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return f"{seconds / 86_400:.1f} d"


def spark(curve: Sequence[int], width: float = 72, height: float = 18) -> str:
    """Give the points of a small curve, from 0 at the foot to its peak at the top."""
    peak = max(*curve, 1)
    step = width / (len(curve) - 1)
    return " ".join(f"{number * step:.1f},{height - 1 - (height - 2) * value / peak:.1f}" for number, value in enumerate(curve))


def _figure_values(figures: Figures) -> dict[str, Any]:
    return {
        "taken": figures.taken, "states": dict(figures.states), "errorShare": round(figures.share, 4), "codes": dict(figures.codes),
        "answered": _times_values(figures.answered), "sent": figures.sent, "dead": figures.dead,
        "delivered": _times_values(figures.delivered),
    }  # fmt: skip


def _times_values(times: Times | None) -> dict[str, float] | None:
    return {"p50": times.p50, "p95": times.p95, "p99": times.p99} if times else None


def line_values(one: RouteLine) -> dict[str, Any]:
    """Write a line as JSON values; times in seconds."""
    pause = one.pause
    return {
        "name": one.name, "about": one.about, "service": one.service, "keys": list(one.keys), "revision": one.revision,
        "paused": {"since": pause.since, "by": pause.by, "reason": pause.reason} if pause else None,
        "hour": _figure_values(one.hour), "today": _figure_values(one.today), "rate": round(one.rate, 2), "curve": list(one.curve),
        "waiting": one.waiting, "dead": one.dead, "tests": one.tests, "edited": one.edited,
    }  # fmt: skip


def fault_values(fault: Fault) -> dict[str, Any]:
    """Write what lint found as JSON values."""
    return {name: getattr(fault, name) for name in ("file", "line", "column", "code", "message", "severity")}


def _view_values(view: RouteView, faults: Sequence[Fault] | None, results: Sequence[TrialResult] | None) -> dict[str, Any]:
    tests = (
        None
        if results is None
        else [{"test": one.test, "passed": one.passed, "differences": list(one.differences)} for one in results]
    )
    history = [{"name": one.name, "created": one.created, "current": one.current, "same": one.same} for one in view.history]
    values: dict[str, Any] = plain_values({
        **line_values(view.line), "files": dict(view.files), "shared": list(view.shared), "testNames": list(view.tests), "results": tests,
        "history": history, "lint": None if faults is None else [fault_values(one) for one in faults],
        "explanation": {"zh": explain(view.route, "zh"), "en": explain(view.route, "en")},
    })  # fmt: skip
    return values
