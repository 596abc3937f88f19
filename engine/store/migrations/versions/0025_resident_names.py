"""Let residents be found by their name, by its search key, and reports and orders be listed by when they moved last.

A migration has no key to open names with: a resident of before is found so once a document tells more of them than was known.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

NAMED = sa.text("named <> ''")


def upgrade() -> None:
    op.add_column("resident", sa.Column("named", sa.Text, nullable=False, server_default=""))
    op.create_index("ix_report_changed", "report", ["changed", "report"])
    op.create_index("ix_booking_order_changed", "booking_order", ["changed", "order_id"])
    op.create_index("ix_resident_named", "resident", ["named"], sqlite_where=NAMED, postgresql_where=NAMED)
