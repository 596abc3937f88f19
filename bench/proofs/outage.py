"""Prove that a destination that was down loses nothing: order kept, others undisturbed, drained at four fifths of the steady rate."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from bench.backlog import fill
from bench.outage.holding import Held, look, sums, waiting
from bench.outage.live import Live
from bench.outage.site import DEADLINE, DOWN, HOSPITAL, OTHER, Site, open_site
from bench.papers import REPORT, templates
from bench.receiver import Arrival, Mood
from bench.store import fresh_database
from bench.telling import say
from engine.store.database import Database, default_url

SIZE = 20_000
WAYS: tuple[Mood, ...] = ("refuse", "hang", "503")
"""The ways of being down, each for a third of the time: nobody listens, no answer comes, and HTTP 503."""

_LONGEST_LOOK_AWAY = 30.0
"""Seconds between two probes at most (engine/breaker.py): so long after its return a destination may get nothing."""

_SLACK = 5.0
_PATIENCE = 1800.0
_RESIDENTS = 20
_STEADY = 0.2
"""The share of the backlog by which the steady rate is measured before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What one run is to do and what it is held to: seconds of outage, live reports a second, messages that share a key."""

    size: int = SIZE
    seconds: float = 300.0
    calm: float = 30.0
    rate: float = 5.0
    each_key: int = 10
    share: float = 0.8
    slower: float = 2.0
    least: float = 1.0


@dataclass(slots=True)
class Seen:
    """The moments of one run (monotonic seconds), and figures."""

    calm: tuple[float, float] = (0.0, 0.0)
    down: tuple[float, float] = (0.0, 0.0)
    drained: float = 0.0
    steady: float = 0.0
    waiting: int = 0
    taken_when_hung: int = 0
    wrong: list[str] = field(default_factory=list)


def main(terms: Terms | None = None, *, only: str = "") -> int:
    """Prove it on SQLite and PostgreSQL; returns the exit code."""
    good = True
    for name, url, drop in fresh_database():
        try:
            if only in ("", name):
                good = prove(name, url, terms or Terms()) and good
        finally:
            drop()
    return int(not good)


def prove(name: str, url: str, terms: Terms) -> bool:
    """Run on one store; tells what was seen and whether it holds."""
    say(f"{name}: {terms.size} waiting in {terms.size // terms.each_key} keys, down for {terms.seconds:g} s ({', '.join(WAYS)} in turn), {terms.rate:g} reports a "
        f"second to both destinations all the time")  # fmt: skip
    with (
        tempfile.TemporaryDirectory() as folder,
        open_site(Path(folder), url) as site,
        closing(Database(url or default_url(site.engine.data), pool=1)) as database,
    ):
        with Live(site.engine.services, HOSPITAL, templates(REPORT, _RESIDENTS), terms.rate) as live:
            seen = _run(site, database, terms)
        _until(lambda: not waiting(database, DOWN) + waiting(database, OTHER))
        arrived = {DOWN: site.down.arrivals(), OTHER: site.other.arrivals()}
        held = {destination: look(database, destination, arrivals) for destination, arrivals in arrived.items()}
        seen.wrong += [*live.odd, *sums(database)]
    good = _tell_drain(seen, arrived[DOWN], terms)
    good = _tell_others(seen, live.sent, arrived[OTHER], terms) and good
    good = _tell_held(held, seen.wrong) and good
    say(f"  {'holds' if good else 'DOES NOT HOLD'}")
    return good


def _run(site: Site, database: Database, terms: Terms) -> Seen:
    """Be calm, measure the steady rate, be down in each way while the backlog comes in, and be back until all is drained."""
    seen = Seen()
    _until(lambda: len(site.other.arrivals()) > terms.rate)
    seen.calm = (time.monotonic(), time.monotonic() + terms.calm)
    time.sleep(terms.calm)
    seen.steady = _steady(site, database, terms)
    began = time.monotonic()
    for way in WAYS:
        site.down.be(way)
        if way == WAYS[0]:
            fill(site.engine, HOSPITAL, DOWN, terms.size, keys=terms.size // terms.each_key)
        time.sleep(max(0.0, began + terms.seconds / len(WAYS) * (WAYS.index(way) + 1) - time.monotonic()))
    seen.waiting = waiting(database, DOWN)
    seen.taken_when_hung = sum(one.at > began for one in site.down.arrivals())
    site.down.be("answer")
    seen.down = (began, time.monotonic())
    _until(lambda: waiting(database, DOWN) <= terms.rate)
    seen.drained = time.monotonic()
    return seen


def _steady(site: Site, database: Database, terms: Terms) -> float:
    """Give the rate at which messages go out while many wait and nothing is in the way."""
    number = max(1, int(terms.size * _STEADY))
    fill(site.engine, HOSPITAL, DOWN, number, keys=max(1, number // terms.each_key))
    began, left = time.monotonic(), waiting(database, DOWN)
    _until(lambda: waiting(database, DOWN) <= terms.rate)
    ended = time.monotonic()
    if left < number / 4:
        say(f"  only {left} of {number} were left when all were filed: the steady rate is measured by those")
    return sum(began <= one.at <= ended for one in site.down.arrivals()) / (ended - began)


def _until(sure: Callable[[], object]) -> None:
    end = time.monotonic() + _PATIENCE
    while not sure():
        if time.monotonic() > end:
            raise AssertionError("it did not become so in time")
        time.sleep(0.25)


def _tell_drain(seen: Seen, arrivals: Sequence[Arrival], terms: Terms) -> bool:
    back = seen.down[1]
    after = sorted(one.at for one in arrivals if back <= one.at <= seen.drained)
    first = (after[0] if after else seen.drained) - back
    rate = len(after) / max(seen.drained - back - first, 0.001)
    good = rate >= seen.steady * terms.share and first <= _LONGEST_LOOK_AWAY + DEADLINE + _SLACK
    say(
        f"  {seen.waiting} waiting when it came back, {seen.taken_when_hung} taken while it hung; first again after {first:.1f} s, then {len(after)} in "
        f"{seen.drained - back - first:.0f} s: {rate:.0f}/s against {seen.steady:.0f}/s before ({rate / max(seen.steady, 0.001):.0%}, "
        f"{terms.share:.0%} wanted)"
    )
    return good


def _tell_others(seen: Seen, sent: Mapping[str, float], arrivals: Sequence[Arrival], terms: Terms) -> bool:
    came: dict[str, float] = {}
    for one in arrivals:
        came.setdefault(one.receipt, one.at)
    slow = {}
    for words, (since, until) in (("before", seen.calm), ("during", seen.down), ("after", (seen.down[1], seen.drained))):
        seconds = sorted(came[receipt] - at for receipt, at in sent.items() if since <= at < until and receipt in came)
        slow[words] = _at(seconds, 0.95)
        say(
            f"  the other destination {words:6} the outage: {len(seconds) / max(until - since, 0.001):5.1f}/s, sent to arrived "
            f"p50 {_at(seconds, 0.5):5.2f} s, p95 {slow[words]:5.2f} s, p99 {_at(seconds, 0.99):5.2f} s"
        )
    return slow["during"] <= max(slow["before"] * terms.slower, terms.least)


def _tell_held(held: Mapping[str, Held], wrong: Sequence[str]) -> bool:
    for destination, one in held.items():
        say(
            f"  {destination:8} {one.order.first} arrived, {one.order.repeated} repeats under the same id, out of order {len(one.order.wrong)}, "
            f"lost {len(one.lost)}"
        )
    lines = [*wrong, *(line for one in held.values() for line in (*one.lost, *one.order.wrong))]
    for line in lines[:20]:
        say(f"    {line}")
    return not lines


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else SIZE
    raise SystemExit(main(Terms(size=asked), only=sys.argv[2] if len(sys.argv) > 2 else ""))
