"""Show how complete an institution's documents are: a calendar of holes, its list, its types, one day, its JSON twin."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.message import LANES, SHANGHAI, Lane
from engine.monitor.asking import Wrong, day_of
from engine.monitor.calendar import Year, lay_out, window
from engine.monitor.pages import addresses, language_of, own, page, wants_json
from engine.monitor.quality import Names
from engine.monitor.texts import speaker
from engine.services.completeness import Asked, Completeness, Count, added, completeness, counted_span
from engine.services.institutions import Institutions
from engine.services.users import Session
from engine.store.database import Database

LISTED = 60
"""Holes that the page lists; the JSON twin has all."""

_MONTH = re.compile(r"(?:19|2[0-9])[0-9]{2}-(?:0[1-9]|1[0-2])")

Span = tuple[date, date] | None
"""The first and the last day about which an institution has anything in a lane."""


@dataclass(frozen=True, slots=True)
class CompletenessArchive:
    """The store as this page knows it."""

    database: Database
    institutions: Institutions

    def names(self) -> Names:
        """List the institutions by code."""
        return {one.code: (one.name, one.name) for one in self.institutions.list()}

    def span(self, institution: str, lane: Lane, today: date) -> Span:
        """Find the days about which there is anything."""
        with self.database.read() as connection:
            return counted_span(connection, institution, lane, today)

    def read(self, asked: Asked) -> Completeness:
        """Read the figures in one transaction."""
        with self.database.read() as connection:
            return completeness(connection, asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletenessSource:
    """What the page asks, as callables that may block and raise TryAgain; `types` are the document types."""

    names: Callable[[], Names]
    span: Callable[[str, Lane, date], Span]
    read: Callable[[Asked], Completeness]
    types: Names
    today: Callable[[], date] = lambda: datetime.now(SHANGHAI).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One document type over the whole period, or on one day."""

    code: str
    count: Count
    written: int
    days: int
    last: date | None


@dataclass(frozen=True, slots=True)
class CompletenessPage:
    """The page /completeness."""

    source: CompletenessSource

    async def show(self, request: Request, session: Session) -> Response:
        """Show the twelve months asked for, and one day of them; `format=json` gives the same as data."""
        names, today = own(session, await run_in_threadpool(self.source.names)), self.source.today()
        form = _form(request, names)
        found, year, wrong, day = None, None, None, None
        try:
            if form["institution"]:
                lane = self._checked(form, names)
                day = day_of(form["day"], "completeness.wrong.day") if form["day"] else None
                asked, span = await run_in_threadpool(self._asked, form, lane, day, today)
                found = await run_in_threadpool(self.source.read, asked)
                year = lay_out(found, since=span[0] if span else None, today=today)
        except Wrong as problem:
            wrong = problem
        if wants_json(request):
            return _as_json(request, found, year, wrong)
        values = {
            "form": form, "institutions": names, "types": self.source.types, "lanes": LANES, "found": found, "year": year, "wrong": wrong,
            "lines": _lines(found) if found else (), "day": day, "of_day": _lines(found, day) if found and day else (),
            "at": next((one for one in year.days if one.day == day), None) if year else None, "listed": LISTED,
            "absent": _absent(self.source.types, found) if found else (), "column": 0 if language_of(request) == "zh" else 1,
            "address": addresses(request), "back": _shifted(found, -1), "on": _shifted(found, 1) if found and found.asked.last < today else "",
        }  # fmt: skip
        return page(request, "completeness.html", session, values, status=400 if wrong else 200)

    def _checked(self, form: Mapping[str, str], names: Names) -> Lane:
        if form["institution"] not in names:
            raise Wrong("completeness.wrong.institution", form["institution"])
        if form["type"] and form["type"] not in self.source.types:
            raise Wrong("completeness.wrong.type", form["type"])
        lane = next((one for one in LANES if one == form["lane"]), None)
        if lane is None:
            raise Wrong("completeness.wrong.lane", form["lane"])
        return lane

    def _asked(self, form: Mapping[str, str], lane: Lane, day: date | None, today: date) -> tuple[Asked, Span]:
        """Choose the twelve months: those asked for, else those of the day, else the latest with anything in them."""
        span = self.source.span(form["institution"], lane, today)
        latest = span[1] if span and lane == "history" else today
        first, last = window(_month(form["until"]) if form["until"] else latest)
        if day is not None and not first <= day <= last:
            first, last = window(day)
        return Asked(institution=form["institution"], lane=lane, first=first, last=last, document_type=form["type"]), span


