"""Show referrals: where each stands, what is overdue, its booking, its notice; and one of them with its history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import get_args

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from engine.monitor.board import plain_values
from engine.monitor.pages import page, problem, wants_json
from engine.services.referrals.model import Direction, State
from engine.services.users import Session

PATH = "/referrals"
STATES: tuple[str, ...] = get_args(State)
DIRECTIONS: tuple[str, ...] = get_args(Direction)
_LONGEST = 64
_LONGEST_TOKEN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralLine:
    """One referral in the list; the patient's name is masked, `booking` is the state of the order, "" without one."""

    referral: str
    state: str
    direction: str
    kind: str
    urgent: bool
    origin: str
    receiver: str
    department: str
    patient: str
    created: datetime
    changed: datetime
    due: datetime | None
    overdue: bool
    booking: str
    pending: str
    notice: str
    record: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One entry of a history."""

    at: datetime
    what: str
    state: str
    by: str
    operator: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralSheet:
    """One referral with what happened to it; nothing of the case itself."""

    line: ReferralLine
    reviewer: str
    order: str
    visit: str
    return_of: str
    returned_by: str
    shared: int
    history: Sequence[Happened]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralLines:
    """One page of the list, the latest first, with the sums of all; `token` asks for the next page."""

    now: datetime
    counts: Mapping[str, int]
    overdue: int
    unheard: int
    lines: Sequence[ReferralLine]
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which referrals: empty means all; `token` is that of the page before."""

    state: str = ""
    direction: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class ReferralsSource:
    """What the page asks, as callables that may block and raise TryAgain; `one` gives None for a number that there is not."""

    read: Callable[[Wish], ReferralLines]
    one: Callable[[str], ReferralSheet | None]


@dataclass(frozen=True, slots=True)
class ReferralsPage:
    """The page /referrals, and the page of one referral."""

    source: ReferralsSource

    async def show(self, request: Request, session: Session) -> Response:
        """Show referrals by `?state=` and `?direction=`; `?referral=` goes to one; `?format=json` gives the same as data."""
        given = request.query_params
        if number := given.get("referral", "").strip()[:_LONGEST]:
            return await self._go_to(number)
        state, direction = given.get("state", ""), given.get("direction", "")
        wish = Wish(
            state=state if state in STATES else "", direction=direction if direction in DIRECTIONS else "",
            token=given.get("token", "")[:_LONGEST_TOKEN],
        )  # fmt: skip
        found = await run_in_threadpool(self.source.read, wish)
        if wants_json(request):
            return JSONResponse(plain_values(asdict(found)))
        values = {"found": found, "wish": wish, "states": STATES, "directions": DIRECTIONS, "unknown": "unknown" in given}
        return page(request, "referrals.html", session, values, now=found.now)

    async def one(self, request: Request, session: Session) -> Response:
        """Show one referral with its history, or its JSON twin."""
        sheet = await run_in_threadpool(self.source.one, str(request.path_params["referral"])[:_LONGEST])
        if sheet is None:
            return problem(request, 404, session)
        if wants_json(request):
            return JSONResponse(plain_values(asdict(sheet)))
        return page(request, "referral.html", session, {"sheet": sheet})

    async def _go_to(self, number: str) -> Response:
        sheet = await run_in_threadpool(self.source.one, number)
        address = f"{PATH}/{sheet.line.referral}" if sheet else f"{PATH}?unknown"
        return RedirectResponse(address, status_code=303)
