"""Keep the audit: who was admitted, who was refused and why, and what people changed."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import BigInteger, Column, Connection, Identity, Index, Integer, Table, Text, UniqueConstraint, func, select, text
from sqlalchemy.dialects import postgresql, sqlite

from engine.store.columns import Moment, RowNumber, micros
from engine.store.database import Database, metadata

Verdict = Literal["admitted", "refused", "changed", "read"]

CODE = re.compile(r"[A-Za-z0-9-]{1,32}\Z")
"""What an institution's code looks like."""

MINUTE = 60_000_000
"""Microseconds of a minute; rows carry the number of theirs since 1970."""

_WRITTEN_THROUGH = 100
_KEYS_COUNTED = 10_000

_KEY = ("minute", "peer", "institution", "service", "reason", "verdict", "actor", "subject")

audit = Table(
    "audit",
    metadata,
    Column("seq", RowNumber, Identity(always=False), primary_key=True),
    Column("minute", BigInteger, nullable=False),
    Column("peer", Text, nullable=False),
    Column("institution", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("first", Moment, nullable=False),
    Column("last", Moment, nullable=False),
    Column("link", BigInteger, nullable=False, server_default="0"),
    Column("hash", Text, nullable=False, server_default=""),
    UniqueConstraint(*_KEY, "link", name="uq_audit_one_open_row_a_minute"),
    Index("ix_audit_institution", "institution", "minute"),
    Index("ix_audit_verdict", "verdict", "minute"),
    Index("ix_audit_actor", "actor", "minute", sqlite_where=text("actor <> ''"), postgresql_where=text("actor <> ''")),
    Index("ix_audit_subject", "subject", "minute", sqlite_where=text("subject <> ''"), postgresql_where=text("subject <> ''")),
    Index("ix_audit_reason", "reason", "minute"),
    Index("ux_audit_link", "link", unique=True, sqlite_where=text("link <> 0"), postgresql_where=text("link <> 0")),
    Index("ix_audit_open", "minute", "seq", sqlite_where=text("link = 0"), postgresql_where=text("link = 0")),
)
"""One row for each key and minute while it is open; `link` is its place in the chain once it is sealed, then nothing changes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditNote:
    """One thing to be audited; equal ones within a minute become one row with a count.

    `reason` is the operation of an admission, the cause of a refusal, the act of a change. `institution` is the claimed
    code ("?" when it is not one); `actor` is the monitor user or "command-line" of a change and `subject` what was changed.
    """

    peer: str
    institution: str
    verdict: Verdict
    reason: str
    service: str = ""
    actor: str = ""
    subject: str = ""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One row as the monitor shows it; `first` and `last` are aware."""

    peer: str
    institution: str
    service: str
    reason: str
    verdict: str
    actor: str
    subject: str
    count: int
    first: datetime
    last: datetime


def first_admitted(connection: Connection, institution: str) -> datetime | None:
    """Tell when an institution was let in for the first time, None when it never was."""
    chosen = audit.c.institution == institution, audit.c.verdict == "admitted"
    found: datetime | None = connection.scalar(select(audit.c.first).where(*chosen).order_by(audit.c.minute).limit(1))
    return found


def claimed_code(claimed: str) -> str:
    """Give a claimed institution code as it may be stored: a well-formed one, "" for none, else "?"."""
    return claimed if not claimed or CODE.match(claimed) else "?"


def changed(reason: str, *, institution: str = "", subject: str = "", actor: str = "command-line", peer: str = "") -> AuditNote:
    """Make the note of an act by a person: institution add, user add, sign-in, discard, replay and the like."""
    return AuditNote(peer=peer, institution=institution, verdict="changed", reason=reason, actor=actor, subject=subject)


def looked_at(library: str, *, reason: str, subject: str, actor: str, institution: str = "", peer: str = "") -> AuditNote:
    """Make the note of a reading of personal data: which library, why, about whom (a number of ours), by whom."""
    return AuditNote(
        peer=peer, institution=institution, verdict="read", service=library, reason=reason, actor=actor, subject=subject
    )


class Audit:
    """Write audit notes: refusals and changes before the answer, admissions gathered and written every second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gathered: dict[tuple[Any, ...], AuditNote] = {}
        self._minute = 0
        self._written: dict[tuple[Any, ...], int] = {}

    def note(self, note: AuditNote) -> None:
        """Gather a note in memory until the next `flush`; takes a few microseconds."""
        key = _key(note)
        with self._lock:
            before = self._gathered.get(key)
            self._gathered[key] = note if before is None else _joined(before, note)

    def urgent(self, note: AuditNote) -> bool:
        """Tell whether a refusal needs its own write before the answer.

        The first hundred of one row in a minute do; after that the row is there, and a flood is only counted (`note`).
        """
        minute = micros(note.at) // MINUTE
        with self._lock:
            if minute != self._minute or len(self._written) >= _KEYS_COUNTED:
                self._minute, self._written = minute, {}
            seen = self._written.get(_key(note), 0)
            self._written[_key(note)] = seen + 1
        return seen < _WRITTEN_THROUGH

    def drain(self) -> list[AuditNote]:
        """Take out what was gathered; who cannot write it gives it back by `note`."""
        with self._lock:
            taken, self._gathered = self._gathered, {}
        return list(taken.values())

    def flush(self, database: Database) -> int:
        """Write what was gathered in a transaction of its own; gives the number of rows, keeps all when it fails."""
        notes = self.drain()
        if not notes:
            return 0
        try:
            with database.write() as connection:
                return len(_upsert(connection, notes))
        except BaseException:
            for note in notes:
                self.note(note)
            raise

    def write(self, connection: Connection, notes: Sequence[AuditNote]) -> list[None]:
        """Write notes within the caller's transaction, one row per key and minute; a handler for the journal's writer."""
        _upsert(connection, notes)
        return [None] * len(notes)

    def rows(
        self,
        connection: Connection,
        *,
        institution: str = "",
        verdict: str = "",
        since: datetime | None = None,
        limit: int = 200,
    ) -> list[AuditRow]:
        """List audit rows, newest first."""
        query = select(audit).order_by(audit.c.minute.desc(), audit.c.seq.desc()).limit(limit)
        if institution:
            query = query.where(audit.c.institution == institution)
        if verdict:
            query = query.where(audit.c.verdict == verdict)
        if since is not None:
            query = query.where(audit.c.minute >= micros(since) // MINUTE)
        return [_row(found) for found in connection.execute(query).mappings()]


def _key(note: AuditNote) -> tuple[Any, ...]:
    return (
        micros(note.at) // MINUTE,
        note.peer[:64],
        claimed_code(note.institution),
        note.service[:64],
        note.reason[:64],
        note.verdict,
        note.actor[:64],
        note.subject[:128],
    )


def _joined(before: AuditNote, later: AuditNote) -> AuditNote:
    return replace(before, count=before.count + later.count)


def _upsert(connection: Connection, notes: Iterable[AuditNote]) -> list[dict[str, Any]]:
    gathered: dict[tuple[Any, ...], dict[str, Any]] = {}
    for note in notes:
        fresh = {**dict(zip(_KEY, _key(note), strict=True)), "link": 0, "hash": "", "count": 0, "first": note.at, "last": note.at}
        row = gathered.setdefault(_key(note), fresh)
        row["count"] += note.count
        row["first"], row["last"] = min(row["first"], note.at), max(row["last"], note.at)
    rows = [gathered[key] for key in sorted(gathered)]  # one order for all processes, so that none waits in a ring
    if rows:
        connection.execute(_UPSERTS[connection.dialect.name], rows)
    return rows


def _upsert_for(insert: Any, *, largest: Any) -> Any:
    statement = insert(audit)
    return statement.on_conflict_do_update(
        index_elements=[*_KEY, "link"],
        set_={
            "count": audit.c.count + statement.excluded.count,
            "last": largest(audit.c.last, statement.excluded.last),
        },
    )


_UPSERTS = {
    "sqlite": _upsert_for(sqlite.insert, largest=func.max),
    "postgresql": _upsert_for(postgresql.insert, largest=func.greatest),
}


def _row(found: Any) -> AuditRow:
    names = ("peer", "institution", "service", "reason", "verdict", "actor", "subject", "count", "first", "last")
    return AuditRow(**{name: found[name] for name in names})
