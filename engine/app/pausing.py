"""Follow which routes are paused: each front looks at the store, and turns away what comes along one of them."""

from __future__ import annotations

import asyncio

from engine.app.following import LOOK
from engine.errors import TryAgain
from engine.store.database import Database
from engine.store.pauses import paused_routes


class Pausing:
    """The paused routes as one front knows them; `names` is as fresh as the last look at the store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.names: frozenset[str] = frozenset()
        self.look()

    def look(self) -> None:
        """Look at the store; raises TryAgain when it is away."""
        with self._database.read() as connection:
            self.names = paused_routes(connection)

    async def follow(self) -> None:
        """Look again and again; while the store is away what was known stays."""
        while True:
            await asyncio.sleep(LOOK)
            try:
                await asyncio.to_thread(self.look)
            except TryAgain:
                continue
