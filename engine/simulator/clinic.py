"""Lay out an invented hospital: departments, doctors and the clinics of the days to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

MORNING, AFTERNOON = "1", "2"
"""Half days as the Jilin text numbers them (TIME_FLAG)."""

UNLIMITED = 99
"""The count that stands for "without limit" in TOTAL and OVER_COUNT of the Jilin text."""

_DEPARTMENTS: tuple[tuple[str, str, str], ...] = (
    ("0301", "心血管内科", "内科"),
    ("0302", "呼吸与危重症医学科", "内科"),
    ("0401", "骨科", "外科"),
    ("0501", "儿科", "儿科"),
    ("0601", "眼科", "五官科"),
    ("5001", "中医科", "中医科"),
)
_TITLES: tuple[tuple[str, str, int], ...] = (("主任医师", "2", 2800), ("主治医师", "1", 800))
"""Title, clinic level (REG_LEVEL) and consultation fee in fen of the first doctor, the second, and so on in turn."""

_ORDINALS = "甲乙丙丁戊己庚辛壬癸"
_FEE = 200
_HALVES: tuple[tuple[str, int], ...] = ((MORNING, 8 * 60), (AFTERNOON, 13 * 60 + 30))


@dataclass(frozen=True, kw_only=True, slots=True)
class Department:
    """A department; `id` is the number it has in the hospital's own system."""

    id: str
    name: str
    specialty: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Doctor:
    """A doctor of one department; fees in fen."""

    id: str
    name: str
    title: str
    level: str
    department: str
    fee: int
    treat_fee: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What can be booked: a half day of a doctor, or one stretch of it; `id` is its REG_ID, `clinic` that of the half day."""

    id: str
    clinic: str
    doctor: Doctor
    day: date
    half: str
    begin: str
    end: str
    total: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How large the invented hospital is.

    `stretches` parts each half day into so many stretches of half an hour, with `seats` numbers each; 0 leaves it whole.
    `unlimited` makes every place one without limit (99).
    """

    departments: int = 3
    doctors: int = 2
    days: int = 7
    stretches: int = 3
    seats: int = 5
    unlimited: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Clinics:
    """The invented hospital: who works there and when."""

    departments: tuple[Department, ...]
    doctors: tuple[Doctor, ...]
    places: tuple[Place, ...]


def lay_out(plan: Plan, first: date) -> Clinics:
    """Invent a hospital by this plan, its clinics from day `first` on; the same plan and day give the same hospital."""
    departments = tuple(_department(number) for number in range(plan.departments))
    doctors = tuple(_doctor(one, number) for one in departments for number in range(plan.doctors))
    days = [first + timedelta(days=number) for number in range(plan.days)]
    places = tuple(place for doctor in doctors for day in days for place in _places(plan, doctor, day))
    return Clinics(departments=departments, doctors=doctors, places=places)


def _department(number: int) -> Department:
    code, name, specialty = _DEPARTMENTS[number % len(_DEPARTMENTS)]
    turn = number // len(_DEPARTMENTS)
    return Department(id=f"{code}{turn or ''}", name=f"{name}{turn + 1 if turn else ''}", specialty=specialty)


def _doctor(department: Department, number: int) -> Doctor:
    title, level, treat_fee = _TITLES[number % len(_TITLES)]
    turn = number // len(_ORDINALS)
    name = f"测试医生{_ORDINALS[number % len(_ORDINALS)]}{turn or ''}"
    return Doctor(
        id=f"{department.id}D{number + 1:02}", name=name, title=title, level=level, department=department.id, fee=_FEE, treat_fee=treat_fee
    )  # fmt: skip


def _places(plan: Plan, doctor: Doctor, day: date) -> list[Place]:
    """Give the places of one doctor's day."""
    found = []
    for half, start in _HALVES:
        clinic = f"{doctor.id}-{day:%y%m%d}-{half}"
        for number in range(max(plan.stretches, 1)):
            begin = start + 30 * number
            end = begin + 30 if plan.stretches else start + 180
            name = f"{clinic}-{number + 1}" if plan.stretches else clinic
            total = UNLIMITED if plan.unlimited else plan.seats
            hours = {"begin": _clock(begin), "end": _clock(end)}
            found.append(Place(id=name, clinic=clinic, doctor=doctor, day=day, half=half, total=total, **hours))
    return found


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
