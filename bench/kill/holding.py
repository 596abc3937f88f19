"""Hold the clients' ledgers of receipts, and the destination's ledger, against the store."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from bench.arrivals import Order, look_at_order
from bench.kill.clients import REGISTER
from bench.papers import REPORT
from bench.receiver import Arrival
from engine.app.checking import differences
from engine.services.records import record
from engine.services.registers.tables import entry, version
from engine.services.reports.tables import report_event, report_version
from engine.store.database import Connection, Database
from engine.store.tables import delivery, message

Key = tuple[str, str]
"""A hospital and the number that it gave a message."""


@dataclass(slots=True)
class Held:
    """What is held: figures, and one line for each thing that is not as it should be."""

    acknowledged: int = 0
    messages: Counter[str] = field(default_factory=Counter)
    order: Order = field(default_factory=Order)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    undelivered: list[str] = field(default_factory=list)
    sums: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        """Every line."""
        return [*self.lost, *self.doubled, *self.undelivered, *self.order.wrong, *self.sums]


def look(database: Database, lines: Sequence[Mapping[str, Any]], arrivals: Sequence[Arrival]) -> Held:
    """Compare what the clients were told, what the store holds, what came of it, and what arrived."""
    held = Held(sums=differences(database))
    kept = [line for line in lines if line["said"] == "kept"]
    with database.read() as connection:
        rows = _messages(connection, held)
        _receipts(rows, kept, held)
        _nobody_sent(rows, lines, held)
        _effects(connection, rows, held)
        _deliveries(connection, arrivals, held)
        held.order = look_at_order(arrivals, _places(connection, kept))
    return held


def _messages(connection: Connection, held: Held) -> dict[Key, list[Any]]:
    columns = (message.c.receipt, message.c.institution, message.c.document_type, message.c.document_id, message.c.state)
    rows: defaultdict[Key, list[Any]] = defaultdict(list)
    for row in connection.execute(sa.select(*columns)):
        held.messages[row.state] += 1
        rows[row.institution, row.document_id].append(row)
    held.doubled += [f"{key} is {len(each)} messages" for key, each in rows.items() if len(each) > 1]
    return rows


def _receipts(rows: Mapping[Key, Sequence[Any]], kept: Iterable[Mapping[str, Any]], held: Held) -> None:
    """Every answer that says kept has its message, and all answers about one message name the same receipt."""
    told: dict[Key, str] = {}
    for line in kept:
        key = (line["hospital"], line["number"])
        receipts = {row.receipt for row in rows.get(key, ())}
        if not receipts:
            held.lost.append(f"{key} {line['kind']} was acknowledged as {line['receipt'] or 'AA'} and is not there")
        elif line["receipt"] and line["receipt"] not in receipts:
            held.lost.append(f"{key} {line['kind']} was acknowledged as {line['receipt']} and stands as {sorted(receipts)}")
        if told.setdefault(key, line["receipt"]) != line["receipt"]:
            held.doubled.append(f"{key} was told two receipts: {told[key]} and {line['receipt']}")
    held.acknowledged = len(told)


def _nobody_sent(rows: Mapping[Key, Sequence[Any]], lines: Iterable[Mapping[str, Any]], held: Held) -> None:
    sent = {(line["hospital"], line["number"]) for line in lines}
    held.sums += [f"{key} is there and nobody noted to have sent it" for key in rows.keys() - sent]


def _effects(connection: Connection, rows: Mapping[Key, Sequence[Any]], held: Held) -> None:
    """Every message that went its way has its effect in our own services once; what is held back has none, nor what is not there."""
    taken = {row.receipt: row.document_type for each in rows.values() for row in each if row.state == "ROUTED"}
    documents = {receipt for receipt, kind in taken.items() if kind != REGISTER}
    reports = {receipt for receipt, kind in taken.items() if kind == REPORT}
    for words, columns, wanted in (
        ("record", (record.c.message,), documents),
        ("status of a report", (report_event.c.receipt,), reports),
        ("content of a report", (report_version.c.receipt,), reports),
        ("entry of a register", (entry.c.receipt, version.c.receipt), taken.keys() - documents),
    ):
        found = Counter(receipt for column in columns for receipt in connection.execute(sa.select(column)).scalars())
        held.lost += [f"{taken[receipt]} {receipt} has no {words}" for receipt in wanted - found.keys()]
        held.doubled += [f"{receipt} has {number} times a {words}" for receipt, number in found.items() if number > 1]
        held.doubled += [f"a {words} is of {receipt}, which is not such a message" for receipt in found.keys() - wanted]


def _deliveries(connection: Connection, arrivals: Iterable[Arrival], held: Held) -> None:
    """Every report stands as sent once, arrived, and always under one id, by which a repeat is known."""
    rows = connection.execute(sa.select(delivery.c.receipt, delivery.c.destination, delivery.c.state)).all()
    ids: defaultdict[str, set[str]] = defaultdict(set)
    for one in arrivals:
        ids[one.receipt].add(one.message)
    for row in rows:
        if row.state != "SENT" or row.receipt not in ids:
            there = "arrived" if row.receipt in ids else "never arrived"
            held.undelivered.append(f"{row.receipt} for {row.destination} is {row.state} and {there}")
    held.doubled += [f"{receipt} arrived under {len(each)} ids" for receipt, each in ids.items() if len(each) > 1]
    held.doubled += [
        f"{receipt} has {number} deliveries" for (receipt, _), number in Counter((r.receipt, r.destination) for r in rows).items()
        if number > 1
    ]  # fmt: skip
    reports = set(
        connection.execute(
            sa.select(message.c.receipt).where(message.c.document_type == REPORT, message.c.state == "ROUTED")
        ).scalars()
    )
    held.undelivered += [f"{receipt} has no delivery" for receipt in reports - {row.receipt for row in rows}]
    held.undelivered += [f"{receipt} arrived and is no message" for receipt in ids.keys() - {row.receipt for row in rows}]


def _places(connection: Connection, kept: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, float, float]]:
    """Give of each acknowledged report its key and when it was first sent and first acknowledged."""
    keys = {row.receipt: row.key for row in connection.execute(sa.select(delivery.c.receipt, delivery.c.key))}
    places: dict[str, tuple[str, float, float]] = {}
    for line in kept:
        if line["receipt"] in keys:
            places.setdefault(line["receipt"], (keys[line["receipt"]], line["sent"], line["answered"]))
    return places
