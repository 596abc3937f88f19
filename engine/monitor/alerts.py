"""Show alerts: what is wrong now with its cause and cure, what was, the rules in force, and who is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from engine.alerting import OpenAlerts, Severity, Words
from engine.log import get_logger
from engine.monitor.board import plain_values, reason_of
from engine.monitor.pages import page, problem, render, wants_json
from engine.monitor.shared import Shared
from engine.monitor.signin import peer_of, posted
from engine.services.alerts.book import Line, Lines
from engine.services.users import Session

TOLD: tuple[str, ...] = ("acknowledge", "over", "tested", "failed", "note")
"""What the page may say after an action."""

STALE = timedelta(minutes=2)
"""Time without a judgement after which the page says so."""

_LONGEST_TOKEN = 40
_CODE = re.compile(r"[A-Z]{3}-[0-9]{3}")

log = get_logger("monitor")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """One rule in force, in words."""

    name: str
    severity: Severity
    words: Words
    to: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLine:
    """One channel: `place` is where it leads; how many notices wait, the last success and failure, its words."""

    name: str
    kind: str
    about: str
    place: str
    waiting: int
    last_sent: datetime | None
    last_failed: datetime | None
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """What the page shows at the moment `now`; `quiet` says when notices wait, as `22:00–07:00` with the severities, None for never."""

    now: datetime
    lines: Lines
    rules: Sequence[RuleLine]
    channels: Sequence[ChannelLine]
    quiet: tuple[str, Sequence[Severity]] | None

    @property
    def stale(self) -> bool:
        """Tell whether nobody has judged for a while."""
        return self.lines.judged is None or self.now - self.lines.judged > STALE


class Acknowledge(Protocol):
    """Note who sees to an alert, with its audit row; False when it is over."""

    def __call__(self, number: int, note: str, *, by: str, peer: str) -> bool:
        """Note it."""


class Test(Protocol):
    """Send a test by a channel; "" when it was taken, else a code and words, None when there is no such channel."""

    def __call__(self, name: str, *, by: str, peer: str) -> str | None:
        """Send it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsSource:
    """What the page asks, as callables that may block and raise TryAgain; `read` takes the token of a page of closed ones."""

    read: Callable[[str], AlertView]
    counts: Callable[[], OpenAlerts]
    acknowledge: Acknowledge
    test: Test


@dataclass(frozen=True, slots=True)
class AlertsPage:
    """The page /alerts; all whose page is open share the reading of its `living` part."""

    source: AlertsSource
    living: Shared[None, AlertView]

    async def show(self, request: Request, session: Session) -> Response:
        """Show the page, or its JSON twin; `?before=` gives an earlier page of closed ones."""
        view = await run_in_threadpool(self.source.read, request.query_params.get("before", "")[:_LONGEST_TOKEN])
        if wants_json(request):
            return JSONResponse(as_json(view))
        told, why = (request.query_params.get(name, "") for name in ("done", "why"))
        values = {
            "view": view, "told": told if told in TOLD else "", "why": why if _CODE.fullmatch(why) else "",
            "earlier": "before" in request.query_params,
        }  # fmt: skip
        return page(request, "alerts.html", session, values, now=view.now)

    async def parts(self, request: Request, session: Session) -> Mapping[str, str]:
        """Draw the living part of the page: what is open and what closed last."""
        view = await self.living.get(None)
        return {"part-alerts": render(request, "alertlist.html", session, {"view": view, "earlier": False}, now=view.now)}

    async def acknowledge(self, request: Request, session: Session) -> Response:
        """Note who sees to an open alert, with a word about it."""
        form = await posted(request, session)
        number, note = int(request.path_params["number"]), reason_of(form)
        if not note:
            return _back("note")
        done = await run_in_threadpool(self.source.acknowledge, number, note, by=session.user, peer=peer_of(request))
        self.living.clear()
        log.info("alert acknowledged", user=session.user, alert=number, done=done)
        return _back("acknowledge" if done else "over")

    async def test(self, request: Request, session: Session) -> Response:
        """Send a test by a channel, and say what came of it."""
        await posted(request, session)
        name = str(request.path_params["name"])
        words = await run_in_threadpool(self.source.test, name, by=session.user, peer=peer_of(request))
        if words is None:
            return problem(request, 404, session)
        log.info("channel tested", user=session.user, channel=name, done=not words)
        return _back("failed", words.partition(" ")[0]) if words else _back("tested")


def _back(told: str, why: str = "") -> Response:
    return RedirectResponse(f"/alerts?done={told}{f'&why={why}' if why else ''}", status_code=303)


def as_json(view: AlertView) -> dict[str, Any]:
    """Write the page's values as JSON; words as an object of both languages."""
    return {
        "now": plain_values(view.now), "judged": plain_values(view.lines.judged), "stale": view.stale,
        "open": [_line(one) for one in view.lines.open], "closed": [_line(one) for one in view.lines.closed],
        "token": view.lines.token,
        "rules": [plain_values(asdict(one) | {"words": one.words._asdict()}) for one in view.rules],
        "channels": [plain_values(asdict(one)) for one in view.channels],
        "quiet": {"hours": view.quiet[0], "severities": list(view.quiet[1])} if view.quiet else None,
    }  # fmt: skip


def _line(one: Line) -> Any:
    words = {name: getattr(one, name)._asdict() for name in ("named", "cause", "cure")}
    return plain_values(asdict(one) | words)