def _form(request: Request, names: Names) -> dict[str, str]:
    fields = {"institution": next(iter(names)) if len(names) == 1 else "", "lane": LANES[0], "type": "", "until": "", "day": ""}
    return {name: request.query_params.get(name, "").strip()[:64] or value for name, value in fields.items()}


def _month(text: str) -> date:
    if not _MONTH.fullmatch(text):
        raise Wrong("completeness.wrong.month", text)
    return date.fromisoformat(f"{text}-01")


def _shifted(found: Completeness | None, years: int) -> str:
    """Give the last month of the twelve before or after these."""
    if found is None:
        return ""
    last = found.asked.last
    return f"{last.year + years:04}-{last.month:02}"


def _absent(types: Names, found: Completeness) -> list[str]:
    """List the types of which nothing was counted or stated."""
    there = {code for _, code in (*found.sent, *found.written)}
    return [code for code in types if code not in there]


def _lines(found: Completeness, day: date | None = None) -> list[Line]:
    """Sum the figures by type, those with most missing first, then the most frequent."""
    sent: dict[str, list[tuple[date, Count]]] = {}
    written: dict[str, list[tuple[date, int]]] = {}
    for (at, code), count in found.sent.items():
        if day in (None, at):
            sent.setdefault(code, []).append((at, count))
    for (at, code), number in found.written.items():
        if day in (None, at):
            written.setdefault(code, []).append((at, number))
    lines = [_line(found.asked.lane, code, sent.get(code, []), written.get(code, [])) for code in {*sent, *written} if code]
    return sorted(lines, key=lambda line: (-line.count.missing, -line.count.refused, -line.count.accepted, line.code))


def _line(lane: Lane, code: str, sent: list[tuple[date, Count]], written: list[tuple[date, int]]) -> Line:
    days = [at for at, _ in written] if lane == "history" else [at for at, count in sent if count.accepted]
    return Line(
        code=code, count=added(count for _, count in sent), written=sum(number for _, number in written), days=len(days),
        last=max(days, default=None),
    )  # fmt: skip


def _as_json(request: Request, found: Completeness | None, year: Year | None, wrong: Wrong | None) -> Response:
    if found is None or year is None:
        key, value = (wrong.key, wrong.value) if wrong else ("completeness.choose", "")
        return JSONResponse({"error": 400, "message": speaker(language_of(request))(key, value=value)}, status_code=400)
    asked = found.asked
    told: dict[str, Any] = {
        "institution": asked.institution, "lane": asked.lane, "type": asked.document_type, "first": asked.first.isoformat(),
        "last": asked.last.isoformat(), "asked": year.asked, "filled": year.filled, "written": year.written, "total": _count(year.total),
        "days": [
            {"day": one.day.isoformat(), "kind": one.kind, "written": one.written, "elsewhere": one.elsewhere} | _count(one.count)
            for one in year.days
        ],
        "holes": [
            {"first": hole.first.isoformat(), "last": hole.last.isoformat(), "days": hole.days, "kind": hole.kind, "missing": hole.missing}
            for hole in year.holes
        ],
        "types": [
            {"code": line.code, "written": line.written, "days": line.days, "last": line.last.isoformat() if line.last else ""} | _count(line.count)
            for line in _lines(found)
        ],
    }  # fmt: skip
    return JSONResponse(told)


def _count(count: Count) -> dict[str, Any]:
    return asdict(count) | {"missing": count.missing}
