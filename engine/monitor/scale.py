"""Measure out stacked bars over a grid with round numbers, in the units of a drawing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of a bar: its kind, its top edge and its height."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the grid with the number it stands for."""

    y: float
    value: int


@dataclass(frozen=True, slots=True)
class Scale:
    """Where values stand: 0 at `base`, the highest line of the grid at `ceiling` (both counted from the top)."""

    peak: int
    ceiling: float
    base: float

    @property
    def step(self) -> int:
        """The distance of the lines of the grid."""
        return round_step(self.peak)

    @property
    def top(self) -> int:
        """The value of the highest line."""
        return max(self.step * -(-self.peak // self.step), self.step)

    def lines(self) -> tuple[Line, ...]:
        """Give the lines of the grid, from 0 up."""
        return tuple(Line(self.y(value), value) for value in range(0, self.top + 1, self.step))

    def stack(self, counts: Iterable[tuple[str, int]]) -> tuple[Piece, ...]:
        """Stack the parts of a bar from the base up; one that is not nothing is at least one unit high."""
        parts = tuple(counts)
        edges = [0]
        for _, count in parts:
            edges.append(edges[-1] + count)
        return tuple(
            Piece(kind, self.y(high), round(max(self.y(low) - self.y(high), 1.0), 1))
            for (kind, count), (low, high) in zip(parts, pairwise(edges), strict=True)
            if count
        )

    def y(self, value: int) -> float:
        """Tell where a value stands."""
        return round(self.base - (self.base - self.ceiling) * value / self.top, 1)


def round_step(peak: int) -> int:
    """Choose the step of a grid: 1, 2, 2.5 or 5 times a power of ten that gives at most five lines above the base."""
    power = 1
    while True:
        for tenths in (10, 20, 25, 50):
            step, odd = divmod(tenths * power, 10)
            if not odd and step * 5 >= peak:
                return step
        power *= 10
