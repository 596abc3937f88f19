"""Keep which destinations count as away, as each worker's circuit breakers see it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select

from engine.services.alerts.tables import away
from engine.store.database import insert_into

_BELIEVED = timedelta(minutes=3)
"""So long a row is good that its worker confirms once a minute."""


def note_away(connection: Connection, worker: str, names: Collection[str], now: datetime) -> None:
    """Write down which destinations count as away for this worker now; those not named are back."""
    connection.execute(delete(away).where(away.c.worker == worker, away.c.destination.not_in(list(names))))
    for name in sorted(names):
        insert = insert_into(connection.dialect.name, away).values(destination=name, worker=worker, since=now, at=now)
        connection.execute(insert.on_conflict_do_update(index_elements=["destination", "worker"], set_={"at": now}))


def away_since(connection: Connection, now: datetime) -> dict[str, datetime]:
    """Give the destinations that count as away for any worker, with since when; what no worker confirms any more is left out."""
    chosen = select(away.c.destination, func.min(away.c.since)).where(away.c.at > now - _BELIEVED).group_by(away.c.destination)
    return dict(connection.execute(chosen).all())
