"""Count messages route by route with their times, and keep which routes are paused."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

KEY = ("slot", "route", "state", "name", "bucket")


def _key() -> list[sa.Column[Any]]:
    numbers = ("slot", "bucket")
    return [sa.Column(name, sa.Integer if name in numbers else sa.Text, nullable=False, autoincrement=False) for name in KEY]


def upgrade() -> None:
    value = sa.Column("value", sa.BigInteger, nullable=False)
    op.create_table("route_count", *_key(), value, sa.PrimaryKeyConstraint(*KEY), sqlite_with_rowid=False)
    op.create_table(
        "route_delta",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(always=False), primary_key=True),
        *_key(),
        sa.Column("delta", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "route_pause",
        sa.Column("route", sa.Text, primary_key=True),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("reason", sa.LargeBinary, nullable=False),
    )
