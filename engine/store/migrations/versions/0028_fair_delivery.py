"""Let institutions share a destination alike: each delivery names its institution, and what waits is found by it."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

WAITING = sa.text("state IN ('QUEUED', 'UNKNOWN')")


def upgrade() -> None:
    op.add_column("delivery", sa.Column("institution", sa.Text, nullable=False, server_default=""))
    # What has ended is not handed out again but by a replay, which makes deliveries of its own.
    op.execute(
        "UPDATE delivery SET institution = (SELECT message.institution FROM message WHERE message.receipt = delivery.receipt) "
        "WHERE state IN ('QUEUED', 'SENDING', 'UNKNOWN', 'DEAD') "
        "AND EXISTS (SELECT 1 FROM message WHERE message.receipt = delivery.receipt)"
    )
    op.drop_index("ix_delivery_waiting", "delivery")
    op.create_index(
        "ix_delivery_waiting", "delivery", ["destination", "lane", "institution", "wake", "seq"], sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
