"""Find messages: by who sent them, what they are, about whom, what came of them and when; page by page, or as a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from engine.codes import CODES
from engine.message import SHANGHAI, shanghai_text
from engine.monitor.asking import Wrong
from engine.monitor.csvfile import csv_file
from engine.monitor.messageasking import FIELDS, STATES, address_of, asked_of, fields_of, place_text, written
from engine.monitor.pages import language_of, page, wants_json
from engine.monitor.quality import Names
from engine.monitor.signin import peer_of, posted
from engine.monitor.texts import speaker
from engine.services.users import Session
from engine.store.browse import Asked, Leaf
from engine.store.entries import Facts
from engine.store.masking import mask

EXPORTED = 10_000
"""Messages of one file at most."""

_COLUMNS = ("time", "receipt", "institution", "type", "document", "resident", "lane", "route", "state", "mark", "code", "about")


class Export(Protocol):
    """Fetch what a file holds, newest first, and note in the audit who took it; true when there is more."""

    def __call__(self, asked: Asked, most: int, *, by: str, peer: str) -> tuple[Sequence[Facts], bool]:
        """Fetch at most so many messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesSource:
    """What the page asks, as callables that may block and raise TryAgain; `key_of` gives the search key of an identity number."""

    browse: Callable[[Asked], Leaf]
    export: Export
    key_of: Callable[[str], str]
    names: Callable[[], Names]
    types: Names


@dataclass(frozen=True, slots=True)
class MessagesPage:
    """The page /messages."""

    source: MessagesSource

    async def show(self, request: Request, session: Session) -> Response:
        """Show a page of what the address asks for; `format=json` gives it as data."""
        fields = fields_of(request.query_params)
        try:
            asked = asked_of(fields, request.query_params)
        except Wrong as wrong:
            return await self._page(request, session, fields, None, wrong)
        leaf = await run_in_threadpool(self.source.browse, asked)
        if wants_json(request):
            return JSONResponse(_as_json(leaf))
        return await self._page(request, session, fields, leaf, None)

    async def ask(self, request: Request, session: Session) -> Response:
        """Take the form and go to the address of what it asks for; a receipt alone leads to its message."""
        form = await posted(request, session)
        address = await run_in_threadpool(address_of, form, self.source.key_of)
        fields = fields_of(form)
        alone = fields["receipt"] and address == written(dict.fromkeys(FIELDS, ""), receipt=fields["receipt"])
        return RedirectResponse(
            f"/messages/{fields['receipt']}" if alone and _plain(fields["receipt"]) else address, status_code=303
        )

    async def file(self, request: Request, session: Session) -> Response:
        """Give what the address asks for as a CSV file."""
        try:
            asked = asked_of(fields_of(request.query_params), {})
        except Wrong as wrong:
            return await self._page(request, session, fields_of(request.query_params), None, wrong)
        rows, more = await run_in_threadpool(self.source.export, asked, EXPORTED, by=session.user, peer=peer_of(request))
        say = speaker(language_of(request))
        lines = [_line(one) for one in rows]
        if more:
            lines.append([say("messages.file.more", number=len(lines))])
        name = f"messages-{datetime.now(SHANGHAI):%Y%m%d-%H%M%S}.csv"
        return csv_file(name, [say(f"messages.{column}") for column in _COLUMNS], lines)

    async def _page(
        self, request: Request, session: Session, fields: dict[str, str], leaf: Leaf | None, wrong: Wrong | None
    ) -> Response:
        if wrong and wants_json(request):
            said = speaker(language_of(request))(wrong.key, value=wrong.value)
            return JSONResponse({"error": 400, "message": said}, status_code=400)
        paged = bool(request.query_params.get("after") or request.query_params.get("before"))
        values = {
            "form": fields, "leaf": leaf, "wrong": wrong, "states": STATES, "types": self.source.types, "paged": paged,
            "institutions": await run_in_threadpool(self.source.names), "column": 0 if language_of(request) == "zh" else 1,
            "masked": masked_number, "most": EXPORTED, "filtered": any(fields.values()),
            "newest": written(fields), "file": written(fields, path="/messages/file"),
            "older": written(fields, after=place_text(leaf.older)) if leaf and leaf.older else "",
            "newer": written(fields, before=place_text(leaf.newer)) if leaf and leaf.newer else "",
            "without": lambda name: written({**fields, name: ""}),
        }  # fmt: skip
        return page(request, "messages.html", session, values, status=400 if wrong else 200, now=datetime.now(UTC))


def _plain(receipt: str) -> bool:
    return receipt.isascii() and receipt.replace("-", "").isalnum()


def masked_number(number: str) -> str:
    """Show an identity number as a list may: its first three and last two characters."""
    return mask(number, "number")


def _as_json(leaf: Leaf) -> dict[str, Any]:
    return {
        "messages": [row_as_json(one) for one in leaf.rows], "cut": leaf.cut,
        "older": place_text(leaf.older) if leaf.older else None, "newer": place_text(leaf.newer) if leaf.newer else None,
    }  # fmt: skip


def row_as_json(one: Facts) -> dict[str, Any]:
    """Write the facts of a message as JSON values; whom it is about is masked."""
    return {
        "receipt": one.receipt, "received": shanghai_text(one.received), "institution": one.institution, "type": one.document_type,
        "documentId": one.document_id, "resident": masked_number(one.resident), "lane": one.lane, "route": one.route,
        "revision": one.revision, "state": one.state, "status": one.status, "mark": one.mark, "replacedBy": one.replaced_by,
        "code": one.code, "size": one.size, "batch": one.batch,
    }  # fmt: skip


def _line(one: Facts) -> list[str]:
    return [
        shanghai_text(one.received), one.receipt, one.institution, one.document_type, one.document_id, masked_number(one.resident),
        one.lane, one.route, one.state, one.mark, one.code, CODES[one.code].title if one.code in CODES else "",
    ]  # fmt: skip
