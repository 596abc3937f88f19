"""Declare the tables of appointments: what hospitals offer, the one pool of seats, the orders with their events, and notices."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Identity, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text, text

from engine.store.columns import Moment, RowNumber
from engine.store.database import metadata


def _text(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=False)


def _number(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _moment(name: str, *, empty: bool = False) -> Column[object]:
    return Column(name, Moment, nullable=empty)


LIVE_SQL = "state IN ('locked', 'booking', 'booked', 'paid', 'fetched')"
"""Orders that hold a seat."""

hospital = Table(
    "booking_hospital",
    metadata,
    _text("institution", key=True),
    *map(_text, ("name", "short_name", "level", "address", "telephone", "opens_at", "closes_at")),
    Column("horizon_days", Integer, nullable=False),
    _moment("as_of", empty=True),
)
"""Each hospital as it described itself (1004)."""

department = Table(
    "booking_department",
    metadata,
    _text("institution", key=True),
    _text("department", key=True),
    *map(_text, ("name", "parent", "level", "description", "expertise", "address", "status")),
    _moment("as_of"),
    _moment("pulled", empty=True),
)
"""The departments (2001); `status` is current or gone, `pulled` when its schedules were last asked for."""

doctor = Table(
    "booking_doctor",
    metadata,
    _text("institution", key=True),
    _text("department", key=True),
    _text("doctor", key=True),
    *map(_text, ("name", "title", "speciality", "description", "status")),
    _number("registration_fee"),
    _moment("as_of"),
)
"""The doctors (2002), without their own numbers and telephones, which booking does not need."""

clinic = Table(
    "booking_clinic",
    metadata,
    _text("institution", key=True),
    _text("schedule", key=True),
    *map(_text, ("department", "doctor", "doctor_name", "title", "date", "half", "level", "status")),
    _number("registration_fee"),
    _number("treatment_fee"),
    Column("timed", Boolean, nullable=False),
    _number("total"),
    _number("remaining"),
    _moment("as_of"),
    _moment("detailed", empty=True),
    Index("ix_booking_clinic_day", "institution", "department", "date"),
)
"""The half days of doctors (2003); `detailed` is when the slots of a timed one were last asked for (2004)."""

slot = Table(
    "booking_slot",
    metadata,
    _text("institution", key=True),
    _text("slot", key=True),
    *map(_text, ("reg_id", "schedule", "department", "doctor", "date", "half", "begins", "ends", "level", "status", "stop")),
    _number("registration_fee"),
    _number("treatment_fee"),
    _number("total"),
    _number("remaining"),
    Column("unlimited", Boolean, nullable=False),
    _number("free"),
    _number("held"),
    _number("sold"),
    _number("unsure"),
    _number("doubt"),
    _number("version"),
    _moment("last_event"),
    _moment("as_of"),
    Index("ix_booking_slot_day", "institution", "department", "date"),
    Index("ix_booking_slot_schedule", "institution", "schedule"),
    Index("ix_booking_slot_doctor", "institution", "doctor", "date"),
)
"""The pool: one row for what can be booked. `total` and `remaining` are the hospital's last word, asked for at `as_of`.

