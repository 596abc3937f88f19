"""Ask for the errands about hospitals that are due, by the adapters of the set of files in force; for the clock."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from engine.app import kept
from engine.app.hospitals import plan_looks, terms_of
from engine.app.house import read_adapters
from engine.errors import Rejected
from engine.hospital import HospitalReply, Values
from engine.services.appointments.desk import Appointments
from engine.services.appointments.pushes import forget_calls
from engine.services.appointments.rules import BookingRules
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
        self._hospitals: tuple[str, ...] = ()
        self._desk = Appointments(database, seal, _ask_nobody, lambda _institution: None, BookingRules())

    def pulls(self) -> None:
        """Ask for the pulls of hospitals, departments and slots that are due."""
        self._renew()
        self._desk.plan_pulls(self._hospitals, random.random)

    def looks(self) -> None:
        """Ask for a look at every WSDL that nobody looked at for a day."""
        self._renew()
        plan_looks(self._database, self._hospitals, random.random)

    def reconciliation(self) -> None:
        """Ask for the comparison with every hospital's book, and forget what hospitals were answered long ago."""
        self._renew()
        self._desk.plan_reconciliation(self._hospitals)
        forget_calls(self._database, datetime.now(UTC))

    def _renew(self) -> None:
        name = kept.current(self._database)
        if name in ("", self._revision):
            return
        adapters = read_adapters(self._settings, kept.folder_of(self._settings, self._database, self._seal, name))
        self._desk.exchange(terms_of(adapters), BookingRules())
        self._hospitals, self._revision = tuple(adapters), name


def _ask_nobody(institution: str, function: str, _values: Values) -> HospitalReply:
    """Planning asks no hospital; whoever does from here is our own bug."""
    raise Rejected("DST-206", f"the clock does not ask {institution} for {function}")
