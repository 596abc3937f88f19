"""Turn entries into rows and rows back into facts, sealing and opening on the way."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from engine.errors import Issue
from engine.store.bulk import Values
from engine.store.columns import micros
from engine.store.entries import DeliveryLine, Entry, EventLine, Facts, StoredMessage, TraceLine, status_of
from engine.store.sealing import Seal
from engine.store.tables import body, delivery, event, finding, message

_ZLIB_LEVEL = 1
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_PLAIN_FACTS = (
    "seq", "receipt", "institution", "document_type", "document_id", "own", "lane", "received", "route", "revision", "state",
    "status", "code", "mark", "replaced_by", "digest", "size", "batch", "peer", "reference",
)  # fmt: skip

FACTS = (*(message.c[name] for name in _PLAIN_FACTS), message.c.resident)
"""The columns that `facts` reads, in its order."""

DELIVERY = (
    delivery.c.seq, delivery.c.destination, delivery.c.state, delivery.c.attempts, delivery.c.error_code,
    delivery.c.error_text, delivery.c.due, delivery.c.changed_at, delivery.c.remote_id, delivery.c.receipt,
)  # fmt: skip


def facts(row: Sequence[Any], seal: Seal) -> Facts:
    """Read the row of a message."""
    *plain, resident = row
    values = dict(zip(_PLAIN_FACTS, plain, strict=True))
    opened = seal.open_text(resident, table="message", column="resident", row=values["receipt"])
    return Facts(**values, resident=opened)


def message_row(entry: Entry, seal: Seal) -> Values:
    """Write the row of a message."""
    receipt = entry.receipt
    return {
        "receipt": receipt,
        "institution": entry.institution,
        "document_type": entry.document_type,
        "document_id": entry.document_id,
        "own": entry.own,
        "lane": entry.lane,
        "received": micros(entry.received),
        "written": None if entry.written is None else micros(entry.written),
        "route": entry.route,
        "revision": entry.revision,
        "state": entry.state,
        "status": status_of(entry.state, entry.issues),
        "code": entry.code,
        "mark": "",
        "replaced_by": "",
        "digest": entry.digest,
        "size": entry.size,
        "batch": entry.batch,
        "peer": entry.peer,
        "reference": entry.reference,
        "resident": seal.seal_text(entry.resident, table="message", column="resident", row=receipt),
        "resident_lookup": seal.lookup(entry.resident),
    }


def body_row(entry: Entry, seal: Seal) -> Values:
    """Write the row of a body: the original as it came, what the route made of it compressed once."""
    receipt = entry.receipt
    kept = b"" if entry.original_form == "meta" else entry.original
    return {
        "receipt": receipt,
        "original_form": entry.original_form,
        "original": seal.seal(kept, table="body", column="original", row=receipt) if kept else b"",
        **changed_values(entry, seal, receipt),
    }


def changed_values(entry: Entry, seal: Seal, receipt: str) -> dict[str, Any]:
    """Write what the walk made of a message: the changed XML and the trace."""
    trace = _to_json([[line.what, line.detail, line.micros] for line in entry.trace]) if entry.trace else ""
    changed = zlib.compress(entry.changed, _ZLIB_LEVEL) if entry.changed else b""
    return {
        "changed": seal.seal(changed, table="body", column="changed", row=receipt) if changed else b"",
        "trace": seal.seal_text(trace, table="body", column="trace", row=receipt),
    }


def stored_message(found: Facts, row: Sequence[Any], seal: Seal) -> StoredMessage:
    """Read the row of a body: original_form, original, changed; raises ValueError for one that cannot be read."""
    form, original, changed = row
    place = {"table": "body", "row": found.receipt}
    return StoredMessage(
        facts=found,
        original_form=form,
        original=seal.open(original, column="original", **place) if original else b"",
        changed=_unpacked(seal.open(changed, column="changed", **place), found.receipt) if changed else b"",
    )


def _unpacked(packed: bytes, receipt: str) -> bytes:
    try:
        return zlib.decompress(packed)
    except zlib.error as error:
        raise ValueError(f"the changed body of {receipt} is damaged") from error


BODY = (body.c.original_form, body.c.original, body.c.changed)
"""The columns that `stored_message` reads, in its order."""


def trace_lines(sealed: bytes, receipt: str, seal: Seal) -> tuple[TraceLine, ...]:
    """Read the trace of a walk."""
    text = seal.open_text(sealed, table="body", column="trace", row=receipt)
    return tuple(TraceLine(what=what, detail=detail, micros=micros) for what, detail, micros in json.loads(text or "[]"))


def finding_rows(entry: Entry, receipt: str, seal: Seal) -> Iterable[Values]:
    """Write one row for each issue of an entry; what may name a person is sealed."""
    at = micros(entry.received)
    told: set[tuple[str, str, str]] = set()
    for issue in entry.issues:
        key = (issue.rule, issue.code, issue.severity)
        detail = {
            "message": issue.message,
            "hint": issue.hint,
            "path": issue.path,
            "line": issue.line,
            "column": issue.column,
            "value": issue.value,
        }
        text = _to_json(detail)
        yield {
            "receipt": receipt,
            "institution": entry.institution,
            "at": at,
            "severity": issue.severity,
            "code": issue.code,
            "rule": issue.rule,
            "detail": seal.seal_text(text, table="finding", column="detail", row=receipt),
            "document_type": entry.document_type,
            "lane": entry.lane,
            "foremost": 0 if key in told else 1,
        }
        told.add(key)


FINDING = (finding.c.receipt, finding.c.severity, finding.c.code, finding.c.rule, finding.c.detail)
"""The columns that `issue` reads, in its order."""


def issue(row: Sequence[Any], seal: Seal) -> Issue:
    """Read one issue."""
    receipt, severity, code, rule, sealed = row
    detail = json.loads(seal.open_text(sealed, table="finding", column="detail", row=receipt))
    return Issue(severity=severity, code=code, rule=rule, **detail)


def delivery_line(row: Sequence[Any], seal: Seal) -> DeliveryLine:
    """Read where a delivery stands."""
    seq, destination, state, attempts, error_code, error_text, due, at, remote_id, receipt = row
    text = seal.open_text(error_text, table="delivery", column="error_text", row=receipt)
    return DeliveryLine(
        id=seq,
        destination=destination,
        state=state,
        attempts=attempts,
        error_code=error_code,
        error_text=text,
        due=due,
        at=at,
        remote_id=remote_id,
    )


def delivery_rows(entry: Entry, receipt: str, seal: Seal) -> Iterable[Values]:
    """Write one row for each order; keys may be identity numbers and are kept as search keys only."""
    due = micros(entry.received)
    for order in entry.orders:
        yield {
            "receipt": receipt,
            "destination": order.destination,
            "key": seal.lookup(order.key),
            "lane": entry.lane,
            "state": "QUEUED",
            "attempts": 0,
            "first_due": due,
            "due": due,
            "wake": due,
            "changed_at": due,
            "worker": "",
            "lease_token": "",
            "lease_until": None,
            "error_code": "",
            "error_text": b"",
            "remote_id": "",
            "institution": entry.institution,
        }


def event_row(receipt: str, line: EventLine, seal: Seal) -> Values:
    """Write one event."""
    sealed = seal.seal_text(line.detail, table="event", column="detail", row=receipt)
    return {"receipt": receipt, "at": micros(line.at), "what": line.what, "detail": sealed}


def event_line(row: Sequence[Any], seal: Seal) -> EventLine:
    """Read one event: receipt, at, what, detail."""
    receipt, at, what, sealed = row
    return EventLine(at=at, what=what, detail=seal.open_text(sealed, table="event", column="detail", row=receipt))


EVENT = (event.c.receipt, event.c.at, event.c.what, event.c.detail)
"""The columns that `event_line` reads, in its order."""
