"""Keep jobs that act on all that stands still for one cause: what is wanted, how far it is, whether it was cancelled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.columns import AnyRow, Moment, RowNumber
from engine.store.database import metadata
from engine.store.sealing import Seal

JOB = "bulk-job"
"""The kind of errand by which a worker does a job; its subject is the number of the job."""

JobKind = Literal["retry", "discard", "replay", "discard-messages"]
JobState = Literal["running", "done", "cancelled"]

bulk_job = sa.Table(
    "bulk_job",
    metadata,
    sa.Column("number", RowNumber, sa.Identity(always=False), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("passed", sa.Integer, nullable=False),
    sa.Column("after", sa.BigInteger, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("reason", sa.LargeBinary, nullable=False),
    sa.Column("begun", Moment, nullable=False),
    sa.Column("changed", Moment, nullable=False),
)
"""One row for each job; `after` is the number of the last row that was worked off, `reason` is sealed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One job: `place` is a destination (retry, discard) or the state of messages (replay, discard-messages).

    `done` counts what was acted on, `passed` what had changed meanwhile or came out as before; both end at `total` at most.
    """

    number: int
    kind: JobKind
    place: str
    code: str
    state: JobState
    total: int
    done: int
    passed: int
    after: int
    by: str
    reason: str
    begun: datetime
    changed: datetime


def begin(
    connection: Connection, seal: Seal, *, kind: JobKind, place: str, code: str, total: int, by: str, reason: str, now: datetime
) -> int:  # fmt: skip
    """Note a new job; give its number."""
    values = {
        "kind": kind, "place": place, "code": code, "state": "running", "total": total, "done": 0, "passed": 0, "after": 0,
        "by": by, "reason": seal.seal_text(reason, table="bulk_job", column="reason", row=by), "begun": now, "changed": now,
    }  # fmt: skip
    return int(connection.execute(sa.insert(bulk_job).values(values).returning(bulk_job.c.number)).scalar_one())


def held(connection: Connection, seal: Seal, number: int) -> Job | None:
    """Read a job that still runs, and let nobody else change it until the transaction ends."""
    wanted = sa.select(bulk_job).where(bulk_job.c.number == number, bulk_job.c.state == "running").with_for_update()
    row = connection.execute(wanted).one_or_none()
    return None if row is None else _job(row, seal)


def running(connection: Connection, kind: JobKind, place: str, code: str) -> bool:
    """Tell whether such a job runs already."""
    same = (bulk_job.c.kind == kind, bulk_job.c.place == place, bulk_job.c.code == code, bulk_job.c.state == "running")
    return connection.execute(sa.select(bulk_job.c.number).where(*same).limit(1)).first() is not None


def advance(connection: Connection, number: int, *, done: int, passed: int, after: int, over: bool, now: datetime) -> str:
    """Write down how far a job came by this step, `over` when there is nothing left; gives its state then: one cancelled meanwhile stays so."""
    values: dict[str, Any] = {
        "done": bulk_job.c.done + done, "passed": bulk_job.c.passed + passed, "after": after, "changed": now,
    }  # fmt: skip
    if over:
        values["state"] = sa.case((bulk_job.c.state == "running", "done"), else_=bulk_job.c.state)
    wanted = sa.update(bulk_job).where(bulk_job.c.number == number).values(**values)
    return str(connection.execute(wanted.returning(bulk_job.c.state)).scalar_one())


def state_of(connection: Connection, number: int) -> str:
    """Give the state of a job, "" when there is none."""
    return str(connection.execute(sa.select(bulk_job.c.state).where(bulk_job.c.number == number)).scalar_one_or_none() or "")


def cancel(connection: Connection, number: int, now: datetime) -> bool:
    """Stop a job; what is worked off stays so. False when it does not run any more."""
    wanted = sa.update(bulk_job).where(bulk_job.c.number == number, bulk_job.c.state == "running")
    gone = connection.execute(wanted.values(state="cancelled", changed=now).returning(bulk_job.c.number))
    return gone.first() is not None


def latest(connection: Connection, seal: Seal, limit: int) -> list[Job]:
    """List the jobs that were begun last, newest first."""
    wanted = sa.select(bulk_job).order_by(bulk_job.c.number.desc()).limit(limit)
    return [_job(row, seal) for row in connection.execute(wanted)]


def _job(row: AnyRow, seal: Seal) -> Job:
    values = dict(row._mapping)  # noqa: SLF001 - the row's own documented mapping
    return Job(**values | {"reason": seal.open_text(row.reason, table="bulk_job", column="reason", row=row.by)})
