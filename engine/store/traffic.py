"""Tell how many messages of each state came in hour by hour."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.columns import moment
from engine.store.tables import message

HOUR = 3_600_000_000
"""Microseconds of an hour; hours begin alike in UTC and in Shanghai."""


def hourly(connection: Connection, since: datetime) -> Mapping[datetime, Mapping[str, int]]:
    """Count messages by the hour (its aware start) and state in which they came in, from `since` on.

    Both queries are answered from an index alone: all messages by their time, and the few that are not ROUTED by their
    state; the difference is ROUTED. Hours without a message are left out.
    """
    hour = sa.type_coerce(message.c.received, sa.BigInteger).op("/")(HOUR).label("hour")
    all_rows = sa.select(hour, sa.func.count()).where(message.c.received >= since).group_by(hour)
    other_rows = (
        sa.select(hour, message.c.state, sa.func.count())
        .where(message.c.state.in_(("INVALID", "FILTERED", "ERROR", "DISCARDED")), message.c.received >= since)
        .where(sa.text("state <> 'ROUTED'"))
        .group_by(hour, message.c.state)
    )
    hours = {row[0]: {"ROUTED": row[1]} for row in connection.execute(all_rows)}
    for number, state, count in connection.execute(other_rows):
        states = hours.setdefault(number, {"ROUTED": 0})
        states[state] = count
        states["ROUTED"] -= count
    return {moment(number * HOUR): states for number, states in sorted(hours.items())}
