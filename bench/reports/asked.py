"""Let a hospital publish reports without a word, and measure until the portal has their contents, which the platform must ask for."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass

from bench.registers.senders import identity_of
from bench.reports.portal import Portal
from bench.reports.site import Site
from engine.simulator import control

_LOOK = 0.1
"""Seconds between two looks of the portal at one report."""

GRACE = 2.0
"""Seconds beyond the stated interval for the questions and the look themselves."""


@dataclass(frozen=True, slots=True)
class Found:
    """One report: seconds from its last news to its silent publication, and from there until it was seen; none when it never was."""

    age: float
    seconds: float | None
    stated: float

    @property
    def good(self) -> bool:
        """Tell whether it was seen within what is stated: the first question's pause, or as long again as the news was old."""
        return self.seconds is not None and self.seconds <= self.stated + GRACE


async def ask_after(site: Site, portal: Portal, number: int, soonest: float) -> list[Found]:
    """Do it with so many reports at once, published between at once and four times `soonest` after the news of them."""
    return list(await asyncio.gather(*(_one(site, portal, one, soonest) for one in range(number))))


async def _one(site: Site, portal: Portal, number: int, soonest: float) -> Found:
    hospital = site.hospitals[number % len(site.hospitals)]
    who = {"name": f"测试患者{number}号", "identity": identity_of(number)}
    wanted = {"card": f"ASKED-{number}", "step": "sampled", **who}
    made = await asyncio.to_thread(control.Control.report, hospital.control, wanted)
    if made["told"] != ["AA"]:
        raise AssertionError(f"the news of a report was answered {made['told']}")
    began = time.perf_counter()
    resident = {"idNumber": who["identity"], "name": who["name"]}
    said = await portal.call("GiveConsent", resident=resident)
    if said.get("code") != "0":
        raise AssertionError(f"GiveConsent: {said}")
    await asyncio.sleep(random.Random(number).random() * 4 * soonest)
    hospital.service.site.shelf.move(made["number"], "released")
    published = time.perf_counter()
    age = published - began
    stated = max(soonest, age)
    while (now := time.perf_counter()) < published + 4 * stated + 10 * GRACE:
        if any(one.get("reportNumber") == made["number"] for one in await portal.reports(resident)):
            return Found(age, time.perf_counter() - published, stated)
        await asyncio.sleep(max(0.0, now + _LOOK - time.perf_counter()))
    return Found(age, None, stated)
