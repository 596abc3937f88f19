"""Show one message, its way through the engine and what was sent; do what its buttons say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from engine.log import get_logger
from engine.monitor.board import plain_values, reason_of
from engine.monitor.bodies import View
from engine.monitor.messages import row_as_json
from engine.monitor.pages import page, problem, wants_json
from engine.monitor.quality import Names
from engine.monitor.signin import peer_of, posted
from engine.monitor.turns import Busy, Thread
from engine.services.users import Session

LONGEST_WHY = 60
"""Characters of the reason for which somebody looks at a document unmasked."""

TOLD = frozenset({"retry", "discard", "gone", "reason", "replayed", "same", "put-aside", "corrected", "unable", "busy", "why"})
"""What the page may say after an action."""

log = get_logger("monitor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """A message to be walked again with the routes in force; a preview writes nothing."""

    receipt: str
    preview: bool
    by: str
    peer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """The text of a document to be filed as its institution's correction of a message that was refused."""

    receipt: str
    text: str
    reason: str
    by: str
    peer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """What came of it: states with their codes, the receipt of a correction; `done` is false when it could not be done."""

    done: bool
    receipt: str = ""
    before: str = ""
    after: str = ""
    said: str = ""


class Reveal(Protocol):
    """Read a message unmasked and note in the audit who looked at it and why."""

    def __call__(self, receipt: str, reason: str, *, by: str, peer: str) -> View | None:
        """Read it; None when there is no such message."""


class PutAside(Protocol):
    """Discard a message in ERROR with its audit row; False when it is not in ERROR any more."""

    def __call__(self, receipt: str, reason: str, *, by: str, peer: str) -> bool:
        """Discard it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSource:
    """What the page asks, as callables that may block and raise TryAgain; `walker` walks messages and files corrections."""

    view: Callable[[str], View | None]
    reveal: Reveal
    discard: PutAside
    walker: Thread[Walk | Correction, Walked]
    names: Callable[[], Names]
    types: Names


@dataclass(frozen=True, slots=True)
class MessagePage:
    """The pages below /messages."""

    source: MessageSource

    async def show(self, request: Request, session: Session) -> Response:
        """Show a message; `format=json` gives the same as data, without the body."""
        view = await run_in_threadpool(self.source.view, str(request.path_params["receipt"]))
        if view is None:
            return problem(request, 404, session)
        if wants_json(request):
            return JSONResponse(as_json(view))
        told = request.query_params.get("done", "")
        return await self.page(request, session, view, told=told if told in TOLD else "")

    async def reveal(self, request: Request, session: Session) -> Response:
        """Show a message unmasked to who says why; both are in the audit first."""
        form, receipt = await posted(request, session), str(request.path_params["receipt"])
        reason = reason_of(form)[:LONGEST_WHY]
        if not reason:
            return back(receipt, "why")
        view = await run_in_threadpool(self.source.reveal, receipt, reason, by=session.user, peer=peer_of(request))
        if view is None:
            return problem(request, 404, session)
        log.info("message looked at unmasked", user=session.user, receipt=receipt)
        return await self.page(request, session, view)

    async def replay(self, request: Request, session: Session) -> Response:
        """Walk a message again, or only try it."""
        form, receipt = await posted(request, session), str(request.path_params["receipt"])
        work = Walk(receipt=receipt, preview=bool(form.get("preview")), by=session.user, peer=peer_of(request))
        try:
            with self.source.walker.place():
                walked = await self.source.walker.do(work)
        except Busy:
            return back(receipt, "busy")
        log.info("message replayed", user=session.user, receipt=receipt, preview=work.preview, done=walked.done)
        if work.preview and walked.done:
            view = await run_in_threadpool(self.source.view, receipt)
            return problem(request, 404, session) if view is None else await self.page(request, session, view, preview=walked)
        return back(receipt, "unable" if not walked.done else "replayed" if walked.before != walked.after else "same")

    async def put_aside(self, request: Request, session: Session) -> Response:
        """Discard a message in ERROR with a reason."""
        form, receipt = await posted(request, session), str(request.path_params["receipt"])
        reason = reason_of(form)
        if not reason:
            return back(receipt, "reason")
        done = await run_in_threadpool(self.source.discard, receipt, reason, by=session.user, peer=peer_of(request))
        log.info("message put aside", user=session.user, receipt=receipt, done=done)
        return back(receipt, "put-aside" if done else "gone")

    async def page(
        self, request: Request, session: Session, view: View, *, told: str = "", preview: Walked | None = None
    ) -> Response:
        """Render the page of a message."""
        values = {
            "view": view, "facts": view.stored.facts, "told": told, "preview": preview, "longest": LONGEST_WHY,
            **await names_of(self.source, view),
        }  # fmt: skip
        return page(request, "message.html", session, values, now=datetime.now(UTC))


async def names_of(source: MessageSource, view: View) -> dict[str, object]:
    """Name the institution and the type of a message, Chinese and English."""
    facts, nobody = view.stored.facts, ("", "")
    institutions = await run_in_threadpool(source.names)
    return {"institution": institutions.get(facts.institution, nobody), "kind": source.types.get(facts.document_type, nobody)}


def back(receipt: str, told: str) -> Response:
    """Go back to the page of a message, which tells what came of an action."""
    return RedirectResponse(f"/messages/{receipt}?done={told}", status_code=303)


def as_json(view: View) -> dict[str, Any]:
    """Write a message as JSON values, masked as the page is, without its body."""
    stored = view.stored
    found: dict[str, Any] = plain_values(
        row_as_json(stored.facts)
        | {
            "issues": [asdict(issue) for issue in stored.issues], "deliveries": [asdict(line) for line in stored.deliveries],
            "events": [asdict(line) for line in stored.events], "trace": [asdict(line) for line in stored.trace],
            "body": view.body, "differences": view.sheet.differences if view.sheet else 0,
        }
    )  # fmt: skip
    return found
