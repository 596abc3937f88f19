"""Lay out lines over the last hours, in the units of their drawing: what waited, and how long deliveries took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.monitor.chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Hour, hour_label
from engine.monitor.scale import Line, Scale
from engine.store.backlog import Backlog
from engine.store.latency import bucket_of

STEP = timedelta(minutes=10)
"""The distance of two points of what waited."""

Point = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class Curve:
    """One unbroken piece of a line, as the points of a polyline."""

    kind: str
    points: str


@dataclass(frozen=True, slots=True)
class Curves:
    """The whole drawing; `latest` is the last value of each kind, `labels` stand under the hours they name."""

    curves: tuple[Curve, ...]
    lines: tuple[Line, ...]
    labels: tuple[tuple[float, str], ...]
    latest: Mapping[str, int]
    peak: int
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    base: float = HEIGHT - BOTTOM


def draw_backlog(hours: Sequence[Hour], backlog: Sequence[Backlog]) -> Curves:
    """Lay out what waited in each lane and what was dead in both."""
    kinds: dict[str, list[Point]] = {"live": [], "history": []}
    dead: dict[datetime, int] = {}
    for one in backlog:
        kinds.setdefault(one.lane, []).append((one.start, one.waiting))
        dead[one.start] = dead.get(one.start, 0) + one.dead
    return _draw(hours, {**kinds, "dead": sorted(dead.items())}, STEP * 2)


def draw_latency(hours: Sequence[Hour]) -> Curves:
    """Lay out the classes of how long deliveries took; the values are places of classes (`engine.store.latency`)."""
    kinds = {
        name: [
            (hour.start + timedelta(minutes=30), bucket_of(value)) for hour in hours if (value := getattr(hour, name)) is not None
        ]
        for name in ("p95", "p50")
    }
    return _draw(hours, kinds, timedelta(hours=1))


def _draw(hours: Sequence[Hour], kinds: Mapping[str, Sequence[Point]], reach: timedelta) -> Curves:
    """Lay out lines that break where two points are further apart than `reach`."""
    peak = max((value for points in kinds.values() for _, value in points), default=0)
    scale = Scale(peak, TOP, HEIGHT - BOTTOM)
    slot = (WIDTH - LEFT - RIGHT) / max(len(hours), 1)
    labels = tuple(
        (round(LEFT + (number + 0.5) * slot, 1), label) for number, hour in enumerate(hours) if (label := hour_label(hour.start))
    )
    latest = {kind: points[-1][1] for kind, points in kinds.items() if points}
    curves: list[Curve] = []
    if hours:
        first = hours[0].start
        for kind, points in kinds.items():
            for piece in _pieces(points, reach):
                at = [f"{LEFT + (moment - first) / timedelta(hours=1) * slot:.1f},{scale.y(value)}" for moment, value in piece]
                # A line to itself is a dot.
                curves.append(Curve(kind, " ".join(at if len(at) > 1 else at * 2)))
    return Curves(tuple(curves), scale.lines(), labels, latest, peak)


def _pieces(points: Sequence[Point], reach: timedelta) -> list[list[Point]]:
    pieces: list[list[Point]] = []
    for point in points:
        if not pieces or point[0] - pieces[-1][-1][0] > reach:
            pieces.append([])
        pieces[-1].append(point)
    return pieces
