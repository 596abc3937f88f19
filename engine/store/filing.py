"""File judged messages: duplicates and replacements decided by the claims, all rows in few statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.errors import Issue
from engine.store import counts, hours, routecounts, rows
from engine.store.bulk import Listed, Values, insert_rows
from engine.store.claims import Ledger, Verdict, names_asked
from engine.store.counts import CountKey, Deltas
from engine.store.days import Tally
from engine.store.entries import Entry, EventLine, Filed, Mark
from engine.store.sealing import Seal
from engine.store.tables import body, delivery, event, finding, message


@dataclass(slots=True)
class Filing:
    """The rows that one call has gathered, written together at its end."""

    connection: Connection
    seal: Seal
    ledger: Ledger
    known: dict[str, Filed]
    messages: list[Values] = field(default_factory=list)
    bodies: list[Values] = field(default_factory=list)
    findings: list[Values] = field(default_factory=list)
    deliveries: list[Values] = field(default_factory=list)
    events: list[Values] = field(default_factory=list)
    replaced: list[tuple[str, str]] = field(default_factory=list)
    deltas: Deltas = field(default_factory=Counter)
    fresh: list[Entry] = field(default_factory=list)

    def add(self, entry: Entry) -> Filed:
        """Judge one entry and gather its rows."""
        if entry.receipt in self.known:
            return self.known[entry.receipt]
        verdict = self.ledger.judge(entry)
        if verdict.kind == "duplicate":
            return self._duplicate(entry, verdict.first)
        if verdict.issue:
            entry = refused(entry, verdict.issue)
        filed = self._fresh(entry, verdict)
        self.known[entry.receipt] = filed
        return filed

    def _duplicate(self, entry: Entry, first: str) -> Filed:
        detail = entry.receipt + (f" {entry.batch}" if entry.batch else "")
        self.tell(first, entry.received, "duplicate", detail)
        if first not in self.known:
            self.known |= read_filed(self.connection, [first], self.seal)
        return replace(self.known[first], duplicate=True, fresh=False, superseded=())

    def _fresh(self, entry: Entry, verdict: Verdict) -> Filed:
        holds = entry.state != "INVALID"
        if holds:
            self.ledger.take(self.connection, entry, verdict.targets)
        for target in verdict.targets:
            self.replaced.append((target, entry.receipt))
            self.tell(target, entry.received, "replaced", entry.receipt)
        self._gather(entry)
        return Filed(
            receipt=entry.receipt,
            state=entry.state,
            code=entry.code,
            issues=entry.issues,
            fresh=holds,
            superseded=verdict.targets,
        )

    def _gather(self, entry: Entry) -> None:
        self.fresh.append(entry)
        self.messages.append(rows.message_row(entry, self.seal))
        self.bodies.append(rows.body_row(entry, self.seal))
        self.findings.extend(rows.finding_rows(entry, entry.receipt, self.seal))
        self.deltas[CountKey("taken", entry.institution, entry.lane)] += 1
        self.deltas[CountKey("message", entry.institution, entry.lane, entry.state)] += 1
        for row in rows.delivery_rows(entry, entry.receipt, self.seal):
            self.deliveries.append(row)
            self.deltas[CountKey("delivery", row["destination"], entry.lane, "QUEUED")] += 1

    def tell(self, receipt: str, at: datetime, what: str, detail: str) -> None:
        """Gather an event of a message."""
        self.events.append(rows.event_row(receipt, EventLine(at=at, what=what, detail=detail), self.seal))

    def write(self) -> None:
        """Write all that was gathered: a handful of statements however many entries there are."""
        tally = Tally()
        tally.filed(self.connection, self.fresh)
        for table, values in (
            (message, self.messages),
            (body, self.bodies),
            (finding, self.findings),
            (delivery, self.deliveries),
            (event, self.events),
        ):
            insert_rows(self.connection, table, values)
        mark_replaced(self.connection, self.replaced)
        self.ledger.write(self.connection)
        counts.record(self.connection, self.deltas)
        tally.gone(self.connection, [old for old, _ in self.replaced])
        tally.write(self.connection)
        now = datetime.now(UTC)
        routecounts.filed(self.connection, self.fresh, now)
        hours.filed(self.connection, self.fresh, now)


_REPLACED_MARK: Mark = "replaced"
_REPLACED = (
    sa.update(message)
    .where(message.c.receipt == sa.bindparam("its_receipt"))
    .values(mark=_REPLACED_MARK, replaced_by=sa.bindparam("new_receipt"))
)


def mark_replaced(connection: Connection, pairs: Sequence[tuple[str, str]]) -> None:
    """Mark messages as replaced: pairs of the old receipt and the new one."""
    if pairs:
        connection.execute(_REPLACED, [{"its_receipt": old, "new_receipt": new} for old, new in pairs])


_KNOWN = Listed(message.c.receipt, sa.select(message.c.receipt, message.c.state, message.c.code).where)
_KNOWN_ISSUES = (
    sa.select(*rows.FINDING).where(finding.c.receipt.in_(sa.bindparam("receipts", expanding=True))).order_by(finding.c.seq)
)


def file(connection: Connection, seal: Seal, entries: Sequence[Entry]) -> list[Filed]:
    """File entries in order, in the caller's transaction; one answer for each."""
    names = [name for entry in entries for name in names_asked(entry)]
    ledger = Ledger.read(connection, names)
    # A receipt that is already there was filed by a commit whose reply got lost.
    known = read_filed(connection, [entry.receipt for entry in entries], seal)
    filing = Filing(connection, seal, ledger, known)
    filed = [filing.add(entry) for entry in entries]
    filing.write()
    return filed


def refused(entry: Entry, issue: Issue) -> Entry:
    """Turn an entry into one that its ids refuse: it holds nothing and goes nowhere."""
    return replace(entry, state="INVALID", code=issue.code, issues=(issue, *entry.issues), orders=(), changed=b"")


def read_filed(connection: Connection, receipts: Sequence[str], seal: Seal) -> dict[str, Filed]:
    """Read what was answered for these receipts; those unknown are left out."""
    found = _KNOWN.read(connection, receipts)
    if not found:
        return {}
    issues: dict[str, list[Issue]] = {}
    for row in connection.execute(_KNOWN_ISSUES, {"receipts": [row.receipt for row in found]}):
        issues.setdefault(row.receipt, []).append(rows.issue(row, seal))
    return {
        receipt: Filed(receipt=receipt, state=state, code=code, issues=tuple(issues.get(receipt, ())))
        for receipt, state, code in found
    }
