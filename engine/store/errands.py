"""Keep errands: work that is due at a time, leased to one worker each, tried again until it is done."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.columns import AnyRow, Moment, RowNumber
from engine.store.database import Database, insert_into, metadata

errand = sa.Table(
    "errand",
    metadata,
    sa.Column("seq", RowNumber, sa.Identity(always=False), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("institution", sa.Text, nullable=False),
    sa.Column("due", Moment, nullable=False),
    sa.Column("since", Moment, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("wanted", sa.Integer, nullable=False),
    sa.Column("token", sa.Text, nullable=False),
    sa.Column("lease_until", Moment),
    sa.Column("last_error", sa.Text, nullable=False),
    sa.Index("ux_errand_subject", "kind", "subject", unique=True),
    sa.Index("ix_errand_due", "due", "seq"),
    sa.Index("ix_errand_institution", "institution", "kind"),
)
"""One row for each errand still open; `wanted` counts how often it was asked for, so that who runs it sees that it is wanted anew."""

errand_record = sa.Table(
    "errand_record",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("institution", sa.Text, primary_key=True),
    sa.Column("last_done", Moment),
    sa.Column("last_failed", Moment),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_error", sa.Text, nullable=False),
)
"""When each kind of errand last went well and last failed for each institution; `failures` counts those in a row."""

_CLAIMS = 0x6572726E64
"""The advisory lock that claiming workers queue at on PostgreSQL, so that a hospital's limit holds over all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One claimed errand; `attempts` counts earlier failures, `token` fences who holds it."""

    seq: int
    kind: str
    subject: str
    institution: str
    attempts: int
    wanted: int
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrandLine:
    """How errands of one kind stand for one institution: open, running, the oldest due, and what the last one came to."""

    kind: str
    institution: str
    open: int
    running: int
    oldest_due: datetime | None
    last_done: datetime | None
    last_failed: datetime | None
    failures: int
    last_error: str


def put(connection: Connection, kind: str, subject: str, institution: str, due: datetime) -> None:
    """Ask for an errand no later than `due`; one that is open already is brought forward, one under way is run once more."""
    connection.execute(_put(connection.dialect.name), _row(kind, subject, institution, due))


def offer(connection: Connection, kind: str, subject: str, institution: str, due: datetime) -> bool:
    """Ask for an errand unless it is open already; true when it was not."""
    insert = insert_into(connection.dialect.name, errand).on_conflict_do_nothing().returning(errand.c.seq)
    return connection.execute(insert.values(_row(kind, subject, institution, due))).first() is not None


def plan(connection: Connection, kind: str, subject: str, institution: str, due: datetime, now: datetime) -> None:
    """Set when an errand is due, also later than before; one that is overdue at `now` stays so, for somebody wants it now.

    One under way is due then too, whatever the worker that has it makes of the state that it read before.
    """
    row = _row(kind, subject, institution, due)
    connection.execute(_plan(connection.dialect.name), {**row, "now": now})


def drop(connection: Connection, kind: str, subject: str) -> None:
    """Forget an errand that nobody runs at this moment; who runs it finds nothing left to do."""
    connection.execute(_DROP, {"its_kind": kind, "its_subject": subject})


def subjects(connection: Connection, kind: str) -> set[str]:
    """Give the subjects of the errands of one kind that are open."""
    return set(connection.execute(sa.select(errand.c.subject).where(errand.c.kind == kind)).scalars())


def _row(kind: str, subject: str, institution: str, due: datetime) -> dict[str, Any]:
    return {
        "kind": kind, "subject": subject, "institution": institution, "due": due, "since": datetime.now(UTC),
        "attempts": 0, "wanted": 1, "token": "", "lease_until": None, "last_error": "",
    }  # fmt: skip


def _inserted(dialect: str) -> Any:
    names = [column.name for column in errand.columns if column.name != "seq"]
    return insert_into(dialect, errand).values({name: sa.bindparam(name, type_=errand.c[name].type) for name in names})


