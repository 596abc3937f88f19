"""Make the population registry: residents with keys and conflicts, each record linked to one of them.

No released build wrote the tables before it, so there is nothing to take over.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CLAIMED = sa.text("claimed <> ''")
REPLACED = sa.text("replaced_by <> ''")
OPEN = sa.text("state = 'open'")
CLAIM = sa.text("claim <> ''")
IDENTITY = sa.text("kind = 'identity'")


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _sealed(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def upgrade() -> None:
    op.drop_table("resident")
    op.create_table(
        "resident",
        sa.Column("number", sa.Text, primary_key=True),
        *_texts("survivor", "identity"),
        _sealed("person"),
        *_texts("claim"),
        _time("first_seen"),
        _time("changed"),
    )
    op.create_index("ix_resident_survivor", "resident", ["survivor"])
    op.create_table(
        "resident_key",
        *_texts("lookup", "kind", "resident"),
        _sealed("value"),
        _time("since"),
        sa.PrimaryKeyConstraint("lookup", "kind"),
    )
    op.create_index("ix_resident_key_resident", "resident_key", ["resident"])
    op.create_index(
        "ux_resident_key_identity", "resident_key", ["resident"], unique=True, sqlite_where=IDENTITY, postgresql_where=IDENTITY
    )
    _conflicts()
    for column in _texts("resident", "claimed"):
        column.server_default = sa.DefaultClause("")
        op.add_column("record", column)
    op.add_column("record", sa.Column("placed", sa.BigInteger, nullable=False, server_default="0"))
    op.drop_index("ix_record_resident", "record")
    op.drop_column("record", "resident_lookup")
    op.create_index("ix_record_resident", "record", ["resident", "placed", "message"])
    op.create_index("ix_record_replaced_by", "record", ["replaced_by"], sqlite_where=REPLACED, postgresql_where=REPLACED)
    op.create_index("ix_record_claimed", "record", ["claimed"], sqlite_where=CLAIMED, postgresql_where=CLAIMED)


def _conflicts() -> None:
    op.create_table(
        "resident_conflict",
        *_texts("resident", "other", "claim", "reasons", "message", "institution", "state", "verdict"),
        _time("raised"),
        *_texts("settled_by", "settled_reason"),
        _time("settled", nullable=True),
        sa.PrimaryKeyConstraint("resident", "other"),
    )
    op.create_index("ix_resident_conflict_other", "resident_conflict", ["other"])
    op.create_index("ix_resident_conflict_open", "resident_conflict", ["raised"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index(
        "ux_resident_conflict_claim",
        "resident_conflict",
        ["resident", "claim"],
        unique=True,
        sqlite_where=CLAIM,
        postgresql_where=CLAIM,
    )
