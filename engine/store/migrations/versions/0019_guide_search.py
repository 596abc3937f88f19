"""Make the tables by which doctors of the guide are found, and let the pool be asked by doctor."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

FREE = sa.text("busy = 0")


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "guide_listed",
        sa.Column("no", number, sa.Identity(always=False), primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("institution", "doctor", "department", "name", "within", "area")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("title", "busy")),
        sa.Column("place", sa.BigInteger, nullable=False),
    )
    op.create_index("ux_guide_listed_doctor", "guide_listed", ["institution", "doctor"], unique=True)
    op.create_index("ix_guide_listed_free", "guide_listed", ["no"], sqlite_where=FREE, postgresql_where=FREE)
    op.create_table(
        "guide_text",
        sa.Column("no", number, primary_key=True, autoincrement=False),
        sa.Column("words", sa.Text, nullable=False),
    )
    op.create_table(
        "guide_word",
        sa.Column("word", sa.Text, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("no", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("word", "rank", "no"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_guide_word_no", "guide_word", ["no", "word"])
    op.create_table(
        "guide_count",
        sa.Column("word", sa.Text, primary_key=True),
        sa.Column("doctors", sa.Integer, nullable=False),
    )
    op.create_index("ix_booking_slot_doctor", "booking_slot", ["institution", "doctor", "date"])
