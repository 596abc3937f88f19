"""Keep how many messages of each institution had come in at every five minutes, so that rates and shares need no message read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from sqlalchemy import BigInteger, Connection, delete, func, select, type_coerce

from engine.message import midnight_before
from engine.services.alerts.tables import sample
from engine.store import counts
from engine.store.columns import moment
from engine.store.database import insert_into

EVERY = timedelta(minutes=5)
HOUR = timedelta(hours=1)
_FINE, _KEPT = timedelta(hours=4), timedelta(days=9)
_HOUR_MICROS = 3_600_000_000


class Figure(NamedTuple):
    """What came in of an institution since it was registered, and how many of that are refused."""

    taken: int
    refused: int


Figures = Mapping[str, Figure]


def slot(at: datetime) -> datetime:
    """Give the slot of five minutes in which a moment lies; slots begin alike in UTC and in Shanghai."""
    return moment(int(at.timestamp() // EVERY.total_seconds() * EVERY.total_seconds()) * 1_000_000)


def figures_now(totals: Mapping[counts.CountKey, int]) -> dict[str, Figure]:
    """Draw the figures of this moment from the counts."""
    found: dict[str, Figure] = {}
    for key, value in totals.items():
        before = found.get(key.owner, Figure(0, 0))
        if key.scope == "taken":
            found[key.owner] = before._replace(taken=before.taken + value)
        elif key.scope == "message" and key.state == "INVALID":
            found[key.owner] = before._replace(refused=before.refused + value)
    return found


def take_sample(connection: Connection, now: datetime) -> None:
    """Write the figures down under this slot, once; those of the full hour stay nine days, the others four hours."""
    at, counted = slot(now), figures_now(counts.totals(connection))
    rows = [{"at": at, "institution": code, **figure._asdict()} for code, figure in sorted(counted.items())]
    if rows:
        connection.execute(insert_into(connection.dialect.name, sample).on_conflict_do_nothing(), rows)
    fine = type_coerce(sample.c.at, BigInteger) % _HOUR_MICROS != 0
    connection.execute(delete(sample).where(sample.c.at < now - _FINE, fine))
    connection.execute(delete(sample).where(sample.c.at < now - _KEPT))


def figures_of(connection: Connection, at: datetime) -> dict[str, Figure]:
    """Read the figures that were written down under exactly this slot."""
    chosen = select(sample.c.institution, sample.c.taken, sample.c.refused).where(sample.c.at == at)
    return {code: Figure(taken, refused) for code, taken, refused in connection.execute(chosen)}


def figures_before(connection: Connection, at: datetime) -> dict[str, Figure]:
    """Read the latest figures of `at` or before, none when there are none so old."""
    last = connection.scalar(select(func.max(sample.c.at)).where(sample.c.at <= at))
    return {} if last is None else figures_of(connection, last)


class Habits:
    """What institutions usually send, by the hourly figures of the last seven days; read once an hour."""

    def __init__(self) -> None:
        self._hour: datetime | None = None
        self._samples: dict[datetime, dict[str, Figure]] = {}

    def read(self, connection: Connection, now: datetime) -> None:
        """Read what is needed for this hour."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        if hour != self._hour:
            wanted = {*_midnights(now), *(at for day in range(1, 8) for at in _around(hour - timedelta(days=day)))}
            self._samples = {at: found for at in wanted if (found := figures_of(connection, at))}
            self._hour = hour

    def days_active(self, institution: str, now: datetime) -> int:
        """Count the days of the last seven, today left out, on which the institution sent anything."""
        edges = [self._samples.get(at, {}).get(institution) for at in _midnights(now)]
        return sum(1 for before, after in pairwise(edges) if after is not None and after.taken > (before.taken if before else 0))

    def usual(self, institution: str, now: datetime) -> tuple[float, int]:
        """Give how many came in within an hour ending at this time of day, on the average, and of how many days that is known."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        part = (now - hour) / HOUR
        known = []
        for day in range(1, 8):
            first, middle, last = (self._samples.get(at, {}).get(institution) for at in _around(hour - timedelta(days=day)))
            if first is not None and middle is not None and last is not None:
                known.append((1 - part) * (middle.taken - first.taken) + part * (last.taken - middle.taken))
        return (sum(known) / len(known), len(known)) if known else (0.0, 0)


def _around(hour: datetime) -> tuple[datetime, datetime, datetime]:
    return hour - HOUR, hour, hour + HOUR


def _midnights(now: datetime) -> list[datetime]:
    """List the beginnings of today and of the seven days before, in Shanghai, the earliest first."""
    today = midnight_before(now)
    return [today - timedelta(days=day) for day in range(7, -1, -1)]
