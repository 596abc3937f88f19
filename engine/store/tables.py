"""Declare the store's own tables: messages, bodies, claims, deliveries, findings, events, counts, batches, revisions."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from engine.store.columns import Moment, RowNumber
from engine.store.database import metadata

UNFINISHED_SQL = "state IN ('QUEUED', 'SENDING', 'UNKNOWN', 'DEAD')"
WAITING_SQL = "state IN ('QUEUED', 'UNKNOWN')"
TROUBLED_SQL = "error_code <> '' AND state IN ('QUEUED', 'SENDING', 'UNKNOWN', 'DEAD')"
STOPPED_STATES = ("INVALID", "ERROR")
STOPPED_SQL = f"mark = '' AND state IN {STOPPED_STATES}"


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


message = sa.Table(
    "message",
    metadata,
    sa.Column("seq", RowNumber, sa.Identity(always=False), primary_key=True),
    _text("receipt"),
    _text("institution"),
    _text("document_type"),
    _text("document_id"),
    _text("own"),
    _text("lane"),
    sa.Column("received", Moment, nullable=False),
    sa.Column("written", Moment, nullable=True),
    _text("route"),
    _text("revision"),
    _text("state"),
    _text("status"),
    _text("code"),
    _text("mark"),
    _text("replaced_by"),
    _text("digest"),
    sa.Column("size", sa.BigInteger, nullable=False),
    _text("batch"),
    _text("peer"),
    _text("reference"),
    sa.Column("resident", sa.LargeBinary, nullable=False),
    _text("resident_lookup"),
    sa.Index("ux_message_receipt", "receipt", unique=True),
    sa.Index("ix_message_received", "received", "seq"),
    # what follows seq lets a quality report count without reading a row
    sa.Index("ix_message_institution", "institution", "received", "seq", "document_type", "lane", "status"),
    sa.Index("ix_message_type", "document_type", "received", "seq"),
    sa.Index("ix_message_document", "document_id", "institution"),
    sa.Index("ix_message_resident", "resident_lookup", "received", "seq", **_where("resident_lookup <> ''")),
    sa.Index("ix_message_state", "state", "received", "seq", **_where("state <> 'ROUTED'")),
    sa.Index("ix_message_status", "status", "received", "seq", **_where("status <> 'accepted'")),
    sa.Index("ix_message_code", "code", "received", "seq", **_where("code <> '0'")),
    sa.Index("ix_message_mark", "mark", "received", "seq", **_where("mark <> ''")),
    sa.Index("ix_message_cause", "state", "code", "received", "seq", **_where(STOPPED_SQL)),
)
"""One row for each message taken in; `resident` is sealed, `resident_lookup` its search key."""

body = sa.Table(
    "body",
    metadata,
    sa.Column("receipt", sa.Text, primary_key=True),
    _text("original_form"),
    sa.Column("original", sa.LargeBinary, nullable=False),
    sa.Column("changed", sa.LargeBinary, nullable=False),
    sa.Column("trace", sa.LargeBinary, nullable=False),
)
"""What was sent, as it was sent, and what the route made of it (empty when unchanged); all sealed."""

claim = sa.Table(
    "claim",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    _text("receipt"),
    _text("document_type"),
    _text("digest"),
    sqlite_with_rowid=False,
)
"""The unique key that decides: `INSTITUTION document ID` and `INSTITUTION own ID`, held by one accepted message."""

event = sa.Table(
    "event",
    metadata,
    sa.Column("seq", RowNumber, sa.Identity(always=False), primary_key=True),
    _text("receipt"),
    sa.Column("at", Moment, nullable=False),
    _text("what"),
    sa.Column("detail", sa.LargeBinary, nullable=False),
    sa.Index("ix_event_receipt", "receipt"),
)
"""What happened to a message after it was taken in; `detail` is sealed."""

finding = sa.Table(
    "finding",
    metadata,
    sa.Column("seq", RowNumber, sa.Identity(always=False), primary_key=True),
    _text("receipt"),
    _text("institution"),
    sa.Column("at", Moment, nullable=False),
    _text("severity"),
    _text("code"),
    _text("rule"),
    sa.Column("detail", sa.LargeBinary, nullable=False),
    sa.Column("document_type", sa.Text, nullable=False, server_default=""),
    sa.Column("lane", sa.Text, nullable=False, server_default=""),
    sa.Column("foremost", sa.Integer, nullable=False, server_default="0"),
    sa.Index("ix_finding_receipt", "receipt"),
    sa.Index("ix_finding_rule", "institution", "rule", "code", "severity", "at", "document_type", "lane", "foremost", "seq"),
)
"""One issue of one message; place, value and words stand sealed in `detail`.

`foremost` is 1 for the first issue of its rule in its message, so that their sum counts messages.
"""

delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("seq", RowNumber, sa.Identity(always=False), primary_key=True),
    _text("receipt"),
    _text("destination"),
    _text("key"),
    _text("lane"),
    _text("state"),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("first_due", Moment, nullable=False),
    sa.Column("due", Moment, nullable=False),
    sa.Column("wake", Moment, nullable=False),
    sa.Column("changed_at", Moment, nullable=False),
    _text("worker"),
    _text("lease_token"),
    sa.Column("lease_until", Moment, nullable=True),
    _text("error_code"),
    sa.Column("error_text", sa.LargeBinary, nullable=False),
    _text("remote_id"),
    _text("institution"),
    sa.Index("ix_delivery_receipt", "receipt"),
    sa.Index("ix_delivery_waiting", "destination", "lane", "institution", "wake", "seq", **_where(WAITING_SQL)),
    sa.Index("ix_delivery_key", "destination", "key", "seq", **_where(UNFINISHED_SQL)),
    sa.Index("ix_delivery_lease", "lease_until", **_where("state = 'SENDING'")),
    sa.Index("ix_delivery_open", "destination", "lane", "seq", **_where(UNFINISHED_SQL)),
    sa.Index("ix_delivery_error", "destination", "changed_at", **_where("error_code <> ''")),
    sa.Index("ix_delivery_cause", "destination", "state", "error_code", "seq", **_where(TROUBLED_SQL)),
)
"""One message for one destination; `seq` is the order, `wake` when a worker should next look at the row."""

count_delta = sa.Table(
    "count_delta",
    metadata,
    sa.Column("seq", RowNumber, sa.Identity(always=False), primary_key=True),
    _text("scope"),
    _text("owner"),
    _text("lane"),
    _text("state"),
    sa.Column("delta", sa.BigInteger, nullable=False),
)
"""Changes of the counts, insert-only, written in the transaction that changes the state."""

count = sa.Table(
    "count",
    metadata,
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("lane", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)
"""The folded sums of `count_delta`."""

batch = sa.Table(
    "batch",
    metadata,
    sa.Column("institution", sa.Text, primary_key=True),
    sa.Column("batch_id", sa.Text, primary_key=True),
    _text("receipt"),
    _text("digest"),
    sa.Column("received", Moment, nullable=False),
    sa.Column("result", sa.LargeBinary, nullable=False),
)
"""The first result of each batch, sealed, and the digest of its list of documents."""

revision = sa.Table(
    "revision",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("created", Moment, nullable=False),
    sa.Column("files", sa.LargeBinary, nullable=False),
    sa.Column("current", sa.Boolean, nullable=False),
)
"""The files of each set of routes that has walked messages; one of them is current."""
