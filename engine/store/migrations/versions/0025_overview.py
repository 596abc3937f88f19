"""Keep what the overview shows: hours of traffic, the backlog of each minute, living processes, the last comparison with the rows."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

UNFINISHED = sa.text("state IN ('QUEUED', 'SENDING', 'UNKNOWN', 'DEAD')")
KEYS = ("hour", "scope", "owner", "lane", "what", "bucket")

RECEIVED = (
    "INSERT INTO hour_count SELECT received / 3600000000, 'message', institution, lane, state, 0, count(*) FROM message"
    " WHERE received >= :since GROUP BY received / 3600000000, institution, lane, state"
)
"""What came in during the last days, by its state of now."""


def keys() -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Integer if name in ("hour", "bucket") else sa.Text, nullable=False) for name in KEYS]


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "hour_count", *keys(), sa.Column("number", sa.BigInteger, nullable=False), sa.PrimaryKeyConstraint(*KEYS)
    )
    op.create_table(
        "hour_delta",
        sa.Column("seq", number, sa.Identity(always=False), primary_key=True),
        *keys(),
        sa.Column("delta", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "node_process",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("node", "process")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("started", "beat")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("version", "revision")),
        sa.Column("leads", sa.Boolean, nullable=False),
    )
    op.create_table(
        "backlog_note",
        sa.Column("at", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("lane", sa.Text, primary_key=True),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("waiting", "dead")),
    )
    op.create_table(
        "store_check",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("differences", sa.Integer, nullable=False),
    )
    since = int((datetime.now(UTC) - timedelta(days=8)).timestamp() * 1_000_000)
    op.get_bind().execute(sa.text(RECEIVED), {"since": since})
    op.drop_index("ix_delivery_open", "delivery")
    op.create_index(
        "ix_delivery_open", "delivery", ["destination", "lane", "seq"], sqlite_where=UNFINISHED, postgresql_where=UNFINISHED
    )
