"""Chain the audit: place and hash of each sealed row, and the end of the chain."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KEY = ["minute", "peer", "institution", "service", "reason", "verdict", "actor", "subject", "link"]


def upgrade() -> None:
    with op.batch_alter_table("audit") as table:
        table.add_column(sa.Column("link", sa.BigInteger, nullable=False, server_default=sa.text("0")))
        table.add_column(sa.Column("hash", sa.Text, nullable=False, server_default=sa.text("''")))
        table.drop_constraint("uq_audit_one_row_a_minute", type_="unique")
        table.create_unique_constraint("uq_audit_one_open_row_a_minute", KEY)
    sealed, open_ = sa.text("link <> 0"), sa.text("link = 0")
    op.create_index("ux_audit_link", "audit", ["link"], unique=True, sqlite_where=sealed, postgresql_where=sealed)
    op.create_index("ix_audit_open", "audit", ["minute", "seq"], sqlite_where=open_, postgresql_where=open_)
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("link", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("minute", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "link": 0, "hash": "", "minute": -1}])
