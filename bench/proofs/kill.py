"""Prove that no kill loses anything: SIGKILL at random under load, then the clients' ledgers of receipts against the store."""

from __future__ import annotations

import os
import random
import secrets
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from bench.kill.holding import Held, look
from bench.kill.site import Site, open_site
from bench.kill.strikes import Strike, Striker
from bench.store import fresh_database, unsent
from bench.telling import say
from engine.store.database import Database, default_url

SIZE = 300
"""Kills in all, half of them on each store."""

SENDERS, PACE = 3, 0.2
"""Senders of each of four hospitals, and their mean pause between two messages in seconds."""

PAUSE = 2.0
"""Mean seconds of undisturbed load between the return of the engine and the next strike."""

_EVERY = 25
_DRAIN = 600.0


def main(size: int = SIZE, *, seed: int | None = None, only: str = "", pause: float = PAUSE, pace: float = PACE) -> int:
    """Prove it on SQLite and PostgreSQL; returns the exit code."""
    drawn = secrets.randbelow(10**6) if seed is None else seed
    say(f"seed {drawn}: give it again by SEED={drawn}")
    good = True
    strikes = size if only else size // 2
    for name, url, drop in fresh_database():
        try:
            if only in ("", name):
                good = prove(name, url, strikes, seed=drawn, pause=pause, pace=pace) and good
        finally:
            drop()
    return int(not good)


def prove(name: str, url: str, strikes: int, *, seed: int, pause: float, pace: float) -> bool:
    """Run on one store; tells what was seen and whether it holds."""
    with tempfile.TemporaryDirectory() as folder, open_site(Path(folder), url, senders=SENDERS, pace=pace, seed=seed) as site:
        say(f"{name}: {strikes} strikes at an engine that {len(site.clients)} hospitals with {SENDERS} systems each send to")
        started = time.monotonic()
        struck = _storm(site, strikes, seed, pause)
        tally = site.finish()
        spent = time.monotonic() - started
        drained = _drain(site)
        said = site.engine.command("check", "--store", *site.engine.extra[:2]).strip()
        with closing(Database(url or default_url(site.engine.data), pool=1)) as database:
            lines = site.lines()
            held = look(database, lines, site.receiver.arrivals())
    _tell_strikes(struck)
    say(
        f"  {spent:.0f} s; {held.acknowledged} messages acknowledged ({held.acknowledged / spent:.0f}/s); no answer {tally['unanswered']}, "
        f"asked to come again {tally['try again']}, answered after repeating {tally['repeated']}, given up unanswered {tally['given up']}, "
        f"never answered {tally['never answered']}, answered oddly {tally['odd']}"
    )
    for line in [line for line in lines if line["said"] == "odd"][:5]:
        say(f"    {line['kind']} {line['number']}: {line['words']}")
    say(f"  drained {f'{drained:.0f} s after the last' if drained is not None else 'NOT'}; check --store: {said}")
    good = _tell_held(held) and drained is not None and said == "every message is in exactly one state"
    good = good and all(one.seconds is not None for one in struck) and not tally["odd"] and not tally["never answered"]
    say(f"  {'holds' if good else 'DOES NOT HOLD'}")
    return good


def _storm(site: Site, strikes: int, seed: int, pause: float) -> list[Strike]:
    dice, striker = random.Random(seed + 1), Striker(site.engine, seed)
    struck: list[Strike] = []
    while len(struck) < strikes:
        time.sleep(dice.expovariate(1 / pause))
        struck.append(striker.strike())
        if struck[-1].seconds is None:
            break
        if len(struck) % _EVERY == 0:
            say(
                f"  {len(struck)} strikes, {len(site.lines())} answers noted, {unsent(site.engine.database, site.engine.data)} waiting"
            )
    return struck


def _drain(site: Site) -> float | None:
    """Wait until nothing waits to be delivered; gives the seconds that it took, None when it did not."""
    began = time.monotonic()
    while time.monotonic() - began < _DRAIN:
        if not unsent(site.engine.database, site.engine.data):
            return time.monotonic() - began
        time.sleep(0.2)
    return None


def _tell_strikes(struck: Sequence[Strike]) -> None:
    by_kind: defaultdict[str, list[float]] = defaultdict(list)
    for one in struck:
        by_kind[one.kind].append(float("inf") if one.seconds is None else one.seconds)
    for kind, seconds in sorted(by_kind.items()):
        ordered = sorted(seconds)
        middle, slow = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
        say(
            f"  {kind:10} {len(ordered):4} times, ready again after {middle:5.1f} s p50, {slow:5.1f} s p95, {ordered[-1]:5.1f} s at most"
        )


def _tell_held(held: Held) -> bool:
    states = Counter(held.messages)
    say("  messages: " + ", ".join(f"{state} {number}" for state, number in sorted(states.items())))
    say(
        f"  acknowledged and lost {len(held.lost)}, doubled {len(held.doubled)}, undelivered {len(held.undelivered)}, sums that differ "
        f"{len(held.sums)}; {held.order.first} reports arrived, {held.order.repeated} repeats under the same id, out of order {len(held.order.wrong)}"
    )
    for line in held.wrong[:20]:
        say(f"    {line}")
    return not held.wrong


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else SIZE
    given = os.environ.get("SEED", "")
    raise SystemExit(main(asked, seed=int(given) if given else None, only=sys.argv[2] if len(sys.argv) > 2 else ""))
