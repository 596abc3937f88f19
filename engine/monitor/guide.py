"""Check and take in what hospitals send for the guide, show its versions, put one on show or take it off."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from engine.documents.guide.attachments import GivenFile
from engine.documents.guide.drawing import Draft
from engine.documents.guide.listing import problems_csv
from engine.documents.guide.template import write_template
from engine.introduction import Introduction
from engine.log import get_logger
from engine.monitor.board import plain_values
from engine.monitor.forms import TooLong, read_files
from engine.monitor.pages import language_of, page, problem, wants_json
from engine.monitor.security import from_our_page
from engine.monitor.sheets import sheet_file
from engine.monitor.signin import own_form, peer_of, posted
from engine.monitor.texts import Say, speaker
from engine.monitor.turns import Busy, Turns
from engine.services.guide.model import Version
from engine.services.guide.versions import Person
from engine.services.institutions import NotDone
from engine.services.users import Session

PATH = "/guide"
UPLOAD = 64 * 1024 * 1024
"""Bytes of all files of one upload."""

_DONE = ("approve", "withdraw")
_TROUBLES = ("undone",)
_LONGEST = 64

log = get_logger("monitor")


@dataclass(frozen=True, slots=True)
class Sent:
    """What was uploaded for a hospital."""

    hospital: str
    files: Sequence[GivenFile]


class Shelf(Protocol):
    """The versions of the guide; all block, raise TryAgain, and NotDone for what cannot be done."""

    def list(self, code: str = "") -> Sequence[Version]:
        """List the versions of a hospital, or of all."""

    def take(
        self, code: str, said: Introduction, files: Sequence[str], *, warnings: int = 0, by: Person | None = None
    ) -> Version:
        """Keep an introduction as a version that waits."""

    def publish(self, code: str, number: int, *, by: Person | None = None) -> Version:
        """Put a version on show."""

    def withdraw(self, code: str, *, by: Person | None = None) -> int:
        """Take a hospital off show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideSource:
    """What the page asks: the hospitals by code with their names, the versions, and the one thread that reads files."""

    hospitals: Callable[[], Mapping[str, str]]
    shelf: Shelf
    turns: Turns[Sent, Draft]


@dataclass(frozen=True, slots=True)
class _Told:
    """What the page tells besides the versions: a result, or why there is none."""

    hospital: str = ""
    draft: Draft | None = None
    taken: Version | None = None
    trouble: str = ""
    done: str = ""


