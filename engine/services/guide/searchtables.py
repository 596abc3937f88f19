"""Declare the tables by which doctors of the guide are found: who is on show, by which words, and how many doctors have a word."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, PrimaryKeyConstraint, Table, Text, text

from engine.store.columns import RowNumber
from engine.store.database import metadata


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


guide_listed = Table(
    "guide_listed",
    metadata,
    Column("no", RowNumber, Identity(always=False), primary_key=True),
    *map(_text, ("institution", "doctor", "department", "name", "within", "area")),
    Column("version", Integer, nullable=False),
    Column("title", Integer, nullable=False),
    Column("busy", Integer, nullable=False),
    Index("ux_guide_listed_doctor", "institution", "doctor", unique=True),
    Index("ix_guide_listed_free", "no", sqlite_where=text("busy = 0"), postgresql_where=text("busy = 0")),
)
"""Every doctor on show, of the `version` that is. `within` are the codes of the department and of those above it, each with a line end on both sides.

`area` is the hospital's code without the zeros at its end, `busy` 0 when a seat was free at the last look and else 1.
"""

guide_text = Table("guide_text", metadata, Column("no", RowNumber, primary_key=True, autoincrement=False), _text("words"))
"""What a doctor is found by besides the name: each run of characters a line, Latin words and pinyin too."""

guide_word = Table(
    "guide_word",
    metadata,
    _text("word"),
    Column("rank", Integer, nullable=False),
    Column("place", BigInteger, nullable=False),
    Column("no", BigInteger, nullable=False),
    PrimaryKeyConstraint("word", "rank", "place", "no"),
    Index("ix_guide_word_no", "no", "word"),
    sqlite_with_rowid=False,
)
"""Which doctors have a word, each once, the best first by `rank` (see `words.rank_of`), then by `place`, the name's in the order of pinyin.

`busy` is not among the keys, for it changes: a page is read off this index twice, for those with a free seat and for the others.
"""

guide_count = Table("guide_count", metadata, Column("word", Text, primary_key=True), Column("doctors", Integer, nullable=False))
"""How many doctors have a word, kept with every change of guide_word."""
