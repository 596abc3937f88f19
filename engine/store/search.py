"""Find stored messages, by one id or by what they have in common, always through an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store import rows
from engine.store.claims import claim_name
from engine.store.entries import EventLine, Facts, Stored, StoredMessage
from engine.store.sealing import Seal
from engine.store.tables import body, claim, delivery, event, finding, message

MARKS = frozenset({"revoked", "replaced"})
"""What may be asked for as a state and is a mark."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a search asks for; empty means any. `resident_key` is the search key of an identity number."""

    receipt: str = ""
    institution: str = ""
    document_type: str = ""
    document_id: str = ""
    resident: str = ""
    resident_key: str = ""
    state: str = ""
    status: str = ""
    code: str = ""
    lane: str = ""
    route: str = ""
    since: datetime | None = None
    until: datetime | None = None
    after: tuple[datetime, int] | None = None
    before: tuple[datetime, int] | None = None
    limit: int = 50


def search(connection: Connection, seal: Seal, asked: Asked) -> list[Facts]:
    """List messages newest first."""
    newest = (message.c.received.desc(), message.c.seq.desc())
    statement = sa.select(*rows.FACTS).where(*conditions(asked, seal)).order_by(*newest).limit(asked.limit)
    return [rows.facts(row, seal) for row in connection.execute(statement)]


def conditions(asked: Asked, seal: Seal) -> list[sa.ColumnElement[bool]]:
    """Say what is asked for as conditions on the table of messages, those of the partial indexes included."""
    found: list[sa.ColumnElement[bool]] = []
    for name in ("receipt", "institution", "document_type", "document_id", "status", "code", "lane", "route"):
        value = getattr(asked, name)
        if value:
            found.append(message.c[name] == value)
    resident = asked.resident_key or seal.lookup(asked.resident)
    if resident:
        found.append(message.c.resident_lookup == resident)
    if asked.state:
        found.append(message.c.mark == asked.state if asked.state in MARKS else message.c.state == asked.state)
    if asked.since:
        found.append(message.c.received >= asked.since)
    if asked.until:
        found.append(message.c.received < asked.until)
    here = sa.tuple_(message.c.received, message.c.seq)
    if asked.after:
        found.append(here < _there(asked.after))
    if asked.before:
        found.append(here > _there(asked.before))
    return found + _index_conditions(asked)


def _there(place: tuple[datetime, int]) -> sa.ColumnElement[Any]:
    return sa.tuple_(sa.literal(place[0], message.c.received.type), sa.literal(place[1]))


def _index_conditions(asked: Asked) -> list[sa.ColumnElement[bool]]:
    """Repeat the conditions of the partial indexes in so many words: a planner cannot see them in bound values."""
    wanted = {
        "resident_lookup <> ''": bool(asked.resident or asked.resident_key),
        "state <> 'ROUTED'": asked.state not in {"", "ROUTED", *MARKS},
        "mark <> ''": asked.state in MARKS,
        "status <> 'accepted'": asked.status not in {"", "accepted"},
        "code <> '0'": asked.code not in {"", "0"},
    }
    return [sa.text(condition) for condition, holds in wanted.items() if holds]  # type: ignore[misc] # text is a condition


def find(
    connection: Connection, seal: Seal, institution: str | None, *, receipt: str = "", document_id: str = ""
) -> Stored | None:
    """Find one message with everything but its bodies."""
    if not receipt:
        receipt = _receipt_of(connection, institution, document_id) if document_id else ""
    row = connection.execute(sa.select(*rows.FACTS).where(message.c.receipt == receipt)).one_or_none()
    if row is None or (institution is not None and row.institution != institution):
        return None
    return _whole(connection, seal, rows.facts(row, seal))


def _receipt_of(connection: Connection, institution: str | None, document_id: str) -> str:
    if institution is not None:
        name = claim_name(institution, "document", document_id)
        held = connection.execute(sa.select(claim.c.receipt).where(claim.c.name == name)).scalar_one_or_none()
        if held:
            return str(held)
    wanted = sa.select(message.c.receipt).where(message.c.document_id == document_id)
    if institution is not None:
        wanted = wanted.where(message.c.institution == institution)
    return str(connection.execute(wanted.order_by(message.c.seq.desc()).limit(1)).scalar_one_or_none() or "")


def _whole(connection: Connection, seal: Seal, found: Facts) -> Stored:
    receipt = found.receipt
    issues = sa.select(*rows.FINDING).where(finding.c.receipt == receipt).order_by(finding.c.seq)
    sends = sa.select(*rows.DELIVERY).where(delivery.c.receipt == receipt).order_by(delivery.c.seq)
    events = sa.select(*rows.EVENT).where(event.c.receipt == receipt).order_by(event.c.seq)
    trace = connection.execute(sa.select(body.c.trace).where(body.c.receipt == receipt)).scalar_one()
    # What every message begins with stands in its own row and costs none of its own.
    received = EventLine(at=found.received, what="received", detail=found.peer)
    return Stored(
        facts=found,
        issues=tuple(rows.issue(row, seal) for row in connection.execute(issues)),
        deliveries=tuple(rows.delivery_line(row, seal) for row in connection.execute(sends)),
        events=(received, *(rows.event_line(row, seal) for row in connection.execute(events))),
        trace=rows.trace_lines(trace, receipt, seal),
    )


def told(connection: Connection, seal: Seal, receipt: str, what: str) -> str:
    """Give the detail of the last event of this name, "" when there is none."""
    wanted = sa.select(*rows.EVENT).where(event.c.receipt == receipt, event.c.what == what).order_by(event.c.seq.desc()).limit(1)
    row = connection.execute(wanted).one_or_none()
    return "" if row is None else rows.event_line(row, seal).detail


def load(connection: Connection, seal: Seal, receipts: Sequence[str]) -> dict[str, StoredMessage]:
    """Load messages with their bodies; those unknown are left out."""
    joined = message.join(body, body.c.receipt == message.c.receipt)
    statement = sa.select(*rows.FACTS, *rows.BODY).select_from(joined).where(message.c.receipt.in_(receipts))
    loaded = {}
    for row in connection.execute(statement):
        found = rows.facts(row[: len(rows.FACTS)], seal)
        loaded[found.receipt] = rows.stored_message(found, row[len(rows.FACTS) :], seal)
    return loaded
