"""Show the overview and do what its buttons say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from engine.log import get_logger
from engine.message import shanghai_text
from engine.monitor.chart import draw
from engine.monitor.look import look
from engine.monitor.overview import ENDS, SENDABLE, Overview
from engine.monitor.pages import HOME, language_of, may, page, problem
from engine.monitor.signin import peer_of, posted
from engine.services.users import Session

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


@dataclass(frozen=True)
class Board:
    """The overview page; `read` and the acts block on the store, so they are called in a thread."""

    read: Callable[[], Overview]
    acts: Mapping[str, Act]

    async def show(self, request: Request, session: Session) -> Response:
        """Show the page, its live part alone with `?part=live`, or its JSON twin with `?format=json`."""
        overview = await run_in_threadpool(self.read)
        if request.query_params.get("format") == "json":
            return JSONResponse(as_json(overview))
        template = "live.html" if request.query_params.get("part") == "live" else "overview.html"
        told = request.query_params.get("done", "")
        values = {
            "overview": overview,
            "ends": ENDS,
            "sendable": SENDABLE,
            "answers": look(overview, language_of(request)),
            "chart": draw(overview.hours),
            "told": told if told in TOLD else "",
        }
        return page(request, template, session, values, now=overview.now)

    async def act(self, request: Request, session: Session) -> Response:
        """Retry or discard one dead delivery, then go back to the page that tells what came of it."""
        act, form = str(request.path_params["act"]), await posted(request, session)
        if act not in self.acts:
            return problem(request, 404, session)
        if not may(session, act):
            log.warning("action refused", user=session.user, action=act)
            return problem(request, 403, session)
        reason, back = reason_of(form), form.get("back", "")
        if act == "discard" and not reason:
            return _back("reason", back)
        delivery = int(request.path_params["delivery"])
        done = await run_in_threadpool(self.acts[act], delivery, by=session.user, peer=peer_of(request), reason=reason)
        log.info("delivery acted on", user=session.user, action=act, delivery=delivery, done=done)
        return _back(act if done else "gone", back)


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
    named = ("accounted", "difference", "taken_today", "waiting", "dead_count")
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
