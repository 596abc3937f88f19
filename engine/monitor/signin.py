"""Sign people in and out, and keep everything else behind the sign-in page."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from engine.log import get_logger
from engine.monitor.pages import HOME, PAGES, page, wants_json
from engine.monitor.security import from_our_page, read_form
from engine.monitor.visitors import Failures, FormTokens, same
from engine.services.users import Session

SESSION_COOKIE = "changbai_session"
VISITOR_COOKIE = "changbai_visitor"

log = get_logger("monitor")


class Users(Protocol):
    """What the monitor asks of the people's book; all three block, so they are called in a thread."""

    def sign_in(self, name: str, password: str, *, peer: str = "") -> str | None:
        """Give the token of a new session, or None when name or password is wrong."""

    def session(self, token: str) -> Session | None:
        """Give the session behind a token while it lasts."""

    def sign_out(self, token: str) -> None:
        """End a session."""


Handler = Callable[[Request], Awaitable[Response]]
SignedIn = Callable[[Request, Session], Awaitable[Response]]


@dataclass(frozen=True)
class Door:
    """The door of the monitor: who comes in, who waits, who goes."""

    users: Users
    tokens: FormTokens = field(default_factory=FormTokens)
    failures: Failures = field(default_factory=Failures)

    async def session(self, request: Request) -> Session | None:
        """Give the session of this request, if it has one."""
        token = request.cookies.get(SESSION_COOKIE, "")
        return await run_in_threadpool(self.users.session, token) if token else None

    async def show(self, request: Request) -> Response:
        """Show the sign-in page, or go on to the first page when somebody is signed in."""
        if await self.session(request) is not None:
            return RedirectResponse(HOME, status_code=303)
        return self._form(request)

    async def enter(self, request: Request) -> Response:
        """Take name and password; a right pair gets a fresh session, whatever cookie came along."""
        form = await read_form(request)
        if not from_our_page(request) or not self.tokens.fits(request.cookies.get(VISITOR_COOKIE, ""), form.get("token", "")):
            return self._form(request, "signin.stale", status=400)
        peer = _peer(request)
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
        await run_in_threadpool(self.users.sign_out, request.cookies[SESSION_COOKIE])
        response = RedirectResponse("/", status_code=303)
        response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict", secure=request.url.scheme == "https")
        return response

    def guard(self, show: SignedIn) -> Handler:
        """Let only signed-in people see a page; others are sent to the sign-in page, JSON readers get 401."""

        async def guarded(request: Request) -> Response:
            session = await self.session(request)
            if session is not None:
                return await show(request, session)
            if wants_json(request) or request.query_params.get("part"):
                return JSONResponse({"error": 401}, status_code=401)
            return RedirectResponse(f"/?next={quote(request.url.path)}", status_code=303)

        return guarded

    async def _welcome(self, request: Request, token: str, wanted: str) -> Response:
        self.failures.succeeded(_peer(request))
        before = request.cookies.get(SESSION_COOKIE)
        if before:
            await run_in_threadpool(self.users.sign_out, before)
        response = RedirectResponse(wanted if wanted in {p.path for p in PAGES} else HOME, status_code=303)
        secure = request.url.scheme == "https"
        response.set_cookie(SESSION_COOKIE, token, httponly=True, samesite="strict", secure=secure)
        response.delete_cookie(VISITOR_COOKIE, httponly=True, samesite="strict", secure=secure)
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


def own_form(request: Request, session: Session, form: dict[str, str]) -> bool:
    """Tell whether a form was made for this session and comes from a page of ours."""
    return from_our_page(request) and same(session.csrf, form.get("token", ""))


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""
