"""Prove that the registers lose nothing: 20 systems of four hospitals at once register, update, merge, send visits and orders."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from bench.registers.holding import Held, look
from bench.registers.senders import Tally, rush
from bench.registers.site import open_engines
from bench.store import fresh_database
from bench.telling import percentile, say
from engine.store.database import Database, default_url

SIZE, SENDERS = 120.0, 20
"""Seconds on each store, and senders at once."""


def main(size: float = SIZE, *, senders: int = SENDERS, only: str = "") -> int:
    """Prove it with two engines on PostgreSQL and one on SQLite; returns the exit code."""
    good = True
    for name, url, drop in fresh_database():
        try:
            if only in ("", name):
                good = prove(name, url, size, senders) and good
        finally:
            drop()
    return int(not good)


def prove(name: str, url: str, seconds: float, senders: int) -> bool:
    """Run on one store; tells what was seen and whether it holds."""
    engines = 2 if url else 1
    with tempfile.TemporaryDirectory() as folder, open_engines(Path(folder), url, engines) as running:
        say(f"{name}: {senders} senders for {seconds:g} s, {engines} engine(s)")
        tally, started = Tally(), time.monotonic()
        asyncio.run(rush([engine.services for engine in running], senders, seconds, tally))
        spent = time.monotonic() - started
        with closing(Database(url or default_url(Path(folder) / "engine-0"), pool=2)) as database:
            held = look(database, tally)
    return _report(tally, held, spent)


def _report(tally: Tally, held: Held, spent: float) -> bool:
    middle, slow = percentile(tally.latencies, 0.5), percentile(tally.latencies, 0.99)
    say(
        f"  {len(tally.accepted)} messages accepted in {spent:.0f} s ({len(tally.accepted) / spent:.0f}/s), {tally.repeated} of them sent twice at once, "
        f"{tally.queries} queries; {middle:.0f} ms median, {slow:.0f} ms at the 99th percentile"
    )
    say(f"  asked to come again: {sum(tally.again.values())}; deadlocks that PostgreSQL resolved: {held.deadlocks}")
    say(f"  journal: {', '.join(f'{state} {number}' for state, number in sorted(held.messages.items()))}; entries {held.entries}, "
        f"versions before them {held.versions}, merges {held.merges}")  # fmt: skip
    wrong = [*held.wrong, *tally.odd, *(f"{key} {said}" for key, said in tally.refused.items())]
    say(
        f"  refused {len(tally.refused)}, done twice or answered oddly {len(tally.odd)}, differences between answers, journal and registers {len(held.wrong)}"
    )
    for line in [*wrong[:10], *(f"came again: {words}" for words in list(tally.again)[:3])]:
        say(f"    {line}")
    good = not wrong and len(tally.accepted) > 0 and held.merges > 0
    say(f"  {'holds' if good else 'DOES NOT HOLD'}")
    return good


if __name__ == "__main__":
    raise SystemExit(main(float(sys.argv[1]) if len(sys.argv) > 1 else SIZE))
