"""Declare the tables of the registers: entries with their versions, and what they are found by."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text

from engine.store.columns import Moment
from engine.store.database import metadata

entry = Table(
    "register_entry",
    metadata,
    Column("register", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("resident", Text, nullable=False),
    Column("claimed", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("into_key", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("receipt", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("at", Moment, nullable=False),
    Column("registered", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    PrimaryKeyConstraint("register", "owner", "key"),
    Index("ix_register_entry_resident", "resident", "register", "owner"),
    Index("ix_register_entry_at", "register", "owner", "at"),
)
"""One row for each entry as it now stands: `owner` is the institution that sent it, `key` the keyed hash of its business key, `resident`
whose it is ("" when of nobody) and `claimed` whose it may be instead, `into_key` the entry that a merged one went into, `receipt` the
message of this version, `at` the time it speaks of; `digest` is the keyed hash of the sealed content."""

version = Table(
    "register_version",
    metadata,
    Column("register", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("receipt", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("since", Moment, nullable=False),
    Column("replaced", Moment, nullable=False),
    PrimaryKeyConstraint("register", "owner", "key", "version"),
)
"""What an entry said before it was updated or deleted."""

term = Table(
    "register_term",
    metadata,
    Column("name", Text, nullable=False),
    Column("lookup", Text, nullable=False),
    Column("register", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("key", Text, nullable=False),
    PrimaryKeyConstraint("name", "lookup", "register", "owner", "key"),
    Index("ix_register_term_entry", "register", "owner", "key"),
)
"""What an entry is found by: the keyed hash of each value of its present version that a query may name."""
