"""Give times and row numbers the same meaning on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, Row
from sqlalchemy.types import TypeDecorator

AnyRow = Row[*tuple[Any, ...]]
"""A row whose columns the reader knows."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)

RowNumber = BigInteger().with_variant(Integer, "sqlite")
"""A number that the database gives in the inserting transaction (SQLite rowid, PostgreSQL identity)."""


def micros(moment: datetime) -> int:
    """Count the microseconds since 1970 UTC of an aware time; a naive one raises TypeError."""
    return (moment - EPOCH) // _MICRO


def moment(count: int) -> datetime:
    """Turn microseconds since 1970 UTC back into an aware UTC time."""
    return EPOCH + timedelta(microseconds=count)


class Moment(TypeDecorator[datetime]):
    """An aware time, kept as whole microseconds since 1970 UTC, so that it sorts and compares alike everywhere."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy passes it
        """Write microseconds."""
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy passes it
        """Read microseconds."""
        return None if value is None else moment(value)
