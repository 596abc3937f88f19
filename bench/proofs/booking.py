"""Prove that no seat is sold twice and none is lost: many clients, two engines on one store, hospitals that do not always answer."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

import sqlalchemy as sa

from bench.booking.clients import RIVALS, Place, Tally, rush
from bench.booking.holding import Look, Missing, look, reconcile, unsettled
from bench.booking.site import HOSPITALS, Site, open_site, time_outs
from bench.store import fresh_database
from bench.telling import say
from engine.services.appointments.tables import slot
from engine.store.database import Database, default_url

SIZE, CLIENTS, SHARE = 200_000, 200, 0.05
_EVERY = 5.0
_PATIENCE = 600.0
_PULLED = 180.0
"""Seconds after which a slot has surely been asked for again: slots are pulled every 20 s, by engines that are as busy as can be."""


@dataclass
class Watch:
    """Look at the whole pool again and again while others book; keeps every look, and follows the seats that are missing."""

    database: Database
    every: float
    books: Callable[[], Mapping[str, Mapping[str, Any]]]
    looks: list[Look] = field(default_factory=list)
    missing: Missing = field(default_factory=Missing)

    def __post_init__(self) -> None:
        self._stop = Event()
        self._thread = Thread(target=self._run, name="watch")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self.every):
            self.take()

    def take(self) -> Look:
        """Look once; the hospitals' own books are read only when seats are missing."""
        at, found = time.monotonic(), look(self.database)
        self.missing.note(found, self.books() if found.short else {}, self.database, at)
        self.looks.append(found)
        return found


def main(size: int = SIZE, *, clients: int = CLIENTS, share: float = SHARE, only: str = "", every: float = _EVERY) -> int:
    """Prove it with two engines on PostgreSQL, or one on SQLite; returns the exit code."""
    good = True
    for name, url, drop in fresh_database():
        try:
            if only in ("", name) and (only or url):
                good = prove(name, url, size, clients=clients, share=share, every=every) and good
        finally:
            drop()
    return int(not good)


def prove(name: str, url: str, size: int, *, clients: int, share: float, every: float) -> bool:
    """Run on one store; tells what was seen and whether it holds."""
    engines = 2 if url else 1
    with (
        tempfile.TemporaryDirectory() as folder,
        open_site(Path(folder), url, max(size // RIVALS, len(HOSPITALS)), engines=engines) as site,
        closing(Database(url or default_url(Path(folder) / "engine-0"), pool=2)) as database,
    ):
        places = _fetched(database, site, max(size // RIVALS, len(HOSPITALS)))
        say(f"{name}: {size} attempts on {len(places)} places at {len(site.hospitals)} hospitals, {clients} clients, {engines} engine(s), "
            f"{share:.0%} of the hospitals' answers never come")  # fmt: skip
        for hospital in site.hospitals:
            hospital.fault(time_outs(share))
        tally, started = Tally(), time.monotonic()
        with Watch(database, every, lambda: {each.wanted.code: each.book() for each in site.hospitals}) as watch:
            asyncio.run(rush(site, places, size, clients, tally))
            spent = time.monotonic() - started
            struck = sum(sum(hospital.fault()["struck"].values()) for hospital in site.hospitals)
            settled = _wait(lambda: unsettled(database) == 0) and _wait(
                lambda: not (seen := look(database)).waiting and not seen.short
            )
        watch.take()
        differences = [line for hospital in site.hospitals for line in reconcile(database, hospital.wanted.code, hospital.book())]
    return _report(tally, spent, struck, settled, watch, differences)


def _fetched(database: Database, site: Site, wanted: int) -> list[Place]:
    """Wait until both hospitals' pools are fetched; give the same share of places of each."""
    each = -(-wanted // len(site.hospitals))

    def slots(code: str) -> list[str]:
        query = (
            sa.select(slot.c.slot).where(slot.c.institution == code, slot.c.free > 0).order_by(slot.c.date.desc(), slot.c.slot)
        )
        with database.read() as connection:
            return list(connection.execute(query.limit(each)).scalars())

    codes = [hospital.wanted.code for hospital in site.hospitals]
    if not _wait(lambda: all(len(slots(code)) == each for code in codes)):
        raise AssertionError(f"the pools were not fetched: {[len(slots(code)) for code in codes]} of {each} each")
    return [(code, name) for code in codes for name in slots(code)]


def _wait(done: Callable[[], bool]) -> bool:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if done():
            return True
        time.sleep(0.25)
    return False


def _report(tally: Tally, spent: float, struck: int, settled: bool, watch: Watch, differences: list[str]) -> bool:  # noqa: FBT001 - one of the facts
    looks, missing = watch.looks, watch.missing
    last = looks[-1]
    say(
        f"  {tally.attempts} attempts in {spent:.0f} s ({tally.attempts / spent:.0f}/s), {struck} answers withheld, {tally.repeated} wishes sent to both engines at once"
    )
    say("  orders by state: " + ", ".join(f"{state} {number}" for state, number in sorted(last.orders.items())))
    for words, number in sorted(tally.codes.items()):
        say(f"    {words:36} {number}")
    say(f"  {len(looks)} looks at {last.slots} slots: oversold {sum(one.oversold for one in looks)}, above the total {sum(one.above for one in looks)}, "
        f"counts unlike orders {sum(len(one.differences) for one in looks)}; "
        f"with seats in doubt until an answer comes: {max(one.waiting for one in looks)} at most, {last.waiting} at the end")  # fmt: skip
    say(f"  seats missing in {missing.looks} looks: {missing.theirs} that their hospital alone called taken, for {missing.longest:.0f} s at most any other "
        f"(until the next pull, bound {_PULLED:.0f} s); {len(last.short)} at the end")  # fmt: skip
    say(
        f"  everything answered in the end: {'yes' if settled else 'NO'}; reconciliation with the hospitals' own books: {len(differences)} differences"
    )
    for line in [
        *tally.odd[:5],
        *differences[:5],
        *[words for one in looks for words in (*one.differences, *one.examples)][:5],
        *missing.evidence,
    ]:
        say(f"    {line}")
    back = missing.longest <= _PULLED and not last.short
    good = settled and back and not differences and not tally.odd and all(one.good for one in looks) and not last.waiting
    say(f"  {'holds' if good else 'DOES NOT HOLD'}")
    return good


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else SIZE))
