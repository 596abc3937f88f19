"""Keep the rows of due work, unique by job and slot, so that nothing the clock does is done twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from engine.store.columns import Moment
from engine.store.database import Database, metadata

due_work = sa.Table(
    "due_work",
    metadata,
    sa.Column("job", sa.Text, primary_key=True),
    sa.Column("slot", sa.Text, primary_key=True),
    sa.Column("at", Moment, nullable=False, index=True),
)

_KEPT = timedelta(hours=1)
"""How far two nodes' clocks may differ; a turn of a day is forgotten only by the next day's."""


class DueWork:
    """Claim turns of jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def forget_later(self, now: datetime) -> int:
        """Forget turns that were done at a later time than now, since the clock was set back and they come again; return how many."""
        with self._database.write() as connection:
            return connection.execute(sa.delete(due_work).where(due_work.c.at > now)).rowcount

    def claim(self, job: str, slot: str) -> bool:
        """Insert the turn, and forget the job's turns of more than an hour ago; true for the one caller whose insert it was."""
        now = datetime.now(UTC)
        row = {"job": job, "slot": slot, "at": now}
        over = sa.delete(due_work).where(due_work.c.job == job, due_work.c.slot != slot, due_work.c.at < now - _KEPT)
        with self._database.write() as connection:
            connection.execute(over)
            inserted = self._database.insert_or_ignore(due_work).values(row).returning(due_work.c.job)
            return connection.execute(inserted).first() is not None
