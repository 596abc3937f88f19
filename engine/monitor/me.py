"""Show the signed-in person's own account: the password, the second factor, the sessions."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from engine.monitor.board import plain_values
from engine.monitor.pages import page, wants_json
from engine.monitor.secondfactor import recovery_page
from engine.monitor.signin import Door, keep_token, peer_of, posted, token_of
from engine.services.institutions import NotDone
from engine.services.passwords import SHORTEST
from engine.services.secondfactor import SecondFactors
from engine.services.users import Session

TOLD: tuple[str, ...] = ("password", "ended", "gone")
"""What the page may say after an action."""


@dataclass(frozen=True, slots=True)
class MePage:
    """The page /me."""

    door: Door
    factors: SecondFactors

    async def show(self, request: Request, session: Session) -> Response:
        """Show the account with its sessions; `?format=json` gives the same as data."""
        return await self._page(request, session)

    async def password(self, request: Request, session: Session) -> Response:
        """Exchange the password; the session goes on under a new token, all others end."""
        form = await posted(request, session)
        before, fresh = form.get("before", ""), form.get("password", "")
        if fresh != form.get("again", ""):
            return await self._page(request, session, wrong="me.wrong.again")
        try:
            change = self.door.users.change_own_password
            token = await run_in_threadpool(change, token_of(request), before, fresh, peer=peer_of(request))
        except NotDone:
            return await self._page(request, session, wrong="me.wrong.new")
        if token is None:
            return await self._page(request, session, wrong="me.wrong.before")
        response = RedirectResponse("/me?done=password", status_code=303)
        keep_token(request, response, token)
        return response

    async def end(self, request: Request, session: Session) -> Response:
        """End one session of one's own."""
        form = await posted(request, session)
        ended = self.door.users.end_session
        done = await run_in_threadpool(
            ended, session.user, form.get("session", "")[:64], actor=session.user, peer=peer_of(request)
        )
        return RedirectResponse(f"/me?done={'ended' if done else 'gone'}", status_code=303)

    async def recovery(self, request: Request, session: Session) -> Response:
        """Make new recovery codes, shown once, when a code is shown."""
        form = await posted(request, session)
        code, token = form.get("code", "")[:64], token_of(request)
        codes = await run_in_threadpool(self.factors.renew_codes, token, code, peer=peer_of(request))
        if codes is None:
            return await self._page(request, session, wrong="factor.wrong")
        return await recovery_page(request, self.door, token, codes)

    async def _page(self, request: Request, session: Session, *, wrong: str = "") -> Response:
        users = self.door.users
        sessions = await run_in_threadpool(users.sessions, session.user)
        left = await run_in_threadpool(self.factors.codes_left, session.user)
        if wants_json(request):
            told: dict[str, Any] = {"user": session.user, "role": session.role, "institution": session.institution}
            told |= {"secondFactor": session.second_factor, "recoveryCodes": left}
            return JSONResponse(told | {"sessions": [plain_values(asdict(one)) for one in sessions]})
        done = request.query_params.get("done", "")
        values = {
            "sessions": sessions, "left": left, "wrong": wrong, "told": done if done in TOLD else "", "shortest": SHORTEST,
            "required": session.role in users.required,
        }  # fmt: skip
        return page(request, "me.html", session, values, status=400 if wrong else 200)
