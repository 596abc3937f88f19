"""Count documents day by day for completeness: insert-only deltas in the transaction that changes them, folded later.

A document counts on the day it was sent (`sent`), and, once accepted, on the day it was written (`written`), which is what a
year of history is asked for. Days are those of Shanghai. As in `Reconcile`, a documentId counts once a day, however often
it is sent, and is accepted when any of its messages was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.interaction import is_message
from engine.message import LANES, SHANGHAI
from engine.store.bulk import Listed, insert_rows
from engine.store.columns import AnyRow, Moment, RowNumber
from engine.store.database import Database, metadata, unhurried
from engine.store.entries import Entry
from engine.store.folding import Folding
from engine.store.tables import delivery, message

Basis = Literal["sent", "written"]
Measure = Literal["received", "accepted", "delivered"]
_MEASURES: tuple[Measure, ...] = ("received", "accepted", "delivered")
_FIRST = date(1970, 1, 1)


class Place(NamedTuple):
    """What is counted together; `day` counts from 1970-01-01."""

    institution: str
    lane: str
    basis: Basis
    day: int
    document_type: str


def _keys() -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in ("institution", "lane", "basis")] + [
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("document_type", sa.Text, nullable=False),
    ]


def _measures() -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in _MEASURES]


day_count = sa.Table(
    "day_count",
    metadata,
    *_keys(),
    *_measures(),
    sa.PrimaryKeyConstraint("institution", "lane", "basis", "day", "document_type"),
)
"""The folded sums: a few thousand rows a year for a hospital, however many documents it sends."""

day_delta = sa.Table(
    "day_delta",
    metadata,
    sa.Column("seq", RowNumber, sa.Identity(always=False), primary_key=True),
    *_keys(),
    *_measures(),
    sa.Index("ix_day_delta_institution", "institution"),
)
"""Changes not folded yet, insert-only."""

Deltas = dict[Place, Counter[str]]


def number_of(day: date) -> int:
    """Count a day from 1970-01-01."""
    return (day - _FIRST).days


def day_of(number: int) -> date:
    """Turn the number of a day back into the day."""
    return _FIRST + timedelta(days=number)


def shanghai_day(at: datetime) -> int:
    """Give the number of the day in Shanghai on which a moment lies."""
    return number_of(at.astimezone(SHANGHAI).date())


class Tally:
    """The changes of one transaction, written together at its end."""

    def __init__(self) -> None:
        self._deltas: Deltas = {}

    def filed(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Count fresh messages that are about to be inserted, one documentId a day once; interactions are no documents."""
        documents = [entry for entry in entries if not is_message(entry.document_type)]
        seen = _seen_before(connection, documents)
        for entry in documents:
            good = entry.state != "INVALID"
            place = Place(entry.institution, entry.lane, "sent", shanghai_day(entry.received), entry.document_type)
            known = seen.setdefault((place, entry.document_id), set())
            delivered = good and entry.state == "ROUTED" and not entry.orders
            self._count(place, "received", 0 if known else 1)
            self._count(place, "accepted", 1 if good and True not in known else 0)
            self._count(place, "delivered", 1 if delivered and True not in known else 0)
            known.add(good)
            if good and entry.written is not None:
                self._count(place._replace(basis="written", day=shanghai_day(entry.written)), "accepted", 1)

    def gone(self, connection: Connection, receipts: Sequence[str]) -> None:
        """Take messages that were revoked or replaced off the day on which they were written; call it after the insert."""
        for row in _WRITTEN.read(connection, receipts) if receipts else ():
            self._count(Place(row.institution, row.lane, "written", shanghai_day(row.written), row.document_type), "accepted", -1)

    def delivered(self, connection: Connection, receipts: Iterable[str], number: int = 1) -> None:
        """Count those of these messages that have arrived at every destination; call it after the deliveries are settled.

        Two workers that settle the last two deliveries of a message wait for each other, so that one of them counts it.
        """
        listed = sorted(set(receipts))
        several = [row.receipt for row in _SEVERAL.read(connection, listed)] if listed else []
        if several and connection.dialect.name == "postgresql":
            connection.execute(_LOCK, {"receipts": several})
        for row in _ARRIVED.read(connection, listed) if listed else ():
            if is_message(row.document_type):
                continue
            self._count(
                Place(row.institution, row.lane, "sent", shanghai_day(row.received), row.document_type), "delivered", number
            )

    def judged_again(self, connection: Connection, old: AnyRow, entry: Entry) -> None:
        """Count a message that was refused and is accepted now; `old` is its row before."""
        if old.state != "INVALID" or entry.state == "INVALID":
            return
        place = Place(old.institution, old.lane, "sent", shanghai_day(old.received), old.document_type)
        before = _ids_of(connection, [old.document_id])
        twins = [row for row in before if row.receipt != old.receipt and _place_of(row) == place and row.state != "INVALID"]
        self._count(place, "accepted", 0 if twins else 1)
        if entry.written is not None:
            self._count(place._replace(basis="written", day=shanghai_day(entry.written)), "accepted", 1)

    def write(self, connection: Connection) -> None:
        """Insert the changes; zeros are left out."""
        rows = [
            place._asdict() | {name: sums[name] for name in _MEASURES}
            for place, sums in self._deltas.items()
            if any(sums.values())
        ]
        insert_rows(connection, day_delta, rows)

    def _count(self, place: Place, measure: Measure, number: int) -> None:
        if number:
            self._deltas.setdefault(place, Counter())[measure] += number


