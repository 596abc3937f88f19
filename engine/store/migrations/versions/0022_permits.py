"""Keep permits in a table of their own; they were errands that nobody ran."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "permit",
        sa.Column("seq", number, sa.Identity(always=False), primary_key=True),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("institution", sa.Text, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_permit_institution", "permit", ["institution", "what", "until"])
    op.execute("DELETE FROM errand WHERE kind = 'permit'")
