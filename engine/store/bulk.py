"""Insert and look up many rows in one statement, with as little as possible between them and the driver."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Connection, Dialect

Values = Mapping[str, Any]


def insert_rows(connection: Connection, table: sa.Table, rows: Sequence[Values]) -> None:
    """Insert rows that give every column but `seq`, times as microseconds; does nothing for no rows."""
    if rows:
        statement, values_of = _insert(table, connection.dialect.name, connection.dialect)
        connection.exec_driver_sql(statement, [values_of(row) for row in rows])


@cache
def _insert(table: sa.Table, name: str, dialect: Dialect) -> tuple[str, Callable[[Values], tuple[Any, ...]]]:
    columns = [column for column in table.columns if column.name != "seq"]
    names = ", ".join(dialect.identifier_preparer.format_column(column) for column in columns)
    marks = ", ".join(["?" if name == "sqlite" else "%s"] * len(columns))
    where = dialect.identifier_preparer.format_table(table)
    statement = f"INSERT INTO {where} ({names}) VALUES ({marks})"  # noqa: S608 - names of declared tables and columns
    return statement, itemgetter(*(column.name for column in columns))


Chooser = Callable[[sa.ColumnElement[bool]], sa.Select[Any]]


class Listed:
    """A SELECT by a list of texts, as one statement for lists of any length; `build` puts the condition in its place."""

    def __init__(self, column: sa.Column[str], build: Chooser) -> None:
        texts = sa.func.json_each(sa.bindparam("listed", type_=sa.Text)).table_valued("value")
        array = sa.bindparam("listed", type_=ARRAY(sa.Text))
        self._sqlite = build(column.in_(sa.select(texts.c.value)))
        self._postgres = build(column == sa.any_(array))

    def read(self, connection: Connection, texts: Sequence[str]) -> Sequence[sa.Row[*tuple[Any, ...]]]:
        """Read the rows for these texts."""
        if connection.dialect.name == "sqlite":
            return connection.execute(self._sqlite, {"listed": json.dumps(texts)}).all()
        return connection.execute(self._postgres, {"listed": list(texts)}).all()
