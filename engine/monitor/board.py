"""Show the overview and do what its buttons say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from engine.log import get_logger
from engine.message import shanghai_text
from engine.monitor.chart import draw, hour_text
from engine.monitor.curves import draw_backlog, draw_latency
from engine.monitor.look import look
from engine.monitor.overview import ENDS, SENDABLE, Overview
from engine.monitor.pages import HOME, language_of, may, page, problem, render, wants_json
from engine.monitor.security import read_form
from engine.monitor.shared import Shared
from engine.monitor.signin import own_form
from engine.monitor.texts import lasting_text
from engine.services.users import Session
from engine.store.latency import BUCKETS

LONGEST_REASON = 200
"""Characters of a reason that are kept."""

_OURS = re.compile(r"/waiting|/messages/[0-9A-Za-z-]{1,64}")
"""Pages with buttons for deliveries, to which one comes back."""

TOLD: tuple[str, ...] = ("retry", "discard", "gone", "reason")
"""What the page may say after an action."""

log = get_logger("monitor")


class Act(Protocol):
    """Do something to one dead delivery in one transaction with its audit row; False when it is no longer dead."""

    def __call__(self, delivery: int, *, by: str, peer: str, reason: str = "") -> bool:
        """Act on the delivery as this person, from this address."""


PARTS = ("look", "sum", "flow", "lanes", "deliveries", "dead", "hospitals", "processes")
"""The living parts of the page, each a template of its own, in their order."""


@dataclass(frozen=True)
class Board:
    """The overview page; all who look share one reading, the acts block on the store and are called in a thread."""

    overview: Shared[None, Overview]
    acts: Mapping[str, Act]

    async def show(self, request: Request, session: Session) -> Response:
        """Show the page; `?format=json` gives the same as data."""
        overview = await self.overview.get(None)
        if wants_json(request):
            return JSONResponse(as_json(overview))
        told = request.query_params.get("done", "")
        values = {**_values(request, overview), "parts": PARTS, "told": told if told in TOLD else ""}
        return page(request, "overview.html", session, values, now=overview.now)

    async def parts(self, request: Request, session: Session) -> Mapping[str, str]:
        """Draw the living parts of the page by the ids of their elements."""
        overview = await self.overview.get(None)
        values = _values(request, overview)
        return {f"part-{name}": render(request, f"overview_{name}.html", session, values, now=overview.now) for name in PARTS}

    async def act(self, request: Request, session: Session) -> Response:
        """Retry or discard one dead delivery, then go back to the page that tells what came of it."""
        act, form = str(request.path_params["act"]), await read_form(request)
        if act not in self.acts:
            return problem(request, 404, session)
        if not own_form(request, session, form):
            return problem(request, 400, session)
        if not may(session, act):
            log.warning("action refused", user=session.user, action=act)
            return problem(request, 403, session)
        reason, back = reason_of(form), form.get("back", "")
        if act == "discard" and not reason:
            return _back("reason", back)
        delivery = int(request.path_params["delivery"])
        peer = request.client.host if request.client else ""
        done = await run_in_threadpool(self.acts[act], delivery, by=session.user, peer=peer, reason=reason)
        self.overview.clear()
        log.info("delivery acted on", user=session.user, action=act, delivery=delivery, done=done)
        return _back(act if done else "gone", back)


def _values(request: Request, overview: Overview) -> dict[str, object]:
    language = language_of(request)
    return {
        "overview": overview, "ends": ENDS, "sendable": SENDABLE, "answers": look(overview, language),
        "chart": draw(overview.hours), "backlog": draw_backlog(overview.hours, overview.backlog), "latency": draw_latency(overview.hours),
        "lasting": lambda seconds: lasting_text(seconds, language), "classes": BUCKETS, "hour_text": hour_text,
    }  # fmt: skip


def _back(told: str, wanted: str) -> Response:
    path = wanted if _OURS.fullmatch(wanted) else HOME
    return RedirectResponse(f"{path}?done={told}", status_code=303)


def reason_of(form: Mapping[str, str]) -> str:
    """Read the reason that a form gives, without superfluous space."""
    return " ".join(form.get("reason", "").split())[:LONGEST_REASON]


def as_json(overview: Overview) -> dict[str, Any]:
    """Write the overview as JSON values; times as the contracts do."""
    told = plain_values(asdict(overview))
    for line, destination in zip(told["destinations"], overview.destinations, strict=True):
        line["waiting"] = destination.waiting
    named = ("accounted", "difference", "taken_today", "waiting", "dead_count", "in_trouble", "lost_processes")
    return {**told, **{name: getattr(overview, name) for name in named}}


def plain_values(value: Any) -> Any:
    """Turn values into those that JSON knows; times and days as the contracts write them."""
    if isinstance(value, datetime):
        return shanghai_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: plain_values(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_values(item) for item in value]
    return value
