"""Lay out the bars of the hourly chart, in the units of its drawing: what came in, and beside it what went out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.message import SHANGHAI
from engine.monitor.scale import Line, Piece, Scale

WIDTH, HEIGHT = 400.0, 200.0
LEFT, RIGHT, TOP, BOTTOM = 40.0, 4.0, 10.0, 22.0
GAP = 2.0
"""Empty space before and after the bars of an hour."""

IN_PART = 0.6
"""The part of an hour's width that what came in takes; the rest is for what went out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hour:
    """One hour that began at `start`: messages that came in by their verdict, tries of deliveries that went well (`sent`) and that failed.

    `p50` and `p95` are seconds within which so many of a hundred deliveries arrived, counted from when each was first due.
    """

    start: datetime
    good: int = 0
    invalid: int = 0
    error: int = 0
    sent: int = 0
    failed: int = 0
    p50: float | None = None
    p95: float | None = None

    @property
    def total(self) -> int:
        """All messages that came in."""
        return self.good + self.invalid + self.error


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its place and its parts from the bottom up."""

    x: float
    width: float
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """One hour: where it stands, what came in, what went out, and the label under it when it has one."""

    hour: Hour
    x: float
    width: float
    taken: Bar
    out: Bar
    label: str

    @property
    def hour_text(self) -> str:
        """The hour in Shanghai, `09:00`."""
        return hour_text(self.hour.start)

    @property
    def middle(self) -> float:
        """Where the label stands."""
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True, slots=True)
class Chart:
    """The whole drawing; `total` messages came in, `sent` deliveries went out, `peak` is the busiest hour's number of messages."""

    slots: tuple[Slot, ...]
    lines: tuple[Line, ...]
    peak: int
    total: int
    sent: int
    failed: int
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    base: float = HEIGHT - BOTTOM


def draw(hours: Sequence[Hour]) -> Chart:
    """Lay out two bars an hour over a grid with round numbers."""
    highest = max((max(hour.total, hour.sent + hour.failed) for hour in hours), default=0)
    scale = Scale(highest, TOP, HEIGHT - BOTTOM)
    width = (WIDTH - LEFT - RIGHT) / max(len(hours), 1)
    slots = tuple(_slot(hour, LEFT + number * width, width, scale) for number, hour in enumerate(hours))
    sums = (sum(getattr(hour, name) for hour in hours) for name in ("total", "sent", "failed"))
    return Chart(slots, scale.lines(), max((hour.total for hour in hours), default=0), *sums)


def _slot(hour: Hour, x: float, width: float, scale: Scale) -> Slot:
    room = width - 2 * GAP
    taken = scale.stack((("good", hour.good), ("invalid", hour.invalid), ("error", hour.error)))
    out = scale.stack((("sent", hour.sent), ("failed", hour.failed)))
    middle = x + GAP + room * IN_PART
    return Slot(
        hour, round(x, 1), round(width, 1), Bar(round(x + GAP, 1), round(room * IN_PART - 0.6, 1), taken),
        Bar(round(middle, 1), round(room * (1 - IN_PART), 1), out), hour_label(hour.start),
    )  # fmt: skip


def hour_text(start: datetime) -> str:
    """Write the hour in Shanghai, `09:00`."""
    return start.astimezone(SHANGHAI).strftime("%H:00")


def hour_label(start: datetime) -> str:
    """Give what stands under an hour: every sixth one of Shanghai is named."""
    return hour_text(start) if start.astimezone(SHANGHAI).hour % 6 == 0 else ""
