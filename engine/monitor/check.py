"""Check what a person pastes: every stage as live would take it, each issue at its line; nothing is kept, sent or logged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.channels.rehearsal import Rehearsed, Stage
from engine.errors import ConfigError
from engine.log import get_logger
from engine.monitor.forms import TooLong, read_long_form
from engine.monitor.pages import language_of, own, page, problem, wants_json
from engine.monitor.quality import Names
from engine.monitor.security import from_our_page
from engine.monitor.signin import own_form
from engine.monitor.texts import TEXTS, Language, Say, number_text, speaker
from engine.monitor.turns import Busy, Thread
from engine.services.users import Session

GIVEN_BACK = 256 * 1024
"""Characters of a pasted text that are put back into the field for another try."""

_NEEDED: Mapping[str, tuple[str, ...]] = {
    "envelope": ("version", "operation"), "parameters": ("documentType", "documentId"), "decode": ("characters", "bytes"),
    "unpack": ("packed", "bytes"), "charset": ("label",), "xml": ("digest",), "type": ("type", "name", "english"),
    "sender": ("institution",), "route": ("route", "about", "revision"),
}  # fmt: skip
"""The figures that the line of a stage tells."""

log = get_logger("monitor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pasted:
    """What is to be checked: a text as it came through the browser, or the bytes of a file; who sends what, as far as chosen."""

    content: str | bytes
    document_type: str = ""
    institution: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSource:
    """What the page needs: `turns` do the checks, `oversize` is what a body above `limit` bytes gets."""

    turns: Thread[Pasted, Rehearsed]
    limit: int
    oversize: Rehearsed
    names: Callable[[], Names]
    types: Names


@dataclass(frozen=True, slots=True)
class CheckPage:
    """The page /check."""

    source: CheckSource

    async def show(self, request: Request, session: Session) -> Response:
        """Show the empty form; its JSON twin tells the limit and the types."""
        if wants_json(request):
            return JSONResponse({"limit": self.source.limit, "types": list(self.source.types)})
        return await self._page(request, session, Pasted(content=""))

    async def check(self, request: Request, session: Session) -> Response:
        """Check what was posted."""
        if not from_our_page(request):
            return problem(request, 400, session)
        try:
            with self.source.turns.place():
                return await self._checked(request, session)
        except Busy:
            return await self._trouble(request, session, "check.busy", 503)
        except ConfigError as faults:
            log.error("check has no routes", faults=len(faults.faults))
            return await self._trouble(request, session, "check.broken", 500)

    async def _checked(self, request: Request, session: Session) -> Response:
        try:
            form = await read_long_form(request, self.source.limit)
        except TooLong:
            return await self._told(request, session, Pasted(content=""), self.source.oversize, 413)
        fields = {name: form.get(name, b"").decode("utf-8", "replace").strip() for name in ("token", "type", "institution")}
        if not own_form(request, session, fields):
            return problem(request, 400, session)
        content = form.get("file") or form.get("text", b"").decode("utf-8", "replace")
        pasted = Pasted(
            content=content, document_type=fields["type"][:64], institution=session.institution or fields["institution"][:64]
        )
        if not content.strip():
            return await self._trouble(request, session, "check.nothing", 400)
        rehearsed = await self.source.turns.do(pasted)
        log.info("checked", user=session.user, form=rehearsed.form, type=rehearsed.document_type, code=rehearsed.code)
        return await self._told(request, session, pasted, rehearsed)

    async def _told(
        self, request: Request, session: Session, pasted: Pasted, rehearsed: Rehearsed, status: int = 200
    ) -> Response:
        if wants_json(request):
            return JSONResponse(asdict(rehearsed), status_code=status)
        return await self._page(request, session, pasted, rehearsed, status=status)

    async def _trouble(self, request: Request, session: Session, key: str, status: int) -> Response:
        if wants_json(request):
            return JSONResponse({"error": status, "message": speaker(language_of(request))(key)}, status_code=status)
        return await self._page(request, session, Pasted(content=""), trouble=key, status=status)

    async def _page(
        self, request: Request, session: Session, pasted: Pasted, rehearsed: Rehearsed | None = None, *, trouble: str = "",
        status: int = 200,
    ) -> Response:  # fmt: skip
        text = pasted.content if isinstance(pasted.content, str) else ""
        values = {
            **check_values(rehearsed, language_of(request)), "trouble": trouble, "pasted": pasted, "text": text if len(text) <= GIVEN_BACK else "",
            "too_long": len(text) > GIVEN_BACK, "limit": self.source.limit // (1024 * 1024), "types": self.source.types,
            "institutions": own(session, await run_in_threadpool(self.source.names)),
        }  # fmt: skip
        return page(request, "check.html", session, values, status=status)


def check_values(done: Rehearsed | None, language: Language) -> dict[str, object]:
    """Give what the templates of a result need."""
    say = speaker(language)
    return {
        "done": done, "column": 0 if language == "zh" else 1, "verdict": verdict(done, say) if done else None,
        "named": lambda stage: named(stage, language), "said": lambda stage: said(stage, say),
    }  # fmt: skip


def verdict(done: Rehearsed, say: Say) -> tuple[str, str]:
    """Give the tone and the headline of a result."""
    errors = sum(issue.severity == "error" for issue in done.issues)
    warnings = len(done.issues) - errors
    if not done.state:
        return ("bad", say("check.verdict.fault")) if done.code != "0" else ("good", say("check.verdict.none"))
    if done.state == "ROUTED":
        return ("warn", say("check.verdict.warned", number=warnings)) if warnings else ("good", say("check.verdict.accepted"))
    return ("warn" if done.state == "FILTERED" else "bad", say(f"check.verdict.{done.state}"))


def named(stage: Stage, language: str) -> str:
    """Name a stage; a step of the route that has no word of its own by its key."""
    key = f"check.step.{stage.verb}" if stage.name == "step" else f"check.stage.{stage.name}"
    return TEXTS[key][0 if language == "zh" else 1] if key in TEXTS else stage.verb or stage.name


def said(stage: Stage, say: Say) -> str:
    """Say what a stage found, in one line; "" when there is nothing to say."""
    own = f"check.{stage.result}.{stage.name}"
    if own in TEXTS:
        return say(own)
    if stage.name == "step":
        return stage.told.get(say("lang"), stage.detail)
    needed = _NEEDED.get(stage.name, ())
    if not needed or any(not str(stage.facts.get(name, "")) for name in needed):
        return ""
    shown = {name: number_text(value) if isinstance(value, int) else value for name, value in stage.facts.items()}
    if say("lang") == "en" and "english" in shown:
        shown["name"] = shown["english"]
    return say(f"check.fact.{stage.name}", **shown)
