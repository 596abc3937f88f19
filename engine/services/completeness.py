"""Tell how complete an institution's documents are: what it says it sent against what was received, accepted and delivered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import BigInteger, Column, Connection, Identity, Index, Integer, Table, Text, insert, select, text, update

from engine.message import Lane
from engine.store.columns import Moment, RowNumber
from engine.store.database import metadata
from engine.store.days import Basis, accepted_by_day, counted, day_of, number_of, span

_STANDS = "superseded IS NULL"

expectation = Table(
    "expectation",
    metadata,
    Column("seq", RowNumber, Identity(always=False), primary_key=True),
    Column("institution", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("day", Integer, nullable=False),
    Column("document_type", Text, nullable=False),
    Column("sent", BigInteger, nullable=False),
    Column("stated", Moment, nullable=False),
    Column("superseded", Moment),
    Index(
        "ux_expectation_stands",
        "institution",
        "lane",
        "day",
        "document_type",
        unique=True,
        sqlite_where=text(_STANDS),
        postgresql_where=text(_STANDS),
    ),
    Index("ix_expectation_day", "institution", "lane", "day"),
)
"""What institutions say they sent on a day, by type; the latest statement about a day stands, earlier ones are kept. A statement
that names no document at all is a row without a type."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """What one `Reconcile` says about one day: how many documents of each type were sent."""

    institution: str
    lane: Lane
    day: date
    sent: Mapping[str, int]
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """The figures of a day, of a type, or of both; `expected` is None where nothing was stated."""

    expected: int | None = None
    received: int = 0
    accepted: int = 0
    delivered: int = 0

    @property
    def missing(self) -> int:
        """Count what was stated and not accepted."""
        return max((self.expected or 0) - self.accepted, 0)

    @property
    def refused(self) -> int:
        """Count what came and was never accepted."""
        return self.received - self.accepted


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Which days of which institution, both included; an empty type means all."""

    institution: str
    lane: Lane
    first: date
    last: date
    document_type: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Completeness:
    """The figures of each day and type on which anything was counted or stated.

    `sent` goes by the day of sending. For the history lane `written` goes by the day the documents were written, and counts what
    stands: not revoked, not replaced; of the live lane too (`elsewhere`), since a day is no hole when its documents came in live.
    """

    asked: Asked
    sent: Mapping[tuple[date, str], Count]
    written: Mapping[tuple[date, str], int]
    elsewhere: Mapping[date, int]


def keep_statements(connection: Connection, statements: Sequence[Statement]) -> list[None]:
    """Keep what institutions say they sent; a handler for the journal's writer.

    A statement equal to the one that stands changes nothing, so that a call sent twice is one statement.
    """
    for one in statements:
        place = (
            expectation.c.institution == one.institution,
            expectation.c.lane == one.lane,
            expectation.c.day == number_of(one.day),
        )
        stands = select(expectation.c.document_type, expectation.c.sent).where(*place, text(_STANDS))
        before = {row.document_type: row.sent for row in connection.execute(stands)}
        now = dict(one.sent) or {"": 0}
        if before == now:
            continue
        connection.execute(update(expectation).where(*place, text(_STANDS)).values(superseded=one.at))
        rows = [
            {"institution": one.institution, "lane": one.lane, "day": number_of(one.day), "document_type": kind, "sent": sent,
             "stated": one.at, "superseded": None}
            for kind, sent in sorted(now.items())
        ]  # fmt: skip
        connection.execute(insert(expectation), rows)
    return [None] * len(statements)


def completeness(connection: Connection, asked: Asked) -> Completeness:
    """Read the figures of a period."""
    sent = _counts(connection, asked, "sent")
    stated = _stated(connection, asked)
    days = {day for day, _ in stated}
    if asked.document_type:
        stated = {place: number for place, number in stated.items() if place[1] == asked.document_type}
    # A statement is about a whole day: a type that it does not name was not sent.
    expected = {place: stated.get(place, 0) for place in sent if place[0] in days} | {p: n for p, n in stated.items() if p[1]}
    both = {
        place: Count(expected=expected.get(place), received=received, accepted=accepted, delivered=delivered)
        for place in {*sent, *expected}
        for received, accepted, delivered in (sent.get(place, (0, 0, 0)),)
    }
    empty = {(day, ""): Count(expected=0) for day in days - {day for day, _ in expected}}
    history = asked.lane == "history"
    elsewhere = accepted_by_day(connection, asked.institution, "live", "written", asked.first, asked.last) if history else {}
    by_writing = _counts(connection, asked, "written") if history else {}
    written = {place: accepted for place, (_, accepted, _) in by_writing.items() if accepted}
    return Completeness(asked=asked, sent=both | empty, written=written, elsewhere=elsewhere)


def counted_span(connection: Connection, institution: str, lane: Lane, today: date) -> tuple[date, date] | None:
    """Give the first and the last day up to today on which anything counts: history by writing, live by sending."""
    return span(connection, institution, lane, "written" if lane == "history" else "sent", today)


def added(counts: Iterable[Count]) -> Count:
    """Add counts up; one that was stated makes the sum one that was."""
    stated, expected, received, accepted, delivered = False, 0, 0, 0, 0
    for one in counts:
        if one.expected is not None:
            stated, expected = True, expected + one.expected
        received, accepted, delivered = received + one.received, accepted + one.accepted, delivered + one.delivered
    return Count(expected=expected if stated else None, received=received, accepted=accepted, delivered=delivered)


def by_day(figures: Mapping[tuple[date, str], Count]) -> dict[date, Count]:
    """Sum the figures of each day."""
    found: dict[date, list[Count]] = {}
    for (day, _), count in figures.items():
        found.setdefault(day, []).append(count)
    return {day: added(counts) for day, counts in found.items()}


def holes(days: Iterable[date]) -> list[tuple[date, date]]:
    """Join days that follow one another: first and last of each hole, in order."""
    found: list[tuple[date, date]] = []
    for day in sorted(days):
        if found and found[-1][1] + timedelta(days=1) == day:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def _counts(connection: Connection, asked: Asked, basis: Basis) -> dict[tuple[date, str], tuple[int, int, int]]:
    return counted(connection, asked.institution, asked.lane, basis, asked.first, asked.last, asked.document_type)


def _stated(connection: Connection, asked: Asked) -> dict[tuple[date, str], int]:
    query = select(expectation.c.day, expectation.c.document_type, expectation.c.sent).where(
        expectation.c.institution == asked.institution, expectation.c.lane == asked.lane,
        expectation.c.day >= number_of(asked.first), expectation.c.day <= number_of(asked.last), text(_STANDS),
    )  # fmt: skip
    return {(day_of(row.day), row.document_type): row.sent for row in connection.execute(query)}
