"""Let what may be done so often in a span of time be done no more often over all processes: one row for each permit, in use until its time."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.store.errands import PERMIT, errand, offer

_PERMITS = 0x7065726D6974
"""The advisory lock that takers queue at on PostgreSQL; on SQLite the one writer is enough."""


def take_permit(
    connection: Connection, what: str, institution: str, *, limit: int, span: timedelta, now: datetime
) -> timedelta:  # fmt: skip
    """Take one of `limit` permits, each good for one use in `span`: gives no time at all, or how long to wait for the next.

    Never more than `limit` are taken in any stretch of `span`, by however many processes. Call it in a short transaction of its own:
    others wait until that ends. The rows are errands that no worker runs.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_PERMITS)))
    mine = (
        errand.c.kind == PERMIT,
        errand.c.institution == institution,
        errand.c.subject.startswith(f"{what} ", autoescape=True),
    )
    rows = connection.execute(sa.select(errand.c.seq, errand.c.due).where(*mine).order_by(errand.c.due, errand.c.seq)).all()
    taken = [row.due for row in rows if row.due > now]
    if len(taken) >= limit:
        wait: timedelta = taken[len(taken) - limit] - now
        return wait
    if len(taken) < len(rows):
        connection.execute(sa.update(errand).where(errand.c.seq == rows[0].seq).values(due=now + span))
    else:
        offer(connection, PERMIT, f"{what} {institution} {len(rows)}", institution, now + span)
    return timedelta()
