"""Make the tables of referrals, and let an order be held for one until a time that is not the time to pay."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

REVIEWED = sa.text("reviewer <> ''")


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _times(*names: str, empty: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger, nullable=empty) for name in names]


def _numbers(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Integer, nullable=False) for name in names]


def _sealed(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.LargeBinary, nullable=False) for name in names]


def _row_number() -> sa.Column[Any]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("seq", kind, sa.Identity(always=False), primary_key=True)


def upgrade() -> None:
    _referrals()
    _around()
    op.add_column("booking_order", sa.Column("held_for", sa.Text, nullable=False, server_default=""))
    op.add_column("booking_order", sa.Column("held_until", sa.BigInteger, nullable=True))


def _referrals() -> None:
    op.create_table(
        "referral",
        sa.Column("referral", sa.Text, primary_key=True),
        *_texts("request_id", "digest", "origin", "receiver", "reviewer", "direction", "kind", "state"),
        *_numbers("urgency", "version"),
        *_texts("moved", "mover", "department", "doctor", "resident", "day", "order_id", "record", "return_of", "returned_by"),
        *_times("occurred", "created", "changed"),
        *_times("due", "remind", "released", empty=True),
        sa.Column("overdue", sa.Boolean, nullable=False),
        *_sealed("patient", "said", "words"),
    )
    op.create_index("ux_referral_request", "referral", ["origin", "request_id"], unique=True)
    op.create_index("ix_referral_created", "referral", ["created", "referral"])
    op.create_index("ix_referral_origin", "referral", ["origin", "created", "referral"])
    op.create_index("ix_referral_receiver", "referral", ["receiver", "created", "referral"])
    op.create_index(
        "ix_referral_reviewer", "referral", ["reviewer", "created", "referral"], sqlite_where=REVIEWED, postgresql_where=REVIEWED
    )
    op.create_index("ix_referral_resident", "referral", ["resident", "created", "referral"])


def _around() -> None:
    op.create_table(
        "referral_event",
        _row_number(),
        *_texts("referral"),
        *_times("at"),
        *_texts("what", "state", "institution", "trace"),
        *_sealed("said"),
    )
    op.create_index("ix_referral_event_referral", "referral_event", ["referral", "seq"])
    op.create_table(
        "referral_document",
        *_texts("referral", "document"),
        *_times("attached"),
        sa.PrimaryKeyConstraint("referral", "document"),
    )
    op.create_table(
        "referral_notice",
        *_texts("referral", "institution", "what"),
        *_numbers("version"),
        *_texts("state"),
        *_numbers("tries"),
        *_texts("error"),
        *_times("noted"),
        *_times("told", empty=True),
        sa.PrimaryKeyConstraint("referral", "institution"),
    )
    op.create_table(
        "referral_bed",
        *_texts("institution", "department", "department_name"),
        *_numbers("total", "free"),
        *_times("at"),
        sa.PrimaryKeyConstraint("institution", "department"),
    )
