"""Declare the tables of referrals: each with its history, its attached documents and its notices; and the beds that hospitals report."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Identity, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text, text

from engine.store.columns import Moment, RowNumber
from engine.store.database import metadata

REVIEWED = "reviewer <> ''"


def _text(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=False)


def _number(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _moment(name: str, *, empty: bool = False) -> Column[object]:
    return Column(name, Moment, nullable=empty)


def _sealed(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False)


referral = Table(
    "referral",
    metadata,
    _text("referral", key=True),
    *map(_text, ("request_id", "digest", "origin", "receiver", "reviewer", "direction", "kind", "state")),
    *map(_number, ("urgency", "version")),
    *map(_text, ("moved", "mover", "department", "doctor", "resident", "day", "order_id", "record", "return_of", "returned_by")),
    *map(_moment, ("occurred", "created", "changed")),
    *(_moment(name, empty=True) for name in ("due", "remind", "released")),
    Column("overdue", Boolean, nullable=False),
    *map(_sealed, ("patient", "said", "words")),
    Index("ux_referral_request", "origin", "request_id", unique=True),
    Index("ix_referral_created", "created", "referral"),
    Index("ix_referral_origin", "origin", "created", "referral"),
    Index("ix_referral_receiver", "receiver", "created", "referral"),
    Index(
        "ix_referral_reviewer", "reviewer", "created", "referral", sqlite_where=text(REVIEWED), postgresql_where=text(REVIEWED)
    ),
    Index("ix_referral_resident", "resident", "created", "referral"),
)
"""One row for each referral. `moved` and `mover` are the last move and who made it, `department` and `doctor` where the patient is to
go at the receiver, `day` (yyyy-MM-dd of Shanghai) when it was applied for, `order_id` the order in booking_order, `released` when that
was given back. `due` is by when the next move must be made, `remind` when both sides are told so. `patient`, what the origin `said`,
and the later `words` of both sides are sealed; the person is found by `resident`."""

event = Table(
    "referral_event",
    metadata,
    Column("seq", RowNumber, Identity(always=False), primary_key=True),
    _text("referral"),
    _moment("at"),
    *map(_text, ("what", "state", "institution", "trace")),
    _sealed("said"),
    Index("ix_referral_event_referral", "referral", "seq"),
)
"""Everything that happened to a referral, written with it; `said` are operator and reason, sealed."""

attachment = Table(
    "referral_document",
    metadata,
    *map(_text, ("referral", "document")),
    _moment("attached"),
    PrimaryKeyConstraint("referral", "document"),
)
"""The documents (receipts) that the origin lets the receiver read besides those of the types it shares."""

notice = Table(
    "referral_notice",
    metadata,
    *map(_text, ("referral", "institution", "what")),
    _number("version"),
    _text("state"),
    _number("tries"),
    _text("error"),
    _moment("noted"),
    _moment("told", empty=True),
    PrimaryKeyConstraint("referral", "institution"),
)
"""What each hospital is to be told of a referral (3001): the latest move, `what` with `version`, and whether it was told of that one."""

bed = Table(
    "referral_bed",
    metadata,
    *map(_text, ("institution", "department", "department_name")),
    *map(_number, ("total", "free")),
    _moment("at"),
    PrimaryKeyConstraint("institution", "department"),
)
"""The beds of departments as their hospital last reported them."""
