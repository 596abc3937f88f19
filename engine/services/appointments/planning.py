"""Plan what is due at every hospital: pulls of what it offers, and the daily comparison of both books."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from engine.message import SHANGHAI
from engine.services.appointments.model import Terms
from engine.services.appointments.reconciliation import RECONCILE
from engine.services.appointments.sync import FULL, SLOTS
from engine.services.appointments.tables import department, order
from engine.store import errands
from engine.store.database import Database
from engine.store.errands import errand_record

_COMPARED_EVERY = timedelta(hours=20)
"""A hospital whose books were compared within this time waits for the next day."""


def plan_pulls(database: Database, terms: Mapping[str, Terms], now: datetime, chance: Callable[[], float]) -> int:
    """Ask for every pull that is due and not asked for yet; gives how many are new.

    `chance` gives numbers from 0 to 1, by which each hospital's pulls are spread over its jitter, so that none start together.
    """
    planned = 0
    for institution, its in sorted(terms.items()):
        if {"2001", "2003"} <= its.functions:
            with database.write() as connection:
                planned += _plan(connection, institution, its, now, chance)
    return planned


def _plan(connection: Connection, institution: str, terms: Terms, now: datetime, chance: Callable[[], float]) -> int:
    columns = (department.c.department, department.c.as_of, department.c.pulled, department.c.status)
    rows = connection.execute(select(*columns).where(department.c.institution == institution)).all()
    latest, planned = max((row.as_of for row in rows), default=None), 0
    if latest is None or now - latest >= timedelta(seconds=terms.full_every):
        due = now + timedelta(seconds=terms.jitter * chance())
        planned += errands.offer(connection, FULL, institution, institution, due)
    for row in rows:
        if row.status == "current" and row.pulled is not None and now - row.pulled >= timedelta(seconds=terms.slots_every):
            due = now + timedelta(seconds=terms.jitter * chance())
            planned += errands.offer(connection, SLOTS, f"{institution} {row.department}", institution, due)
    return planned


def plan_reconciliation(database: Database, terms: Mapping[str, Terms], now: datetime) -> int:
    """Ask once a day for the comparison of yesterday and of every day to come that has orders; gives how many are new."""
    yesterday = (now.astimezone(SHANGHAI).date() - timedelta(days=1)).isoformat()
    planned = 0
    with database.write() as connection:
        done = select(errand_record.c.institution, errand_record.c.last_done).where(errand_record.c.kind == RECONCILE)
        last = {row.institution: row.last_done for row in connection.execute(done)}
        for place, (institution, its) in enumerate(sorted(terms.items())):
            before = last.get(institution)
            if "2012" not in its.functions or (before is not None and now - before < _COMPARED_EVERY):
                continue
            mine = (order.c.institution == institution, order.c.date >= yesterday)
            days = {yesterday, *connection.execute(select(order.c.date).where(*mine).distinct()).scalars()}
            for day in sorted(days):
                due = now + timedelta(seconds=5 * place)
                planned += errands.offer(connection, RECONCILE, f"{institution} {day}", institution, due)
    return planned
