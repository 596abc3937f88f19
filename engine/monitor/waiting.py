"""Show what stands still, by destination and by cause, and let people act on all of one cause."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from engine.log import get_logger
from engine.monitor.board import TOLD, plain_values, reason_of
from engine.monitor.overview import Destination
from engine.monitor.pages import page, problem, wants_json
from engine.monitor.security import read_form
from engine.monitor.signin import own_form, peer_of
from engine.services.users import Session
from engine.store.causes import COUNTED, DeliveryCause, MessageCause
from engine.store.jobs import Job, JobKind

KINDS: Mapping[str, tuple[JobKind, ...]] = {"deliveries": ("retry", "discard"), "messages": ("replay", "discard-messages")}
"""What may be done to all of one cause."""

_SAID = (*TOLD, "begun", "running", "cancelled", "over")

log = get_logger("monitor")


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that stands still at the moment `now`, and the jobs begun last."""

    now: datetime
    destinations: Sequence[Destination]
    deliveries: Sequence[DeliveryCause]
    messages: Sequence[MessageCause]
    jobs: Sequence[Job]


@dataclass(frozen=True, slots=True)
class Example:
    """One of those of a cause: a delivery or a message; `text` is its last error or its first issue, masked."""

    receipt: str
    institution: str
    document_type: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a job would act on: how many, and some of them."""

    total: int
    examples: Sequence[Example]


SHOWS = ("", "retrying", "dead")
"""What the page may be narrowed to: everything, the deliveries that are tried again, those that nobody tries any more."""


def only(standing: Standing, show: str) -> Standing:
    """Narrow it to the deliveries that are `retrying` or `dead`; "" leaves it as it is."""
    if not show:
        return standing
    causes = [one for one in standing.deliveries if (one.state == "DEAD") == (show == "dead")]
    names = {one.destination for one in causes}
    return replace(
        standing, deliveries=causes, messages=(), destinations=[one for one in standing.destinations if one.name in names]
    )


class Begin(Protocol):
    """Begin a job in one transaction with its audit row; None when such a job runs already or nothing is left."""

    def __call__(self, kind: JobKind, place: str, code: str, reason: str, *, by: str, peer: str) -> int | None:
        """Begin it; give its number."""


class Cancel(Protocol):
    """Cancel a job; False when it is over."""

    def __call__(self, number: int, *, by: str, peer: str) -> bool:
        """Cancel it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingSource:
    """What the page asks, as callables that may block and raise TryAgain; `preview` takes what, place and code."""

    read: Callable[[], Standing]
    preview: Callable[[str, str, str], Preview]
    begin: Begin
    cancel: Cancel


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """The pages below /waiting."""

    source: WaitingSource

    async def show(self, request: Request, session: Session) -> Response:
        """Show what stands still, only what is retried or dead with `?show=`; `format=json` gives the same as data."""
        asked = request.query_params.get("show", "")
        show = asked if asked in SHOWS else ""
        standing = only(await run_in_threadpool(self.source.read), show)
        if wants_json(request):
            return JSONResponse(plain_values(asdict(standing)))
        told = request.query_params.get("done", "")
        running = any(job.state == "running" for job in standing.jobs)
        values = {
            "standing": standing, "told": told if told in _SAID else "", "counted": COUNTED, "running": running,
            "show": show, "shows": SHOWS,
            "causes": {one.name: [c for c in standing.deliveries if c.destination == one.name] for one in standing.destinations},
        }  # fmt: skip
        return page(request, "waiting.html", session, values, now=standing.now)

    async def ask(self, request: Request, session: Session) -> Response:
        """Show how many a job of one cause would act on, some of them, and what may be done."""
        what = str(request.path_params["what"])
        if what not in KINDS:
            return problem(request, 404, session)
        place, code = (request.query_params.get(name, "")[:64] for name in ("place", "code"))
        preview = await run_in_threadpool(self.source.preview, what, place, code)
        if wants_json(request):
            return JSONResponse(plain_values(asdict(preview)))
        kinds = [kind for kind in KINDS[what] if kind != "discard-messages" or place == "ERROR"]
        values = {"what": what, "place": place, "code": code, "preview": preview, "kinds": kinds}
        return page(request, "bulk.html", session, values)

    async def begin(self, request: Request, session: Session) -> Response:
        """Begin a job on all of one cause."""
        form = await read_form(request)
        if not own_form(request, session, form):
            return problem(request, 400, session)
        kind = next((one for kinds in KINDS.values() for one in kinds if one == form.get("kind")), None)
        place, code, reason = form.get("place", ""), form.get("code", ""), reason_of(form)
        if kind is None or (kind == "discard-messages" and place != "ERROR"):
            return problem(request, 404, session)
        if kind.startswith("discard") and not reason:
            return _back("reason")
        number = await run_in_threadpool(self.source.begin, kind, place, code, reason, by=session.user, peer=peer_of(request))
        log.info("job asked for", user=session.user, kind=kind, job=number)
        return _back("running" if number is None else "begun")

    async def cancel(self, request: Request, session: Session) -> Response:
        """Cancel a job under way."""
        form = await read_form(request)
        if not own_form(request, session, form):
            return problem(request, 400, session)
        number = int(request.path_params["number"])
        done = await run_in_threadpool(self.source.cancel, number, by=session.user, peer=peer_of(request))
        log.info("job cancelled", user=session.user, job=number, done=done)
        return _back("cancelled" if done else "over")


def _back(told: str) -> Response:
    return RedirectResponse(f"/waiting?done={told}", status_code=303)
