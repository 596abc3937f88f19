"""Prove that a status is visible at once: hospitals push 50 changes a second, a portal looks; and what is asked for comes in its interval."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.reports.asked import Found, ask_after
from bench.reports.changes import CHANGES_EACH, Change, Paper, changes, papers
from bench.reports.holding import bring, differences
from bench.reports.portal import Portal
from bench.reports.pushing import Pushers, Seen
from bench.reports.site import Site, open_site
from bench.store import fresh_database
from bench.telling import percentile, say

SIZE, RATE, LIMIT = 120.0, 50.0, 1.0
"""Seconds of pushes, pushes a second, seconds within which 99 of 100 must be visible."""

ASKED, SOONEST = 20, 5.0
"""Reports that are asked for, and the seconds from news to the first question."""

KEPT_UP = 0.95
"""The share of the rate that must be reached, else nothing is proved of it."""

_PORTAL_LINES = 48


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What one run is to do, and what it is held to."""

    seconds: float = SIZE
    rate: float = RATE
    limit: float = LIMIT
    asked: int = ASKED
    soonest: float = SOONEST
    kept_up: float = KEPT_UP


def main(terms: Terms | None = None) -> int:
    """Prove it on PostgreSQL, on SQLite where there is none; returns the exit code."""
    terms = terms or Terms()
    stores = list(fresh_database())
    name, url, drop = stores[-1]
    try:
        return int(not prove(name, url, terms))
    finally:
        drop()


def prove(name: str, url: str, terms: Terms) -> bool:
    """Run on one store; tells what was seen and whether it holds."""
    told = int(terms.seconds * terms.rate)
    held = papers(max(3, told // CHANGES_EACH))
    with tempfile.TemporaryDirectory() as folder, open_site(Path(folder), url, terms.soonest) as site:
        say(
            f"{name}: {told} changes of {len(held)} reports at {terms.rate:g}/s, by a schedule; {terms.asked} reports to be asked for"
        )
        pushed = changes(held, told)
        seen, wrong, found = asyncio.run(_run(site, held, pushed, terms))
    good = _report(seen, wrong, terms)
    return _report_asked(found, terms) and good


async def _run(site: Site, held: list[Paper], pushed: list[Change], terms: Terms) -> tuple[Seen, list[str], list[Found]]:
    portal = Portal(site.engine.services, _PORTAL_LINES)
    numbers = await bring(site, portal, held)
    seen = await Pushers(site, held, numbers, portal).run(pushed, terms.rate)
    wrong = await differences(portal, held, numbers, pushed)
    found = await ask_after(site, portal, terms.asked, terms.soonest)
    await portal.close()
    return seen, wrong, found


def _report(seen: Seen, wrong: list[str], terms: Terms) -> bool:
    say(
        f"  {len(seen.answered)} answered AA at {seen.rate:.1f}/s, sent {max(seen.late, default=0) * 1000:.0f} ms after their time at most"
    )
    for words, values in (
        ("pushed to AA", seen.answered), ("AA to visible", seen.after), ("due to visible", seen.whole)
    ):  # fmt: skip
        shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "worst": 1.0}
        told = ", ".join(f"{name} {percentile(values, share) * 1000:7.0f} ms" for name, share in shares.items())
        say(f"  {words:15} {told}")
    say(f"  errors {len(seen.errors)}; changes lost, doubled or standing wrong in the end {len(wrong)}")
    for line in [*seen.errors[:5], *wrong[:5]]:
        say(f"    {line}")
    kept_up = seen.rate >= terms.rate * terms.kept_up
    if not kept_up:
        say(f"  the machine did not keep up: {seen.rate:.1f}/s of {terms.rate:g}/s")
    good = kept_up and not seen.errors and not wrong and percentile(seen.whole, 0.99) < terms.limit
    say(f"  pushed: {'holds' if good else 'DOES NOT HOLD'} (99 of 100 visible within {terms.limit:g} s of their time)")
    return good


def _report_asked(found: list[Found], terms: Terms) -> bool:
    times = [one.seconds for one in found if one.seconds is not None]
    over = max((one.seconds - one.stated for one in found if one.seconds is not None), default=0.0)
    say(f"  asked for: {len(times)} of {len(found)} seen, worst {max(times, default=0):.1f} s after publication; "
        f"worst against the stated interval (the larger of {terms.soonest:g} s and the age of the news) {over:+.1f} s")  # fmt: skip
    good = bool(found) and all(one.good for one in found)
    say(f"  asked for: {'holds' if good else 'DOES NOT HOLD'}")
    return good


if __name__ == "__main__":
    raise SystemExit(main(Terms(seconds=float(sys.argv[1])) if len(sys.argv) > 1 else None))
