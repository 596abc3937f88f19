"""Know which processes of which nodes live: each writes a row now and then, and takes it away when it stops in order."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.columns import Moment
from engine.store.database import Database, metadata

BEAT = 10.0
"""Seconds between two signs of life."""

GONE = timedelta(seconds=45)
"""A process that gave no sign of life for so long is called gone."""

_FORGOTTEN = timedelta(hours=1)
"""A process that is gone for so long is not shown any more."""

node_process = sa.Table(
    "node_process",
    metadata,
    sa.Column("node", sa.Text, primary_key=True),
    sa.Column("process", sa.Text, primary_key=True),
    sa.Column("started", Moment, nullable=False),
    sa.Column("beat", Moment, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("revision", sa.Text, nullable=False),
    sa.Column("leads", sa.Boolean, nullable=False),
)
"""One row for each process: since when it runs, when it last gave a sign of life, which version of the engine and which set of files it
works with, and whether it is the clock that leads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process of one node, as `node_process` has it."""

    node: str
    process: str
    started: datetime
    beat: datetime
    version: str
    revision: str
    leads: bool

    def gone(self, now: datetime) -> bool:
        """Tell whether it gave no sign of life for too long."""
        return now - self.beat > GONE


def show(database: Database, one: Process) -> None:
    """Give a sign of life, and forget who has given none for an hour."""
    row = asdict(one)
    keys = ("node", "process")
    put = database.insert(node_process).values(row)
    put = put.on_conflict_do_update(index_elements=list(keys), set_={name: row[name] for name in row if name not in keys})
    with database.write() as connection:
        connection.execute(put)
        connection.execute(sa.delete(node_process).where(node_process.c.beat < one.beat - _FORGOTTEN))


def leave(database: Database, node: str, process: str) -> None:
    """Take the row of a process that stops in order away."""
    mine = (node_process.c.node == node, node_process.c.process == process)
    with database.write() as connection:
        connection.execute(sa.delete(node_process).where(*mine))


def processes(connection: Connection) -> list[Process]:
    """List all processes by node and name."""
    rows = connection.execute(sa.select(node_process).order_by(node_process.c.node, node_process.c.process)).mappings()
    return [Process(**row) for row in rows]
