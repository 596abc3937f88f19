"""Lay out the bars of the pool: one stacked bar for each day of visits, in the units of its drawing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from engine.monitor.booking import PoolDay
from engine.monitor.scale import Line, Piece, Scale

WIDTH, HEIGHT = 1080.0, 230.0
LEFT, RIGHT, TOP, BOTTOM = 48.0, 6.0, 10.0, 26.0
WIDEST = 64.0
"""Units of the widest bar; few days leave space between them."""


@dataclass(frozen=True, slots=True)
class DayBar:
    """One day: its place, its parts from the bottom up, what it is the sum of."""

    of: PoolDay
    x: float
    width: float
    pieces: tuple[Piece, ...]

    @property
    def label(self) -> str:
        """What stands under the bar."""
        return self.of.day.strftime("%m-%d")

    @property
    def middle(self) -> float:
        """Where the label stands."""
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True, slots=True)
class PoolChart:
    """The whole drawing."""

    bars: tuple[DayBar, ...]
    lines: tuple[Line, ...]
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    base: float = HEIGHT - BOTTOM


def draw_pool(days: Iterable[PoolDay]) -> PoolChart:
    """Sum the days of all hospitals and lay out a bar for each over a grid with round numbers."""
    summed = tuple(_summed(days))
    peak = max((one.sold + one.held + max(one.free, 0) for one in summed), default=0)
    scale = Scale(peak, TOP, HEIGHT - BOTTOM)
    slot = (WIDTH - LEFT - RIGHT) / max(len(summed), 1)
    width = round(min(slot * 0.7, WIDEST), 1)
    bars = tuple(
        DayBar(one, round(LEFT + number * slot + (slot - width) / 2, 1), width, scale.stack(_counts(one)))
        for number, one in enumerate(summed)
    )
    return PoolChart(bars, scale.lines())


def _summed(days: Iterable[PoolDay]) -> Iterable[PoolDay]:
    found: dict[date, list[PoolDay]] = {}
    for one in days:
        found.setdefault(one.day, []).append(one)
    for day in sorted(found):
        same = found[day]
        yield PoolDay(
            day=day, free=sum(max(one.free, 0) for one in same), held=sum(one.held for one in same), sold=sum(one.sold for one in same),
            unlimited=sum(one.unlimited for one in same),
        )  # fmt: skip


def _counts(day: PoolDay) -> tuple[tuple[str, int], ...]:
    return (("sold", day.sold), ("held", day.held), ("free", max(day.free, 0)))
