"""Tell a measurement line by line, each at once, and what most of its values stay under."""

from __future__ import annotations

import sys
from collections.abc import Iterable


def say(words: str) -> None:
    """Print a line at once."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def percentile(values: Iterable[float], share: float) -> float:
    """Give what `share` of the values stay under, from 0 to 1; 0 when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
