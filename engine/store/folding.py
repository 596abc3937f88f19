"""Fold insert-only deltas into their sums, in short transactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.database import Database

_ROWS = 5000
"""Rows folded in one transaction, so that it stays under 50 ms."""


@dataclass(frozen=True, slots=True)
class Folding:
    """One pair of tables: `keys` are the columns both have, `measures` maps each column of `deltas` to its sum in `sums`."""

    deltas: sa.Table
    sums: sa.Table
    keys: Sequence[str]
    measures: Mapping[str, str]

    def fold(self, database: Database) -> int:
        """Move all deltas into the sums; return how many rows were folded."""
        folded = 0
        while True:
            with database.write() as connection:
                done = self._some(database, connection)
            folded += done
            if done < _ROWS:
                return folded

    def _some(self, database: Database, connection: Connection) -> int:
        # The deleted rows themselves are summed: on PostgreSQL a lower number may still commit after a higher one.
        first = sa.select(self.deltas.c.seq).order_by(self.deltas.c.seq).limit(_ROWS)
        columns = [self.deltas.c[name] for name in (*self.keys, *self.measures)]
        rows = connection.execute(sa.delete(self.deltas).where(self.deltas.c.seq.in_(first)).returning(*columns)).all()
        found: dict[tuple[Any, ...], Counter[str]] = {}
        for row in rows:
            values = dict(zip(self.measures.values(), row[len(self.keys) :], strict=True))
            found.setdefault(tuple(row[: len(self.keys)]), Counter()).update(values)
        self._add(database, connection, found)
        return len(rows)

    def add(self, database: Database, connection: Connection, found: Mapping[Any, int]) -> None:
        """Add to the sums of a pair that has one measure, each given by its key."""
        (measure,) = self.measures.values()
        self._add(database, connection, {tuple(key): Counter({measure: value}) for key, value in found.items()})

    def _add(self, database: Database, connection: Connection, found: Mapping[tuple[Any, ...], Counter[str]]) -> None:
        if found:
            # In one order for every process, so that two of them never wait for each other in a circle.
            connection.execute(self._upsert(database), [self._row(key, found[key]) for key in sorted(found)])

    def _upsert(self, database: Database) -> sa.Insert:
        statement = database.insert(self.sums)
        added = {name: self.sums.c[name] + statement.excluded[name] for name in self.measures.values()}
        return statement.on_conflict_do_update(index_elements=list(self.keys), set_=added)

    def _row(self, key: Sequence[Any], sums: Mapping[str, int]) -> dict[str, Any]:
        return dict(zip(self.keys, key, strict=True)) | {name: sums[name] for name in self.measures.values()}
