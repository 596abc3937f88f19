"""Hold what arrived at a destination to the order of its keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bench.receiver import Arrival


@dataclass(slots=True)
class Order:
    """What came of the look: messages with a key, repeats of one that had come, and a line for each that came out of its turn."""

    first: int = 0
    repeated: int = 0
    wrong: list[str] = field(default_factory=list)


def look_at_order(arrivals: Iterable[Arrival], places: Mapping[str, tuple[str, float, float]]) -> Order:
    """Compare the arrivals, in their order, with what each receipt's place was: its key, and from when to when it was sent in.

    Of two messages of a key, one that had its receipt before the other was sent at all comes first, and never again after it. What was
    sent in at once has no order. Times are seconds of one clock. A receipt without a place is not looked at.
    """
    order, seen = Order(), set()
    latest: dict[str, tuple[float, str]] = {}
    for one in arrivals:
        if one.receipt not in places:
            continue
        key, sent, answered = places[one.receipt]
        order.repeated += one.receipt in seen
        order.first += one.receipt not in seen
        after, which = latest.get(key, (float("-inf"), ""))
        if answered < after:
            words = "again after" if one.receipt in seen else "after"
            order.wrong.append(f"{one.receipt} came {words} {which}, which was sent when it had its receipt")
        seen.add(one.receipt)
        latest[key] = max((after, which), (sent, one.receipt))
    return order
