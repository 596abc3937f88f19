"""Ask for the errands about hospitals that are due, by the adapters of the set of files in force; for the clock."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime

from engine.app import kept
from engine.app.hospitals import plan_looks, terms_of
from engine.app.house import read_adapters
from engine.services.appointments.model import Terms
from engine.services.appointments.planning import plan_pulls, plan_reconciliation
from engine.services.appointments.pushes import forget_calls
from engine.services.guide.seats import note_free
from engine.settings import Settings
from engine.store.database import Database
from engine.store.sealing import Seal


class Planning:
    """Plan for every hospital that has an adapter; the adapters are read anew when another set of files is in force."""

    def __init__(self, settings: Settings, database: Database, seal: Seal) -> None:
        self._settings = settings
        self._database = database
        self._seal = seal
        self._revision = ""
        self._terms: Mapping[str, Terms] = {}

    def pulls(self) -> None:
        """Ask for the pulls of hospitals, departments and slots that are due."""
        plan_pulls(self._database, self._current(), datetime.now(UTC), random.random)

    def looks(self) -> None:
        """Ask for a look at every WSDL that nobody looked at for a day."""
        plan_looks(self._database, self._current(), random.random)

    def reconciliation(self) -> None:
        """Ask for the comparison with every hospital's book that was not made today."""
        plan_reconciliation(self._database, self._current(), datetime.now(UTC))

    def seats(self) -> None:
        """Note which doctors of the guide have a free seat, for the order of searches."""
        note_free(self._database, self._current().keys(), datetime.now(UTC))

    def forget(self) -> None:
        """Forget what hospitals that call were answered long ago."""
        forget_calls(self._database, datetime.now(UTC))

    def _current(self) -> Mapping[str, Terms]:
        name = kept.current(self._database)
        if name not in ("", self._revision):
            adapters = read_adapters(self._settings, kept.folder_of(self._settings, self._database, self._seal, name))
            of = terms_of(adapters)
            self._terms = {code: terms for code in adapters if (terms := of(code)) is not None}
            self._revision = name
        return self._terms
