"""Show the audit: a search with proof of each row, the whole chain verified on demand, an export."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from threading import Lock

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from engine.log import get_logger
from engine.message import SHANGHAI, shanghai_text
from engine.monitor.asking import Wrong, day_of
from engine.monitor.board import plain_values
from engine.monitor.csvfile import csv_file
from engine.monitor.pages import addresses, language_of, page, wants_json
from engine.monitor.signin import peer_of, posted
from engine.monitor.texts import speaker
from engine.services.audit import Audit, changed
from engine.services.auditchain import verify_audit
from engine.services.auditsearch import AuditPart, AuditWish, search_audit
from engine.services.users import Session
from engine.store.database import Database

SHOWN = 100
EXPORTED = 10_000
"""Rows of an export at most."""

VERDICTS: tuple[str, ...] = ("admitted", "refused", "changed", "read")
_FIELDS: tuple[str, ...] = ("actor", "reason", "institution", "subject")
_USUAL = timedelta(days=7)
_BEFORE = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})")
_COLUMNS: tuple[str, ...] = (
    "first",
    "last",
    "count",
    "verdict",
    "actor",
    "reason",
    "institution",
    "subject",
    "service",
    "peer",
    "proof",
)

log = get_logger("monitor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What the last walk along the whole chain found; `broken` is "" when every sealed row is as it was."""

    at: datetime
    by: str
    broken: str


@dataclass(slots=True)
class AuditArchive:
    """The audit as this page knows it; what the last walk found is kept by this process only."""

    database: Database
    verified: Verified | None = None
    walking: Lock = field(default_factory=Lock)

    def search(self, wish: AuditWish, limit: int) -> AuditPart:
        """Read some rows in one transaction."""
        with self.database.read() as connection:
            return search_audit(connection, wish, limit)

    def verify(self, by: str, peer: str) -> bool:
        """Walk along the whole chain; false when somebody's walk is under way."""
        if not self.walking.acquire(blocking=False):
            return False
        try:
            self.note("audit verify", by, peer)
            with self.database.read() as connection:
                found = verify_audit(connection)
            self.verified = Verified(at=datetime.now(UTC), by=by, broken=found[0] if found else "")
        finally:
            self.walking.release()
        return True

    def note(self, act: str, by: str, peer: str, subject: str = "") -> None:
        """Audit what is done to the audit."""
        with self.database.write() as connection:
            Audit().write(connection, [changed(act, subject=subject, actor=by, peer=peer)])


@dataclass(frozen=True, slots=True)
class AuditPage:
    """The page /audit."""

    archive: AuditArchive
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def show(self, request: Request, session: Session) -> Response:
        """Show the rows asked for in the query; `format=json` gives the same as data, `format=csv` a file of up to 10,000 rows."""
        form, part, wrong = self._form(request), None, None
        shape = request.query_params.get("format")
        try:
            wish = self._wish(form, request.query_params.get("before", ""))
            part = await run_in_threadpool(self.archive.search, wish, EXPORTED if shape == "csv" else SHOWN)
        except Wrong as found:
            wrong = found
        if shape == "csv" and part:
            return await self._file(request, session, form, part)
        if wants_json(request):
            return _as_json(request, part, wrong)
        done = request.query_params.get("done", "")
        values = {
            "form": form, "part": part, "wrong": wrong, "verdicts": VERDICTS, "verified": self.archive.verified,
            "told": done if done in {"verified", "busy"} else "", "address": addresses(request), "exported": EXPORTED,
        }  # fmt: skip
        return page(request, "audit.html", session, values, status=400 if wrong else 200, now=self.now())

    async def verify(self, request: Request, session: Session) -> Response:
        """Walk along the whole chain, then tell what was found."""
        await posted(request, session)
        done = await run_in_threadpool(self.archive.verify, session.user, peer_of(request))
        return RedirectResponse(f"/audit?done={'verified' if done else 'busy'}", status_code=303)

    async def _file(self, request: Request, session: Session, form: Mapping[str, str], part: AuditPart) -> Response:
        asked = " ".join(f"{name}={value}" for name, value in form.items() if value)
        await run_in_threadpool(self.archive.note, "audit export", session.user, peer_of(request), asked)
        say = speaker(language_of(request))
        rows = [[_cell(getattr(line, name)) for name in _COLUMNS] for line in part.lines]
        return csv_file("audit.csv", [say(f"audit.{name}") for name in _COLUMNS], rows)

    def _form(self, request: Request) -> dict[str, str]:
        today = self.now().astimezone(SHANGHAI).date()
        usual = {"from": (today - _USUAL).isoformat(), "to": today.isoformat(), "verdict": ""} | dict.fromkeys(_FIELDS, "")
        return {name: request.query_params.get(name, "").strip()[:128] or value for name, value in usual.items()}

    def _wish(self, form: Mapping[str, str], before: str) -> AuditWish:
        first, last = day_of(form["from"], "quality.wrong.day"), day_of(form["to"], "quality.wrong.day")
        if last < first:
            raise Wrong("audit.wrong.order")
        if form["verdict"] not in {"", *VERDICTS}:
            raise Wrong("audit.wrong.verdict")
        since, until = (datetime.combine(day, time(), SHANGHAI) for day in (first, last + timedelta(days=1)))
        wish = AuditWish(
            since=since, until=until, verdict=form["verdict"], actor=form["actor"], reason=form["reason"],
            institution=form["institution"], subject=form["subject"],
        )  # fmt: skip
        if not before:
            return wish
        place = _BEFORE.fullmatch(before)
        if place is None:
            raise Wrong("audit.wrong.before")
        return replace(wish, before=(int(place[1]), int(place[2])))


def _cell(value: object) -> str:
    return shanghai_text(value) if isinstance(value, datetime) else str(value)


def _as_json(request: Request, part: AuditPart | None, wrong: Wrong | None) -> Response:
    if part is None:
        said = speaker(language_of(request))(wrong.key if wrong else "problem.400", value=wrong.value if wrong else "")
        return JSONResponse({"error": 400, "message": said}, status_code=400)
    return JSONResponse(plain_values(asdict(part)))
