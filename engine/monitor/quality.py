"""Show which rules an institution broke: a table with masked examples, its JSON twin and its Excel file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.log import get_logger
from engine.message import LANES, SHANGHAI, Lane, shanghai_text
from engine.monitor.asking import Wrong, day_of
from engine.monitor.pages import addresses, language_of, own, page, wants_json
from engine.monitor.quality_sheet import workbook
from engine.monitor.sheets import sheet_file
from engine.monitor.texts import speaker
from engine.services.institutions import Institutions
from engine.services.quality import MOST_DAYS, Period, WrongPeriod, usual_period
from engine.services.users import Session
from engine.store.database import Database
from engine.store.entries import QualityAsked, QualityRow, QualitySums
from engine.store.journal import Journal

SHOWN = 200
"""Rules listed on the page; the Excel file has all."""

Names = Mapping[str, tuple[str, str]]
"""Codes with their names, Chinese and English."""

_ORDERS: Mapping[str, Callable[[QualityRow], Any]] = {
    "count": lambda row: -row.count,
    "documents": lambda row: -row.messages,
    "last": lambda row: -row.last.timestamp(),
    "rule": lambda row: row.rule or row.code,
}
"""What the table may be sorted by; the first is the usual order."""

log = get_logger("monitor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person wants to see; an empty type or lane means all."""

    institution: str
    period: Period
    document_type: str = ""
    lane: Lane | str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the store answers to a wish."""

    wish: Wish
    made: datetime
    sums: QualitySums
    rows: tuple[QualityRow, ...]

    def share(self, messages: int) -> float:
        """Give the part of the documents, 0 to 1."""
        return messages / self.sums.messages if self.sums.messages else 0.0

    @property
    def errors(self) -> int:
        """Count the rules that refuse."""
        return sum(row.severity == "error" for row in self.rows)


@dataclass(frozen=True, slots=True)
class QualityArchive:
    """The store as this page knows it."""

    database: Database
    journal: Journal
    institutions: Institutions

    def names(self) -> Names:
        """List the institutions by code."""
        return {one.code: (one.name, one.name) for one in self.institutions.list()}

    def report(self, wish: Wish) -> Report:
        """Read a report in one transaction."""
        asked = QualityAsked(
            institution=wish.institution, start=wish.period.start, end=wish.period.end, document_type=wish.document_type,
            lane=next((lane for lane in LANES if lane == wish.lane), ""),
        )  # fmt: skip
        with self.database.read() as connection:
            rows = tuple(self.journal.quality(connection, asked))
            return Report(wish=wish, made=datetime.now(UTC), sums=self.journal.quality_sums(connection, asked), rows=rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class QualitySource:
    """What the page asks, as callables that may block and raise TryAgain; `types` are the document types."""

    names: Callable[[], Names]
    report: Callable[[Wish], Report]
    types: Names


@dataclass(frozen=True, slots=True)
class QualityPage:
    """The page /quality."""

    source: QualitySource

    async def show(self, request: Request, session: Session) -> Response:
        """Show the report asked for in the query; `format=json` and `format=xlsx` give the same as data and as a file."""
        names = own(session, await run_in_threadpool(self.source.names))
        form = _form(request, names)
        report, wrong = None, None
        try:
            wish = self._wish(form, names)
            report = await run_in_threadpool(self.source.report, wish) if wish else None
        except Wrong as found:
            wrong = found
        if wants_json(request):
            return _as_json(request, report, wrong)
        if request.query_params.get("format") == "xlsx" and report:
            return await run_in_threadpool(_as_file, report, names, self.source.types)
        values = {
            "form": form, "institutions": names, "types": self.source.types, "lanes": LANES, "report": report,
            "rows": _sorted(request, report)[:SHOWN] if report else (), "unlisted": max(len(report.rows) - SHOWN, 0) if report else 0,
            "wrong": wrong, "most": MOST_DAYS, "address": addresses(request), "orders": tuple(_ORDERS), "order": _order(request),
            "column": 0 if language_of(request) == "zh" else 1,
        }  # fmt: skip
        return page(request, "quality.html", session, values, status=400 if wrong else 200)

    def _wish(self, form: Mapping[str, str], names: Names) -> Wish | None:
        """Read the wish of a form; None when no institution is chosen. Raises Wrong."""
        if not form["institution"]:
            return None
        if form["institution"] not in names:
            raise Wrong("quality.wrong.institution", form["institution"])
        if form["type"] and form["type"] not in self.source.types:
            raise Wrong("quality.wrong.type", form["type"])
        if form["lane"] and form["lane"] not in LANES:
            raise Wrong("quality.wrong.lane")
        try:
            period = Period(day_of(form["from"], "quality.wrong.day"), day_of(form["to"], "quality.wrong.day"))
        except WrongPeriod as wrong:
            raise Wrong(f"quality.wrong.{wrong.reason}") from None
        return Wish(institution=form["institution"], period=period, document_type=form["type"], lane=form["lane"])


def _form(request: Request, names: Names) -> dict[str, str]:
    """Give what the form holds: what was asked for, else the last 31 days of the only institution there is."""
    usual = usual_period(datetime.now(SHANGHAI).date())
    fields = {
        "institution": next(iter(names)) if len(names) == 1 else "",
        "from": usual.first.isoformat(), "to": usual.last.isoformat(), "type": "", "lane": "",
    }  # fmt: skip
    return {name: request.query_params.get(name, "").strip()[:64] or value for name, value in fields.items()}


def _order(request: Request) -> str:
    asked = request.query_params.get("sort", "")
    return asked if asked in _ORDERS else next(iter(_ORDERS))


def _sorted(request: Request, report: Report) -> Sequence[QualityRow]:
    return sorted(report.rows, key=_ORDERS[_order(request)])


def _as_json(request: Request, report: Report | None, wrong: Wrong | None) -> Response:
    if wrong:
        said = speaker(language_of(request))(wrong.key, value=wrong.value, most=MOST_DAYS)
        return JSONResponse({"error": 400, "message": said}, status_code=400)
    if report is None:
        return JSONResponse({"error": 400, "message": speaker(language_of(request))("quality.choose")}, status_code=400)
    wish, sums = report.wish, report.sums
    told = {
        "institution": wish.institution, "from": wish.period.first.isoformat(), "to": wish.period.last.isoformat(),
        "type": wish.document_type, "lane": wish.lane, "documents": sums.messages, "rejected": sums.rejected, "warned": sums.warned,
    }  # fmt: skip
    return JSONResponse(told | {"rules": [_rule(row, report) for row in _sorted(request, report)]})


def _rule(row: QualityRow, report: Report) -> dict[str, Any]:
    told = asdict(row) | {"first": shanghai_text(row.first), "last": shanghai_text(row.last)}
    told["documents"] = told.pop("messages")
    return told | {"share": round(report.share(row.messages), 4)}


def _as_file(report: Report, names: Names, types: Names) -> Response:
    wish = report.wish
    name = f"quality-{wish.institution}-{wish.period.first}-{wish.period.last}.xlsx"
    return sheet_file(name, workbook(report, names[wish.institution][0], types.get(wish.document_type, ("",))[0]))
