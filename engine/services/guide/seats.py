"""Look into the one pool of seats for the guide: where a doctor's next one is free, what can be booked, who has any at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, not_, or_, select, update

from engine.message import SHANGHAI
from engine.services.appointments.model import Slot
from engine.services.appointments.tables import slot
from engine.services.appointments.views import slot_view
from engine.services.guide.searchtables import guide_listed
from engine.services.guide.shown import NextFree
from engine.store.columns import AnyRow
from engine.store.database import Database


@dataclass(frozen=True, slots=True)
class Today:
    """The day and the time of day in Shanghai, yyyy-MM-dd and HH:mm."""

    day: str
    clock: str

    @classmethod
    def of(cls, now: datetime) -> Today:
        """Read a moment."""
        there = now.astimezone(SHANGHAI)
        return cls(f"{there:%Y-%m-%d}", f"{there:%H:%M}")


_OVER = and_(slot.c.date == bindparam("day"), slot.c.ends != "", slot.c.ends <= bindparam("clock"))
_FREE = and_(slot.c.date >= bindparam("day"), slot.c.status == "open", or_(slot.c.free > 0, slot.c.unlimited), not_(_OVER))
"""A slot where a seat can still be had today."""


def _next_day() -> Select[Any]:
    """Select the free slots of doctors on the first day that has any."""
    whose = (slot.c.institution == guide_listed.c.institution, slot.c.doctor == guide_listed.c.doctor)
    first = select(slot.c.date).where(*whose, _FREE).order_by(slot.c.date).limit(1).scalar_subquery()
    chosen = guide_listed.c.no.in_(bindparam("numbers", expanding=True))
    days = (
        select(guide_listed.c.no, guide_listed.c.institution, guide_listed.c.doctor, first.label("first"))
        .where(chosen)
        .subquery()
    )
    that_day = and_(slot.c.institution == days.c.institution, slot.c.doctor == days.c.doctor, slot.c.date == days.c.first)
    shown = (slot.c.date, slot.c.half, slot.c.schedule, slot.c.begins, slot.c.unlimited, slot.c.free, slot.c.as_of)
    fees = (slot.c.registration_fee, slot.c.treatment_fee)
    return select(days.c.no, *shown, *fees).select_from(days.join(slot, that_day)).where(_FREE)


# Built once: to build and to key it anew costs more than to run it.
_NEXT_DAY = _next_day()


def next_free(connection: Connection, numbers: Collection[int], today: Today) -> Mapping[int, NextFree]:
    """Give the next half day with a free seat of each doctor that has one, by the numbers of guide_listed."""
    rows = connection.execute(_NEXT_DAY, {"numbers": list(numbers), **asdict(today)}).all() if numbers else []
    halves: dict[int, list[AnyRow]] = {}
    for row in sorted(rows, key=lambda row: (row.half, row.schedule, row.begins)):
        halves.setdefault(row.no, []).append(row)
    return {number: _half(rows) for number, rows in halves.items()}


def free_slots(connection: Connection, hospital: str, doctor: str, first: str, last: str, today: Today) -> tuple[Slot, ...]:
    """Give a doctor's slots with a free seat between two days, both included, "" for no bound; the soonest first."""
    chosen = [slot.c.institution == hospital, slot.c.doctor == doctor, _FREE]
    chosen += [slot.c.date >= first] if first else []
    chosen += [slot.c.date <= last] if last else []
    query = select(slot).where(*chosen).order_by(slot.c.date, slot.c.half, slot.c.begins, slot.c.slot)
    return tuple(slot_view(row) for row in connection.execute(query, asdict(today)))


def note_free(database: Database, connected: Collection[str], now: datetime) -> None:
    """Look anew who has a free seat, hospital by hospital, for the order of searches; doctors of others have none."""
    with database.read() as connection:
        institutions = list(connection.execute(select(guide_listed.c.institution).distinct()).scalars())
    for institution in institutions:
        _note(database, institution, Today.of(now), connected=institution in connected)


def _note(database: Database, institution: str, today: Today, *, connected: bool) -> None:
    mine = guide_listed.c.institution == institution
    with database.read() as connection:
        having = select(slot.c.doctor).where(slot.c.institution == institution, _FREE).distinct()
        free = set(connection.execute(having, asdict(today)).scalars()) if connected else set()
        rows = connection.execute(select(guide_listed.c.no, guide_listed.c.doctor, guide_listed.c.busy).where(mine)).all()
    changed = {busy: [row.no for row in rows if row.busy != busy and (row.doctor not in free) == bool(busy)] for busy in (0, 1)}
    if not any(changed.values()):
        return
    with database.write() as connection:
        for busy, numbers in changed.items():
            for part in _parts(numbers):
                connection.execute(update(guide_listed).where(guide_listed.c.no.in_(part)).values(busy=busy))


def _parts(numbers: list[int], size: int = 500) -> Iterable[list[int]]:
    return (numbers[start : start + size] for start in range(0, len(numbers), size))


def _half(rows: list[Any]) -> NextFree:
    """Sum the slots of the first half day; its fees are those of its first slot."""
    head = rows[0]
    same = [row for row in rows if (row.half, row.schedule) == (head.half, head.schedule)]
    seats = None if any(row.unlimited for row in same) else sum(row.free for row in same)
    return NextFree(
        date=head.date, half=head.half, schedule=head.schedule, free=seats, registration_fee=head.registration_fee,
        treatment_fee=head.treatment_fee, as_of=min(row.as_of for row in same),
    )  # fmt: skip
