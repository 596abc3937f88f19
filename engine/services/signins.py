"""Keep in the store who failed to prove itself, and from where, so that all fronts know it and a restart forgets nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Column, Integer, Table, Text, case, delete, select

from engine.store.columns import EPOCH, Moment
from engine.store.database import Database, insert_into, metadata

ANY = "*"
"""Stands for all institutions together in the row of a peer; no code looks like it."""

FORGOTTEN = timedelta(minutes=15)
"""Time without a failure after which failures are forgotten."""

TRUSTED = timedelta(days=90)
"""Time since it proved itself from an address for which an institution is known there."""

_GATHERED = 10_000

sign_in = Table(
    "sign_in",
    metadata,
    Column("peer", Text, primary_key=True),
    Column("institution", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("failed", Moment, nullable=False),
    Column("proven", Moment, nullable=False),
)
"""One row for each peer and claimed institution, and one for each peer; `failed`, `proven` are 1970 when it never happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What all fronts together know: failures that are not forgotten, and seconds since the last of them."""

    failures: int = 0
    ago: float = 0.0
    peer_failures: int = 0
    peer_ago: float = 0.0
    proven: bool = False


@dataclass(slots=True)
class _News:
    """What happened to one pair since the last flush; `proven` stands before the failures that came after it."""

    failures: int = 0
    proven: bool = False


class SignIns:
    """Gather failures and proofs in memory, and write them every second; `clock` gives an aware time."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._news: dict[tuple[str, str], _News] = {}

    def failed(self, peer: str, institution: str) -> None:
        """Note a failure of a peer that claimed to be an institution."""
        with self._lock:
            for key in ((peer, institution), (peer, ANY)):
                if key in self._news or len(self._news) < _GATHERED:
                    self._news.setdefault(key, _News()).failures += 1

    def proven(self, peer: str, institution: str) -> None:
        """Note that a peer proved to be an institution: its failures are over."""
        with self._lock:
            self._news[peer, institution] = _News(proven=True)

    def standing(self, peer: str, institution: str) -> Standing:
        """Ask the store how a peer stands; blocks, raises TryAgain when the store is away."""
        query = select(sign_in).where(sign_in.c.peer == peer, sign_in.c.institution.in_((institution, ANY)))
        with self._database.read() as connection:
            rows = {row["institution"]: row for row in connection.execute(query).mappings()}
        now = self._clock()
        failures, ago = _recent(rows.get(institution), now)
        peer_failures, peer_ago = _recent(rows.get(ANY), now)
        known = institution in rows and now - rows[institution]["proven"] < TRUSTED
        return Standing(failures=failures, ago=ago, peer_failures=peer_failures, peer_ago=peer_ago, proven=known)

    def flush(self) -> int:
        """Write what was gathered; gives the number of rows, keeps all when it fails."""
        with self._lock:
            taken, self._news = self._news, {}
        if not taken:
            return 0
        try:
            self._write(taken)
        except BaseException:
            self._keep(taken)
            raise
        return len(taken)

    def forget(self) -> int:
        """Delete the rows that say nothing any more; gives their number."""
        now = self._clock()
        over = (sign_in.c.failed < now - FORGOTTEN) & (sign_in.c.proven < now - TRUSTED)
        with self._database.write() as connection:
            return int(connection.execute(delete(sign_in).where(over)).rowcount)

    def _write(self, taken: dict[tuple[str, str], _News]) -> None:
        now = self._clock()
        with self._database.write() as connection:
            # In one order for all processes, so that none waits in a ring.
            for (peer, institution), news in sorted(taken.items(), key=lambda item: item[0]):
                connection.execute(_upsert(connection.dialect.name, peer, institution, news, now))

    def _keep(self, taken: dict[tuple[str, str], _News]) -> None:
        with self._lock:
            for key, news in taken.items():
                later = self._news.get(key)
                if later is None:
                    self._news[key] = news
                elif not later.proven:
                    self._news[key] = _News(news.failures + later.failures, news.proven)


def _recent(row: Any, now: datetime) -> tuple[int, float]:
    if row is None or now - row["failed"] > FORGOTTEN:
        return 0, 0.0
    return row["failures"], max((now - row["failed"]).total_seconds(), 0.0)


def _upsert(dialect: str, peer: str, institution: str, news: _News, now: datetime) -> Any:
    failed, proven = now if news.failures else EPOCH, now if news.proven else EPOCH
    row = {"peer": peer, "institution": institution, "failures": news.failures, "failed": failed, "proven": proven}
    if news.proven:
        changes: dict[str, Any] = {"failures": news.failures, "failed": failed, "proven": now}
    else:
        over = sign_in.c.failed < now - FORGOTTEN
        changes = {"failures": case((over, 0), else_=sign_in.c.failures) + news.failures, "failed": now}
    return insert_into(dialect, sign_in).values(row).on_conflict_do_update(index_elements=["peer", "institution"], set_=changes)
