"""Count what a person or an account has booked, missed and cancelled, one counter of the same person at a time."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select, text

from engine.message import SHANGHAI, midnight_before
from engine.services.appointments.orders import Order
from engine.services.appointments.refusals import refuse
from engine.services.appointments.rules import Block, BookingRules
from engine.services.appointments.tables import LIVE_SQL, order


def check_limits(connection: Connection, rules: BookingRules, wished: Order) -> None:
    """Refuse what is over the number allowed (SND-710) or blocked (SND-711), within the transaction that takes the seat.

    On PostgreSQL a lock by person and account, held until the transaction ends, keeps two wishes of one person from both passing;
    on SQLite only one transaction writes at a time.
    """
    if connection.dialect.name == "postgresql" and rules.counted:
        for key in sorted({lock_number(lookup) for lookup in (wished.person_lookup, wished.account_lookup) if lookup}):
            connection.execute(select(func.pg_advisory_xact_lock(key)))
    ours = (order.c.institution == wished.institution, order.c.person_lookup == wished.person_lookup)
    live = (text(LIVE_SQL), order.c.date == wished.date)
    if rules.per_person_day is not None and _count(connection, *ours, *live) >= rules.per_person_day:
        raise refuse("SND-710", f"同一患者同一天最多预约 {rules.per_person_day} 次。")
    if rules.per_person_department is not None:
        same = (*ours, *live, order.c.department == wished.department)
        if _count(connection, *same) >= rules.per_person_department:
            raise refuse("SND-710", f"同一患者同一天同一科室最多预约 {rules.per_person_department} 次。")
    if rules.per_account_day is not None and wished.account_lookup:
        _check_account(connection, rules.per_account_day, wished)
    today = wished.created.astimezone(SHANGHAI).date()
    if rules.no_shows is not None:
        missed = (*ours, order.c.state == "paid", order.c.date < today.isoformat())
        days = connection.execute(select(order.c.date).where(*missed).order_by(order.c.date.desc()).limit(rules.no_shows.count))
        _check_block(rules.no_shows, [datetime.fromisoformat(day).replace(tzinfo=SHANGHAI) for day in days.scalars()], wished)
    if rules.cancels is not None:
        ended = (*ours, order.c.ended_by == "patient", order.c.state.in_(("cancelled", "refunded")))
        moments = select(order.c.changed).where(*ended).order_by(order.c.changed.desc()).limit(rules.cancels.count)
        _check_block(rules.cancels, list(connection.execute(moments).scalars()), wished)


def _check_account(connection: Connection, most: int, wished: Order) -> None:
    start = midnight_before(wished.created)
    mine = (order.c.account_lookup == wished.account_lookup, order.c.created >= start, order.c.state != "failed")
    if _count(connection, *mine) >= most:
        raise refuse("SND-710", f"同一账户一天最多预约 {most} 次。")


def _check_block(block: Block, latest_first: list[datetime], wished: Order) -> None:
    """Refuse while blocked: `count` times within `within` days, counted back from the last, and `length` days after it."""
    if len(latest_first) < block.count:
        return
    last, first = latest_first[0], latest_first[-1]
    if last - first <= timedelta(days=block.within) and wished.created < last + timedelta(days=block.length):
        raise refuse("SND-711", f"至 {(last + timedelta(days=block.length)).astimezone(SHANGHAI):%Y-%m-%d} 暂停预约。")


def _count(connection: Connection, *where: Any) -> int:
    return int(connection.execute(select(func.count()).select_from(order).where(*where)).scalar_one())


def lock_number(lookup: str) -> int:
    """Make the number of a lock of PostgreSQL from the key of what it locks."""
    return int.from_bytes(hashlib.sha256(lookup.encode()).digest()[:8], signed=True)
