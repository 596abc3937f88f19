"""Keep how calls to hospitals went."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hospital_call",
        sa.Column("institution", sa.Text, primary_key=True),
        sa.Column("hour", sa.BigInteger, primary_key=True),
        sa.Column("function", sa.Text, primary_key=True),
        sa.Column("outcome", sa.Text, primary_key=True),
        sa.Column("bucket", sa.Integer, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
    )
    op.create_table(
        "hospital_state",
        sa.Column("institution", sa.Text, primary_key=True),
        sa.Column("last_call", sa.BigInteger),
        sa.Column("last_outcome", sa.Text, nullable=False),
        sa.Column("last_answer", sa.BigInteger),
        sa.Column("certificate_until", sa.BigInteger),
        sa.Column("wsdl_looked", sa.BigInteger),
        sa.Column("wsdl_changed", sa.BigInteger),
        sa.Column("wsdl_words", sa.Text, nullable=False),
    )
