"""Edit a document that was refused, check it as often as needed, and file it as its institution's correction."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from engine.channels.rehearsal import Rehearsed
from engine.errors import ConfigError
from engine.log import get_logger
from engine.monitor.board import reason_of
from engine.monitor.bodies import View
from engine.monitor.check import CheckSource, Pasted, check_values
from engine.monitor.forms import TooLong, read_long_form
from engine.monitor.message import LONGEST_WHY, Correction, MessageSource, Walked, back, names_of
from engine.monitor.pages import language_of, page, problem
from engine.monitor.signin import own_form, peer_of
from engine.monitor.turns import Busy
from engine.services.users import Session

log = get_logger("monitor")


@dataclass(frozen=True, slots=True)
class CorrectingPage:
    """The page /messages/RECEIPT/correct; it is always an answer to a form, since it shows a document unmasked."""

    source: MessageSource
    checks: CheckSource

    async def act(self, request: Request, session: Session) -> Response:
        """Open the document for editing, check what was edited, or file it."""
        receipt = str(request.path_params["receipt"])
        try:
            form = await read_long_form(request, self.checks.limit)
        except TooLong:
            return problem(request, 413, session)
        fields = {name: form.get(name, b"").decode("utf-8", "replace") for name in ("token", "reason", "act", "text")}
        if not own_form(request, session, fields):
            return problem(request, 400, session)
        if not reason_of(fields):
            return back(receipt, "why")
        return await self._correct(request, session, receipt, fields)

    async def _correct(self, request: Request, session: Session, receipt: str, fields: dict[str, str]) -> Response:
        reason = reason_of(fields)[:LONGEST_WHY]
        view = await run_in_threadpool(self._opened, request, session, receipt, reason, first=not fields["act"])
        if view is None:
            return problem(request, 404, session)
        if not view.correctable:
            return back(receipt, "unable")
        try:
            return await self._edited(request, session, view, reason, fields)
        except Busy:
            return await self._page(request, session, view, reason, fields["text"], trouble="check.busy", status=503)
        except ConfigError as faults:
            log.error("check has no routes", faults=len(faults.faults))
            return await self._page(request, session, view, reason, fields["text"], trouble="check.broken", status=500)

    def _opened(self, request: Request, session: Session, receipt: str, reason: str, *, first: bool) -> View | None:
        """Read the message; the first time its document is shown, and that is audited."""
        if first:
            return self.source.reveal(receipt, reason, by=session.user, peer=peer_of(request))
        return self.source.view(receipt)

    async def _edited(self, request: Request, session: Session, view: View, reason: str, fields: dict[str, str]) -> Response:
        if not fields["act"]:
            return await self._page(request, session, view, reason, view.text)
        receipt, text = view.stored.facts.receipt, fields["text"]
        if not text.strip():
            return await self._page(request, session, view, reason, text, trouble="check.nothing", status=400)
        filed = None
        if fields["act"] == "file":
            work = Correction(receipt=receipt, text=text, reason=reason, by=session.user, peer=peer_of(request))
            with self.source.walker.place():
                filed = await self.source.walker.do(work)
            log.info("correction", user=session.user, receipt=receipt, filed=filed.receipt, done=filed.done)
            if filed.done and filed.receipt != receipt:
                return back(filed.receipt, "corrected")
        facts = view.stored.facts
        with self.checks.turns.place():
            rehearsed = await self.checks.turns.do(
                Pasted(content=text, document_type=facts.document_type, institution=facts.institution)
            )
        return await self._page(request, session, view, reason, text, rehearsed=rehearsed, filed=filed)

    async def _page(
        self, request: Request, session: Session, view: View, reason: str, text: str, *, rehearsed: Rehearsed | None = None,
        filed: Walked | None = None, trouble: str = "", status: int = 200,
    ) -> Response:  # fmt: skip
        values = {
            "view": view, "facts": view.stored.facts, "reason": reason, "text": text, "trouble": trouble, "filed": filed,
            **await names_of(self.source, view), **check_values(rehearsed, language_of(request)), "types": self.source.types,
        }  # fmt: skip
        return page(request, "correct.html", session, values, status=status)
