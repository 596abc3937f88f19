"""Declare the tables of reports: each with its keys, status events and contents; consents, subscriptions and notices."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Identity, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text, text

from engine.store.columns import Moment, RowNumber
from engine.store.database import metadata

_RECEIPT = text("receipt <> ''")


def _text(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=False)


def _number(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _moment(name: str, *, empty: bool = False) -> Column[object]:
    return Column(name, Moment, nullable=empty)


def _sealed(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False)


report = Table(
    "report",
    metadata,
    _text("report", key=True),
    *map(_text, ("institution", "kind", "number")),
    _number("status"),
    _moment("status_at", empty=True),
    _number("version"),
    *map(_text, ("resident", "claimed", "joined")),
    *map(_moment, ("placed", "opened", "changed")),
    _sealed("person"),
    Index("ix_report_resident", "resident", "placed", "report"),
    Index("ix_report_changed", "changed", "report"),
)
"""One row for each report of an institution. `number` is the keyed hash of its report number, "" while nobody has told it; `status` and
`status_at` are those of the event that says what is so now (0 and none before the first), `version` the number of the content shown
(0 for none), `joined` the report that it turned out to be. `placed` is its place in a list: when its content is of, else its first event."""

report_key = Table(
    "report_key",
    metadata,
    *map(_text, ("lookup", "report", "kind")),
    _sealed("value"),
    PrimaryKeyConstraint("lookup", "report"),
    Index("ix_report_key_report", "report"),
)
"""What a report is found by: keyed hash of institution, kind of key and value. A form or a specimen may belong to several reports."""

report_event = Table(
    "report_event",
    metadata,
    *map(_text, ("report", "digest")),
    _number("status"),
    *map(_moment, ("at", "noted")),
    *map(_text, ("source", "receipt")),
    Column("late", Boolean, nullable=False),
    _sealed("said"),
    PrimaryKeyConstraint("report", "digest"),
)
"""Every status that was told of a report, once; `said` are the hospital's code and words, operator, department and reason, sealed."""

report_version = Table(
    "report_version",
    metadata,
    _text("report"),
    _number("version"),
    *map(_moment, ("at", "noted")),
    *map(_text, ("source", "receipt", "digest", "essence")),
    Column("gone", Boolean, nullable=False),
    _sealed("content"),
    PrimaryKeyConstraint("report", "version"),
    Index("ix_report_version_receipt", "receipt", sqlite_where=_RECEIPT, postgresql_where=_RECEIPT),
)
"""Every content of a report; `digest` and `essence` are keyed hashes of all of it and of its results alone, `gone` marks a revoked one."""

consent = Table(
    "report_consent",
    metadata,
    *map(_text, ("portal", "resident")),
    _moment("given"),
    *(_moment(name, empty=True) for name in ("until", "withdrawn")),
    PrimaryKeyConstraint("portal", "resident"),
)
"""Whose reports a portal may show, as the resident agreed there; who gave it and took it back stands in the audit."""

subscription = Table(
    "report_subscription",
    metadata,
    *map(_text, ("resident", "portal")),
    _moment("since"),
    PrimaryKeyConstraint("resident", "portal"),
)
"""Of whose reports a portal wants to be told."""

notice = Table(
    "report_notice",
    metadata,
    Column("seq", RowNumber, Identity(always=False), primary_key=True),
    _text("portal"),
    Column("number", BigInteger),
    *map(_text, ("report", "institution", "kind")),
    _number("status"),
    *map(_moment, ("at", "noted")),
    Index("ix_report_notice_number", "portal", "number"),
)
"""What portals are told; `number` is given when the portal first asks, so that none is ever skipped by a later one."""

notice_count = Table("report_notice_count", metadata, _text("portal", key=True), Column("last", BigInteger, nullable=False))
"""The last number of each portal's notices."""
