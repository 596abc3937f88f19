"""Show how the files on disk differ from those in force, with what lint says at their lines; then make them current."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from engine.channels.setchanges import Change, Preview
from engine.errors import ConfigError
from engine.log import get_logger
from engine.monitor.pages import language_of, page, wants_json
from engine.monitor.routes import fault_values
from engine.monitor.signin import peer_of, posted
from engine.monitor.texts import speaker
from engine.monitor.turns import Busy, Thread
from engine.services.users import Session

log = get_logger("monitor")


class Apply(Protocol):
    """Make the files on disk the current set if they still have the revision that was looked at; gives the revisions before and after.

    Raises ConfigError with every fault, and then nothing has changed.
    """

    def __call__(self, expected: str, *, by: str, peer: str) -> tuple[str, str]:
        """Do it, audited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadSource:
    """What the page asks; both take seconds, so that they are done one at a time on `thread`, whose work is a callable."""

    preview: Callable[[], Preview]
    apply: Apply
    thread: Thread[Callable[[], Any], Any]


@dataclass(frozen=True, slots=True)
class ReloadPage:
    """The page /reload."""

    source: ReloadSource

    async def show(self, request: Request, session: Session) -> Response:
        """Show what a reload would do; nothing changes."""
        return await self._show(request, session)

    async def apply(self, request: Request, session: Session) -> Response:
        """Make the set that was looked at the current one, or show anew what is there now."""
        expected = (await posted(request, session)).get("revision", "")
        if not expected:
            return await self._show(request, session, trouble="reload.changed", status=409)
        try:
            before, after = await self._do(lambda: self.source.apply(expected, by=session.user, peer=peer_of(request)))
        except Busy:
            return self._busy(request, session)
        except ConfigError as faults:
            log.warning("reload refused", user=session.user, faults=len(faults.faults))
            return await self._show(request, session, trouble="reload.changed", status=409)
        log.info("reloaded", user=session.user, before=before, after=after)
        return RedirectResponse(f"/routes?done={'unchanged' if before == after else 'reloaded'}", status_code=303)

    async def _show(self, request: Request, session: Session, *, trouble: str = "", status: int = 200) -> Response:
        try:
            preview: Preview = await self._do(self.source.preview)
        except Busy:
            return self._busy(request, session)
        if wants_json(request):
            return JSONResponse(_values(preview), status_code=status)
        return page(request, "reload.html", session, {"preview": preview, "trouble": trouble}, status=status)

    async def _do(self, work: Callable[[], Any]) -> Any:
        with self.source.thread.place():
            return await self.source.thread.do(work)

    def _busy(self, request: Request, session: Session) -> Response:
        if wants_json(request):
            return JSONResponse({"error": 503, "message": speaker(language_of(request))("reload.busy")}, status_code=503)
        return page(request, "reload.html", session, {"preview": None, "trouble": "reload.busy"}, status=503)


def _values(preview: Preview) -> dict[str, Any]:
    return {
        "before": preview.before, "after": preview.after, "changes": [_change_values(one) for one in preview.changes],
        "faults": [fault_values(one) for one in preview.faults],
    }  # fmt: skip


def _change_values(one: Change) -> dict[str, Any]:
    files = [
        {
            "path": file.path, "verb": file.verb, "cut": file.cut,
            "lines": [{"kind": line.kind, "before": line.before, "after": line.after, "text": line.text} for line in file.lines],
        }
        for file in one.files
    ]  # fmt: skip
    return {"name": one.name, "verb": one.verb, "files": files}
