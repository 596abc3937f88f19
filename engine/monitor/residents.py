"""Show residents, masked: find one, see what there is of them and who was made one with whom; settle what is in question."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Protocol, get_args

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from engine.log import get_logger
from engine.monitor.asking import Wrong
from engine.monitor.board import plain_values, reason_of
from engine.monitor.message import LONGEST_WHY
from engine.monitor.pages import language_of, page, problem, wants_json
from engine.monitor.quality import Names
from engine.monitor.signin import peer_of, posted
from engine.monitor.texts import speaker
from engine.services.conflicts import Verdict
from engine.services.dossier import Identity, Tally
from engine.services.peoplefinder import By, Sought
from engine.services.users import Session

PATH = "/residents"
WAYS: tuple[By, ...] = get_args(By)
TOLD = frozenset({"same", "different", "undone", "gone", "reason", "why"})
"""What the pages may say after something was done."""

_LONGEST = 64

log = get_logger("monitor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One resident as a list shows them: name, birth and identity number masked unless revealed."""

    number: str
    name: str
    gender: str
    birth: str
    identity: str
    changed: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question whether two residents are one person; `verdict` is "" while nobody has settled it."""

    one: Person
    other: Person
    reasons: Sequence[str]
    message: str
    institution: str
    raised: datetime
    verdict: str
    settled: datetime | None
    settled_by: str
    settled_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeLine:
    """One merge on record; `by` is an institution or a person of ours, `undone` None while it stands."""

    merge: str
    survivor: str
    obsolete: str
    by: str
    reason: str
    merged: datetime
    undone: datetime | None
    undone_by: str
    undone_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What waits for a person, the oldest first, and the latest merges; `after` asks for the next page, "" ends."""

    now: datetime
    waiting: int
    questions: Sequence[Question]
    after: str
    merges: Sequence[MergeLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentSheet:
    """One resident; `people` are the other numbers of the same person, `messages` the search key of the identity number."""

    person: Person
    first_seen: datetime
    people: Sequence[str]
    identities: Sequence[Identity]
    documents: Sequence[Tally]
    entries: Sequence[Tally]
    questions: Sequence[Question]
    merges: Sequence[MergeLine]
    messages: str
    revealed: bool


class Find(Protocol):
    """Find people and note in the audit who looked."""

    def __call__(self, sought: Sought, *, by: str, peer: str) -> Sequence[Person]:
        """Find them, masked."""


class Reveal(Protocol):
    """Read a resident unmasked and note in the audit who looked and why."""

    def __call__(self, number: str, reason: str, *, by: str, peer: str) -> ResidentSheet | None:
        """Read it; None when there is no such resident."""


class Settle(Protocol):
    """Settle a question, with its audit row; False when it is not open any more."""

    def __call__(self, one: str, other: str, verdict: Verdict, reason: str, *, by: str, peer: str) -> bool:
        """Say that two residents are the same, or different."""


class Undo(Protocol):
    """Undo a merge, with its audit row; False when it does not stand."""

    def __call__(self, merge: str, reason: str, *, by: str, peer: str) -> bool:
        """Make the people two again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentsSource:
    """What the pages ask, as callables that may block and raise TryAgain.

    `one` takes the code of the institution that looks, "" for the platform's own people, and gives None for others' residents.
    """

    desk: Callable[[str], Desk]
    find: Find
    one: Callable[[str, str], ResidentSheet | None]
    reveal: Reveal
    settle: Settle
    undo: Undo
    names: Callable[[], Names]
    types: Names


@dataclass(frozen=True, slots=True)
class ResidentsPage:
    """The pages /residents and /residents/NUMBER."""

    source: ResidentsSource

    async def show(self, request: Request, session: Session) -> Response:
        """Show what waits for a decision and what was merged; institutions see the search only."""
        desk = await self._desk(request, session)
        if wants_json(request):
            return JSONResponse(plain_values(asdict(desk)) if desk else {})
        return await self._page(request, session, desk=desk)

    async def find(self, request: Request, session: Session) -> Response:
        """Find people by what was posted, so that no address ever holds it; `format=json` gives them as data."""
        form = await posted(request, session)
        try:
            sought = _sought(form, session.institution)
        except Wrong as wrong:
            return await self._wrong(request, session, form, wrong)
        found = await run_in_threadpool(self.source.find, sought, by=session.user, peer=peer_of(request))
        if wants_json(request):
            return JSONResponse({"residents": [plain_values(asdict(one)) for one in found]})
        return await self._page(request, session, form=form, found=found)

    async def one(self, request: Request, session: Session) -> Response:
        """Show one resident, masked; `format=json` gives the same as data."""
        number = str(request.path_params["number"])[:_LONGEST]
        sheet = await run_in_threadpool(self.source.one, number, session.institution)
        if sheet is None:
            return problem(request, 404, session)
        if wants_json(request):
            return JSONResponse(plain_values(asdict(sheet)))
        return await self._sheet(request, session, sheet)

    async def reveal(self, request: Request, session: Session) -> Response:
        """Show a resident unmasked to who says why; both are in the audit first."""
        form, number = await posted(request, session), str(request.path_params["number"])[:_LONGEST]
        reason = reason_of(form)[:LONGEST_WHY]
        if not reason:
            return _back(number, "why")
        sheet = await run_in_threadpool(self.source.reveal, number, reason, by=session.user, peer=peer_of(request))
        if sheet is None:
            return problem(request, 404, session)
        log.info("resident looked at unmasked", user=session.user, resident=sheet.person.number)
        return await self._sheet(request, session, sheet)

    async def settle(self, request: Request, session: Session) -> Response:
        """Settle the question about two residents."""
        form = await posted(request, session)
        verdict = next((one for one in get_args(Verdict) if one == form.get("verdict", "")), None)
        if verdict is None:
            return problem(request, 400, session)
        back = form.get("back", "")[:_LONGEST]
        if not (reason := reason_of(form)):
            return _back(back, "reason")
        one, other = form.get("one", "")[:_LONGEST], form.get("other", "")[:_LONGEST]
        done = await run_in_threadpool(self.source.settle, one, other, verdict, reason, by=session.user, peer=peer_of(request))
        log.info("residents settled", user=session.user, verdict=verdict, done=done)
        return _back(back, verdict if done else "gone")

    async def undo(self, request: Request, session: Session) -> Response:
        """Undo a merge."""
        form, merge = await posted(request, session), str(request.path_params["merge"])[:_LONGEST]
        back = form.get("back", "")[:_LONGEST]
        if not (reason := reason_of(form)):
            return _back(back, "reason")
        done = await run_in_threadpool(self.source.undo, merge, reason, by=session.user, peer=peer_of(request))
        log.info("merge undone", user=session.user, merge=merge, done=done)
        return _back(back, "undone" if done else "gone")

    async def _desk(self, request: Request, session: Session) -> Desk | None:
        if session.institution:
            return None
        return await run_in_threadpool(self.source.desk, request.query_params.get("after", "")[:200])

    async def _wrong(self, request: Request, session: Session, form: Mapping[str, str], wrong: Wrong) -> Response:
        if wants_json(request):
            said = speaker(language_of(request))(wrong.key, value=wrong.value)
            return JSONResponse({"error": 400, "message": said}, status_code=400)
        return await self._page(request, session, form=form, wrong=wrong)

    async def _page(
        self,
        request: Request,
        session: Session,
        *,
        desk: Desk | None = None,
        form: Mapping[str, str] | None = None,
        found: Sequence[Person] | None = None,
        wrong: Wrong | None = None,
    ) -> Response:
        names = await run_in_threadpool(self.source.names)
        told = request.query_params.get("done", "")
        values = {
            "desk": desk, "found": found, "wrong": wrong, "ways": WAYS, "by": (form or {}).get("by", WAYS[0]), "names": names,
            "chosen": (form or {}).get("institution", ""), "column": int(language_of(request) == "en"),
            "told": told if told in TOLD else "", "paged": "after" in request.query_params,
        }  # fmt: skip
        return page(request, "residents.html", session, values, status=400 if wrong else 200, now=desk.now if desk else None)

    async def _sheet(self, request: Request, session: Session, sheet: ResidentSheet) -> Response:
        told = request.query_params.get("done", "")
        values = {
            "sheet": sheet, "names": await run_in_threadpool(self.source.names), "types": self.source.types, "longest": LONGEST_WHY,
            "column": int(language_of(request) == "en"), "told": told if told in TOLD else "",
        }  # fmt: skip
        return page(request, "resident.html", session, values)


def _sought(form: Mapping[str, str], institution: str) -> Sought:
    """Read who is sought; an institution's account looks among its own numbers and patients. Raises Wrong."""
    by = next((one for one in WAYS if one == form.get("by", "")), None)
    value = " ".join(form.get("value", "").split())[:_LONGEST]
    if by is None or not value:
        raise Wrong("residents.wrong.empty")
    whose = institution or form.get("institution", "")[:_LONGEST]
    if by == "patient" and not whose:
        raise Wrong("residents.wrong.institution")
    return Sought(by=by, value=value, institution=whose, asking=institution)


def _back(number: str, told: str) -> Response:
    """Go back to a resident, or to the list, which tells what came of an action."""
    plain = number.replace("-", "")
    path = f"{PATH}/{number}" if plain.isascii() and plain.isalnum() else PATH
    return RedirectResponse(f"{path}?done={told}", status_code=303)
