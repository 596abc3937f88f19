"""Hold what stands in the queue to what arrived at its two destinations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from bench.arrivals import Order, look_at_order
from bench.receiver import Arrival
from engine.app.checking import differences
from engine.store.database import Database
from engine.store.tables import delivery


@dataclass(slots=True)
class Held:
    """What came of one destination: its order, and a line for each message that did not come to it as it should."""

    order: Order
    lost: list[str] = field(default_factory=list)


def look(database: Database, destination: str, arrivals: Sequence[Arrival]) -> Held:
    """Compare a destination's deliveries with its ledger; with one front the sequence numbers are the order of the commits."""
    columns = (delivery.c.seq, delivery.c.receipt, delivery.c.key, delivery.c.state)
    with database.read() as connection:
        rows = connection.execute(sa.select(*columns).where(delivery.c.destination == destination)).all()
    held = Held(look_at_order(arrivals, {row.receipt: (row.key, float(row.seq), float(row.seq)) for row in rows}))
    ids: defaultdict[str, set[str]] = defaultdict(set)
    for one in arrivals:
        ids[one.receipt].add(one.message)
    held.lost += [f"{row.receipt} is {row.state}" for row in rows if row.state != "SENT"]
    held.lost += [f"{row.receipt} never arrived" for row in rows if row.receipt not in ids]
    held.lost += [f"{receipt} arrived under {len(each)} ids" for receipt, each in ids.items() if len(each) > 1]
    held.lost += [f"{receipt} arrived and is no delivery" for receipt in ids.keys() - {row.receipt for row in rows}]
    return held


def sums(database: Database) -> list[str]:
    """Compare counts and rows."""
    return differences(database)


def waiting(database: Database, destination: str) -> int:
    """Count what a destination is still to get."""
    wanted = delivery.c.state.in_(("QUEUED", "SENDING", "UNKNOWN"))
    with database.read() as connection:
        return int(connection.scalar(sa.select(sa.func.count()).where(wanted, delivery.c.destination == destination)) or 0)
