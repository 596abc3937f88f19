"""Count how long things took in classes, and tell within which time so many of a hundred were over."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

BUCKETS = (
    0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0,
)  # fmt: skip
"""Upper bounds of the classes in seconds; a class is kept by its place, so new bounds only come at the end."""


def bucket_of(seconds: float) -> int:
    """Give the place of the class in which a time lies; the place after the last is for all that took longer."""
    return bisect_left(BUCKETS, seconds)


def percentile(numbers: Mapping[int, int], part: float) -> float | None:
    """Give the upper bound in seconds of the class in which this part of 1 is reached; None when nothing was counted."""
    seen, wanted = 0, part * sum(numbers.values())
    for bucket in sorted(numbers):
        seen += numbers[bucket]
        if seen >= wanted and seen:
            return BUCKETS[min(bucket, len(BUCKETS) - 1)]
    return None