@cache
def _put(dialect: str) -> Any:
    # Built once: to build and to key these statements anew costs more than to run them.
    insert = _inserted(dialect)
    sooner = sa.case((insert.excluded.due < errand.c.due, insert.excluded.due), else_=errand.c.due)
    return insert.on_conflict_do_update(index_elements=["kind", "subject"], set_={"due": sooner, "wanted": errand.c.wanted + 1})


@cache
def _plan(dialect: str) -> Any:
    insert = _inserted(dialect)
    under_way = errand.c.lease_until.is_not(None)
    overdue = errand.c.due <= sa.bindparam("now", type_=Moment)
    moved = sa.case((under_way, insert.excluded.due), (overdue, errand.c.due), else_=insert.excluded.due)
    wanted = sa.case((under_way, errand.c.wanted + 1), else_=errand.c.wanted)
    return insert.on_conflict_do_update(index_elements=["kind", "subject"], set_={"due": moved, "wanted": wanted})


_DROP = sa.delete(errand).where(
    errand.c.kind == sa.bindparam("its_kind"), errand.c.subject == sa.bindparam("its_subject"), errand.c.lease_until.is_(None)
)


class Errands:
    """Hand out errands by lease and write down what came of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, kind: str, subject: str, institution: str, due: datetime) -> None:
        """Ask for an errand in a transaction of its own."""
        with self._database.write() as connection:
            put(connection, kind, subject, institution, due)

    def due(self, now: datetime, kinds: Collection[str], judged: datetime | None = None) -> bool:
        """Tell, without writing, whether any errand of these kinds waits to be claimed."""
        with self._database.read() as connection:
            return connection.execute(_ANY_DUE, {"now": now, "judged": judged or now, "kinds": list(kinds)}).first() is not None

    def claim(
        self, *, now: datetime, lease: float, room: int, limit: Callable[[str], int], kinds: Collection[str], judged: datetime | None = None
    ) -> list[Errand]:  # fmt: skip
        """Lease at most `room` due errands, at most `limit(institution)` of an institution being under way over all workers.

        The oldest first; no institution's crowd hides another's errand. A lease that ran out is claimed anew;
        `judged` is the time by which that is told where it is not `now` (see engine/steady.py).
        """
        if room <= 0:
            return []
        with self._database.write() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CLAIMS)))
            left = {name: limit(name) - number for name, number in connection.execute(_RUNNING, {"judged": judged or now})}
            chosen: list[AnyRow] = []
            for row in connection.execute(_CANDIDATES, {"now": now, "judged": judged or now, "kinds": list(kinds)}):
                free = left.setdefault(row.institution, limit(row.institution))
                if free > 0 and len(chosen) < room:
                    left[row.institution] = free - 1
                    chosen.append(row)
            token = secrets.token_hex(8)
            if chosen:
                held = {"seqs": [row.seq for row in chosen], "its_token": token, "until": now + timedelta(seconds=lease)}
                connection.execute(_LEASE, held)
        return [
            Errand(seq=row.seq, kind=row.kind, subject=row.subject, institution=row.institution, attempts=row.attempts,
                   wanted=row.wanted, token=token)
            for row in chosen
        ]  # fmt: skip

    def done(self, one: Errand, now: datetime, again: datetime | None = None) -> None:
        """Close an errand, or set when it is next due; one that was asked for or planned meanwhile is due as was said then."""
        mine = (errand.c.seq == one.seq, errand.c.token == one.token)
        free = {"token": "", "lease_until": None, "attempts": 0, "last_error": ""}
        same = errand.c.wanted == one.wanted
        with self._database.write() as connection:
            if again is None:
                connection.execute(sa.delete(errand).where(*mine, same))
                connection.execute(sa.update(errand).where(*mine, ~same).values(**free))
            else:
                then = sa.literal(again, Moment)
                sooner = sa.case((sa.and_(~same, errand.c.due < then), errand.c.due), else_=then)
                connection.execute(sa.update(errand).where(*mine).values(due=sooner, **free))
            self._record(connection, one, {"last_done": now, "failures": 0, "last_error": ""})

    def failed(self, one: Errand, now: datetime, again: datetime, error: str) -> None:
        """Note a failure and when the next try is due; `error` is told on the monitor and holds nothing personal."""
        mine = (errand.c.seq == one.seq, errand.c.token == one.token)
        later = {"due": again, "token": "", "lease_until": None, "attempts": errand.c.attempts + 1, "last_error": error}
        with self._database.write() as connection:
            connection.execute(sa.update(errand).where(*mine).values(**later))
            self._record(connection, one, {"last_failed": now, "failures": errand_record.c.failures + 1, "last_error": error})

    def _record(self, connection: Connection, one: Errand, change: dict[str, Any]) -> None:
        first = {"last_done": None, "last_failed": None, "failures": 0, "last_error": ""} | change
        if not isinstance(first["failures"], int):
            first["failures"] = 1
        insert = insert_into(connection.dialect.name, errand_record).values(kind=one.kind, institution=one.institution, **first)
        connection.execute(insert.on_conflict_do_update(index_elements=["kind", "institution"], set_=change))

    def lines(self, connection: Connection, now: datetime) -> list[ErrandLine]:
        """Tell how the errands of each kind stand for each institution, for the monitor."""
        standing = {(row.kind, row.institution): row for row in connection.execute(_STANDING, {"judged": now})}
        records = {(row.kind, row.institution): row for row in connection.execute(sa.select(errand_record))}
        return [_line(key, standing.get(key), records.get(key)) for key in sorted({*standing, *records})]


def _line(key: tuple[str, str], standing: AnyRow | None, record: AnyRow | None) -> ErrandLine:
    return ErrandLine(
        kind=key[0], institution=key[1], open=standing.open if standing else 0, running=standing.running if standing else 0,
        oldest_due=standing.oldest if standing else None, last_done=record.last_done if record else None,
        last_failed=record.last_failed if record else None, failures=record.failures if record else 0,
        last_error=record.last_error if record else "",
    )  # fmt: skip


_NOW, _JUDGED = sa.bindparam("now", type_=Moment), sa.bindparam("judged", type_=Moment)
_FREE = sa.or_(errand.c.lease_until.is_(None), errand.c.lease_until < _JUDGED)
_LEASED = errand.c.lease_until >= _JUDGED
_KINDS = errand.c.kind.in_(sa.bindparam("kinds", expanding=True))
_ANY_DUE = sa.select(errand.c.seq).where(errand.c.due <= _NOW, _FREE, _KINDS).limit(1)
_RUNNING = sa.select(errand.c.institution, sa.func.count()).where(_LEASED).group_by(errand.c.institution)
_AT_ONCE = 32
"""So many errands of one institution are looked at in one claim."""
_ranked = (
    sa.select(errand.c.seq, sa.func.row_number().over(partition_by=errand.c.institution, order_by=(errand.c.due, errand.c.seq)))
    .where(errand.c.due <= _NOW, _FREE, _KINDS)
    .subquery()
)
_CANDIDATES = (
    sa.select(errand)
    .where(errand.c.seq.in_(sa.select(_ranked.c[0]).where(_ranked.c[1] <= _AT_ONCE)))
    .order_by(errand.c.due, errand.c.seq)
    .with_for_update(skip_locked=True)
)
_LEASE = (
    sa.update(errand)
    .where(errand.c.seq.in_(sa.bindparam("seqs", expanding=True)))
    .values(token=sa.bindparam("its_token"), lease_until=sa.bindparam("until", type_=Moment))
)
_STANDING = sa.select(
    errand.c.kind,
    errand.c.institution,
    sa.func.count().label("open"),
    sa.func.sum(sa.case((_LEASED, 1), else_=0)).label("running"),
    sa.func.min(errand.c.due).label("oldest"),
).group_by(errand.c.kind, errand.c.institution)
