"""Ask for the second factor at the sign-in, and set it up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import segno
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine.log import get_logger
from engine.monitor.pages import SECOND_FACTOR, home_of, page
from engine.monitor.signin import Door, keep_token, peer_of, posted, token_of
from engine.services.secondfactor import SecondFactors
from engine.services.users import Session

log = get_logger("monitor")


@dataclass(frozen=True, slots=True)
class SecondFactorPage:
    """The page /second-factor: a code for those who have one, the setting up for those who have none yet."""

    door: Door
    factors: SecondFactors

    async def show(self, request: Request) -> Response:
        """Show the field for a code, or the secret to be set up."""
        session = await self.door.session(request)
        if session is None:
            return RedirectResponse("/", status_code=303)
        return await self._page(request, session)

    async def take(self, request: Request) -> Response:
        """Take a code: one that sets up shows the recovery codes once, one that proves goes on to the first page."""
        session = await self.door.session(request)
        if session is None:
            return RedirectResponse("/", status_code=303)
        form = await posted(request, session)
        code, peer = form.get("code", "")[:64], peer_of(request)
        if session.second_factor:
            token = await run_in_threadpool(self.factors.prove, token_of(request), code, peer=peer)
            return await self._gone_on(request, session, token)
        done = await run_in_threadpool(self.factors.confirm, token_of(request), code, peer=peer)
        if done is None:
            return await self._wrong(request, session)
        return await recovery_page(request, self.door, done.token, done.recovery)

    async def _gone_on(self, request: Request, session: Session, token: str | None) -> Response:
        fresh = await run_in_threadpool(self.door.users.session, token) if token else None
        if token is None or fresh is None:
            return await self._wrong(request, session)
        response = RedirectResponse(home_of(fresh), status_code=303)
        keep_token(request, response, token)
        return response

    async def _wrong(self, request: Request, session: Session) -> Response:
        log.warning("second factor refused", user=session.user, peer=peer_of(request))
        return await self._page(request, session, wrong=True)

    async def _page(self, request: Request, session: Session, *, wrong: bool = False) -> Response:
        if session.stage == "in" and session.second_factor:
            return RedirectResponse(home_of(session), status_code=303)
        enrolment = None if session.second_factor else await run_in_threadpool(self.factors.begin, token_of(request))
        values = {
            "wrong": wrong, "secret": _in_fours(enrolment.secret) if enrolment else "", "action": SECOND_FACTOR,
            "picture": segno.make(enrolment.address, error="m").svg_inline(scale=4, border=2) if enrolment else "",
        }  # fmt: skip
        return page(request, "secondfactor.html", session, values, status=403 if wrong else 200)


async def recovery_page(request: Request, door: Door, token: str, codes: Sequence[str]) -> Response:
    """Show fresh recovery codes, once, in the session of this token."""
    session = await run_in_threadpool(door.users.session, token)
    response = page(request, "recovery.html", session, {"codes": codes})
    keep_token(request, response, token)
    return response


def _in_fours(secret: str) -> str:
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
