"""Create the tables of the services: institutions, certificates, audit, monitor users, records, residents."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROW = sa.BigInteger().with_variant(sa.Integer, "sqlite")
CURRENT = sa.text("state = 'current' AND own <> ''")


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _times(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def _sealed(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.LargeBinary, nullable=False) for name in names]


def upgrade() -> None:
    _institutions()
    _audit()
    _users()
    _records()


def _institutions() -> None:
    op.create_table(
        "institution",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("folded", sa.Text, nullable=False, unique=True),
        *_texts("name", "kind", "state", "password_hash"),
        sa.Column("digest", sa.Boolean, nullable=False),
        *_texts("contact"),
        *_times("created", "changed"),
    )
    op.create_table(
        "certificate",
        sa.Column("fingerprint", sa.Text, primary_key=True),
        sa.Column("institution", sa.Text, sa.ForeignKey("institution.code"), nullable=False),
        *_texts("subject"),
        *_times("not_after", "added"),
    )
    op.create_index("ix_certificate_institution", "certificate", ["institution"])
    stamp = op.create_table("stamp", sa.Column("name", sa.Text, primary_key=True), sa.Column("value", sa.BigInteger, nullable=False))
    op.bulk_insert(stamp, [{"name": "institutions", "value": 0}])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", ROW, sa.Identity(always=False), primary_key=True),
        *_times("minute"),
        *_texts("peer", "institution", "service", "reason", "verdict", "actor", "subject"),
        sa.Column("count", sa.Integer, nullable=False),
        *_times("first", "last"),
        sa.UniqueConstraint(
            "minute", "peer", "institution", "service", "reason", "verdict", "actor", "subject", name="uq_audit_one_row_a_minute"
        ),
    )
    op.create_index("ix_audit_institution", "audit", ["institution", "minute"])
    op.create_index("ix_audit_verdict", "audit", ["verdict", "minute"])


def _users() -> None:
    op.create_table(
        "monitor_user",
        sa.Column("name", sa.Text, primary_key=True),
        *_texts("role", "password_hash"),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        *_times("locked_until", "created"),
    )
    op.create_table(
        "monitor_session",
        sa.Column("token_hash", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, sa.ForeignKey("monitor_user.name"), nullable=False),
        *_texts("csrf"),
        *_times("created", "last_seen", "expires"),
    )
    op.create_index("ix_monitor_session_name", "monitor_session", ["name"])


def _records() -> None:
    op.create_table(
        "record",
        sa.Column("message", sa.Text, primary_key=True),
        *_texts("institution", "document_type", "own", "title"),
        sa.Column("written", sa.BigInteger),
        *_texts("resident_lookup"),
        *_sealed("person"),
        *_texts("visit_number", "custodian", "custodian_name", "state", "replaced_by"),
        *_times("taken"),
    )
    op.create_index("ux_record_own", "record", ["institution", "own"], unique=True, sqlite_where=CURRENT, postgresql_where=CURRENT)
    op.create_index("ix_record_resident", "record", ["resident_lookup", "written"])
    op.create_table(
        "resident",
        sa.Column("lookup", sa.Text, primary_key=True),
        *_sealed("resident_id", "resident_name", "gender", "birth_date"),
        *_times("first_seen", "last_seen"),
    )
