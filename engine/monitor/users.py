"""Show the users of the monitor to administrators: add, shut out, let in, give a new password, take a lost second factor away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from engine.log import get_logger
from engine.monitor.board import plain_values
from engine.monitor.pages import page, problem, wants_json
from engine.monitor.signin import peer_of, posted
from engine.services.institutions import NotDone
from engine.services.secondfactor import SecondFactors
from engine.services.users import ROLES, Session, User, Users

TOLD: tuple[str, ...] = ("disable", "enable", "reset-second-factor")
"""What the page may say after an action."""

log = get_logger("monitor")


@dataclass(frozen=True, slots=True)
class UsersPage:
    """The page /users; `names` names the institutions to which an account can be bound."""

    users: Users
    factors: SecondFactors
    names: Callable[[], Mapping[str, tuple[str, str]]]

    async def show(self, request: Request, session: Session) -> Response:
        """Show all users; `?format=json` gives the same as data."""
        return await self._page(request, session)

    async def add(self, request: Request, session: Session) -> Response:
        """Add a user; the password that was made is shown once, on the page that answers."""
        form = await posted(request, session)
        name, role, bound_to = (form.get(key, "").strip()[:64] for key in ("name", "role", "institution"))
        bound_to = bound_to if role == "institution" else ""
        try:
            add = self.users.add
            password = await run_in_threadpool(add, name, role, bound_to=bound_to, actor=session.user, peer=peer_of(request))
        except NotDone as refusal:
            return await self._page(request, session, refusal=refusal.reason)
        log.info("user added", by=session.user, user=name, role=role)
        return await self._page(request, session, made=(name, password))

    async def act(self, request: Request, session: Session) -> Response:
        """Do what a button says to one user; a new password is shown once, on the page that answers."""
        act, name = str(request.path_params["act"]), str(request.path_params["name"])
        await posted(request, session)
        by, peer, users = session.user, peer_of(request), self.users
        acts: Mapping[str, Callable[..., str | None]] = {
            "disable": users.disable, "enable": users.enable, "password": users.change_password,
            "reset-second-factor": self.factors.reset,
        }  # fmt: skip
        if act not in acts:
            return problem(request, 404, session)
        if name == session.user:
            return await self._page(request, session, refusal="user-self")
        try:
            password = await run_in_threadpool(acts[act], name, actor=by, peer=peer)
        except NotDone as refusal:
            return await self._page(request, session, refusal=refusal.reason)
        log.info("user acted on", by=by, user=name, action=act)
        if password:
            return await self._page(request, session, made=(name, password))
        return RedirectResponse(f"/users?done={act}", status_code=303)

    async def _page(
        self, request: Request, session: Session, *, refusal: str = "", made: tuple[str, str] | None = None
    ) -> Response:
        people, names = await run_in_threadpool(self.users.list), await run_in_threadpool(self.names)
        if wants_json(request):
            return JSONResponse({"users": [plain_values(asdict(one)) for one in people]})
        done, now = request.query_params.get("done", ""), datetime.now(UTC)
        values = {
            "people": people, "institutions": names, "roles": ROLES, "refusal": refusal, "made": made,
            "told": done if done in TOLD else "", "locked": lambda user: _locked(user, now), "required": self.users.required,
        }  # fmt: skip
        return page(request, "users.html", session, values, status=400 if refusal else 200, now=now)


def _locked(user: User, now: datetime) -> bool:
    return user.locked_until is not None and user.locked_until > now
