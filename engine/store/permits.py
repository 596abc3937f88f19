"""Let what may be done so often in a span of time be done no more often over all processes: one row for each permit in use."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.store.columns import Moment, RowNumber
from engine.store.database import metadata

permit = sa.Table(
    "permit",
    metadata,
    sa.Column("seq", RowNumber, sa.Identity(always=False), primary_key=True),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("institution", sa.Text, nullable=False),
    sa.Column("until", Moment, nullable=False),
    sa.Index("ix_permit_institution", "institution", "what", "until"),
)
"""One row for each permit that was taken; past `until` it no longer counts, and the next taker removes it."""

_PERMITS = 0x7065726D6974
"""The advisory lock that takers queue at on PostgreSQL; on SQLite the one writer is enough."""


def take_permit(
    connection: Connection, what: str, institution: str, *, limit: int, span: timedelta, now: datetime
) -> timedelta:  # fmt: skip
    """Take one of `limit` permits, each good for one use in `span`: gives no time at all, or how long to wait for the next.

    Never more than `limit` are taken in any stretch of `span`, by however many processes. Call it in a short transaction of its own:
    others wait until that ends.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_PERMITS)))
    mine = (permit.c.institution == institution, permit.c.what == what)
    connection.execute(sa.delete(permit).where(*mine, permit.c.until <= now))
    taken = connection.execute(sa.select(permit.c.until).where(*mine).order_by(permit.c.until)).scalars().all()
    if len(taken) >= limit:
        wait: timedelta = taken[len(taken) - limit] - now
        return wait
    connection.execute(sa.insert(permit).values(what=what, institution=institution, until=now + span))
    return timedelta()
