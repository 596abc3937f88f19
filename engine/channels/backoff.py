"""Say when a failed delivery is tried again, and when it is given up."""

from __future__ import annotations

from datetime import datetime, timedelta

from engine.channels.language import Retry


def pause(retry: Retry, attempts: int, chance: float) -> timedelta:
    """Give the wait after the `attempts`-th failure (from 1): doubled each time, at most `retry.longest`.

    `chance` between 0 and 1 spreads it over its upper half, so that what failed together does not come back together.
    """
    full = min(retry.longest, retry.first * 2.0 ** min(max(attempts, 1) - 1, 40))
    return timedelta(seconds=full * (0.5 + 0.5 * chance))


def spent(retry: Retry, first_due: datetime, now: datetime) -> bool:
    """Tell whether the time that the route allows since `first_due` is over."""
    return now - first_due >= timedelta(seconds=retry.give_up)
