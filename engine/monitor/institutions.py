"""Show the institutions, one of them with its credentials and progress, and the sheet to hand over to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from engine.log import get_logger
from engine.monitor.board import plain_values
from engine.monitor.forms import TooLong, read_long_form
from engine.monitor.institutionarchive import InstitutionArchive, Sheet
from engine.monitor.pages import language_of, may, page, problem, wants_json
from engine.monitor.signin import own_form, peer_of, posted
from engine.services.access import KINDS
from engine.services.institutions import NotDone
from engine.services.users import Session

TOLD: tuple[str, ...] = ("approve", "refuse", "disable", "certificate", "certificate-remove", "test", "gone")
"""What a page may say after an action."""

LONGEST_CERTIFICATE = 64 * 1024
LIMITS: tuple[str, ...] = ("body", "unpacked", "batch_documents", "batch_unpacked")
"""The limits that a hospital is told on its sheet."""

log = get_logger("monitor")


@dataclass(frozen=True, slots=True)
class InstitutionsPage:
    """The pages /institutions, /institutions/CODE and its sheet; `test` asks for a test of the hospital's own service."""

    archive: InstitutionArchive
    test: Callable[..., bool]

    async def show(self, request: Request, session: Session) -> Response:
        """Show all institutions, with the applications that wait to those who may see them; `?format=json` gives the list as data."""
        return await self._list(request, session)

    async def invite(self, request: Request, session: Session) -> Response:
        """Make an invitation; its words are shown once, on the page that answers."""
        form = await posted(request, session)
        code, kind = form.get("code", "").strip()[:64], form.get("kind", "")
        lifetime, invite = timedelta(seconds=self.archive.settings.invitation), self.archive.applications.invite
        try:
            words = await run_in_threadpool(invite, lifetime, code=code, kind=kind, actor=session.user, peer=peer_of(request))
        except NotDone as refusal:
            return await self._list(request, session, refusal=refusal.reason)
        return await self._list(request, session, made=(code, words))

    async def one(self, request: Request, session: Session) -> Response:
        """Show one institution; `?format=json` gives the same as data, without any secret."""
        return await self._one(request, session)

    async def handover(self, request: Request, session: Session) -> Response:
        """Show the sheet to hand over, for printing; it holds no password. `?format=json` gives the same as data."""
        sheet = await self._sheet(request)
        if sheet is None:
            return problem(request, 404, session)
        limits, host = self.archive.settings.limits, request.url.hostname or "127.0.0.1"
        values = {
            "sheet": sheet, "address": self.archive.address(sheet.found.code, host), "base": self.archive.base(host),
            "limits": {name: getattr(limits, name) for name in LIMITS},
        }  # fmt: skip
        if wants_json(request):
            told = {name: values[name] for name in ("address", "base", "limits")}
            return JSONResponse({"code": sheet.found.code, "name": sheet.found.name, **told})
        return page(request, "handover.html", session, values, now=sheet.now)

    async def act(self, request: Request, session: Session) -> Response:
        """Do what a button says; a new password or key is shown once, on the page that answers."""
        act, code, form = str(request.path_params["act"]), str(request.path_params["code"]), await posted(request, session)
        acts = self._acts(code, form)
        if act not in acts:
            return problem(request, 404, session)
        try:
            made = await run_in_threadpool(acts[act], actor=session.user, peer=peer_of(request))
        except NotDone as refusal:
            return await self._one(request, session, refusal=refusal.reason)
        log.info("institution acted on", user=session.user, action=act, institution=code)
        if isinstance(made, str):
            return await self._one(request, session, made=made)
        return RedirectResponse(f"/institutions/{code}?done={act}", status_code=303)

    async def ask(self, request: Request, session: Session) -> Response:
        """Ask for a test of the hospital's own service."""
        code = str(request.path_params["code"])
        await posted(request, session)
        done = await run_in_threadpool(self.test, code, by=session.user, peer=peer_of(request))
        return RedirectResponse(f"/institutions/{code}?done={'test' if done else 'gone'}", status_code=303)

    async def certificate(self, request: Request, session: Session) -> Response:
        """Register a client certificate, pasted or as a file."""
        code = str(request.path_params["code"])
        try:
            form = await read_long_form(request, LONGEST_CERTIFICATE)
        except TooLong:
            raise HTTPException(413) from None
        if not own_form(request, session, {"token": form.get("token", b"").decode("latin-1")}):
            raise HTTPException(400)
        pem = (form.get("file") or form.get("pem", b"")).decode("utf-8", "replace")
        enter = self.archive.institutions.certificate
        try:
            await run_in_threadpool(enter, code, pem, actor=session.user, peer=peer_of(request))
        except NotDone as refusal:
            return await self._one(request, session, refusal=refusal.reason)
        return RedirectResponse(f"/institutions/{code}?done=certificate", status_code=303)

    def _acts(self, code: str, form: Mapping[str, str]) -> Mapping[str, Callable[..., Any]]:
        register, applications = self.archive.institutions, self.archive.applications
        return {
            "approve": lambda **who: register.approve(code, **who),
            "refuse": lambda **who: applications.refuse(code, **who),
            "disable": lambda **who: register.disable(code, **who),
            "rotate": lambda **who: register.rotate(code, **who),
            "certificate-remove": lambda **who: register.remove_certificate(code, form.get("fingerprint", "")[:64], **who),
        }

    async def _sheet(self, request: Request) -> Sheet | None:
        return await run_in_threadpool(self.archive.sheet, str(request.path_params["code"])[:64])

    async def _list(
        self, request: Request, session: Session, *, refusal: str = "", made: tuple[str, str] | None = None
    ) -> Response:
        listed = await run_in_threadpool(self.archive.list)
        waiting = listed.waiting if may(session, "applications") else ()
        if wants_json(request):
            return JSONResponse({"institutions": [asdict(row) for row in listed.rows], "applications": len(listed.waiting)})
        wanted = request.query_params.get("search", "").strip()[:64]
        rows = [row for row in listed.rows if wanted.lower() in f"{row.code} {row.name}".lower()]
        values = {
            "rows": rows, "all": listed.rows, "waiting": waiting, "wanted": wanted, "refusal": refusal, "made": made, "kinds": KINDS,
        }  # fmt: skip
        return page(request, "institutions.html", session, values, status=400 if refusal else 200, now=listed.now)

    async def _one(self, request: Request, session: Session, *, refusal: str = "", made: str = "") -> Response:
        sheet = await self._sheet(request)
        if sheet is None:
            return problem(request, 404, session)
        if wants_json(request):
            return JSONResponse(_as_json(sheet))
        done, host = request.query_params.get("done", ""), request.url.hostname or "127.0.0.1"
        values = {
            "sheet": sheet, "refusal": refusal, "made": made, "told": done if done in TOLD else "",
            "address": self.archive.address(sheet.found.code, host), "base": self.archive.base(host), "types": self.archive.types,
            "column": 0 if language_of(request) == "zh" else 1, "longest": LONGEST_CERTIFICATE,
        }  # fmt: skip
        return page(request, "institution.html", session, values, status=400 if refusal else 200, now=sheet.now)


def _as_json(sheet: Sheet) -> dict[str, Any]:
    """Write what may be told: neither hashes nor sealed secrets nor whom to call."""
    found = sheet.found
    told = {"code": found.code, "name": found.name, "kind": found.kind, "state": found.state, "digest": found.digest}
    told |= {"created": found.created, "changed": found.changed, "certificates": [asdict(one) for one in sheet.certificates]}
    told |= {
        "quota": sheet.quota.model_dump(),
        "used": {"documents": sheet.used.documents, "bytes": sheet.used.bytes} if sheet.used else None,
    }
    plain: dict[str, Any] = plain_values(told | {"progress": asdict(sheet.progress)})
    return plain
