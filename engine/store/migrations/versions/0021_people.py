"""Give the monitor's users a second factor and an institution, its sessions their proof, and the audit what it is searched by."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

ACTOR = sa.text("actor <> ''")
SUBJECT = sa.text("subject <> ''")


def upgrade() -> None:
    empty = sa.text("x''" if op.get_bind().dialect.name == "sqlite" else "''::bytea")
    for column in (
        sa.Column("institution", sa.Text, nullable=False, server_default=""),
        sa.Column("totp", sa.LargeBinary, nullable=False, server_default=empty),
        sa.Column("totp_pending", sa.LargeBinary, nullable=False, server_default=empty),
        sa.Column("totp_step", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("code_failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("code_locked_until", sa.BigInteger, nullable=False, server_default="0"),
    ):
        op.add_column("monitor_user", column)
    op.add_column("monitor_session", sa.Column("proven", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("monitor_session", sa.Column("peer", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "monitor_recovery",
        sa.Column("name", sa.Text, sa.ForeignKey("monitor_user.name"), nullable=False),
        sa.Column("lookup", sa.Text, nullable=False),
        sa.Column("used", sa.BigInteger),
        sa.PrimaryKeyConstraint("name", "lookup"),
    )
    op.create_index("ix_audit_actor", "audit", ["actor", "minute"], sqlite_where=ACTOR, postgresql_where=ACTOR)
    op.create_index("ix_audit_subject", "audit", ["subject", "minute"], sqlite_where=SUBJECT, postgresql_where=SUBJECT)
    op.create_index("ix_audit_reason", "audit", ["reason", "minute"])
