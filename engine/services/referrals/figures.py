"""Count referrals for the monitor: how many stand in each state, how many are overdue, how many notices wait."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, func, select, true

from engine.services.referrals.model import STATES
from engine.services.referrals.tables import notice, referral


def state_counts(connection: Connection) -> Mapping[str, int]:
    """Give the number of referrals in each state, also in those that have none, in the order of the states."""
    rows = connection.execute(select(referral.c.state, func.count().label("number")).group_by(referral.c.state))
    counted: dict[str, int] = {row.state: row.number for row in rows}
    return {state: counted.get(state, 0) for state in STATES}


def overdue_count(connection: Connection) -> int:
    """Give how many referrals wait longer for their next move than they should."""
    return connection.execute(select(func.count()).where(referral.c.overdue == true(), referral.c.due.is_not(None))).scalar_one()


def waiting_notices(connection: Connection) -> int:
    """Give how many notices a hospital was told of at least once and has not answered."""
    return connection.execute(select(func.count()).where(notice.c.state == "waiting", notice.c.tries > 0)).scalar_one()
