"""Show the indicators of operations data by hospital, period and class, and write them as files; one report with its history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_args

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.documents.forms import Field, Form, Table
from engine.message import SHANGHAI, shanghai_text
from engine.monitor.asking import Wrong, day_of
from engine.monitor.csvfile import csv_file
from engine.monitor.indicatorchart import draw_trend, period_text
from engine.monitor.indicatorfile import COLUMNS, cells_of, workbook
from engine.monitor.pages import addresses, language_of, own, page, problem, wants_json
from engine.monitor.quality import Names
from engine.monitor.sheets import sheet_file
from engine.monitor.texts import speaker
from engine.services.indicators import Change, Grid, Wanted, earlier, period_of, periods_between
from engine.services.operations import Period, PeriodKind, Report
from engine.services.users import Session

PATH = "/indicators"

KINDS: tuple[PeriodKind, ...] = get_args(PeriodKind)
USUAL: Mapping[PeriodKind, int] = {"day": 31, "month": 13, "year": 6}
"""How many periods are shown when none are asked for: a month of days, a year of months with the same month before."""

MOST: Mapping[PeriodKind, int] = {"day": 92, "month": 60, "year": 30}

_FIELDS = ("type", "kind", "indicator", "institution", "from", "to", "at")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFigure:
    """One figure of a report; `value` is "" where it names a person."""

    title: str
    value: str
    unit: str
    dimension: str
    personal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSheet:
    """What was reported for one period: every version, the latest first, and the figures of the one that counts by section."""

    versions: Sequence[Report]
    figures: Mapping[str, Sequence[ShownFigure]]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorsSource:
    """What the page asks, as callables that may block and raise TryAgain; `forms` are the classes of operations data.

    `hospitals` gives the names of those that report or should, `latest` the last day reported by kind of period.
    """

    hospitals: Callable[[], Mapping[str, str]]
    forms: Mapping[str, Form]
    types: Names
    latest: Callable[[str, Sequence[str]], Mapping[PeriodKind, date]]
    read: Callable[[Wanted, Sequence[str]], Grid]
    report: Callable[[str, str, Period], ReportSheet | None]
    today: Callable[[], date] = lambda: datetime.now(SHANGHAI).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One thing that can be charted: a field of numbers with a unit, of one table of a form."""

    table: Table
    field: Field

    @property
    def name(self) -> str:
        """Its name in addresses."""
        return f"{self.table.name}.{self.field.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one asking of the page comes to."""

    indicator: Indicator
    grid: Grid
    at: Period
    names: Mapping[str, str]

    @property
    def ranked(self) -> tuple[str, ...]:
        """List the hospitals by what they stated of the chosen period, those that stated nothing last."""
        return tuple(sorted(self.grid.institutions, key=self._rank))

    def _rank(self, code: str) -> tuple[int, Decimal, str]:
        cell = self.grid.cell(code, self.at)
        return ("stated", "blank", "missing").index(cell.state), -(cell.value or Decimal(0)), code

    def part(self, code: str) -> float:
        """Give the length of a hospital's bar, 0 to 100: the longest one fills the line."""
        values = {one: abs(self.grid.cell(one, self.at).value or Decimal(0)) for one in self.grid.institutions}
        longest = max(values.values(), default=Decimal(0))
        return float(values[code] * 100 / longest) if longest else 0.0


def classes_of(forms: Mapping[str, Form]) -> tuple[str, ...]:
    """List the classes that hold indicators: those with a table of one row of numbers; dictionaries are none."""
    return tuple(
        code
        for code, form in forms.items()
        if any(field.unit for table in form.tables.values() if not table.keys for field in table.fields.values())
    )


def indicators_of(form: Form) -> tuple[Indicator, ...]:
    """List what can be charted of a class, in the order of its form."""
    return tuple(
        Indicator(table=table, field=field) for table in form.tables.values() for field in table.fields.values() if field.unit
    )