@dataclass(frozen=True, slots=True)
class GuidePage:
    """The page /guide."""

    source: GuideSource

    async def show(self, request: Request, session: Session) -> Response:
        """Show the form and all versions; `?format=json` gives the versions as data."""
        done = request.query_params.get("done", "")
        trouble = f"guide.trouble.{done}" if done in _TROUBLES else ""
        return await self._page(request, session, _Told(done=done if done in _DONE else "", trouble=trouble))

    async def template(self, request: Request, session: Session) -> Response:  # noqa: ARG002 - the door hands both to every page
        """Give the workbook that hospitals fill in."""
        content = await run_in_threadpool(write_template)
        return sheet_file("guide-template.xlsx", content)

    async def take(self, request: Request, session: Session) -> Response:
        """Check what was uploaded; `act` is check, list (the problems as CSV) or import."""
        if not from_our_page(request):
            return problem(request, 400, session)
        try:
            with self.source.turns.place():
                return await self._taken(request, session)
        except Busy:
            return await self._page(request, session, _Told(trouble="guide.trouble.busy"), status=503)

    async def _taken(self, request: Request, session: Session) -> Response:
        try:
            fields, files = await read_files(request, UPLOAD)
        except TooLong:
            return await self._page(request, session, _Told(trouble="guide.trouble.long"), status=413)
        if not own_form(request, session, fields):
            return problem(request, 400, session)
        code = fields.get("hospital", "")[:_LONGEST]
        if not files or code not in await run_in_threadpool(self.source.hospitals):
            return await self._page(request, session, _Told(hospital=code, trouble="guide.trouble.nothing"), status=400)
        draft = await self.source.turns.do(Sent(code, [GivenFile(*one) for one in files]))
        log.info("guide checked", user=session.user, institution=code, files=len(files), errors=draft.errors)
        if fields.get("act") == "list":
            headers = {"content-disposition": f'attachment; filename="guide-{code}.csv"'}
            return Response(problems_csv(draft.problems), media_type="text/csv; charset=utf-8", headers=headers)
        if fields.get("act") != "import" or draft.introduction is None:
            return await self._page(request, session, _Told(hospital=code, draft=draft))
        return await self._keep(request, session, code, draft, draft.introduction)

    async def _keep(self, request: Request, session: Session, code: str, draft: Draft, said: Introduction) -> Response:
        def keep() -> Version:
            return self.source.shelf.take(code, said, draft.files, warnings=draft.warnings, by=_person(request, session))

        try:
            taken = await run_in_threadpool(keep)
        except NotDone:
            return await self._page(request, session, _Told(hospital=code, trouble="guide.trouble.undone"), status=409)
        log.info("guide taken in", user=session.user, institution=code, version=taken.number)
        return await self._page(request, session, _Told(hospital=code, draft=draft, taken=taken))

    async def act(self, request: Request, session: Session) -> Response:
        """Put a version on show (again), or take its hospital off, then go back to the page."""
        act, code, form = str(request.path_params["act"]), str(request.path_params["hospital"]), await posted(request, session)
        if act not in _DONE:
            return problem(request, 404, session)
        number, who, shelf = form.get("version", ""), _person(request, session), self.source.shelf

        def do() -> None:
            if act == "withdraw":
                shelf.withdraw(code, by=who)
            else:
                shelf.publish(code, int(number) if number.isascii() and number.isdigit() and len(number) <= 9 else 0, by=who)

        try:
            await run_in_threadpool(do)
        except NotDone:
            return RedirectResponse(f"{PATH}?done=undone", status_code=303)
        log.info("guide acted on", user=session.user, action=act, institution=code, version=number)
        return RedirectResponse(f"{PATH}?done={act}", status_code=303)

    async def _page(self, request: Request, session: Session, told: _Told, *, status: int = 200) -> Response:
        versions = await run_in_threadpool(self.source.shelf.list)
        say = speaker(language_of(request))
        if wants_json(request):
            return JSONResponse(_as_json(versions, told, say), status_code=status)
        values = {
            "told": told, "versions": versions, "hospitals": await run_in_threadpool(self.source.hospitals),
            "verdict": verdict(told, say), "limit": UPLOAD // (1024 * 1024),
        }  # fmt: skip
        return page(request, "guide.html", session, values, status=status)


def verdict(told: _Told, say: Say) -> tuple[str, str]:
    """Give the tone and the headline of a result, empty when there is none."""
    if told.draft is None:
        return "", ""
    if told.taken is not None:
        return "good", say("guide.verdict.taken", number=told.taken.number)
    if told.draft.errors:
        return "bad", say("guide.verdict.bad", number=told.draft.errors)
    if told.draft.warnings:
        return "warn", say("guide.verdict.warn", number=told.draft.warnings)
    return "good", say("guide.verdict.good")


def _as_json(versions: Sequence[Version], told: _Told, say: Say) -> dict[str, Any]:
    found: dict[str, Any] = {"versions": plain_values([asdict(one) for one in versions])}
    if told.draft is not None:
        found["result"] = {name: value for name, value in asdict(told.draft).items() if name != "introduction"}
        found["taken"] = told.taken.number if told.taken else None
    return found | ({"message": say(told.trouble)} if told.trouble else {})


def _person(request: Request, session: Session) -> Person:
    return Person(name=session.user, peer=peer_of(request))
