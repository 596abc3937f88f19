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

    `above` and `away` are slots whose seats add up to more or less than the total; `waiting` those of which seats are in doubt because a
    pull came while a hospital's answer was out: shown as not free until it comes.
    """

    slots: int = 0
    oversold: int = 0
    away: int = 0
    waiting: int = 0
    above: int = 0
    orders: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Tell whether nothing is oversold, nothing is lost, and counts and orders agree."""
        return not (self.oversold or self.away or self.above or self.differences)


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
            found.away += all_seats < row.total
            found.waiting += row.doubt > 0
            if all_seats != row.total and len(found.examples) < 3:
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
