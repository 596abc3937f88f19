"""Work out one indicator over institutions and periods: what was stated, what was left blank, and who reported nothing."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from sqlalchemy import Connection, func, select

from engine.services.operations import OperationsDesk, Period, PeriodKind, report

State = Literal["stated", "blank", "missing"]
"""stated: a number · blank: a report without this figure · missing: no report of this period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which figure is wanted: a field of a section of a class, by periods of a kind whose days all lie between two days."""

    document_type: str
    kind: PeriodKind
    section: str
    field: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Cell:
    """One institution in one period; `value` is None unless stated, `receipt` is that of the current report, "" without one."""

    state: State
    value: Decimal | None = None
    receipt: str = ""


MISSING = Cell("missing")


@dataclass(frozen=True, slots=True)
class Change:
    """What was stated `now` and `then`, by the same so many institutions."""

    now: Decimal
    then: Decimal
    institutions: int = 1

    @property
    def difference(self) -> Decimal:
        """Give how much more it is."""
        return self.now - self.then

    @property
    def share(self) -> float | None:
        """Give how much more it is as a part of what it was; None when that was nothing, or less."""
        return float(self.difference / self.then) if self.then > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """One indicator by institution and period; `before` is the period before the first one, for comparison only."""

    wanted: Wanted
    institutions: tuple[str, ...]
    before: Period
    periods: tuple[Period, ...]
    cells: Mapping[tuple[str, Period], Cell] = field(default_factory=dict)

    def cell(self, institution: str, period: Period) -> Cell:
        """Give what one institution said of one period."""
        return self.cells.get((institution, period), MISSING)

    def stated(self, period: Period) -> int:
        """Count the institutions that stated a number."""
        return sum(self.cell(one, period).state == "stated" for one in self.institutions)

    def total(self, period: Period) -> Decimal | None:
        """Add up what was stated; None when nobody did, which is not zero."""
        values = [cell.value for one in self.institutions if (cell := self.cell(one, period)).value is not None]
        return sum(values, Decimal(0)) if values else None

    def previous(self, period: Period) -> Period:
        """Give the period before one of these."""
        place = self.periods.index(period)
        return self.periods[place - 1] if place else self.before

    def change(self, period: Period) -> Change | None:
        """Compare a period with the one before, over the institutions that stated both; None when none did."""
        before = self.previous(period)
        pairs = [
            (now, then)
            for one in self.institutions
            if (now := self.cell(one, period).value) is not None and (then := self.cell(one, before).value) is not None
        ]
        if not pairs:
            return None
        return Change(sum((now for now, _ in pairs), Decimal(0)), sum((then for _, then in pairs), Decimal(0)), len(pairs))

    def change_of(self, institution: str, period: Period) -> Change | None:
        """Compare what one institution said of a period with what it said of the one before; None unless it stated both."""
        return replace(self, institutions=(institution,)).change(period)


def periods_between(kind: PeriodKind, first: date, last: date) -> tuple[Period, ...]:
    """List the whole days, months or years that lie between two days."""
    found, at = [], period_of(kind, first)
    if at.first < first:
        at = period_of(kind, at.last + timedelta(days=1))
    while at.last <= last:
        found.append(at)
        at = period_of(kind, at.last + timedelta(days=1))
    return tuple(found)


def period_of(kind: PeriodKind, day: date) -> Period:
    """Give the day, month or year to which a day belongs."""
    if kind == "day":
        return Period(kind=kind, first=day, last=day)
    if kind == "month":
        return Period(kind=kind, first=day.replace(day=1), last=day.replace(day=monthrange(day.year, day.month)[1]))
    return Period(kind=kind, first=date(day.year, 1, 1), last=date(day.year, 12, 31))


def earlier(period: Period, number: int) -> Period:
    """Give the period that lies so many before one."""
    for _ in range(number):
        period = period_of(period.kind, period.first - timedelta(days=1))
    return period


def latest_days(connection: Connection, document_type: str, institutions: Iterable[str]) -> Mapping[PeriodKind, date]:
    """Tell for each kind of period of a class the last day of which these institutions have a current report."""
    chosen = report.c.document_type == document_type, report.c.state == "current", report.c.institution.in_(list(institutions))
    query = select(report.c.kind, func.max(report.c.last_day)).where(*chosen).group_by(report.c.kind)
    return {kind: date.fromisoformat(day) for kind, day in connection.execute(query)}


def read_grid(connection: Connection, desk: OperationsDesk, wanted: Wanted, institutions: Iterable[str]) -> Grid:
    """Read an indicator of these institutions; rows of one table of a report are added up."""
    listed = tuple(institutions)
    periods = periods_between(wanted.kind, wanted.first, wanted.last)
    before = earlier(periods[0] if periods else period_of(wanted.kind, wanted.first), 1)
    cells = {place: Cell("blank", None, receipt) for place, receipt in _reports(connection, wanted, before.first, listed).items()}
    for one in desk.indicators(
        connection, first=before.first, last=wanted.last, document_type=wanted.document_type, kind=wanted.kind,
        institutions=listed or [""], fields=[wanted.field],
    ):  # fmt: skip
        if one.section == wanted.section and one.number is not None:
            place = one.institution, one.period
            cells[place] = Cell("stated", (cells.get(place, MISSING).value or Decimal(0)) + one.number, one.message)
    return Grid(wanted=wanted, institutions=listed, before=before, periods=periods, cells=cells)


def _reports(connection: Connection, wanted: Wanted, first: date, institutions: Iterable[str]) -> dict[tuple[str, Period], str]:
    """Find the current reports of a class by institution and period."""
    query = select(report.c.institution, report.c.first_day, report.c.last_day, report.c.message).where(
        report.c.document_type == wanted.document_type, report.c.kind == wanted.kind, report.c.state == "current",
        report.c.first_day >= first.isoformat(), report.c.last_day <= wanted.last.isoformat(), report.c.institution.in_(list(institutions)),
    )  # fmt: skip
    return {
        (code, Period(kind=wanted.kind, first=date.fromisoformat(begin), last=date.fromisoformat(end))): message
        for code, begin, end, message in connection.execute(query)
    }
