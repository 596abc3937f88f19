"""Count documents day by day, keep when each was written and what hospitals say they sent."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ROW = sa.BigInteger().with_variant(sa.Integer, "sqlite")
STANDS = sa.text("superseded IS NULL")
PLACE = ("institution", "lane", "basis", "day", "document_type")
DAY = "(m.received + 28800000000) / 86400000000"


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _counts() -> list[sa.Column[Any]]:
    day = sa.Column("day", sa.Integer, nullable=False)
    measures = [sa.Column(name, sa.BigInteger, nullable=False) for name in ("received", "accepted", "delivered")]
    return [*_texts("institution", "lane", "basis"), day, *_texts("document_type"), *measures]


def upgrade() -> None:
    op.add_column("message", sa.Column("written", sa.BigInteger, nullable=True))
    op.create_table("day_count", *_counts(), sa.PrimaryKeyConstraint(*PLACE))
    op.create_table("day_delta", sa.Column("seq", ROW, sa.Identity(always=False), primary_key=True), *_counts())
    op.create_index("ix_day_delta_institution", "day_delta", ["institution"])
    op.create_table(
        "expectation",
        sa.Column("seq", ROW, sa.Identity(always=False), primary_key=True),
        *_texts("institution", "lane"),
        sa.Column("day", sa.Integer, nullable=False),
        *_texts("document_type"),
        sa.Column("sent", sa.BigInteger, nullable=False),
        sa.Column("stated", sa.BigInteger, nullable=False),
        sa.Column("superseded", sa.BigInteger, nullable=True),
    )
    op.create_index(
        "ux_expectation_stands", "expectation", ["institution", "lane", "day", "document_type"], unique=True,
        sqlite_where=STANDS, postgresql_where=STANDS,
    )
    op.create_index("ix_expectation_day", "expectation", ["institution", "lane", "day"])
    _fill()


def _fill() -> None:
    """Count what is in the store already."""
    op.execute("UPDATE message SET written = (SELECT r.written FROM record r WHERE r.message = message.receipt)")
    arrived = "NOT EXISTS (SELECT 1 FROM delivery d WHERE d.receipt = m.receipt AND d.state <> 'SENT')"
    op.execute(
        f"INSERT INTO day_count SELECT m.institution, m.lane, 'sent', {DAY}, m.document_type, count(DISTINCT m.document_id),"
        " count(DISTINCT CASE WHEN m.state <> 'INVALID' THEN m.document_id END),"
        f" count(DISTINCT CASE WHEN m.state = 'ROUTED' AND {arrived} THEN m.document_id END)"
        f" FROM message m GROUP BY m.institution, m.lane, {DAY}, m.document_type"
    )
    op.execute(
        "INSERT INTO day_count SELECT institution, lane, 'written', (written + 28800000000) / 86400000000, document_type, 0, count(*), 0"
        " FROM message WHERE state <> 'INVALID' AND mark = '' AND written >= 662688000000000"
        " GROUP BY institution, lane, (written + 28800000000) / 86400000000, document_type"
    )