@dataclass(frozen=True, slots=True)
class IndicatorsPage:
    """The page /indicators, and the page of one report."""

    source: IndicatorsSource

    async def show(self, request: Request, session: Session) -> Response:
        """Show one indicator; `format=json`, `csv` and `xlsx` give the same as data and as files."""
        names = own(session, await run_in_threadpool(self.source.hospitals))
        form = {name: request.query_params.get(name, "").strip()[:64] for name in _FIELDS}
        shown, wrong = None, None
        try:
            shown = await run_in_threadpool(self._shown, form, names)
        except Wrong as found:
            wrong = found
        if wants_json(request):
            return _as_json(request, shown, wrong)
        shape = request.query_params.get("format", "")
        if shown and shape in ("csv", "xlsx"):
            return await run_in_threadpool(self._file, request, shown, shape)
        english = language_of(request) == "en"
        values = {
            "form": form, "names": names, "types": self.source.types, "column": int(english), "classes": classes_of(self.source.forms),
            "shown": shown, "wrong": wrong, "chart": draw_trend(shown.grid) if shown else None, "period": period_text,
            "indicators": indicators_of(self.source.forms[form["type"]]) if form["type"] in self.source.forms else (),
            "kinds": self.source.forms[form["type"]].kinds if form["type"] in self.source.forms else KINDS,
            "address": addresses(request, form), "change": change_text, "figure": figure_text,
            "report": lambda code, at: f"{PATH}/{code}/{form['type']}/{at.kind}/{at.first}",
        }  # fmt: skip
        return page(request, "indicators.html", session, values, status=400 if wrong else 200)

    async def one(self, request: Request, session: Session) -> Response:
        """Show what one hospital reported for one period, with every version; `format=json` gives the same as data."""
        names = own(session, await run_in_threadpool(self.source.hospitals))
        given = {name: str(value)[:64] for name, value in request.path_params.items()}
        period = _period(given["kind"], given["first"])
        if given["institution"] not in names or given["type"] not in self.source.forms or period is None:
            return problem(request, 404, session)
        sheet = await run_in_threadpool(self.source.report, given["institution"], given["type"], period)
        if sheet is None:
            return problem(request, 404, session)
        if wants_json(request):
            return JSONResponse(_sheet_as_json(given, period, sheet))
        values = {
            "sheet": sheet, "at": period, "code": given["institution"], "name": names[given["institution"]], "type": given["type"],
            "form": self.source.forms[given["type"]], "types": self.source.types, "column": int(language_of(request) == "en"),
            "period": period_text,
        }  # fmt: skip
        return page(request, "indicatorreport.html", session, values)

    def _shown(self, form: dict[str, str], names: Mapping[str, str]) -> Shown | None:
        """Read what a form asks for, and write into it what was chosen for it; None without any class. Raises Wrong."""
        classes = classes_of(self.source.forms)
        if not classes:
            return None
        form["type"] = _chosen(form["type"], classes, "type")
        offered = {one.name: one for one in indicators_of(self.source.forms[form["type"]])}
        indicator = offered[_chosen(form["indicator"], tuple(offered), "indicator")]
        form["indicator"] = indicator.name
        if form["institution"] and form["institution"] not in names:
            raise Wrong("indicators.wrong.institution", form["institution"])
        codes = [form["institution"]] if form["institution"] else list(names)
        latest = self.source.latest(form["type"], codes)
        kinds = [one for one in KINDS if one in self.source.forms[form["type"]].kinds]
        usual = next((one for one in ("month", "year", "day") if one in latest), kinds[-1])
        kind = next(one for one in KINDS if one == _chosen(form["kind"] or usual, kinds, "kind"))
        form["kind"] = kind
        first, last = self._between(form, kind, latest.get(kind))
        wanted = Wanted(
            document_type=form["type"],
            kind=kind,
            section=indicator.table.name,
            field=indicator.field.name,
            first=first,
            last=last,
        )
        grid = self.source.read(wanted, codes)
        return Shown(indicator=indicator, grid=grid, at=_at(form["at"], grid), names=names)

    def _between(self, form: dict[str, str], kind: PeriodKind, latest: date | None) -> tuple[date, date]:
        """Choose the days: those asked for, else the usual number of periods up to the last one reported or over."""
        over = earlier(period_of(kind, self.source.today()), 1)
        last = day_of(form["to"], "indicators.wrong.day") if form["to"] else (latest or over.last)
        last = min(last, over.last)
        first = (
            day_of(form["from"], "indicators.wrong.day")
            if form["from"]
            else earlier(period_of(kind, last), USUAL[kind] - 1).first
        )
        number = len(periods_between(kind, first, last)) if (last - first).days < MOST["year"] * 366 else MOST["day"] + 1
        if not number:
            raise Wrong("indicators.wrong.none")
        if number > MOST[kind]:
            raise Wrong("indicators.wrong.many", str(MOST[kind]))
        form["from"], form["to"] = first.isoformat(), last.isoformat()
        return first, last

    def _file(self, request: Request, shown: Shown, shape: str) -> Response:
        say, wanted = speaker(language_of(request)), shown.grid.wanted
        name = f"indicator-{wanted.document_type}-{wanted.field}-{wanted.first}-{wanted.last}.{shape}"
        rows = cells_of(shown.grid, shown.indicator.field, shown.indicator.table, shown.names, say)
        if shape == "xlsx":
            return sheet_file(name, workbook(rows, say))
        header = [say(f"indicators.file.{column}") for column, _ in COLUMNS]
        return csv_file(name, header, (["" if cell is None else cell for cell in row] for row in rows))


