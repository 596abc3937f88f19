"""Find what stands still by its cause, and keep the jobs that act on all of one cause."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

STOPPED = sa.text("mark = '' AND state IN ('INVALID', 'ERROR')")
TROUBLED = sa.text("error_code <> '' AND state IN ('QUEUED', 'SENDING', 'UNKNOWN', 'DEAD')")


def upgrade() -> None:
    op.create_index(
        "ix_message_cause", "message", ["state", "code", "received", "seq"], sqlite_where=STOPPED, postgresql_where=STOPPED
    )
    op.create_index(
        "ix_delivery_cause",
        "delivery",
        ["destination", "state", "error_code", "seq"],
        sqlite_where=TROUBLED,
        postgresql_where=TROUBLED,
    )
    op.create_table(
        "bulk_job",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("kind", "place", "code", "state")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("total", "done", "passed")),
        sa.Column("after", sa.BigInteger, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("reason", sa.LargeBinary, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("begun", "changed")),
    )
