"""Hold what every operation on referrals needs: store, seal, rules, the appointments, the reports' consents, the library, the clock."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeVar

from sqlalchemy import Connection, select

from engine.services.appointments.counter import Counter, utc_now
from engine.services.appointments.desk import Appointments
from engine.services.institutions import institution
from engine.services.library import Library
from engine.services.referrals.kept import Shelf
from engine.services.referrals.rules import ReferralRules
from engine.services.reports.desk import Reports
from engine.store.again import again
from engine.store.database import Database
from engine.store.sealing import Seal

Step = Literal["booked-before-written", "written-before-released"]
"""The named points between two transactions; tests end the process there."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Office:
    """The office at which referrals are handled; `closed` are the confidentiality codes of documents that no other institution reads."""

    database: Database
    seal: Seal
    rules: ReferralRules
    appointments: Appointments
    reports: Reports
    library: Library
    closed: Collection[str] = ()
    steps: Callable[[Step], None] = lambda _step: None
    now: Callable[[], datetime] = utc_now
    shelf: Shelf = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shelf", Shelf(self.seal))

    @property
    def booking(self) -> Counter:
        """Give the counter at which the slots of referrals are booked."""
        return self.appointments.counter

    def again(self, work: Callable[[Connection], T]) -> T:
        """Run a transaction, and once more when another got in its way."""
        return again(self.database, work)


def approved(connection: Connection, codes: Collection[str]) -> dict[str, str]:
    """Give the names of those of some institutions that may connect."""
    chosen = select(institution.c.code, institution.c.name).where(
        institution.c.code.in_(list(codes)), institution.c.state == "approved"
    )
    return {row.code: row.name for row in connection.execute(chosen)}


def names_of(connection: Connection, codes: Collection[str]) -> dict[str, str]:
    """Give the names of institutions."""
    chosen = select(institution.c.code, institution.c.name).where(institution.c.code.in_(list(codes)))
    return {row.code: row.name for row in connection.execute(chosen)}
