"""Exchange the set of files that a front judges by, between two documents and without holding its event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from engine.app.house import DESKS, House, document_limits, leaning, load_house, press_for, read_adapters
from engine.channels.book import load_in_slices
from engine.channels.revision import same_shared
from engine.documents.catalogue import Catalogue
from engine.documents.press import Press
from engine.inbound.intake import Intake
from engine.inbound.judge import Judge
from engine.inhand.board import Place
from engine.outbound.endpoints import load_endpoints
from engine.settings import Settings

BETWEEN = 0.02
"""Seconds left to the callers between two slices of what is compiled."""

_PRESS_BETWEEN = 0.002

Judging = Callable[[House, Place], Judge]
"""Make the judge of a set of files for the event loop or for the thread of large documents."""


class Sets:
    """The set in force on the event loop (`house`), and how the thread of large documents comes to its own."""

    def __init__(self, settings: Settings, house: House, judging: Judging) -> None:
        self.house = house
        self._settings = settings
        self._judging = judging
        self._unused = [house]
        self._large: Press | None = None

    def make_judge(self) -> Judge:
        """Make a judge: the first takes the house as it is loaded, the other is that of the thread of large documents."""
        if self._unused:
            return self._judging(self._unused.pop(), Place.LOOP)
        return self._large_judge(self.house, like=self._large)

    async def exchange(self, house: House, intake: Intake) -> None:
        """Let the intake judge by another set, as `load` gave it; raises, and then nothing is exchanged."""
        like = self._large
        await intake.exchange(self._judging(house, Place.LOOP), lambda: self._large_judge(house, like=like))
        self.house = house

    async def load(self, folder: Path) -> House:
        """Load and compile the set of a folder in slices; raises what is wrong with it."""
        older = self.house.press
        if await asyncio.to_thread(same_shared, older.root, folder):
            press = older.successor(folder)
        else:
            catalogue = await asyncio.to_thread(Catalogue.load, folder / "xsd" / "catalogue.yaml")
            press = Press(folder, document_limits(self._settings), catalogue)
        endpoints, adapters = load_endpoints(folder / "config" / "endpoints.yaml", folder), read_adapters(self._settings, folder)
        loading = load_in_slices(folder, press, endpoints, DESKS, leaning(folder, endpoints, adapters))
        while True:
            try:
                next(loading)
            except StopIteration as done:
                house = House(press=press, endpoints=endpoints, adapters=adapters, book=done.value)
                break
            await asyncio.sleep(_PRESS_BETWEEN)
        await compile_early(press)
        return house

    def _large_judge(self, house: House, *, like: Press | None) -> Judge:
        """Load a set for the thread that calls; what its own older press compiled of the same xsd/ is taken over."""
        root = house.press.root
        press = press_for(self._settings, root, like, house.press.catalogue)
        mine = load_house(self._settings, root, press)
        self._large = press
        return self._judging(mine, Place.THREAD)


async def compile_early(press: Press) -> None:
    """Compile the rules of one type after another, so that no caller waits for more than one of them."""
    for code in press.catalogue.types:
        if press.compile_rules(code):
            await asyncio.sleep(BETWEEN)
