"""Tell from a driver's error whether the store is away, two writers collided, or it is our own bug."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from engine.errors import TryAgain


class StoreAway(TryAgain):
    """The store is locked, full or out of reach; nothing else will get through at this moment either."""


class Collision(TryAgain):
    """Two transactions got in each other's way; running this one again will do."""


_SQLITE_AWAY = ("locked", "busy", "full", "disk i/o", "unable to open", "readonly", "read-only", "interrupted")
"""What SQLite's OperationalError says when the place, not the statement, is at fault."""

_POSTGRES_AWAY = ("08", "53", "57", "58", "25006", "0A000", "55P03")
"""SQLSTATE prefixes: connection, resources, operator intervention, system, read-only transaction, a standby that is asked for a
transaction that writes (cannot set transaction read-write mode during recovery), lock not available."""

_POSTGRES_COLLISION = ("40001", "40P01")
"""SQLSTATE of a serialisation failure and of a deadlock."""


def translate(error: DBAPIError | PoolTimeout) -> Exception:
    """Return StoreAway or Collision when the caller may try again, else the error as it is."""
    if isinstance(error, PoolTimeout):
        return StoreAway("the store has no free connection")
    if error.connection_invalidated:
        return StoreAway("the connection to the store broke")
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return _by_state(state, error)
    words = str(error.orig).lower()
    kind = type(error.orig).__name__
    if kind == "OperationalError" and (_is_psycopg(error) or any(word in words for word in _SQLITE_AWAY)):
        return StoreAway("the store is locked, full or out of reach")
    return error


def _by_state(state: str, error: DBAPIError) -> Exception:
    if state in _POSTGRES_COLLISION:
        return Collision("two transactions collided")
    if state.startswith(_POSTGRES_AWAY):
        return StoreAway("the store refuses work at this moment")
    return error


def _is_psycopg(error: DBAPIError) -> bool:
    # A connection that never came about carries no SQLSTATE.
    return type(error.orig).__module__.startswith("psycopg")
