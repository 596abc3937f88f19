"""Build appointments over the set of files in force: the hospitals that are asked, their terms, the rules of booking."""

from __future__ import annotations

from collections.abc import Mapping

from engine.app.hospitals import callers_of, health_errands, open_hospitals, surroundings, terms_of
from engine.app.house import BOOKING, House
from engine.inbound.api_door import CallerOf
from engine.services.appointments.counter import ReportNews, no_reports
from engine.services.appointments.desk import Appointments, Handler
from engine.services.appointments.rules import load_rules
from engine.services.hospitalhealth import HospitalHealth
from engine.settings import Settings
from engine.store.database import Database
from engine.store.sealing import Seal


class Booking:
    """The appointment service of one process with its way to the hospitals; both follow the set of files in force.

    Raises ConfigError when an adapter or the rules cannot be used.
    """

    def __init__(
        self, settings: Settings, database: Database, seal: Seal, house: House, reports: ReportNews = no_reports
    ) -> None:
        root = house.book.root
        self._settings = settings
        self._adapters = house.adapters
        self.callers: CallerOf = callers_of(settings, house.adapters, root)
        self.health = HospitalHealth(database)
        self.hospitals = open_hospitals(settings, house.adapters, root, self.health.observe)
        terms, rules = terms_of(house.adapters), load_rules(root / BOOKING)
        self.appointments = Appointments(database, seal, self.hospitals.ask, terms, rules, reports=reports)

    def errands(self) -> Mapping[str, Handler]:
        """Give what is done for each kind of errand, for the runner of a worker."""
        return {**self.appointments.handlers(), **health_errands(self.hospitals, self.health, self._settings.host)}

    def at_once(self, institution: str) -> int:
        """Say how many errands about one hospital may be under way over all workers: half of what may be asked of it at once."""
        sheet = self._adapters.get(institution)
        return max(sheet.parallel // 2, 1) if sheet else 1

    def renew(self, house: House) -> None:
        """Work by another set of files; raises ConfigError, and then nothing is changed."""
        root = house.book.root
        callers, rules = callers_of(self._settings, house.adapters, root), load_rules(root / BOOKING)
        self.hospitals.renew(house.adapters, surroundings(self._settings, root))
        self.appointments.exchange(terms_of(house.adapters), rules)
        self.callers, self._adapters = callers, house.adapters

    def close(self) -> None:
        """Close the connections to the hospitals, and write what is still to be noted of their health."""
        self.hospitals.close()
        self.health.close()
