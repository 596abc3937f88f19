"""Let an institution in as long as its quota lasts, without holding the event loop for the store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from engine.services.quotas import Quotas

Aside = Callable[[Callable[[], None]], Awaitable[None]]
"""Run something that reads the store, off the event loop."""


class Meter:
    """The quotas of one front on its event loop; the journal is asked aside."""

    def __init__(self, quotas: Quotas, aside: Aside) -> None:
        self._quotas = quotas
        self._aside = aside

    async def check(self, institution: str) -> None:
        """Raise OverQuota when a quota of the institution is used up, TryAgain when the store is away."""
        if self._quotas.due(institution):
            await self._aside(lambda: self._quotas.look(institution))
        self._quotas.check(institution)

    def took(self, institution: str, documents: int, size: int) -> None:
        """Note what was just taken in of it."""
        self._quotas.took(institution, documents, size)
