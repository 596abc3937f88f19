"""Tell what stands still by its cause: deliveries by destination and error, messages by state and code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.columns import Moment
from engine.store.tables import STOPPED_SQL, STOPPED_STATES, TROUBLED_SQL, delivery, message

COUNTED = 5_000
"""Rows of one cause that the page counts; a job counts all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryCause:
    """The deliveries to one destination in one state with one error; `count` is `COUNTED` when there are so many or more.

    `oldest` is since when the first of them is due, `due` when it will be tried next.
    """

    destination: str
    state: str
    code: str
    count: int
    oldest: datetime
    due: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageCause:
    """The messages that are INVALID or ERROR for one code, those revoked or replaced left out; `count` as for deliveries."""

    state: str
    code: str
    count: int
    oldest: datetime
    newest: datetime


_TROUBLED, _STOPPED = sa.text(TROUBLED_SQL), sa.text(STOPPED_SQL)


def _next(columns: tuple[Any, ...], condition: sa.TextClause) -> sa.Select[Any]:
    after = sa.tuple_(*columns) > sa.tuple_(*(sa.bindparam(f"its_{number}", type_=sa.Text) for number in range(len(columns))))
    return sa.select(*columns).where(condition, after).order_by(*columns).limit(1)


def _own(columns: tuple[Any, ...], condition: sa.TextClause) -> tuple[Any, ...]:
    return condition, *(column == sa.bindparam(f"its_{number}", type_=sa.Text) for number, column in enumerate(columns))


def _count(columns: tuple[Any, ...], condition: sa.TextClause) -> sa.Select[Any]:
    some: Any = sa.select(sa.literal_column("1")).where(*_own(columns, condition)).limit(sa.bindparam("most", type_=sa.Integer))
    return sa.select(sa.func.count()).select_from(some.subquery())


_D = (delivery.c.destination, delivery.c.state, delivery.c.error_code)
_M = (message.c.state, message.c.code)
_NEXT_D, _COUNT_D, _COUNT_M = _next(_D, _TROUBLED), _count(_D, _TROUBLED), _count(_M, _STOPPED)
_FIRST_CODE = (
    sa.select(message.c.code).where(_STOPPED, message.c.state == sa.bindparam("state")).order_by(message.c.code).limit(1)
)
_NEXT_CODE = _FIRST_CODE.where(message.c.code > sa.bindparam("code"))
_FIRST_D = sa.select(delivery.c.first_due, delivery.c.due).where(*_own(_D, _TROUBLED)).order_by(delivery.c.seq).limit(1)
_OF_M = sa.select(message.c.received).where(*_own(_M, _STOPPED))
_OLDEST_M = _OF_M.order_by(message.c.received, message.c.seq).limit(1)
_NEWEST_M = _OF_M.order_by(message.c.received.desc(), message.c.seq.desc()).limit(1)


def delivery_causes(connection: Connection) -> list[DeliveryCause]:
    """List the causes of deliveries that are retried or dead, one step in the index for each."""
    found = []
    for key in _keys_of_deliveries(connection):
        first_due, due = connection.execute(_FIRST_D, key).one()
        found.append(
            DeliveryCause(
                destination=key["its_0"], state=key["its_1"], code=key["its_2"], count=_counted(connection, _COUNT_D, key),
                oldest=first_due, due=due,
            )
        )  # fmt: skip
    return found


def message_causes(connection: Connection) -> list[MessageCause]:
    """List the causes of messages that were refused or are held, one step in the index for each."""
    return [
        MessageCause(
            state=key["its_0"], code=key["its_1"], count=_counted(connection, _COUNT_M, key),
            oldest=connection.execute(_OLDEST_M, key).scalar_one(), newest=connection.execute(_NEWEST_M, key).scalar_one(),
        )
        for key in _keys_of_messages(connection)
    ]  # fmt: skip


def retrying(connection: Connection) -> int:
    """Count the deliveries that failed and are tried again; of each cause `COUNTED` at most."""
    keys = _keys_of_deliveries(connection)
    return sum(_counted(connection, _COUNT_D, key) for key in keys if key["its_1"] != "DEAD")


def refused_since(connection: Connection, since: datetime) -> int:
    """Count the messages that were received since a moment and are INVALID now."""
    wanted = sa.select(sa.func.count()).where(
        message.c.state == "INVALID", sa.text("state <> 'ROUTED'"), message.c.received >= since
    )
    return int(connection.execute(wanted).scalar_one())


def _keys_of_deliveries(connection: Connection) -> list[dict[str, str]]:
    key = {f"its_{number}": "" for number in range(len(_D))}
    found = []
    while (row := connection.execute(_NEXT_D, key).one_or_none()) is not None:
        key = {f"its_{number}": value for number, value in enumerate(row)}
        found.append(key)
    return found


def _keys_of_messages(connection: Connection) -> list[dict[str, str]]:
    # State by state: SQLite would walk all rows of a state to find the next pair of state and code.
    found = []
    for state in sorted(STOPPED_STATES):
        row = connection.execute(_FIRST_CODE, {"state": state}).one_or_none()
        while row is not None:
            found.append({"its_0": state, "its_1": row.code})
            row = connection.execute(_NEXT_CODE, {"state": state, "code": row.code}).one_or_none()
    return found


def _counted(connection: Connection, statement: sa.Select[Any], key: dict[str, str]) -> int:
    return int(connection.execute(statement, {**key, "most": COUNTED}).scalar_one())


def dead_of(connection: Connection, destination: str, code: str, after: int, most: int) -> list[tuple[int, str]]:
    """List dead deliveries of one cause by number and receipt, those after a number, oldest first."""
    wanted = sa.select(delivery.c.seq, delivery.c.receipt).where(*_own(_D, _TROUBLED), delivery.c.seq > after)
    key = {"its_0": destination, "its_1": "DEAD", "its_2": code}
    return [(seq, receipt) for seq, receipt in connection.execute(wanted.order_by(delivery.c.seq).limit(most), key)]


def stopped_of(
    connection: Connection, state: str, code: str, after: int, until: datetime, most: int
) -> list[tuple[int, str]]:  # fmt: skip
    """List messages of one cause by number and receipt, those that stand after a number and came until a time, oldest first."""
    place = (message.c.received, message.c.seq)
    wanted = sa.select(message.c.seq, message.c.receipt).where(*_own(_M, _STOPPED), message.c.received <= until)
    if after:
        last = connection.execute(sa.select(*place).where(message.c.seq == after)).one_or_none()
        # A message whose time is over may have been removed meanwhile; numbers follow the times closely.
        there = (
            message.c.seq > after
            if last is None
            else sa.tuple_(*place) > sa.tuple_(sa.literal(last.received, Moment), sa.literal(last.seq))
        )
        wanted = wanted.where(there)
    rows = connection.execute(wanted.order_by(*place).limit(most), {"its_0": state, "its_1": code})
    return [(seq, receipt) for seq, receipt in rows]


def dead_count(connection: Connection, destination: str, code: str) -> int:
    """Count the dead deliveries of one cause."""
    key = {"its_0": destination, "its_1": "DEAD", "its_2": code}
    return int(connection.execute(sa.select(sa.func.count()).select_from(delivery).where(*_own(_D, _TROUBLED)), key).scalar_one())


def stopped_count(connection: Connection, state: str, code: str, until: datetime) -> int:
    """Count the messages of one cause received until a time."""
    wanted = sa.select(sa.func.count()).select_from(message).where(*_own(_M, _STOPPED), message.c.received <= until)
    return int(connection.execute(wanted, {"its_0": state, "its_1": code}).scalar_one())
