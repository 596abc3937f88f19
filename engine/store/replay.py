"""Change what became of a stored message: revoke it, judge it again, put it aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.errors import Issue, SenderError
from engine.store import counts, deliveries, filing, rows
from engine.store.bulk import insert_rows
from engine.store.claims import Ledger, claim_name, names_asked, overtaken
from engine.store.columns import AnyRow
from engine.store.counts import CountKey, Deltas
from engine.store.days import Tally
from engine.store.entries import Entry, EventLine, Filed, Mark, MessageState, status_of
from engine.store.sealing import Seal
from engine.store.tables import UNFINISHED_SQL, body, delivery, event, finding, message

_REVOKED: Mark = "revoked"
_DISCARDED: MessageState = "DISCARDED"


def revoke(
    connection: Connection, seal: Seal, institution: str, document_type: str, document_id: str, reason: str, now: datetime
) -> Filed:
    """Mark a message as revoked, free its ids and cancel its queued deliveries; raises SenderError SND-505."""
    name = claim_name(institution, "document", document_id)
    ledger = Ledger.read(connection, [name])
    holder = ledger.held.get(name)
    if holder is None:
        return _revoked_just_now(connection, institution, document_type, document_id, now)
    if holder.document_type != document_type:
        raise _cannot_revoke(f"documentId {document_id} 是 {holder.document_type} 类型的文档，不是 {document_type}。")
    ledger.release(connection, holder.receipt)
    ledger.write(connection)
    marked = sa.update(message).where(message.c.receipt == holder.receipt).values(mark=_REVOKED)
    state, code = connection.execute(marked.returning(message.c.state, message.c.code)).one()
    tally = Tally()
    tally.gone(connection, [holder.receipt])
    tally.write(connection)
    cancelled = deliveries.cancel_queued(connection, holder.receipt, now)
    _tell(connection, seal, holder.receipt, now, "revoked", reason)
    if cancelled:
        _tell(connection, seal, holder.receipt, now, "cancelled", f"{cancelled}")
    return Filed(receipt=holder.receipt, state=state, code=code, superseded=(holder.receipt,))


def _revoked_just_now(connection: Connection, institution: str, document_type: str, document_id: str, now: datetime) -> Filed:
    """Answer again for this very revocation, whose commit went through although its reply got lost."""
    done = (
        sa.select(message.c.receipt, message.c.state, message.c.code)
        .join(event, event.c.receipt == message.c.receipt)
        .where(
            message.c.document_id == document_id,
            message.c.institution == institution,
            message.c.document_type == document_type,
            message.c.mark == _REVOKED,
            event.c.what == "revoked",
            event.c.at == now,
        )
    )
    row = connection.execute(done).first()
    if row is None:
        raise _cannot_revoke(f"documentId {document_id} 没有被接收，或已经撤销、已被替换。")
    return Filed(receipt=row.receipt, state=row.state, code=row.code, superseded=(row.receipt,))


def _cannot_revoke(text: str) -> SenderError:
    return SenderError(Issue(code="SND-505", message=text, hint="请核对 documentType 与 documentId 后再试。"))


def judge_again(connection: Connection, seal: Seal, receipt: str, entry: Entry) -> Filed:
    """Give a stored message the outcome of a new walk."""
    old = _open_message(connection, receipt)
    entry = replace(entry, receipt=receipt, institution=old.institution, lane=old.lane)
    held = old.state != "INVALID"
    if held and entry.state == "INVALID":
        # The sender holds a receipt that says accepted; a person decides what becomes of it now.
        entry = replace(entry, state="ERROR", orders=())
    targets: tuple[str, ...] = ()
    tally = Tally()
    tally.delivered(connection, [receipt] if held else [], -1)
    if not held and entry.state != "INVALID":
        entry, targets = _claim(connection, entry, old.received)
        filing.mark_replaced(connection, [(target, receipt) for target in targets])
        for target in targets:
            _tell(connection, seal, target, entry.received, "replaced", receipt)
    still_open = _open_destinations(connection, receipt)
    entry = replace(entry, orders=tuple(order for order in entry.orders if order.destination not in still_open))
    _rewrite(connection, seal, old, entry)
    tally.judged_again(connection, old, entry)
    tally.gone(connection, targets)
    tally.delivered(connection, [receipt] if entry.state == "ROUTED" else [])
    tally.write(connection)
    said = f"{old.state} {old.code} -> {entry.state} {entry.code} ({entry.revision})"
    _tell(connection, seal, receipt, entry.received, "judged-again", said)
    return Filed(
        receipt=receipt,
        state=entry.state,
        code=entry.code,
        issues=entry.issues,
        fresh=entry.state == "ROUTED",
        superseded=targets,
    )


def correct(connection: Connection, seal: Seal, receipt: str, entry: Entry, told: str) -> Filed:
    """File a message that corrects a refused one, which is marked as replaced by it."""
    if _open_message(connection, receipt).state != "INVALID":
        raise LookupError(f"message {receipt} was not refused; only what was refused is corrected")
    (filed,) = filing.file(connection, seal, [entry])
    if filed.duplicate or filed.state == "INVALID":
        return filed
    filing.mark_replaced(connection, [(receipt, filed.receipt)])
    _tell(connection, seal, receipt, entry.received, "corrected", f"{filed.receipt} {told}")
    _tell(connection, seal, filed.receipt, entry.received, "correction", f"{receipt} {told}")
    return filed


def _open_message(connection: Connection, receipt: str) -> AnyRow:
    wanted = sa.select(message).where(message.c.receipt == receipt, message.c.mark == "", message.c.state != _DISCARDED)
    row = connection.execute(wanted.with_for_update()).one_or_none()
    if row is None:
        raise LookupError(f"message {receipt} is unknown, revoked, replaced or discarded")
    return row


def _claim(connection: Connection, entry: Entry, received: datetime) -> tuple[Entry, tuple[str, ...]]:
    """Let a message that was refused hold its ids now, unless another one does by this time; name what it replaces."""
    ledger = Ledger.read(connection, names_asked(entry))
    verdict = ledger.judge(replace(entry, digest=""))
    issue = verdict.issue or _overtaken(connection, entry, verdict.targets, received)
    if issue:
        return filing.refused(entry, issue), ()
    ledger.take(connection, entry, verdict.targets)
    ledger.write(connection)
    return entry, verdict.targets


def _overtaken(connection: Connection, entry: Entry, targets: Sequence[str], received: datetime) -> Issue | None:
    """Refuse to let what repeats its own id replace something that was sent after it."""
    newer = sa.select(message.c.receipt).where(message.c.receipt.in_(targets), message.c.received > received)
    found = connection.execute(newer).scalar() if entry.repeats and targets else None
    return overtaken(entry, found) if found else None


def _open_destinations(connection: Connection, receipt: str) -> set[str]:
    wanted = sa.select(delivery.c.destination).where(delivery.c.receipt == receipt, sa.text(UNFINISHED_SQL))
    return set(connection.execute(wanted).scalars())


def _rewrite(connection: Connection, seal: Seal, old: AnyRow, entry: Entry) -> None:
    receipt = entry.receipt
    values = {
        "state": entry.state,
        "status": status_of(entry.state, entry.issues),
        "code": entry.code,
        "route": entry.route,
        "revision": entry.revision,
        "reference": entry.reference,
        "written": entry.written,
    }
    connection.execute(sa.update(message).where(message.c.receipt == receipt).values(**values))
    changed = rows.changed_values(entry, seal, receipt)
    connection.execute(sa.update(body).where(body.c.receipt == receipt).values(**changed))
    connection.execute(sa.delete(finding).where(finding.c.receipt == receipt))
    deltas: Deltas = Counter()
    deltas[CountKey("message", old.institution, old.lane, old.state)] -= 1
    deltas[CountKey("message", old.institution, old.lane, entry.state)] += 1
    sends = list(rows.delivery_rows(entry, receipt, seal))
    for row in sends:
        deltas[CountKey("delivery", row["destination"], entry.lane, "QUEUED")] += 1
    insert_rows(connection, finding, list(rows.finding_rows(entry, receipt, seal)))
    insert_rows(connection, delivery, sends)
    counts.record(connection, deltas)


def discard(connection: Connection, seal: Seal, receipt: str, reason: str, by: str, now: datetime) -> bool:
    """Put an ERROR message aside for good; false when it is not in ERROR."""
    wanted = sa.update(message).where(message.c.receipt == receipt, message.c.state == "ERROR", message.c.mark == "")
    gone = wanted.values(state=_DISCARDED).returning(message.c.institution, message.c.lane)
    row = connection.execute(gone).one_or_none()
    if row is None:
        return False
    deltas: Deltas = Counter()
    deltas[CountKey("message", row.institution, row.lane, "ERROR")] -= 1
    deltas[CountKey("message", row.institution, row.lane, _DISCARDED)] += 1
    counts.record(connection, deltas)
    _tell(connection, seal, receipt, now, "discarded", f"{by}: {reason}")
    return True


def _tell(connection: Connection, seal: Seal, receipt: str, at: datetime, what: str, detail: str) -> None:
    insert_rows(connection, event, [rows.event_row(receipt, EventLine(at=at, what=what, detail=detail), seal)])
