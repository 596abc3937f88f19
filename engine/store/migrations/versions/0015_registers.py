"""Make the registers of the interaction services: entries with versions and search terms, merges of residents, confidentiality of records.

Residents that were made one person before have their merge put on record, so that it can be undone like any other.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

STANDS = sa.text("undone IS NULL")
EXTENSION = sa.text("extension <> ''")


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _times(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def _sealed(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def upgrade() -> None:
    _entries()
    _merges()
    _records()


def _entries() -> None:
    op.create_table(
        "register_entry",
        *_texts("register", "owner", "key", "resident", "claimed", "state", "into_key"),
        sa.Column("version", sa.Integer, nullable=False),
        *_texts("receipt", "digest"),
        _sealed("content"),
        *_times("at", "registered", "changed"),
        sa.PrimaryKeyConstraint("register", "owner", "key"),
    )
    op.create_index("ix_register_entry_resident", "register_entry", ["resident", "register", "owner"])
    op.create_index("ix_register_entry_at", "register_entry", ["register", "owner", "at"])
    op.create_table(
        "register_version",
        *_texts("register", "owner", "key"),
        sa.Column("version", sa.Integer, nullable=False),
        *_texts("receipt"),
        _sealed("content"),
        *_times("since", "replaced"),
        sa.PrimaryKeyConstraint("register", "owner", "key", "version"),
    )
    op.create_table(
        "register_term",
        *_texts("name", "lookup", "register", "owner", "key"),
        sa.PrimaryKeyConstraint("name", "lookup", "register", "owner", "key"),
    )
    op.create_index("ix_register_term_entry", "register_term", ["register", "owner", "key"])


def _merges() -> None:
    op.create_table(
        "resident_merge",
        sa.Column("merge", sa.Text, primary_key=True),
        *_texts("survivor", "obsolete", "institution", "register", "survivor_key", "obsolete_key", "receipt", "merged_by"),
        _sealed("reason"),
        *_times("merged"),
        sa.Column("undone", sa.BigInteger),
        *_texts("undone_by"),
        _sealed("undone_reason"),
    )
    for column in ("survivor", "obsolete"):
        op.create_index(f"ix_resident_merge_{column}", "resident_merge", [column], sqlite_where=STANDS, postgresql_where=STANDS)
    op.create_index("ix_resident_merge_merged", "resident_merge", ["merged"])
    nothing = "x''" if op.get_bind().dialect.name == "sqlite" else "''::bytea"
    op.execute(
        "INSERT INTO resident_merge (merge, survivor, obsolete, institution, register, survivor_key, obsolete_key, receipt,"  # noqa: S608 - fixed words
        " merged_by, reason, merged, undone_by, undone_reason)"
        f" SELECT 'M' || number, survivor, number, '', '', '', '', '', '', {nothing}, changed, '', {nothing}"
        " FROM resident WHERE survivor <> number"
    )


def _records() -> None:
    for name in ("confidentiality", "extension"):
        op.add_column("record", sa.Column(name, sa.Text, nullable=False, server_default=""))
    at = "instr(own, '^')" if op.get_bind().dialect.name == "sqlite" else "strpos(own, '^')"
    op.execute(f"UPDATE record SET extension = substr(own, {at} + 1) WHERE own <> ''")  # noqa: S608 - two fixed words
    op.create_index("ix_record_extension", "record", ["extension"], sqlite_where=EXTENSION, postgresql_where=EXTENSION)
