"""Create the tables of operations data: reports by institution, class and period, and their figures."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

CURRENT = sa.text("state = 'current'")


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "operations_report",
        sa.Column("message", sa.Text, primary_key=True),
        *_texts("institution", "document_type", "kind", "first_day", "last_day"),
        sa.Column("reported", sa.BigInteger),
        sa.Column("reporter", sa.LargeBinary, nullable=False),
        sa.Column("figures", sa.Integer, nullable=False),
        *_texts("state", "replaced_by"),
        sa.Column("taken", sa.BigInteger, nullable=False),
    )
    key = ["institution", "document_type", "kind", "first_day", "last_day"]
    op.create_index(
        "ux_operations_report_period", "operations_report", key, unique=True, sqlite_where=CURRENT, postgresql_where=CURRENT
    )
    op.create_index("ix_operations_report_period", "operations_report", ["document_type", "first_day", "institution"])
    op.create_table(
        "operations_figure",
        sa.Column("message", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        *_texts("section", "field", "dimension", "value"),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        *_texts("unit"),
    )
    op.create_index("ix_operations_figure_field", "operations_figure", ["field", "message"])
