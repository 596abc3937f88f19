"""Search the audit: who, what, when, about whom; each row with whether the chain still proves it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, tuple_

from engine.services.audit import MINUTE, audit
from engine.services.auditchain import end_of_chain, proven
from engine.store.columns import micros


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditWish:
    """What is looked for; an empty field means all. `since` and `until` are aware, `before` is the place after which to go on."""

    since: datetime
    until: datetime
    actor: str = ""
    reason: str = ""
    institution: str = ""
    subject: str = ""
    verdict: str = ""
    before: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """One row of the audit; `proof` is "open" until it is sealed, then "proven" or "broken"."""

    place: tuple[int, int]
    link: int
    proof: str
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


@dataclass(frozen=True, slots=True)
class AuditPart:
    """Some rows, newest first; `more` tells whether there are earlier ones, `sealed` how many rows the chain has."""

    lines: Sequence[AuditLine]
    more: bool
    sealed: int


_SHOWN = ("peer", "institution", "service", "reason", "verdict", "actor", "subject", "count", "first", "last")


def search_audit(connection: Connection, wish: AuditWish, limit: int) -> AuditPart:
    """Read at most `limit` rows of a wish, newest first."""
    rows = connection.execute(_query(wish).limit(limit + 1)).mappings().all()
    shown, proofs = rows[:limit], proven(connection, rows[:limit])
    lines = [
        AuditLine(
            place=(row["minute"], row["seq"]), link=row["link"], proof=proofs.get(row["seq"], "open"),
            **{name: row[name] for name in _SHOWN},
        )
        for row in shown
    ]  # fmt: skip
    return AuditPart(lines, len(rows) > limit, end_of_chain(connection))


def _query(wish: AuditWish) -> Any:
    query = select(audit).where(audit.c.minute >= micros(wish.since) // MINUTE, audit.c.minute <= micros(_last(wish)) // MINUTE)
    for name in ("actor", "reason", "institution", "subject", "verdict"):
        if value := getattr(wish, name):
            query = query.where(audit.c[name] == value)
    if wish.before is not None:
        query = query.where(tuple_(audit.c.minute, audit.c.seq) < tuple_(*wish.before))
    return query.order_by(audit.c.minute.desc(), audit.c.seq.desc())


def _last(wish: AuditWish) -> datetime:
    return wish.until - timedelta(microseconds=1)
