"""Make the tables of reports: each report with its keys, status events and contents, consents, subscriptions and notices."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

RECEIPT = sa.text("receipt <> ''")


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
    _reports()
    _told()
    _wishes()


def _reports() -> None:
    op.create_table(
        "report",
        sa.Column("report", sa.Text, primary_key=True),
        *_texts("institution", "kind", "number"),
        *_numbers("status"),
        *_times("status_at", empty=True),
        *_numbers("version"),
        *_texts("resident", "claimed", "joined"),
        *_times("placed", "opened", "changed"),
        *_sealed("person"),
    )
    op.create_index("ix_report_resident", "report", ["resident", "placed", "report"])
    op.create_table(
        "report_key",
        *_texts("lookup", "report", "kind"),
        *_sealed("value"),
        sa.PrimaryKeyConstraint("lookup", "report"),
    )
    op.create_index("ix_report_key_report", "report_key", ["report"])


def _told() -> None:
    op.create_table(
        "report_event",
        *_texts("report", "digest"),
        *_numbers("status"),
        *_times("at", "noted"),
        *_texts("source", "receipt"),
        sa.Column("late", sa.Boolean, nullable=False),
        *_sealed("said"),
        sa.PrimaryKeyConstraint("report", "digest"),
    )
    op.create_table(
        "report_version",
        *_texts("report"),
        *_numbers("version"),
        *_times("at", "noted"),
        *_texts("source", "receipt", "digest", "essence"),
        sa.Column("gone", sa.Boolean, nullable=False),
        *_sealed("content"),
        sa.PrimaryKeyConstraint("report", "version"),
    )
    op.create_index("ix_report_version_receipt", "report_version", ["receipt"], sqlite_where=RECEIPT, postgresql_where=RECEIPT)


def _wishes() -> None:
    op.create_table(
        "report_consent",
        *_texts("portal", "resident"),
        *_times("given"),
        *_times("until", "withdrawn", empty=True),
        sa.PrimaryKeyConstraint("portal", "resident"),
    )
    op.create_table(
        "report_subscription",
        *_texts("resident", "portal"),
        *_times("since"),
        sa.PrimaryKeyConstraint("resident", "portal"),
    )
    op.create_table(
        "report_notice",
        _row_number(),
        *_texts("portal"),
        sa.Column("number", sa.BigInteger),
        *_texts("report", "institution", "kind"),
        *_numbers("status"),
        *_times("at", "noted"),
    )
    op.create_index("ix_report_notice_number", "report_notice", ["portal", "number"])
    op.create_table("report_notice_count", sa.Column("portal", sa.Text, primary_key=True), *_times("last"))
