"""Lay out a year as a calendar of holes: each day with its figures and what is to be thought of it."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import dropwhile
from statistics import median
from typing import Literal

from engine.services.completeness import Completeness, Count, added, by_day, holes

Kind = Literal["full", "open", "rest", "over", "thin", "short", "none", "elsewhere", "outside", "running"]
"""full: all that was stated was accepted · open: documents, nothing stated · rest: nothing sent, as stated · over: more than
stated · thin: far fewer than usual · short: fewer than stated, or refused ones · none: a hole · elsewhere: came in the other
lane · outside: before the first or after the last day in question · running: today, not over yet."""

BAD: tuple[Kind, ...] = ("none", "short", "thin")
"""What is listed as a hole, the gravest first."""

_THIN = 0.25
"""A day of history with less than this part of the usual number (the median of the same days of the week) is thin."""

MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day: by sending `count`, by writing `written`, of the other lane `elsewhere`."""

    day: date
    kind: Kind
    count: Count
    written: int = 0
    elsewhere: int = 0


@dataclass(frozen=True, slots=True)
class Month:
    """One month as weeks from Monday to Sunday; None where a week holds days of another month."""

    first: date
    weeks: tuple[tuple[Day | None, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """Days in a row that are bad alike; `missing` documents are known to be missing where something was stated."""

    first: date
    last: date
    kind: Kind
    missing: int

    @property
    def days(self) -> int:
        """Count the days."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """The calendar with its sums; `asked` counts the days in question, `filled` those that are no hole."""

    months: tuple[Month, ...]
    days: tuple[Day, ...]
    holes: tuple[Hole, ...]
    total: Count
    written: int

    @property
    def asked(self) -> int:
        """Count the days in question."""
        return sum(day.kind not in {"outside", "running"} for day in self.days)

    @property
    def filled(self) -> int:
        """Count the days in question on which documents are, or none were sent as stated."""
        return self.asked - sum(day.kind == "none" for day in self.days)

    def number(self, kind: Kind) -> int:
        """Count the days of a kind."""
        return sum(day.kind == kind for day in self.days)


def window(until: date) -> tuple[date, date]:
    """Give the first and the last day of the twelve months that end with the month of a day."""
    first = _month_before(until.replace(day=1), MONTHS - 1)
    return first, until.replace(day=calendar.monthrange(until.year, until.month)[1])


def _month_before(month: date, number: int) -> date:
    whole = month.year * 12 + month.month - 1 - number
    return date(whole // 12, whole % 12 + 1, 1)


def lay_out(found: Completeness, *, since: date | None, today: date) -> Year:
    """Lay out the days of a period; `since` is the first day of which anything is known at all (live lane)."""
    sent = by_day(found.sent)
    written: dict[date, int] = {}
    for (day, _), number in found.written.items():
        written[day] = written.get(day, 0) + number
    usual = _usual(written)
    days = []
    for at in _days(found.asked.first, found.asked.last):
        count, there, other = sent.get(at, Count()), written.get(at, 0), found.elsewhere.get(at, 0)
        if found.asked.lane == "history":
            kind = _kind_of_history(at, there, other, usual, today)
        else:
            kind = _kind_of_live(at, count, since, today)
        days.append(Day(day=at, kind=kind, count=count, written=there, elsewhere=other))
    total = added(sent.values())
    return Year(months=_months(days), days=tuple(days), holes=_holes(days), total=total, written=sum(written.values()))


def _kind_of_live(at: date, count: Count, since: date | None, today: date) -> Kind:
    if since is None or at < since or at > today:
        return "outside"
    if at == today:
        return "running"
    if not count.accepted:
        return "rest" if count.expected == 0 and not count.received else "none"
    return _kind_of_accepted(count)


def _kind_of_accepted(count: Count) -> Kind:
    if count.missing or count.refused > 0:
        return "short"
    if count.expected is None:
        return "open"
    return "full" if count.accepted == count.expected else "over"


def _kind_of_history(at: date, written: int, elsewhere: int, usual: Mapping[int, float], today: date) -> Kind:
    if at > today:
        return "outside"
    if written and written + elsewhere < usual.get(at.weekday(), 0) * _THIN:
        return "thin"
    if written:
        return "full"
    if elsewhere:
        return "elsewhere"
    return "running" if at == today else "none"


def _usual(written: Mapping[date, int]) -> Mapping[int, float]:
    by_weekday: dict[int, list[int]] = {}
    for day, number in written.items():
        by_weekday.setdefault(day.weekday(), []).append(number)
    return {weekday: median(numbers) for weekday, numbers in by_weekday.items()}


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _months(days: list[Day]) -> tuple[Month, ...]:
    by_month: dict[date, list[Day]] = {}
    for day in days:
        by_month.setdefault(day.day.replace(day=1), []).append(day)
    # What lies before the first document needs no months of grey.
    begun = dropwhile(lambda its: all(day.kind == "outside" for day in its[1]), by_month.items())
    return tuple(Month(first, _weeks(its)) for first, its in begun)


def _weeks(days: list[Day]) -> tuple[tuple[Day | None, ...], ...]:
    cells: list[Day | None] = [None] * days[0].day.weekday() + list(days)
    cells += [None] * (-len(cells) % 7)
    return tuple(tuple(cells[start : start + 7]) for start in range(0, len(cells), 7))


def _holes(days: list[Day]) -> tuple[Hole, ...]:
    by_date = {day.day: day for day in days}
    found = [
        Hole(first=first, last=last, kind=kind, missing=sum(by_date[at].count.missing for at in _days(first, last)))
        for kind in BAD
        for first, last in holes(day.day for day in days if day.kind == kind)
    ]
    return tuple(sorted(found, key=lambda hole: hole.first, reverse=True))
