"""Let a quality report be answered from indexes alone: findings know type and lane, and which one is the first of its rule."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("finding", sa.Column("document_type", sa.Text, nullable=False, server_default=""))
    op.add_column("finding", sa.Column("lane", sa.Text, nullable=False, server_default=""))
    op.add_column("finding", sa.Column("foremost", sa.Integer, nullable=False, server_default="0"))
    op.execute(
        "UPDATE finding SET"
        " document_type = coalesce((SELECT m.document_type FROM message m WHERE m.receipt = finding.receipt), ''),"
        " lane = coalesce((SELECT m.lane FROM message m WHERE m.receipt = finding.receipt), '')"
    )
    op.execute(
        "UPDATE finding SET foremost = 1"
        " WHERE seq IN (SELECT min(seq) FROM finding GROUP BY receipt, rule, code, severity)"
    )
    op.drop_index("ix_finding_rule", "finding")
    op.create_index(
        "ix_finding_rule",
        "finding",
        ["institution", "rule", "code", "severity", "at", "document_type", "lane", "foremost", "seq"],
    )
    op.drop_index("ix_message_institution", "message")
    op.create_index("ix_message_institution", "message", ["institution", "received", "seq", "document_type", "lane", "status"])
