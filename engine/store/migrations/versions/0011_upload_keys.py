"""Give institutions a place for the sealed key of encrypted uploads."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("institution", sa.Column("upload_key", sa.LargeBinary, nullable=False, server_default=""))
