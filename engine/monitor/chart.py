"""Lay out the bars of the hourly chart, in the units of its drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.message import SHANGHAI
from engine.monitor.scale import Line, Piece, Scale

WIDTH, HEIGHT = 720.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 6.0, 10.0, 24.0
GAP = 6.0
"""Empty space between two bars."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hour:
    """What came in during one hour that began at `start` (timezone-aware)."""

    start: datetime
    good: int = 0
    invalid: int = 0
    error: int = 0

    @property
    def total(self) -> int:
        """All messages of the hour."""
        return self.good + self.invalid + self.error


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour: its place, its parts from the bottom up, and the label under it when it has one."""

    hour: Hour
    x: float
    width: float
    pieces: tuple[Piece, ...]
    label: str

    @property
    def hour_text(self) -> str:
        """The hour in Shanghai, `09:00`."""
        return self.hour.start.astimezone(SHANGHAI).strftime("%H:00")

    @property
    def middle(self) -> float:
        """Where the label stands."""
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True, slots=True)
class Chart:
    """The whole drawing."""

    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    peak: int
    total: int
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    base: float = HEIGHT - BOTTOM


def draw(hours: Sequence[Hour]) -> Chart:
    """Lay out one stacked bar an hour over a grid with round numbers."""
    peak = max((hour.total for hour in hours), default=0)
    scale = Scale(peak, TOP, HEIGHT - BOTTOM)
    slot = (WIDTH - LEFT - RIGHT) / max(len(hours), 1)
    bars = tuple(_bar(hour, LEFT + number * slot, slot, scale) for number, hour in enumerate(hours))
    return Chart(bars, scale.lines(), peak, sum(hour.total for hour in hours))


def _bar(hour: Hour, x: float, slot: float, scale: Scale) -> Bar:
    local = hour.start.astimezone(SHANGHAI)
    label = local.strftime("%H:00") if local.hour % 3 == 0 else ""
    pieces = scale.stack((("good", hour.good), ("invalid", hour.invalid), ("error", hour.error)))
    return Bar(hour, round(x + GAP / 2, 1), round(slot - GAP, 1), pieces, label)
