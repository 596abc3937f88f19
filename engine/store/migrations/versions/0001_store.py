"""Create the store's own tables: messages, bodies, claims, deliveries, findings, events, counts, batches, revisions."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _seq() -> "sa.Column[Any]":
    return sa.Column("seq", ROW, sa.Identity(always=False), primary_key=True)


def _texts(*names: str) -> list["sa.Column[Any]"]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _time(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _bytes(name: str) -> "sa.Column[Any]":
    return sa.Column(name, sa.LargeBinary, nullable=False)


def _index(name: str, table: str, columns: list[str], where: str = "") -> None:
    partial: dict[str, Any] = {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)} if where else {}
    op.create_index(name, table, columns, **partial)


def upgrade() -> None:
    op.create_table("pulse", sa.Column("id", sa.Integer, primary_key=True, autoincrement=False), _time("at"))
    _messages()
    _deliveries()
    _counts()


def _messages() -> None:
    op.create_table(
        "message",
        _seq(),
        *_texts("receipt", "institution", "document_type", "document_id", "own", "lane"),
        _time("received"),
        *_texts("route", "revision", "state", "status", "code", "mark", "replaced_by", "digest"),
        sa.Column("size", sa.BigInteger, nullable=False),
        *_texts("batch", "peer", "reference"),
        _bytes("resident"),
        *_texts("resident_lookup"),
    )
    op.create_index("ux_message_receipt", "message", ["receipt"], unique=True)
    _index("ix_message_received", "message", ["received", "seq"])
    _index("ix_message_institution", "message", ["institution", "received", "seq"])
    _index("ix_message_type", "message", ["document_type", "received", "seq"])
    _index("ix_message_document", "message", ["document_id", "institution"])
    _index("ix_message_resident", "message", ["resident_lookup", "received", "seq"], "resident_lookup <> ''")
    _index("ix_message_state", "message", ["state", "received", "seq"], "state <> 'ROUTED'")
    _index("ix_message_status", "message", ["status", "received", "seq"], "status <> 'accepted'")
    _index("ix_message_code", "message", ["code", "received", "seq"], "code <> '0'")
    _index("ix_message_mark", "message", ["mark", "received", "seq"], "mark <> ''")
    op.create_table(
        "body",
        sa.Column("receipt", sa.Text, primary_key=True),
        *_texts("original_form"),
        _bytes("original"),
        _bytes("changed"),
        _bytes("trace"),
    )
    op.create_table(
        "claim",
        sa.Column("name", sa.Text, primary_key=True),
        *_texts("receipt", "document_type", "digest"),
        sqlite_with_rowid=False,
    )
    op.create_table("event", _seq(), *_texts("receipt"), _time("at"), *_texts("what"), _bytes("detail"))
    _index("ix_event_receipt", "event", ["receipt"])
    op.create_table(
        "finding", _seq(), *_texts("receipt", "institution"), _time("at"), *_texts("severity", "code", "rule"), _bytes("detail")
    )
    _index("ix_finding_receipt", "finding", ["receipt"])
    _index("ix_finding_rule", "finding", ["institution", "at"])


def _deliveries() -> None:
    op.create_table(
        "delivery",
        _seq(),
        *_texts("receipt", "destination", "key", "lane", "state"),
        sa.Column("attempts", sa.Integer, nullable=False),
        _time("first_due"),
        _time("due"),
        _time("wake"),
        _time("changed_at"),
        *_texts("worker", "lease_token"),
        _time("lease_until", nullable=True),
        *_texts("error_code"),
        _bytes("error_text"),
        *_texts("remote_id"),
    )
    unfinished = "state IN ('QUEUED', 'SENDING', 'UNKNOWN', 'DEAD')"
    _index("ix_delivery_receipt", "delivery", ["receipt"])
    _index("ix_delivery_waiting", "delivery", ["destination", "lane", "wake", "seq"], "state IN ('QUEUED', 'UNKNOWN')")
    _index("ix_delivery_key", "delivery", ["destination", "key", "seq"], unfinished)
    _index("ix_delivery_lease", "delivery", ["lease_until"], "state = 'SENDING'")
    _index("ix_delivery_open", "delivery", ["destination", "seq"], unfinished)
    _index("ix_delivery_error", "delivery", ["destination", "changed_at"], "error_code <> ''")


def _counts() -> None:
    op.create_table(
        "count_delta",
        _seq(),
        *_texts("scope", "owner", "lane", "state"),
        sa.Column("delta", sa.BigInteger, nullable=False),
    )
    keys = [sa.Column(name, sa.Text, primary_key=True) for name in ("scope", "owner", "lane", "state")]
    op.create_table("count", *keys, sa.Column("value", sa.BigInteger, nullable=False))
    op.create_table(
        "batch",
        sa.Column("institution", sa.Text, primary_key=True),
        sa.Column("batch_id", sa.Text, primary_key=True),
        *_texts("receipt", "digest"),
        _time("received"),
        _bytes("result"),
    )
    op.create_table(
        "revision",
        sa.Column("hash", sa.Text, primary_key=True),
        _time("created"),
        _bytes("files"),
        sa.Column("current", sa.Boolean, nullable=False),
    )
