"""Count the seats of a slot that a pull may have taken off twice."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("booking_slot", sa.Column("doubt", sa.BigInteger, nullable=False, server_default="0"))
