"""Keep which routes are paused: by whom, since when and why; over all processes and restarts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.columns import Moment
from engine.store.database import Database, metadata
from engine.store.sealing import Seal

route_pause = sa.Table(
    "route_pause",
    metadata,
    sa.Column("route", sa.Text, primary_key=True),
    sa.Column("since", Moment, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("reason", sa.LargeBinary, nullable=False),
)
"""One row for each route that takes nothing in; `reason` is sealed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """One route is paused: since when, by whom, why."""

    since: datetime
    by: str
    reason: str


def pause(database: Database, seal: Seal, connection: Connection, route: str, reason: str, by: str, now: datetime) -> bool:
    """Pause a route; false when it is paused already, and then that pause stays as it is."""
    sealed = seal.seal_text(reason, table="route_pause", column="reason", row=route)
    row = {"route": route, "since": now, "by": by, "reason": sealed}
    inserted = database.insert_or_ignore(route_pause).values(row).returning(route_pause.c.route)
    return connection.execute(inserted).first() is not None


def resume(connection: Connection, route: str) -> bool:
    """Let a route take in again; false when it was not paused."""
    return connection.execute(sa.delete(route_pause).where(route_pause.c.route == route)).rowcount == 1


def paused(connection: Connection, seal: Seal) -> Mapping[str, Pause]:
    """Give every pause by the name of its route."""
    return {row.route: Pause(since=row.since, by=row.by, reason=_open(seal, row)) for row in connection.execute(_ALL)}


def paused_routes(connection: Connection) -> frozenset[str]:
    """Name the routes that are paused."""
    return frozenset(connection.execute(sa.select(route_pause.c.route)).scalars())


_ALL = sa.select(route_pause)


def _open(seal: Seal, row: sa.Row[str, datetime, str, bytes]) -> str:
    return seal.open_text(row.reason, table="route_pause", column="reason", row=row.route)
