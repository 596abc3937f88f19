"""Lay out the line of an indicator over its periods, in the units of its drawing; where nothing was reported the line is broken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor

from engine.monitor.scale import Line, round_step
from engine.services.indicators import Grid
from engine.services.operations import Period

WIDTH, HEIGHT = 1080.0, 250.0
LEFT, RIGHT, TOP, BOTTOM = 76.0, 18.0, 14.0, 28.0
LABELS = 13
"""Labels under the line at most."""


@dataclass(frozen=True, slots=True)
class Point:
    """One period: where it stands (`y` is None without a figure), what was stated and by how many, the label when it has one."""

    period: Period
    x: float
    y: float | None
    value: Decimal | None
    stated: int
    whole: bool
    label: str


@dataclass(frozen=True, slots=True)
class Trend:
    """The whole drawing; `strokes` are the unbroken pieces of the line as points of an SVG polyline."""

    points: tuple[Point, ...]
    strokes: tuple[str, ...]
    lines: tuple[Line, ...]
    slot: float
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    base: float = HEIGHT - BOTTOM


def draw_trend(grid: Grid) -> Trend:
    """Lay out a point for each period over a grid with round numbers that holds 0 and every value."""
    totals = [grid.total(one) for one in grid.periods]
    low, high = _ends([value for value in totals if value is not None])
    step = round_step(max(high - low, 1))
    bottom, top = step * floor(low / step), step * max(ceil(high / step), 1)

    def place(value: Decimal | int) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * float(value - bottom) / (top - bottom), 1)

    slot = (WIDTH - LEFT - RIGHT) / max(len(grid.periods), 1)
    each = ceil(len(grid.periods) / LABELS) or 1
    points = tuple(
        Point(
            period=period, x=round(LEFT + (number + 0.5) * slot, 1), y=None if value is None else place(value), value=value,
            stated=grid.stated(period), whole=grid.stated(period) == len(grid.institutions),
            label=_label(period) if (len(grid.periods) - 1 - number) % each == 0 else "",
        )
        for number, (period, value) in enumerate(zip(grid.periods, totals, strict=True))
    )  # fmt: skip
    lines = tuple(Line(place(value), value) for value in range(bottom, top + 1, step))
    return Trend(points, tuple(_strokes(points)), lines, round(slot, 1))


def period_text(period: Period) -> str:
    """Write a period as short as it can be told: `2026-05-31`, `2026-05` or `2026`."""
    return period.first.isoformat()[: {"day": 10, "month": 7, "year": 4}[period.kind]]


def _label(period: Period) -> str:
    return period_text(period)[5:] if period.kind == "day" else period_text(period)


def _ends(values: Sequence[Decimal]) -> tuple[int, int]:
    return min(floor(min(values, default=Decimal(0))), 0), max(ceil(max(values, default=Decimal(0))), 0)


def _strokes(points: Sequence[Point]) -> Iterator[str]:
    piece: list[str] = []
    for one in points:
        if one.y is not None:
            piece.append(f"{one.x},{one.y}")
            continue
        if len(piece) > 1:
            yield " ".join(piece)
        piece = []
    if len(piece) > 1:
        yield " ".join(piece)
