"""Turn what was counted along a route into the figures that a page shows: counts, shares, percentiles, rate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engine.monitor.chart import Hour
from engine.monitor.overview import ENDS
from engine.store.routecounts import SLOT, RouteKey, seconds_of, slot_of, start_of

CODES = 6
"""Codes of errors that are listed."""

POINTS = 12
"""Slots of the small curve: an hour."""

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Times:
    """How long it took, in seconds: half were quicker than `p50`, 95 of 100 than `p95`, 99 of 100 than `p99`; right within a fifth."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What came along a route in a span of time.

    `states` counts messages by the state in which they were filed; `codes` are the errors, the most frequent first. `answered` is the time from
    receipt to commit, `delivered` from receipt to arrival, None where there was none.
    """

    states: Mapping[str, int] = field(default_factory=dict)
    codes: tuple[tuple[str, int], ...] = ()
    answered: Times | None = None
    sent: int = 0
    dead: int = 0
    delivered: Times | None = None

    @property
    def taken(self) -> int:
        """All messages."""
        return sum(self.states.values())

    @property
    def errors(self) -> int:
        """Messages that were refused or held for an error."""
        return self.states.get("INVALID", 0) + self.states.get("ERROR", 0)

    @property
    def share(self) -> float:
        """The part of the messages that were refused or held, 0 to 1."""
        return self.errors / self.taken if self.taken else 0.0


def figures_of(counted: Mapping[RouteKey, int]) -> Mapping[str, Figures]:
    """Give the figures of each route in what was counted."""
    by_route: dict[str, list[tuple[RouteKey, int]]] = {}
    for key, number in counted.items():
        by_route.setdefault(key.route, []).append((key, number))
    return {route: _figures(found) for route, found in by_route.items()}


def _figures(found: Iterable[tuple[RouteKey, int]]) -> Figures:
    states, codes, answered, ends, delivered = (Counter[str](), Counter[str](), Counter[int](), Counter[str](), Counter[int]())
    for key, number in found:
        if key.state in ENDS:
            states[key.state] += number
            answered[key.bucket] += number
            codes[key.name] += number if key.state in ("INVALID", "ERROR") else 0
        else:
            ends[key.state] += number
            delivered[key.bucket] += number if key.state == "SENT" else 0
    return Figures(
        states=states, codes=tuple((code, number) for code, number in codes.most_common(CODES) if number),
        answered=times_of(answered), sent=ends["SENT"], dead=ends["DEAD"], delivered=times_of(delivered),
    )  # fmt: skip


def times_of(buckets: Mapping[int, int]) -> Times | None:
    """Give the percentiles of times that were counted in buckets; None when there is nothing."""
    total = sum(buckets.values())
    return Times(*(_percentile(buckets, total, part) for part in (0.50, 0.95, 0.99))) if total else None


def _percentile(buckets: Mapping[int, int], total: int, part: float) -> float:
    """Find the time within which so great a part lies, taking those of one bucket as spread evenly over it."""
    wanted, seen = total * part, 0
    for bucket in sorted(bucket for bucket, number in buckets.items() if number):
        if seen + buckets[bucket] >= wanted:
            low = seconds_of(bucket - 1) if bucket else 0.0
            return low + (seconds_of(bucket) - low) * (wanted - seen) / buckets[bucket]
        seen += buckets[bucket]
    raise AssertionError("unreachable: all of them are seen at the end")


def arrivals_of(counted: Mapping[RouteKey, int]) -> Mapping[tuple[int, str], int]:
    """Count the messages in what was counted by slot and route."""
    found = Counter[tuple[int, str]]()
    for key, number in counted.items():
        if key.state in ENDS:
            found[key.slot, key.route] += number
    return found


def curves_of(arrivals: Mapping[tuple[int, str], int], now: datetime) -> Mapping[str, tuple[int, ...]]:
    """Lay the messages of each route in a row, slot by slot over the last hour; the last slot is the one that runs."""
    first = slot_of(now) - POINTS + 1
    curves: dict[str, list[int]] = {}
    for (slot, route), number in arrivals.items():
        if 0 <= slot - first < POINTS:
            curves.setdefault(route, [0] * POINTS)[slot - first] += number
    return {route: tuple(curve) for route, curve in curves.items()}


def rate_of(curve: tuple[int, ...], now: datetime) -> float:
    """Give messages a minute, over the slot that runs and the one before it."""
    minutes = (now - start_of(slot_of(now)) + SLOT) / timedelta(minutes=1)
    return sum(curve[-2:]) / minutes


def hours_of(counted: Mapping[RouteKey, int], first: datetime, hours: int) -> tuple[Hour, ...]:
    """Count the messages of one route, and its deliveries that ended, hour by hour; `first` is the start of the first hour."""
    found: dict[datetime, Counter[str]] = {first + number * _HOUR: Counter() for number in range(hours)}
    for key, number in counted.items():
        start = start_of(key.slot).replace(minute=0, second=0, microsecond=0)
        if start in found:
            found[start][key.state] += number
    return tuple(
        Hour(
            start=start, good=sum(states[end] for end in ENDS if end not in ("INVALID", "ERROR")), invalid=states["INVALID"],
            error=states["ERROR"], sent=states["SENT"], failed=states["DEAD"],
        )
        for start, states in found.items()
    )  # fmt: skip