`held` seats belong to orders locked or asked for, `sold` ones to orders the hospital has; `unsure` counts those among them that the
hospital had not confirmed, or may already have let go. `free` may be below zero: it is remaining less unsure, and a debt is kept.
`doubt` counts the seats that the last pull may so have taken off twice; each answer that comes gives one of them back to `free`.
`version` grows with every change, so that an answer to a question asked before one is known to be old. `stop` names the notice (5001).
"""

order = Table(
    "booking_order",
    metadata,
    _text("order_id", key=True),
    *map(_text, ("portal", "request_id", "book_request", "digest", "institution", "slot", "reg_id", "schedule")),
    *map(_text, ("department", "doctor", "date", "half", "begins", "ends", "level", "channel", "booked_for", "kind")),
    *map(_text, ("state", "pending", "wish")),
    Column("known", Boolean, nullable=False),
    _number("version"),
    _number("registration_fee"),
    _number("treatment_fee"),
    _number("payable"),
    _number("paid"),
    _number("refund"),
    *map(_text, ("person_lookup", "account_lookup", "hospital_order", "serial", "refund_id", "ended_by", "code", "held_for")),
    _moment("held_until", empty=True),
    Column("person", LargeBinary, nullable=False),
    Column("told", LargeBinary, nullable=False),
    Column("money", LargeBinary, nullable=False),
    Column("words", LargeBinary, nullable=False),
    _moment("created"),
    _moment("asked", empty=True),
    _moment("expires", empty=True),
    _moment("changed"),
    Index("ux_booking_order_request", "portal", "request_id", unique=True),
    Index("ux_booking_order_book", "portal", "book_request", unique=True, sqlite_where=text("book_request <> ''"),
          postgresql_where=text("book_request <> ''")),
    Index("ix_booking_order_slot", "institution", "slot", sqlite_where=text(LIVE_SQL), postgresql_where=text(LIVE_SQL)),
    Index("ix_booking_order_person", "person_lookup", "date"),
    Index("ix_booking_order_account", "account_lookup", "created"),
    Index("ix_booking_order_portal", "portal", "created", "order_id"),
    Index("ix_booking_order_day", "institution", "date", "order_id"),
    Index("ix_booking_order_changed", "changed", "order_id"),
)  # fmt: skip
"""One row for each order. `order_id` is the text's ORDER_ID and LOCK_ID; `kind` says lock or book, how it began.

`known` is set once the hospital has said that it holds the seat for us. An order that is `held_for` something else (a referral) is not
ended by the time to pay, but at `held_until`, never when that is empty. `person`, `told` (what the hospital answered), `money`
and `words` (its refusal, the reason of a cancellation) are sealed; persons and accounts are found by keyed hash.
"""

event = Table(
    "booking_event",
    metadata,
    Column("seq", RowNumber, Identity(always=False), primary_key=True),
    _text("order_id"),
    _moment("at"),
    *map(_text, ("what", "who", "state", "pending", "code", "trace")),
    Column("why", LargeBinary, nullable=False),
    Index("ix_booking_event_order", "order_id", "seq"),
)
"""Every move of every order: when, what, by whom, what it then was, and why (sealed); the journal of appointments."""

notice = Table(
    "booking_notice",
    metadata,
    Column("seq", RowNumber, Identity(always=False), primary_key=True),
    _text("portal"),
    Column("number", BigInteger),
    *map(_text, ("kind", "institution", "order_id")),
    _moment("at"),
    Column("words", LargeBinary, nullable=False),
    Index("ix_booking_notice_number", "portal", "number"),
)
"""What portals must tell; `number` is given when the portal first asks, so that none is ever skipped by a later one."""

notice_count = Table("booking_notice_count", metadata, _text("portal", key=True), _number("last"))
"""The last number of each portal's notices."""

call = Table(
    "booking_call",
    metadata,
    *map(_text, ("institution", "function", "digest")),
    _moment("at"),
    _text("code"),
    _text("message"),
    Column("answer", LargeBinary, nullable=False),
    PrimaryKeyConstraint("institution", "function", "digest"),
    Index("ix_booking_call_at", "at"),
)
"""What hospitals that called us (5001 to 5005, 6001, 7001) were answered, so that a repeat is answered as the first time."""

difference = Table(
    "booking_difference",
    metadata,
    _text("institution", key=True),
    _text("date", key=True),
    _text("order_id", key=True),
    _text("kind", key=True),
    *map(_text, ("ours", "theirs", "state")),
    _moment("found"),
    _moment("settled", empty=True),
    Index("ix_booking_difference_open", "found", sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'")),
)
"""Where the hospital's book (2012, 9003) and ours differ for a day; settled once they agree."""
