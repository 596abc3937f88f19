"""Keep alerts, the notices of them, figures of before, and which destinations count as away."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

GOING_ON, UNSENT = sa.text("closed IS NULL"), sa.text("sent IS NULL")


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "alert",
        sa.Column("seq", number, sa.Identity(always=False), primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("rule", "kind", "subject", "severity")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("since", "judged")),
        *(sa.Column(name, sa.BigInteger, nullable=True) for name in ("opened", "calm", "closed")),
        *(sa.Column(name, sa.Float, nullable=False) for name in ("value", "threshold")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("cause_zh", "cause_en", "ended")),
        sa.Column("acknowledged", sa.BigInteger, nullable=True),
        sa.Column("acknowledged_by", sa.Text, nullable=False),
        sa.Column("note", sa.LargeBinary, nullable=False),
    )
    op.create_index(
        "ux_alert_going_on", "alert", ["rule", "subject"], unique=True, sqlite_where=GOING_ON, postgresql_where=GOING_ON
    )
    op.create_index("ix_alert_closed", "alert", ["closed", "seq"])
    op.create_table(
        "alert_notice",
        sa.Column("seq", number, sa.Identity(always=False), primary_key=True),
        sa.Column("alert", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("what", "channel")),
        sa.Column("due", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=True) for name in ("batch", "sent")),
        sa.Column("outcome", sa.Text, nullable=False),
    )
    op.create_index("ux_alert_notice", "alert_notice", ["alert", "what", "channel"], unique=True)
    op.create_index("ix_alert_notice_unsent", "alert_notice", ["channel", "due"], sqlite_where=UNSENT, postgresql_where=UNSENT)
    op.create_table(
        "figure_sample",
        sa.Column("at", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("institution", sa.Text, primary_key=True),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("taken", "refused")),
    )
    op.create_table(
        "destination_away",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("destination", "worker")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("since", "at")),
    )
