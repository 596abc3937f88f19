"""Run a transaction once more when another one got in its way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import TypeVar

from sqlalchemy import Connection

from engine.store.database import Database
from engine.store.troubles import Collision

_TRIES = 6
_SQLITE = threading.Lock()
T = TypeVar("T")


def again(database: Database, work: Callable[[Connection], T]) -> T:
    """Run a transaction, and once more when another got in its way; raises TryAgain when the store is away."""
    # SQLite's own wait for the one writer is unfair: threads of a process queue here instead, and none waits until it gives up.
    turn = _SQLITE if database.dialect == "sqlite" else nullcontext()
    for _ in range(_TRIES):
        with suppress(Collision), turn, database.write() as connection:
            return work(connection)
    with turn, database.write() as connection:
        return work(connection)
