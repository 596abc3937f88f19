"""Name what the guide shows and what it is asked: entries with whose they are and where the next seat is free."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from engine.services.appointments.model import Page
from engine.services.guide.model import DepartmentEntry, DoctorEntry, HospitalEntry


@dataclass(frozen=True, kw_only=True, slots=True)
class HospitalShown:
    """A hospital on show: `version` of its introduction and since when."""

    institution: str
    entry: HospitalEntry
    version: int
    published: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DepartmentShown:
    """A department on show."""

    institution: str
    entry: DepartmentEntry


@dataclass(frozen=True, kw_only=True, slots=True)
class NextFree:
    """The next half day with a free seat: `free` seats (None where the hospital sets no limit), fees in fen, told by the hospital `as_of`."""

    date: str
    half: str
    schedule: str
    free: int | None
    registration_fee: int
    treatment_fee: int
    as_of: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class DoctorShown:
    """A doctor on show; `next_free` is None when no seat is free."""

    institution: str
    hospital_name: str
    department_name: str
    entry: DoctorEntry
    next_free: NextFree | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DoctorQuery:
    """Which doctors are wanted; what is "" (0 for the title, False for `free`) is not asked for. `area` by GB/T 2260."""

    words: str = ""
    hospital: str = ""
    department: str = ""
    title: int = 0
    area: str = ""
    free: bool = False
    page: Page = field(default_factory=Page)


@dataclass(frozen=True, kw_only=True, slots=True)
class DoctorsFound:
    """One page of doctors; `total` is counted up to a bound, `token` asks for the next page."""

    items: tuple[DoctorShown, ...]
    total: int
    token: str
