"""Sign people in and out, and keep everything else behind the sign-in page."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from engine.errors import TryAgain
from engine.log import get_logger
from engine.metrics import figures
from engine.monitor.pages import ACTS, INSTITUTION, PAGES, SECOND_FACTOR, home_of, may, page, problem, wants_json
from engine.monitor.security import from_our_page, read_form
from engine.monitor.shared import Shared
from engine.monitor.tiles import Badge, Tile
from engine.monitor.visitors import Failures, FormTokens, same
from engine.services.users import Session, Users

SESSION_COOKIE = "changbai_session"
VISITOR_COOKIE = "changbai_visitor"

log = get_logger("monitor")

Handler = Callable[[Request], Awaitable[Response]]
SignedIn = Callable[[Request, Session], Awaitable[Response]]


@dataclass(frozen=True)
class Guarded:
    """What stands behind the door: `show` does the action `act`, for those who may."""

    door: Door
    act: str
    show: SignedIn

    async def answer(self, request: Request) -> Response:
        """Show it to who may see it; strangers are sent to the sign-in page, JSON readers get 401, others 403."""
        began, status = time.monotonic(), 500
        try:
            response = await self._answer(request)
            status = response.status_code
            return response
        except HTTPException as refusal:
            status = refusal.status_code
            raise
        except TryAgain:
            status = 503
            raise
        finally:
            figures().page(self.act, status, time.monotonic() - began)

    async def _answer(self, request: Request) -> Response:
        session = await self.door.session(request)
        if session is None or session.stage != "in":
            if wants_json(request):
                return JSONResponse({"error": 401}, status_code=401)
            where = f"/?next={quote(request.url.path)}" if session is None else SECOND_FACTOR
            return RedirectResponse(where, status_code=303)
        if not wants_json(request):
            request.state.tiles = await self.door.tiles_for(session)
            request.state.badge = await self.door.badge_for(session)
        if not may(session, self.act):
            log.warning("action refused", user=session.user, action=self.act)
            return problem(request, 403, session)
        response = await self.show(request, session)
        if request.method == "POST":
            self.door.tiles.clear()
        return response


@dataclass(frozen=True)
class Door:
    """The door of the monitor: who comes in, who waits, who goes, and the tiles and the badge that each sees on every page.

    The people's book blocks, so it is asked in a thread.
    """

    users: Users
    tiles: Shared[str, Sequence[Tile]]
    badge: Shared[None, Badge | None]
    tokens: FormTokens = field(default_factory=FormTokens)
    failures: Failures = field(default_factory=Failures)

    async def session(self, request: Request) -> Session | None:
        """Give the session of this request, if it has one."""
        token = token_of(request)
        return await run_in_threadpool(self.users.session, token) if token else None

    async def tiles_for(self, session: Session) -> Sequence[Tile]:
        """Read the tiles of this person: of the whole platform, or of the institution to which the account is bound."""
        return await self.tiles.get(session.institution if session.role in INSTITUTION else "")

    async def badge_for(self, session: Session) -> Badge | None:
        """Read the badge that this person sees in the head of every page: None for the people of an institution."""
        return None if session.role in INSTITUTION else await self.badge.get(None)

    async def show(self, request: Request) -> Response:
        """Show the sign-in page, or go on to the first page when somebody is signed in."""
        session = await self.session(request)
        if session is not None:
            return RedirectResponse(home_of(session), status_code=303)
        return self._form(request)

    async def enter(self, request: Request) -> Response:
        """Take name and password; a right pair gets a fresh session, whatever cookie came along."""
        form = await read_form(request)
        if not from_our_page(request) or not self.tokens.fits(request.cookies.get(VISITOR_COOKIE, ""), form.get("token", "")):
            return self._form(request, "signin.stale", status=400)
        peer = peer_of(request)
        wait = math.ceil(self.failures.wait(peer))
        if wait:
            return self._form(request, "signin.wait", seconds=wait, status=429)
        name, password = form.get("name", "").strip(), form.get("password", "")
        token = await run_in_threadpool(self.users.sign_in, name, password, peer=peer)
        if token is None:
            self.failures.failed(peer)
            log.warning("sign-in refused", peer=peer)
            return self._form(request, "signin.wrong", status=403)
        return await self._welcome(request, token, form.get("next", ""))

    async def leave(self, request: Request) -> Response:
        """End the session; a form that is not of this session ends nothing."""
        session, form = await self.session(request), await read_form(request)
        if session is None:
            return RedirectResponse("/", status_code=303)
        if not own_form(request, session, form):
            return self._form(request, "signin.stale", status=400)
        await run_in_threadpool(self.users.sign_out, token_of(request))
        response = RedirectResponse("/", status_code=303)
        response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict", secure=request.url.scheme == "https")
        return response

    def guard(self, show: SignedIn, act: str) -> Handler:
        """Let only those see a page who may do the action that it names in ACTS."""
        if act not in ACTS:
            raise KeyError(act)
        return Guarded(self, act, show).answer

    async def _welcome(self, request: Request, token: str, wanted: str) -> Response:
        self.failures.succeeded(peer_of(request))
        before = token_of(request)
        if before:
            await run_in_threadpool(self.users.sign_out, before)
        session = await run_in_threadpool(self.users.session, token)
        home = home_of(session) if session else "/"
        chosen = wanted if session and session.stage == "in" and wanted in {p.path for p in PAGES} else home
        response = RedirectResponse(chosen, status_code=303)
        keep_token(request, response, token)
        response.delete_cookie(VISITOR_COOKIE, httponly=True, samesite="strict", secure=request.url.scheme == "https")
        return response

    def _form(self, request: Request, trouble: str = "", *, seconds: int = 0, status: int = 200) -> Response:
        nonce = request.cookies.get(VISITOR_COOKIE) or self.tokens.nonce()
        values = {
            "token": self.tokens.token(nonce),
            "trouble": trouble,
            "seconds": seconds,
            "next": request.query_params.get("next", ""),
        }
        response = page(request, "signin.html", None, values, status=status)
        secure = request.url.scheme == "https"
        response.set_cookie(VISITOR_COOKIE, nonce, httponly=True, samesite="strict", secure=secure)
        if seconds:
            response.headers["retry-after"] = str(seconds)
        return response


def token_of(request: Request) -> str:
    """Give the session token that came along, "" for none."""
    return request.cookies.get(SESSION_COOKIE, "")


def keep_token(request: Request, response: Response, token: str) -> None:
    """Put the token of a session into its cookie."""
    secure = request.url.scheme == "https"
    response.set_cookie(SESSION_COOKIE, token, httponly=True, samesite="strict", secure=secure)


def own_form(request: Request, session: Session, form: dict[str, str]) -> bool:
    """Tell whether a form was made for this session and comes from a page of ours."""
    return from_our_page(request) and same(session.csrf, form.get("token", ""))


async def posted(request: Request, session: Session) -> dict[str, str]:
    """Read a form of this session; raises 400 for any other."""
    form = await read_form(request)
    if not own_form(request, session, form):
        raise HTTPException(400)
    return form


def peer_of(request: Request) -> str:
    """Give the address from which a request came."""
    return request.client.host if request.client else ""
