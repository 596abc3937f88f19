"""Read from the store what the pages of institutions show, and do there what their buttons say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from engine.message import SHANGHAI
from engine.monitor.booking import HospitalCard
from engine.monitor.bookingarchive import BookingArchive
from engine.monitor.hospitals import AWAY
from engine.monitor.onboarding import Progress, progress, read_accepted
from engine.services.applications import Application, Applications
from engine.services.audit import first_admitted
from engine.services.certificates import Certificate
from engine.services.hospitalhealth import cards
from engine.services.institutions import Institution, Institutions
from engine.services.quotas import Quota, QuotaTable, Use, usage
from engine.settings import Settings
from engine.store.database import Database
from engine.store.days import sent_by_institution
from engine.store.sealing import Seal

WEEK = timedelta(days=6)
"""The list counts the documents of today and the six days before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One institution in the list; `reachable` is None when the platform never called it."""

    code: str
    name: str
    kind: str
    state: str
    received: int
    accepted: int
    reachable: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The whole list, with the applications that wait."""

    now: datetime
    rows: Sequence[Row]
    waiting: Sequence[tuple[Application, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Everything about one institution."""

    now: datetime
    found: Institution
    application: Application | None
    certificates: Sequence[Certificate]
    progress: Progress
    hospital: HospitalCard | None
    quota: Quota = field(default_factory=Quota)
    used: Use | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstitutionArchive:
    """The store as these pages know it; `types` are the document types, `booking` knows the hospitals that can be asked."""

    database: Database
    seal: Seal
    settings: Settings
    types: Mapping[str, tuple[str, str]]
    booking: BookingArchive
    quotas: QuotaTable = field(default_factory=QuotaTable)
    today: Callable[[], date] = lambda: datetime.now(SHANGHAI).date()
    institutions: Institutions = field(init=False)
    applications: Applications = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "institutions", Institutions(self.database, self.seal))
        object.__setattr__(self, "applications", Applications(self.database, self.seal))

    def list(self) -> Listed:
        """Read the list."""
        today, now = self.today(), datetime.now(UTC)
        every, waiting = self.institutions.list(), self.applications.waiting()
        with self.database.read() as connection:
            sent = sent_by_institution(connection, [one.code for one in every], today - WEEK, today)
            called = {card.institution: not card.last_outcome.startswith(AWAY) for card in cards(connection, now)}
        names = {one.code: one.name for one in every}
        rows = [
            Row(
                code=one.code, name=one.name, kind=one.kind, state=one.state, reachable=called.get(one.code),
                received=sent.get(one.code, (0, 0))[0], accepted=sent.get(one.code, (0, 0))[1],
            )
            for one in every
        ]  # fmt: skip
        return Listed(now=now, rows=rows, waiting=[(one, names.get(one.institution, "")) for one in waiting])

    def sheet(self, code: str) -> Sheet | None:
        """Read one institution; None when there is none of this code."""
        found = self.institutions.get(code)
        if found is None:
            return None
        today, quota = self.today(), self.quotas.of(code)
        with self.database.read() as connection:
            accepted = read_accepted(connection, code, today)
            connected = first_admitted(connection, code)
        return Sheet(
            now=datetime.now(UTC), found=found, application=self.applications.find(code), certificates=self.institutions.certificates(code),
            progress=progress(found, connected=connected, accepted=accepted, types=self.types, today=today),
            hospital=self.booking.card(code), quota=quota, used=usage(self.database, code, datetime.now(UTC)) if quota else None,
        )  # fmt: skip

    def address(self, code: str, host: str) -> str:
        """Give the upload address of a hospital; `host` is that of the monitor, when no public address is set."""
        return f"{self.base(host)}/services/collection/{code}"

    def base(self, host: str) -> str:
        """Give the scheme and host of the services."""
        scheme = "https" if self.settings.tls.certificate else "http"
        return self.settings.public_address.rstrip("/") or f"{scheme}://{host}:{self.settings.port}"
