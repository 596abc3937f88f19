"""Say which days a quality report may be about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from engine.errors import EngineError
from engine.message import SHANGHAI

USUAL_DAYS = 31
"""Days of a report when none are asked for, today included."""

MOST_DAYS = 366
"""Days of the longest report: a year of history."""


class WrongPeriod(EngineError):
    """A report cannot be about these days: `reason` is "order" (the last is before the first) or "long"."""

    def __init__(self, reason: Literal["order", "long"]) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in Shanghai, the first and the last included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """Refuse days in the wrong order and too many of them; raises WrongPeriod."""
        if self.last < self.first:
            raise WrongPeriod("order")
        if self.days > MOST_DAYS:
            raise WrongPeriod("long")

    @property
    def days(self) -> int:
        """Count the days."""
        return (self.last - self.first).days + 1

    @property
    def start(self) -> datetime:
        """Give the moment at which the first day begins."""
        return datetime.combine(self.first, time(), SHANGHAI)

    @property
    def end(self) -> datetime:
        """Give the moment at which the last day is over."""
        return datetime.combine(self.last + timedelta(days=1), time(), SHANGHAI)


def usual_period(today: date) -> Period:
    """Give the last 31 days."""
    return Period(today - timedelta(days=USUAL_DAYS - 1), today)