def _seen_before(connection: Connection, entries: Sequence[Entry]) -> dict[tuple[Place, str], set[bool]]:
    """Find what came in before of these documentIds on the same day: refused (False), accepted (True)."""
    found: dict[tuple[Place, str], set[bool]] = {}
    for row in _ids_of(connection, [entry.document_id for entry in entries]):
        found.setdefault((_place_of(row), row.document_id), set()).add(row.state != "INVALID")
    return found


def _ids_of(connection: Connection, document_ids: Sequence[str]) -> Sequence[AnyRow]:
    return _IDS.read(connection, sorted(set(document_ids))) if document_ids else ()


def _place_of(row: AnyRow) -> Place:
    return Place(row.institution, row.lane, "sent", shanghai_day(row.received), row.document_type)


_IDS = Listed(
    message.c.document_id,
    sa.select(
        message.c.receipt,
        message.c.institution,
        message.c.lane,
        message.c.received,
        message.c.document_type,
        message.c.document_id,
        message.c.state,
    ).where,
)
_WRITTEN = Listed(
    message.c.receipt,
    sa.select(message.c.institution, message.c.lane, message.c.written, message.c.document_type)
    .where(message.c.written.is_not(None), message.c.state != "INVALID")
    .where,
)
_SEVERAL = Listed(
    delivery.c.receipt,
    lambda condition: sa.select(delivery.c.receipt).where(condition).group_by(delivery.c.receipt).having(sa.func.count() > 1),
)
_LOCK = (
    sa.select(message.c.receipt)
    .where(message.c.receipt.in_(sa.bindparam("receipts", expanding=True)))
    .order_by(message.c.receipt)
    .with_for_update()
)


def _day(table: sa.FromClause) -> sa.ColumnElement[int]:
    """Give the number of the day of receipt: Shanghai has been eight hours ahead of UTC without exception since 1991."""
    return (sa.type_coerce(table.c.received, sa.BigInteger) + 28_800_000_000) // 86_400_000_000


_earlier = message.alias("earlier")
_ARRIVED = Listed(
    message.c.receipt,
    sa.select(message.c.institution, message.c.lane, message.c.received, message.c.document_type)
    .where(
        ~sa.exists().where(delivery.c.receipt == message.c.receipt, delivery.c.state != "SENT").correlate(message),
        # A documentId that was sent twice on a day counts by its first accepted message.
        ~sa.exists()
        .where(
            _earlier.c.document_id == message.c.document_id,
            _earlier.c.institution == message.c.institution,
            _earlier.c.document_type == message.c.document_type,
            _earlier.c.lane == message.c.lane,
            _earlier.c.state != "INVALID",
            _earlier.c.seq < message.c.seq,
            _day(_earlier) == _day(message),
        )
        .correlate(message),
    )
    .where,
)


def fold(database: Database) -> int:
    """Move all deltas into the folded sums; return how many rows were folded."""
    return _FOLDING.fold(database)


_FOLDING = Folding(day_delta, day_count, Place._fields, dict(zip(_MEASURES, _MEASURES, strict=True)))


def counted(
    connection: Connection, institution: str, lane: str, basis: Basis, first: date, last: date, document_type: str = ""
) -> dict[tuple[date, str], tuple[int, int, int]]:
    """Give received, accepted and delivered of an institution by day and type, both days included.

    A folded row is one place already, so that only the few unfolded changes are added up.
    """
    found: dict[tuple[date, str], tuple[int, int, int]] = {}
    days = {number_of(first) + n: first + timedelta(days=n) for n in range((last - first).days + 1)}
    folded, unfolded = (_of(table, institution, lane, basis, first, last, document_type) for table in (day_count, day_delta))
    for day, kind, *measures in connection.execute(folded):
        found[days[day], kind] = (measures[0], measures[1], measures[2])
    for day, kind, received, accepted, delivered in connection.execute(unfolded):
        before = found.get((days[day], kind), (0, 0, 0))
        found[days[day], kind] = (before[0] + received, before[1] + accepted, before[2] + delivered)
    return found


def accepted_by_day(
    connection: Connection, institution: str, lane: str, basis: Basis, first: date, last: date
) -> dict[date, int]:
    """Give how many documents an institution has on each day, all types together."""
    found: dict[date, int] = {}
    for table in (day_count, day_delta):
        place = table.c
        query = sa.select(place.day, sa.func.sum(place.accepted)).where(*_chosen(table, institution, lane, basis, first, last))
        for day, number in connection.execute(query.group_by(place.day)):
            found[day_of(day)] = found.get(day_of(day), 0) + int(number)
    return found


