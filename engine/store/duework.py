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

_KEPT = timedelta(days=7)


class DueWork:
    """Claim turns of jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, job: str, slot: str) -> bool:
        """Insert the turn; true for the one caller whose insert it was."""
        row = {"job": job, "slot": slot, "at": datetime.now(UTC)}
        with self._database.write() as connection:
            inserted = self._database.insert_or_ignore(due_work).values(row).returning(due_work.c.job)
            return connection.execute(inserted).first() is not None

    def forget_old(self) -> None:
        """Delete turns older than a week."""
        with self._database.write() as connection:
            connection.execute(sa.delete(due_work).where(due_work.c.at < datetime.now(UTC) - _KEPT))
