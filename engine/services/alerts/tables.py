"""Declare the tables of alerts: the alerts themselves, who is to be told, figures of before, and destinations that count as away."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Identity, Index, LargeBinary, PrimaryKeyConstraint, Table, Text, text

from engine.store.columns import Moment, RowNumber
from engine.store.database import metadata

GOING_ON = "closed IS NULL"
UNSENT = "sent IS NULL"


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _moment(name: str, *, empty: bool = False) -> Column[object]:
    return Column(name, Moment, nullable=empty)


alert = Table(
    "alert",
    metadata,
    Column("seq", RowNumber, Identity(always=False), primary_key=True),
    *map(_text, ("rule", "kind", "subject", "severity")),
    *map(_moment, ("since", "judged")),
    *(_moment(name, empty=True) for name in ("opened", "calm", "closed")),
    Column("value", Float, nullable=False),
    Column("threshold", Float, nullable=False),
    *map(_text, ("cause_zh", "cause_en", "ended")),
    _moment("acknowledged", empty=True),
    _text("acknowledged_by"),
    Column("note", LargeBinary, nullable=False),
    Index("ux_alert_going_on", "rule", "subject", unique=True, sqlite_where=text(GOING_ON), postgresql_where=text(GOING_ON)),
    Index("ix_alert_closed", "closed", "seq"),
)
"""One row for each trouble. `since` is when it was first seen, `opened` when it had held for as long as its rule wants (empty before:
such a row goes without a trace when the trouble does), `calm` since when it is gone, `closed` when that had held as long. `cause` is of
the last judgement that found it; `ended` is `calm`, or `rule` when its rule was taken away. `note` is sealed."""

notice = Table(
    "alert_notice",
    metadata,
    Column("seq", RowNumber, Identity(always=False), primary_key=True),
    Column("alert", BigInteger, nullable=False),
    *map(_text, ("what", "channel")),
    _moment("due"),
    Column("batch", BigInteger, nullable=True),
    _moment("sent", empty=True),
    _text("outcome"),
    Index("ux_alert_notice", "alert", "what", "channel", unique=True),
    Index("ix_alert_notice_unsent", "channel", "due", sqlite_where=text(UNSENT), postgresql_where=text(UNSENT)),
)
"""What each channel is to be told; `batch` is the number of the notices that are sent together, `outcome` is `sent` or `gone` (no such
channel any more)."""

sample = Table(
    "figure_sample",
    metadata,
    _moment("at"),
    _text("institution"),
    *(Column(name, BigInteger, nullable=False) for name in ("taken", "refused")),
    PrimaryKeyConstraint("at", "institution"),
)
"""How many messages of each institution had been taken in, and how many of them are refused, at a slot of five minutes."""

away = Table(
    "destination_away",
    metadata,
    *map(_text, ("destination", "worker")),
    *map(_moment, ("since", "at")),
    PrimaryKeyConstraint("destination", "worker"),
)
"""Which destinations count as away for which worker; the worker confirms it `at` times, so that a row of one that is gone grows old."""