def accepted_by_type(connection: Connection, institution: str, first: date, last: date) -> dict[str, int]:
    """Give how many documents of each type an institution sent that were accepted, both lanes together."""
    found: dict[str, int] = {}
    for table in (day_count, day_delta):
        place = table.c
        for lane in LANES:
            query = sa.select(place.document_type, sa.func.sum(place.accepted))
            query = query.where(*_chosen(table, institution, lane, "sent", first, last)).group_by(place.document_type)
            for kind, number in connection.execute(query):
                found[kind] = found.get(kind, 0) + int(number)
    return found


def sent_by_institution(
    connection: Connection, institutions: Sequence[str], first: date, last: date
) -> dict[str, tuple[int, int]]:
    """Give received and accepted of these institutions over some days, both included, all lanes and types together.

    Institutions and lanes are named, so that each is a short walk along the key of the table and not one over all its years.
    """
    found: dict[str, tuple[int, int]] = {}
    for table in (day_count, day_delta):
        place = table.c
        wanted = (
            place.institution.in_(institutions), place.lane.in_(LANES), place.basis == "sent",
            place.day >= number_of(first), place.day <= number_of(last),
        )  # fmt: skip
        sums = sa.select(place.institution, sa.func.sum(place.received), sa.func.sum(place.accepted)).where(*wanted)
        for institution, received, accepted in connection.execute(sums.group_by(place.institution)):
            before = found.get(institution, (0, 0))
            found[institution] = (before[0] + int(received), before[1] + int(accepted))
    return found


def _of(
    table: sa.Table, institution: str, lane: str, basis: Basis, first: date, last: date, document_type: str
) -> sa.Select[Any]:
    place = table.c
    query = sa.select(place.day, place.document_type, *(place[name] for name in _MEASURES))
    query = query.where(*_chosen(table, institution, lane, basis, first, last))
    return query.where(place.document_type == document_type) if document_type else query


def _chosen(
    table: sa.Table, institution: str, lane: str, basis: Basis, first: date, last: date
) -> tuple[sa.ColumnElement[bool], ...]:
    place = table.c
    return (
        place.institution == institution, place.lane == lane, place.basis == basis,
        place.day >= number_of(first), place.day <= number_of(last),
    )  # fmt: skip


def span(connection: Connection, institution: str, lane: str, basis: Basis, until: date) -> tuple[date, date] | None:
    """Give the first and the last day, `until` at most, on which an institution has anything counted."""
    days: list[int] = []
    for table in (day_count, day_delta):
        place = table.c
        wanted = (place.institution == institution, place.lane == lane, place.basis == basis, place.day <= number_of(until))
        edges = [sa.select(edge).where(*wanted).scalar_subquery() for edge in (sa.func.min(place.day), sa.func.max(place.day))]
        days += [day for day in connection.execute(sa.select(*edges)).one() if day is not None]
    return (day_of(min(days)), day_of(max(days))) if days else None


def recount(database: Database, day: date) -> int:
    """Count one day of sending anew from the rows, all institutions, and correct what differs; gives how many places did.

    Two processes that take in one refused documentId at the same moment both count it; this is where that is mended.
    """
    with database.write() as connection:
        unhurried(connection)
        start = datetime.combine(day, datetime.min.time(), SHANGHAI)
        true = {
            Place(institution, lane, "sent", number_of(day), kind): (received, accepted)
            for institution, lane, kind, received, accepted in connection.execute(
                _TRUE, {"start": start, "end": start + timedelta(days=1)}
            )
            if not is_message(kind)
        }
        known = _counted_on(connection, number_of(day))
        rows = []
        for place in sorted(true.keys() | known.keys()):
            received, accepted = true.get(place, (0, 0))
            before = known.get(place, (0, 0))
            if (received, accepted) != before:
                change = {"received": received - before[0], "accepted": accepted - before[1], "delivered": 0}
                rows.append(place._asdict() | change)
        insert_rows(connection, day_delta, rows)
    return len(rows)


def _counted_on(connection: Connection, day: int) -> dict[Place, tuple[int, int]]:
    found: dict[Place, list[int]] = {}
    for table in (day_count, day_delta):
        place = table.c
        query = sa.select(place.institution, place.lane, place.document_type, place.received, place.accepted)
        for institution, lane, kind, received, accepted in connection.execute(
            query.where(place.basis == "sent", place.day == day)
        ):
            sums = found.setdefault(Place(institution, lane, "sent", day, kind), [0, 0])
            sums[0] += received
            sums[1] += accepted
    return {place: (received, accepted) for place, (received, accepted) in found.items()}


_TRUE = (
    sa.select(
        message.c.institution,
        message.c.lane,
        message.c.document_type,
        sa.func.count(sa.distinct(message.c.document_id)),
        sa.func.count(sa.distinct(sa.case((message.c.state != "INVALID", message.c.document_id)))),
    )
    .where(message.c.received >= sa.bindparam("start", type_=Moment), message.c.received < sa.bindparam("end", type_=Moment))
    .group_by(message.c.institution, message.c.lane, message.c.document_type)
)
