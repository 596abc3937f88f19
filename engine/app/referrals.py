"""Build referrals over the set of files in force: their rules, the appointments they book, the consents and records they lean on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from engine.app.appointments import Booking
from engine.app.ground import Ground
from engine.app.house import House
from engine.app.library import build_library
from engine.app.recording import Recording
from engine.hospital import HospitalReply, Values
from engine.inbound.admission import put_down
from engine.inbound.calling import Service
from engine.inbound.hospitalcalls import HospitalCalls
from engine.inbound.referral import REFERRAL
from engine.inbound.referral_door import ReferralDoor
from engine.services.access import Access, access_in
from engine.services.appointments.desk import Appointments
from engine.services.appointments.rules import BookingRules
from engine.services.referrals.desk import Referrals
from engine.services.referrals.notifying import Notifying
from engine.services.referrals.rules import ReferralRules, load_referral_rules
from engine.services.reports.desk import Reports
from engine.services.reports.rules import ReportRules
from engine.settings import Settings
from engine.store.database import Database
from engine.store.sealing import Seal


class Referring:
    """The referrals of one process, by the set of files in force and who may read what. Raises ConfigError when the rules are wrong."""

    def __init__(
        self, database: Database, seal: Seal, house: House, appointments: Appointments, reports: Reports, access: Access
    ) -> None:
        self._closed = access.records.closed
        self.referrals = Referrals(
            database, seal, appointments, reports, build_library(database, seal), rules=read_rules(house), closed=self._closed
        )

    def renew(self, rules: ReferralRules) -> None:
        """Work by the rules of another set of files, which `read_rules` has read."""
        self.referrals.exchange(rules, self._closed)


def read_rules(house: House) -> ReferralRules:
    """Read the rules of a set of files; raises ConfigError."""
    return load_referral_rules(house.book.root)


def for_looking(database: Database, seal: Seal) -> Referrals:
    """Give the referrals to a process that shows them and changes nothing: it asks no hospital and knows no rules."""

    def never(institution: str, function: str, _values: Values) -> HospitalReply:
        raise AssertionError(f"who only looks asks {institution} nothing ({function})")

    appointments = Appointments(database, seal, never, lambda _institution: None, BookingRules())
    return Referrals(
        database,
        seal,
        appointments,
        Reports(database, seal, rules=ReportRules()),
        build_library(database, seal),
        rules=ReferralRules(),
    )


class ReferralReading:
    """The referrals as hospitals, reviewers and portals handle them at /services/referral."""

    def __init__(self, ground: Ground, referrals: Referrals, turns: HospitalCalls) -> None:
        self._door = ReferralDoor(referrals, turns, partial(put_down, ground.audit, ground.put_down))

    @property
    def services(self) -> Mapping[str, Service]:
        """Name the address with what answers there."""
        return {"/services/referral": Service(contract=REFERRAL, handlers=self._door.handlers)}

    def close(self) -> None:
        """Finish what is in hand."""
        self._door.close()


class ReferralErrands:
    """What a worker does about referrals: time limits, slots to give back, notices, records."""

    def __init__(
        self, settings: Settings, database: Database, seal: Seal, house: House, booking: Booking, reports: Reports
    ) -> None:
        access = access_in(settings.project)
        self._referring = Referring(database, seal, house, booking.appointments, reports, access)
        self._referrals = self._referring.referrals
        self._notifying = Notifying(self._referrals, booking.hospitals.ask, booking.hospitals.offers)
        self._recording = Recording(settings, database, seal, reports, self._referrals, house.book.root)

    def errands(self) -> Mapping[str, Callable[[str], datetime | None]]:
        """Give what is done for each kind of errand, for the runner of a worker."""
        return {**self._referrals.handlers(), **self._notifying.handlers(), **self._recording.handlers()}

    def renew(self, house: House, rules: ReferralRules) -> None:
        """Work by another set of files, whose rules `read_rules` has read."""
        self._referring.renew(rules)
        self._recording.renew(house.book.root)
