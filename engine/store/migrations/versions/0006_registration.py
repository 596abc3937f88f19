"""Create the tables of registration and sign-in: invitations, applications, nonces, failed tries; keep digest passwords sealed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    empty = "x''" if op.get_bind().dialect.name == "sqlite" else "''"
    op.add_column("institution", sa.Column("secret", sa.LargeBinary, nullable=False, server_default=sa.text(empty)))
    op.create_table(
        "invitation",
        sa.Column("lookup", sa.Text, primary_key=True),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.Column("used", sa.BigInteger),
    )
    op.create_table(
        "application",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("institution", sa.Text, sa.ForeignKey("institution.code"), nullable=False, unique=True),
        sa.Column("contact", sa.LargeBinary, nullable=False),
        sa.Column("applied", sa.BigInteger, nullable=False),
        sa.Column("decided", sa.BigInteger),
    )
    op.create_table(
        "nonce",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_nonce_expires", "nonce", ["expires"])
    op.create_table(
        "sign_in",
        sa.Column("peer", sa.Text, primary_key=True),
        sa.Column("institution", sa.Text, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failed", sa.BigInteger, nullable=False),
        sa.Column("proven", sa.BigInteger, nullable=False),
    )
