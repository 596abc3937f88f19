"""Seal the audit as one hash chain, and verify it.

A row counts up while its minute lasts, so it cannot be chained when it is inserted, and a chain that every insert had to
extend would make all fronts wait for one row. Rows are therefore written open (`link` 0), and the clock, of which one
leads, seals those whose minute is over: in one transaction it locks the end of the chain, gives each row the next place
and the SHA-256 over its content and the hash before it. `link` is part of the key by which equal notes meet, so a note that
comes late starts a new row and never touches a sealed one; writers share no lock with the sealing but that of an old row.

What this shows: any row changed, deleted or inserted after it was sealed, that is after 90 seconds at most. Who can write
the whole store could compute the whole chain anew: each sealing writes the end of the chain into the log, and a copy of the log kept
elsewhere proves even that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Integer, Table, Text, func, select, update

from engine.log import get_logger
from engine.services.audit import MINUTE, audit
from engine.store.columns import micros
from engine.store.database import Database, metadata, unhurried

_LOG = get_logger("audit")
_BATCH = 500
_QUIET = timedelta(seconds=15)
"""How long a minute must be over before its rows are sealed: the fronts write what they gathered every second."""

_LATE = 60
"""Minutes before the last sealed one from which an open row may still come: notes that waited for a store that was away."""

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("link", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
    Column("minute", BigInteger, nullable=False),
)
"""The end of the chain: its last place and hash, and the last minute that was sealed; one row."""

_CONTENT = (
    *("seq", "link", "minute", "peer", "institution", "service"),
    *("reason", "verdict", "actor", "subject", "count", "first", "last"),
)


def seal_audit(database: Database, now: datetime) -> int:
    """Seal the rows of all minutes that are over; gives their number. Safe when two do it at once: the second waits."""
    upto, sealed = micros(now - _QUIET) // MINUTE - 1, 0
    while True:
        with database.write() as connection:
            number = _seal_some(connection, upto)
        sealed += number
        if number < _BATCH:
            return sealed


def verify_audit(connection: Connection) -> list[str]:
    """Walk the chain in its order, a thousand rows at a time; names the first row that is broken, [] when none is."""
    unhurried(connection)
    head = connection.execute(select(audit_head)).mappings().one()
    broken = next(_breaks(connection, head), None)
    return [] if broken is None else [broken]


def proven(connection: Connection, rows: Sequence[Any]) -> dict[int, str]:
    """Judge whole rows of the audit against the row before each: seq to "proven" or "broken"; a row that is not sealed yet is left out.

    This holds a row against its predecessor only; the whole chain is what `verify_audit` walks.
    """
    sealed = [row for row in rows if row["link"]]
    wanted = select(audit.c.link, audit.c.hash).where(audit.c.link.in_([row["link"] - 1 for row in sealed]))
    before: dict[int, str] = {0: ""} | {link: kept for link, kept in connection.execute(wanted) if link}
    return {
        row["seq"]: "proven" if row["link"] - 1 in before and _hash(before[row["link"] - 1], row) == row["hash"] else "broken"
        for row in sealed
    }


def end_of_chain(connection: Connection) -> int:
    """Give the number of sealed rows, as the end of the chain has it."""
    return int(connection.scalar(select(audit_head.c.link)) or 0)


def _seal_some(connection: Connection, upto: int) -> int:
    head = connection.execute(select(audit_head).with_for_update()).mappings().one()
    waiting = select(audit).where(audit.c.link == 0, audit.c.minute > head["minute"] - _LATE, audit.c.minute <= upto)
    rows = connection.execute(waiting.order_by(audit.c.minute, audit.c.seq).limit(_BATCH).with_for_update()).mappings().all()
    link, before = head["link"], head["hash"]
    for row in rows:
        link += 1
        before = _hash(before, {**row, "link": link})
        connection.execute(update(audit).where(audit.c.seq == row["seq"]).values(link=link, hash=before))
    minute = head["minute"] if len(rows) == _BATCH else max(upto, head["minute"])
    if rows or minute != head["minute"]:
        connection.execute(update(audit_head).values(link=link, hash=before, minute=minute))
    if rows:
        _LOG.info("audit sealed", rows=len(rows), end=link, hash=before)
    return len(rows)


def _breaks(connection: Connection, head: Any) -> Iterator[str]:
    link, before = 0, ""
    sealed = select(audit).where(audit.c.link != 0).order_by(audit.c.link).execution_options(yield_per=1000)
    for row in connection.execute(sealed).mappings():
        link += 1
        if row["link"] != link:
            yield f"audit: row {link} of the chain is missing; the next one there is {row['link']} (seq {row['seq']})"
        made = _hash(before, row)
        if made != row["hash"]:
            yield f"audit: row {link} of the chain (seq {row['seq']}) was changed after it was sealed, or one before it exchanged"
        before = made
    if (link, before) != (head["link"], head["hash"]):
        yield f"audit: the chain ends at row {link}, but {head['link']} rows were sealed"
    slipped = (audit.c.link == 0) & (audit.c.minute <= head["minute"] - _LATE)
    number, first = connection.execute(select(func.count(), func.min(audit.c.seq)).where(slipped)).one()
    if number:
        yield f"audit: row seq {first} was inserted behind the chain ({number} such rows)"


def _hash(before: str, row: Any) -> str:
    content = [before, *(micros(value) if isinstance(value := row[name], datetime) else value for name in _CONTENT)]
    return hashlib.sha256(json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()
