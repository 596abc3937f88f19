"""Show what an institution can refer to: partners, specialists with their next free slot, and the beds that hospitals report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from engine.message import SHANGHAI
from engine.services.appointments.model import Doctor, Hospital, Listing, Page
from engine.services.appointments.refusals import refuse
from engine.services.appointments.tables import slot
from engine.services.referrals.model import Bed, Direction, Mover, Partner, Specialist
from engine.services.referrals.office import Office, approved
from engine.services.referrals.tables import bed

_EVERY = Page(size=100_000)
_LARGEST_PAGE = 200
_MOST_BEDS = 1000
_LONGEST = 200
_DIRECTIONS: tuple[Direction, ...] = ("up", "down")


def partners(office: Office, origin: str, direction: Direction | None, page: Page) -> Listing[Partner]:
    """List to whom an institution may refer and who is approved, by code; one entry for each direction."""
    with office.database.read() as connection:
        names = approved(connection, [origin, *office.rules.neighbours(origin)])
    described = {one.hospital: one for one in office.appointments.hospitals(_EVERY).items}
    found = [one for one in _partners(office, origin, names, described) if direction in (None, one.direction)]
    return _part(found, page)


def _partners(office: Office, origin: str, names: dict[str, str], described: dict[str, Hospital]) -> Iterator[Partner]:
    if origin not in names:
        return
    for code in sorted(set(names) - {origin}):
        about = described.get(code)
        for direction in _DIRECTIONS:
            network = office.rules.way(origin, code, direction)
            if network is not None:
                yield Partner(
                    hospital=code, name=names[code], level=office.rules.level_name(code), network=network, direction=direction,
                    reviewer=office.rules.reviewer(origin, code, direction), address=about.address if about else "",
                    telephone=about.telephone if about else "", reachable=about is not None and about.reachable,
                    as_of=about.as_of if about else None,
                )  # fmt: skip


def _part(found: Sequence[Partner], page: Page) -> Listing[Partner]:
    """Cut one page out of a list by its place."""
    if page.token and not (page.token.isascii() and page.token.isdecimal() and len(page.token) < 9):
        raise refuse("SND-721")
    start, size = int(page.token or 0), max(1, min(page.size, _LARGEST_PAGE))
    return Listing(items=tuple(found[start : start + size]), token=str(start + size) if start + size < len(found) else "")


def specialists(office: Office, hospital: str, department: str, page: Page) -> Listing[Specialist]:
    """List doctors with the day of their next free slot, in the order of AppointmentService."""
    found = office.appointments.doctors(hospital, department, page)
    today = f"{office.now().astimezone(SHANGHAI):%Y-%m-%d}"
    with office.database.read() as connection:
        free = _next_free(connection, hospital, found.items, today)
    items = tuple(_specialist(one, free.get((one.department, one.doctor), "")) for one in found.items)
    return Listing(items=items, token=found.token)


def _next_free(connection: Connection, hospital: str, doctors: Sequence[Doctor], today: str) -> dict[tuple[str, str], str]:
    chosen = (
        slot.c.institution == hospital, slot.c.department.in_({one.department for one in doctors}), slot.c.date >= today,
        slot.c.status == "open", slot.c.unlimited | (slot.c.free > 0),
    )  # fmt: skip
    first = select(slot.c.department, slot.c.doctor, func.min(slot.c.date).label("day")).where(*chosen)
    return {(row.department, row.doctor): row.day for row in connection.execute(first.group_by(slot.c.department, slot.c.doctor))}


def _specialist(one: Doctor, next_free: str) -> Specialist:
    return Specialist(**{each.name: getattr(one, each.name) for each in fields(Doctor)}, next_free=next_free)


def report_beds(office: Office, by: Mover, beds: Sequence[Bed], at: datetime) -> None:
    """Take the beds of a hospital instead of all that it reported before; refused when they cannot be (SND-767)."""
    _check(beds)
    rows = [
        {"institution": by.institution, **{one.name: getattr(each, one.name) for one in fields(Bed)}, "at": each.at or at}
        for each in (replace(each, department=each.department.strip()) for each in beds)
    ]

    def work(connection: Connection) -> None:
        connection.execute(delete(bed).where(bed.c.institution == by.institution))
        if rows:
            connection.execute(insert(bed), rows)

    office.again(work)


def _check(beds: Sequence[Bed]) -> None:
    if len(beds) > _MOST_BEDS:
        raise refuse("SND-767", f"一次最多上报 {_MOST_BEDS} 个科室的床位。")
    seen: set[str] = set()
    for one in beds:
        name = one.department.strip()
        if not name or max(len(name), len(one.department_name)) > _LONGEST:
            raise refuse("SND-767", f"请填写科室编号 department（最多 {_LONGEST} 个字符）。")
        if name in seen:
            raise refuse("SND-767", f"科室 {name} 上报了两次。")
        if not 0 <= one.free <= one.total < 1_000_000:
            raise refuse("SND-767", f"科室 {name} 的床位数不正确：free 应在 0 与 total 之间。")
        seen.add(name)


def beds(office: Office, hospital: str) -> tuple[Bed, ...]:
    """List the beds of a hospital as it last reported them, by department."""
    query = select(bed).where(bed.c.institution == hospital).order_by(bed.c.department)
    with office.database.read() as connection:
        return tuple(Bed(**{one.name: getattr(row, one.name) for one in fields(Bed)}) for row in connection.execute(query))
