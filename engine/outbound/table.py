"""Deliver to a table of another system's database: one row for each message, by the message id never two."""

from __future__ import annotations

import threading
from typing import Annotated

import sqlalchemy as sa  # house: the destination is a table that is not ours; store/ holds only our own tables
from pydantic import Field, StringConstraints, model_validator
from sqlalchemy.exc import DBAPIError, NoSuchTableError  # house: what a foreign table answers is judged here

from engine.errors import ConfigError, DestinationError, Rejected, TryAgain, Unavailable
from engine.message import Message
from engine.outbound.connector import Endpoint, Reply, SecretName, Surroundings, Unfit, need_secret
from engine.outbound.values import WORDS, Word
from engine.store.database import Database

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")]
_ROWS_BETWEEN_CHECKPOINTS = 256


class TableEndpoint(Endpoint):
    """A table that takes one row a document."""

    database: str = Field(
        "",
        pattern=r"^([A-Za-z0-9_-]+/)*[A-Za-z0-9_-]+\.db$|^$",
        description="数据目录下的 SQLite 文件，例如 outbox/handoff.db · SQLite file below the data directory",
    )
    secret: SecretName | None = Field(
        None, description="或：数据库地址（含密码）的秘密名 · or: name of the secret that holds the database URL"
    )
    table: Name = Field(description="表名，须已存在 · table, which must exist")
    columns: dict[Name, Word] = Field(min_length=1, description="列与取值的对应 · columns and the word for each value")

    @model_validator(mode="after")
    def _sound(self) -> TableEndpoint:
        if bool(self.database) == (self.secret is not None):
            raise ValueError("write exactly one of database and secret")
        if "message-id" not in self.columns.values():
            raise ValueError("one column takes message-id; by it a resend finds its row")
        return self


class TableConnector:
    """Insert each message once; the column of the message id must be unique in the table."""

    def __init__(self, sheet: TableEndpoint, around: Surroundings) -> None:
        self._sheet = sheet
        url = need_secret(sheet.secret, ("secret",), around) if sheet.secret else f"sqlite:///{around.data / sheet.database}"
        try:
            self._database = Database(url, pool=4, checkpoints=bool(sheet.database))
        except ConfigError as error:
            raise Unfit("CFG-011", ("secret",), "the secret is no database address: write postgresql://USER@HOST/NAME") from error
        self._key = next(name for name, word in sheet.columns.items() if word == "message-id")
        self._table = sa.Table(sheet.table, sa.MetaData(), *(sa.Column(name) for name in sheet.columns))
        self._checked = False
        self._rows = 0
        self._lock = threading.Lock()

    def send(self, message: Message) -> Reply:
        """Insert the row, or find that it is there; raises Unavailable DST-101, DST-103 or Rejected DST-201."""
        row = {name: WORDS[word](message) for name, word in self._sheet.columns.items()}
        try:
            with self._database.write() as connection:
                self._check(connection)
                inserted = self._database.insert_or_ignore(self._table).values(row).returning(self._table.c[self._key])
                fresh = connection.execute(inserted).first() is not None
        except TryAgain as error:
            raise Unavailable("DST-101", f"数据库暂时不可用：{error}") from error
        except DBAPIError as error:
            raise _refusal(error) from error
        self._tidy()
        return Reply("已写入表" if fresh else "表中已有", str(row[self._key]))

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def _check(self, connection: sa.Connection) -> None:
        """Look once whether the table has the columns and keeps the message id unique."""
        if self._checked:
            return
        inspector = sa.inspect(connection)
        try:
            there = {column["name"] for column in inspector.get_columns(self._sheet.table)}
        except NoSuchTableError as error:
            raise Unavailable("DST-103", f"没有表 {self._sheet.table}") from error
        if missing := set(self._sheet.columns) - there:
            raise Unavailable("DST-103", f"表 {self._sheet.table} 没有列 {', '.join(sorted(missing))}")
        if [self._key] not in _unique_keys(inspector, self._sheet.table):
            raise Unavailable("DST-103", f"表 {self._sheet.table} 的列 {self._key} 没有唯一约束，重发会写出两行")
        self._checked = True

    def _tidy(self) -> None:
        with self._lock:
            self._rows += 1
            due = self._database.checkpoints and self._rows % _ROWS_BETWEEN_CHECKPOINTS == 0
        if due:
            self._database.checkpoint()


def _unique_keys(inspector: sa.Inspector, table: str) -> list[list[str | None]]:
    keys: list[list[str | None]] = [list(inspector.get_pk_constraint(table)["constrained_columns"])]
    keys += [list(unique["column_names"]) for unique in inspector.get_unique_constraints(table)]
    keys += [list(index["column_names"]) for index in inspector.get_indexes(table) if index["unique"]]
    return keys


def _refusal(error: DBAPIError) -> DestinationError:
    """Judge by the driver's kind of error: data the table refuses stays refused; its text may quote the data."""
    kind = type(error).__name__
    if kind in {"DataError", "IntegrityError"}:
        return Rejected("DST-201", f"表拒绝了这一行：{kind}")
    return Unavailable("DST-103", f"数据库出错：{kind}")
