"""Hold the pool against its orders, and both against the hospitals' own books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from engine.services.appointments import pool
from engine.services.appointments.model import State
from engine.services.appointments.tables import order, slot
from engine.store.database import Database

SEATED = ("locked", "booking", "booked", "paid", "fetched")
THEIRS: Mapping[State, str] = {"booked": "2", "paid": "6", "fetched": "3", "cancelled": "4", "refunded": "5"}
"""What an order's state is called in a hospital's book; a failed one is in no book, or cancelled there."""


@dataclass(slots=True)
class Look:
    """One look at the whole pool, in one transaction that sees one unchanging state.

    `above` and `short` are slots whose seats add up to more or less than the total; `waiting` those of which seats are in doubt because a
    pull came while a hospital's answer was out: shown as not free until it comes.
    """

    slots: int = 0
    oversold: int = 0
    short: list[Short] = field(default_factory=list)
    waiting: int = 0
    above: int = 0
    orders: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Tell whether nothing is oversold or above the total, and counts and orders agree."""
        return not (self.oversold or self.above or self.differences)


@dataclass(frozen=True, slots=True)
class Short:
    """A slot of which seats are missing: `missing` of its total, `ours` held and sold."""

    institution: str
    slot: str
    reg_id: str
    missing: int
    ours: int


@dataclass(slots=True)
class Missing:
    """Follow the seats that are missing from one look to the next.

    A seat that the hospital itself calls taken, though we know of no order for it, is not ours to sell: a lock that it took from a question
    of which we had given up the answer, until that runs out there (`theirs`, looks). Any other must be back by the next pull; `longest` is for how many
    seconds one was not.
    """

    looks: int = 0
    theirs: int = 0
    longest: float = 0.0
    evidence: list[str] = field(default_factory=list)
    _since: dict[tuple[str, str], float] = field(default_factory=dict)

    def note(self, found: Look, books: Mapping[str, Mapping[str, Any]], database: Database, at: float) -> None:
        """Hold what a look found short, at monotonic second `at`, against the books that the hospitals gave right after it."""
        self.looks += bool(found.short)
        still = {}
        for one in found.short:
            place = next(each for each in books[one.institution]["places"] if each["id"] == one.reg_id)
            if place["taken"] - one.ours >= one.missing:
                self.theirs += 1
            else:
                still[one.institution, one.slot] = self._since.get((one.institution, one.slot), at)
            if len(self.evidence) < 12:
                self.evidence.append(_evidence(one, place, books[one.institution], database))
        self._since = still
        self.longest = max([self.longest, *(at - since for since in still.values())])


def _evidence(one: Short, place: Mapping[str, Any], book: Mapping[str, Any], database: Database) -> str:
    """Tell all that ours and theirs know of a slot."""
    with database.read() as connection:
        seat = connection.execute(sa.select(slot).where(slot.c.institution == one.institution, slot.c.slot == one.slot)).one()
        mine = (order.c.institution == one.institution, order.c.slot == one.slot)
        ours = connection.execute(sa.select(order).where(*mine).order_by(order.c.changed.desc()).limit(12)).all()
    theirs = {each["id"]: each["state"] for each in book["orders"] if each["place"] == one.reg_id}
    locks = set(book["locks"])
    told = ", ".join(
        f"{row.order_id[-6:]} {row.state}{'+' + row.pending if row.pending else ''} known={row.known:d} {row.changed:%H:%M:%S} "
        f"there {'lock' if row.order_id in locks else theirs.get(row.order_id, 'nothing')}"
        for row in ours
    )
    return (
        f"{one.institution} {one.slot}: total {seat.total}, free {seat.free}, held {seat.held}, sold {seat.sold}, in doubt {seat.doubt}, their word {seat.remaining} "
        f"of {seat.as_of:%H:%M:%S}; taken there {place['taken']}; {told}"
    )


def look(database: Database) -> Look:
    """Look at every slot and order."""
    found = Look()
    with database.read() as connection:
        found.differences = pool.disagreements(connection)
        limited = sa.select(slot).where(slot.c.unlimited.is_(False), slot.c.status != "gone")
        for row in connection.execute(limited):
            found.slots += 1
            all_seats = row.held + row.sold + row.free + row.doubt
            found.oversold += row.held + row.sold > row.total
            found.above += all_seats > row.total
            if all_seats < row.total:
                found.short.append(Short(row.institution, row.slot, row.reg_id, row.total - all_seats, row.held + row.sold))
            found.waiting += row.doubt > 0
            if all_seats > row.total and len(found.examples) < 3:
                found.examples.append(
                    f"{row.institution} {row.slot}: total {row.total}, free {row.free}, held {row.held}, sold {row.sold}, in doubt {row.doubt}"
                )
        for state, number in connection.execute(sa.select(order.c.state, sa.func.count()).group_by(order.c.state)):
            found.orders[state] += number
    return found


def unsettled(database: Database) -> int:
    """Count the orders about which a hospital has still to say something."""
    waits = sa.select(sa.func.count()).where((order.c.state.in_(("booking", "locked"))) | (order.c.pending != ""))
    with database.read() as connection:
        return int(connection.execute(waits).scalar_one())


def reconcile(database: Database, institution: str, book: Mapping[str, Any]) -> list[str]:
    """Compare a hospital's own book with our orders and our pool; each line is one difference."""
    with database.read() as connection:
        ours = {row.order_id: row for row in connection.execute(sa.select(order).where(order.c.institution == institution))}
        pooled = {
            row.reg_id: row for row in connection.execute(sa.select(slot).where(slot.c.institution == institution))
        }  # fmt: skip
    found, theirs = [], {one["id"]: one for one in book["orders"]}
    for number in sorted(ours.keys() | theirs.keys()):
        state = ours[number].state if number in ours else "unknown"
        said = theirs[number]["state"] if number in theirs else ""
        if said != THEIRS.get(state, "") and not (state in ("failed", "cancelled") and said in ("", "4")):
            found.append(f"{institution} order {number}: ours {state}, theirs {said or 'none'}")
    found += [f"{institution} lock {one} is still held" for one in book["locks"]]
    for place in book["places"]:
        row = pooled.get(place["id"])
        if row is None:
            found.append(f"{institution} place {place['id']} is not in the pool")
        elif (row.held + row.sold, row.free) != (place["taken"], place["total"] - place["taken"]):
            found.append(
                f"{institution} place {place['id']}: theirs {place['taken']} of {place['total']} taken, ours {row.held + row.sold}, free {row.free}"
            )
    return found