def _chosen(asked: str, offered: Sequence[str], what: str) -> str:
    if asked and asked not in offered:
        raise Wrong(f"indicators.wrong.{what}", asked)
    return asked or offered[0]


def _at(asked: str, grid: Grid) -> Period:
    """Choose the period of which hospitals are compared: the one asked for, else the last of which anybody stated anything."""
    found = next((one for one in grid.periods if one.first.isoformat() == asked), None)
    return found or next((one for one in reversed(grid.periods) if grid.stated(one)), grid.periods[-1])


def _period(kind: str, first: str) -> Period | None:
    try:
        day = day_of(first, "indicators.wrong.day")
    except Wrong:
        return None
    found = next((period_of(one, day) for one in KINDS if one == kind), None)
    return found if found and found.first == day else None


def figure_text(value: Decimal) -> str:
    """Write a figure with its thousands parted and no zeros behind it."""
    return f"{value.normalize():,f}"


def change_text(change: Change) -> str:
    """Write how much more or less it is: `+12 (+3.4%)`."""
    share = f" ({change.share:+.1%})" if change.share is not None else ""
    return f"{change.difference.normalize():+,f}{share}"


def _as_json(request: Request, shown: Shown | None, wrong: Wrong | None) -> Response:
    if shown is None:
        key, value = (wrong.key, wrong.value) if wrong else ("indicators.none", "")
        return JSONResponse({"error": 400, "message": speaker(language_of(request))(key, value=value)}, status_code=400)
    grid, field = shown.grid, shown.indicator.field
    told: dict[str, Any] = {
        "type": grid.wanted.document_type, "kind": grid.wanted.kind, "indicator": shown.indicator.name, "title": field.title,
        "unit": field.unit, "at": shown.at.first.isoformat(),
        "periods": [
            {
                "first": one.first.isoformat(), "last": one.last.isoformat(), "total": _number(grid.total(one)), "stated": grid.stated(one),
                "of": len(grid.institutions), "change": _change(grid.change(one)),
            }
            for one in grid.periods
        ],
        "hospitals": [
            {
                "code": code, "name": shown.names.get(code, code),
                "cells": [
                    {
                        "first": one.first.isoformat(), "state": cell.state, "value": _number(cell.value), "receipt": cell.receipt,
                        "change": _change(grid.change_of(code, one)),
                    }
                    for one in grid.periods
                    for cell in (grid.cell(code, one),)
                ],
            }
            for code in grid.institutions
        ],
    }  # fmt: skip
    return JSONResponse(told)


def _number(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.normalize():f}"


def _change(change: Change | None) -> dict[str, Any] | None:
    if change is None:
        return None
    return {"difference": _number(change.difference), "share": change.share, "institutions": change.institutions}


def _sheet_as_json(given: Mapping[str, str], period: Period, sheet: ReportSheet) -> dict[str, Any]:
    return {
        "institution": given["institution"], "type": given["type"], "kind": period.kind, "first": period.first.isoformat(),
        "last": period.last.isoformat(),
        "versions": [
            {
                "receipt": one.message, "state": one.state, "replacedBy": one.replaced_by, "figures": one.figures,
                "reported": shanghai_text(one.reported) if one.reported else "", "taken": shanghai_text(one.taken), "reporter": one.reporter,
            }
            for one in sheet.versions
        ],
        "sections": {
            section: [
                {"title": one.title, "value": one.value, "unit": one.unit, "row": one.dimension, "personal": one.personal}
                for one in figures
            ]
            for section, figures in sheet.figures.items()
        },
    }  # fmt: skip
