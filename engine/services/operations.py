"""Keep operations data: one report for each institution, class and period, its figures, and what stood there before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, get_args

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    Select,
    Table,
    Text,
    bindparam,
    case,
    delete,
    func,
    select,
    text,
    update,
)

from engine.message import Figure, Record
from engine.services.bulk import upsert
from engine.store.columns import Moment
from engine.store.database import metadata
from engine.store.sealing import Seal

PeriodKind = Literal["day", "month", "year"]
ReportState = Literal["current", "replaced", "withdrawn"]

_CURRENT = "state = 'current'"

report = Table(
    "operations_report",
    metadata,
    Column("message", Text, primary_key=True),
    Column("institution", Text, nullable=False),
    Column("document_type", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("first_day", Text, nullable=False),
    Column("last_day", Text, nullable=False),
    Column("reported", Moment),
    Column("reporter", LargeBinary, nullable=False),
    Column("figures", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("replaced_by", Text, nullable=False),
    Column("taken", Moment, nullable=False),
    Index(
        "ux_operations_report_period", "institution", "document_type", "kind", "first_day", "last_day",
        unique=True, sqlite_where=text(_CURRENT), postgresql_where=text(_CURRENT),
    ),
    Index("ix_operations_report_period", "document_type", "first_day", "institution"),
)  # fmt: skip
"""One row for each report taken, by its receipt; one of each institution, class and period is current. Days as ISO 8601."""

figure = Table(
    "operations_figure",
    metadata,
    Column("message", Text, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("section", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("dimension", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("unit", Text, nullable=False),
    Index("ix_operations_figure_field", "field", "message"),
)
"""One row for each figure in the order of its report; a value that names a person stands in `sealed` instead."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Period:
    """The time that a report is about; both days belong to it."""

    kind: PeriodKind
    first: date
    last: date

    @classmethod
    def read(cls, words: str) -> Period:
        """Read the words that the catalogue draws, for example `month 2026-01-01/2026-01-31`; raises ValueError."""
        kind, _, days = words.partition(" ")
        first, _, last = days.partition("/")
        if kind not in get_args(PeriodKind):
            raise ValueError(f"{words!r} is no period")
        return cls(kind=kind, first=date.fromisoformat(first), last=date.fromisoformat(last))  # type: ignore[arg-type]  # held just above


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report: its receipt, who reported which class for which period, and whether it stands; times are aware."""

    message: str
    institution: str
    document_type: str
    period: Period
    reported: datetime | None
    reporter: str
    figures: int
    state: ReportState
    replaced_by: str
    taken: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One figure of one current report."""

    message: str
    institution: str
    document_type: str
    period: Period
    section: str
    field: str
    dimension: str
    value: str
    unit: str

    @property
    def number(self) -> Decimal | None:
        """Give the value as a number; None for words."""
        try:
            return Decimal(self.value)
        except InvalidOperation:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an institution has come with one class and kind of period.

    `periods` counts those that have a current report, `versions` all reports taken, `last_taken` is the latest receipt of one.
    """

    institution: str
    document_type: str
    kind: PeriodKind
    periods: int
    versions: int
    first: date | None
    last: date | None
    last_taken: datetime


_Key = tuple[str, str, str, str, str]
"""Institution, class, kind of period, first and last day."""


class OperationsDesk:
    """Take reports within the transaction that journals their documents."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def take(self, connection: Connection, records: Sequence[Record]) -> None:
        """Keep reports in the order given: a later one of the same institution, class and period replaces the earlier one.

        A report taken before (the same message walked again) is brought up to date; one that was withdrawn meanwhile stands
        again, one that was replaced stays so.
        """
        if not records:
            return
        rows, replaced = _judged(records, *_settled(connection, records))
        if replaced:
            connection.execute(_STEP_BACK, replaced)
        at = datetime.now(UTC)
        messages = [one.message for one in records]
        connection.execute(delete(figure).where(figure.c.message.in_(messages)))
        _keep_reports(connection, [row | self._added(one, at) for one, row in rows])
        figures = [row for one, _ in rows for row in self._figure_rows(one)]
        if figures:
            _keep_figures(connection, figures)

    def withdraw(self, connection: Connection, receipts: Sequence[str]) -> None:
        """Mark the reports of documents that were revoked or taken over; what they had replaced does not come back."""
        chosen = report.c.message.in_(list(receipts)) & (report.c.state == "current")
        connection.execute(update(report).where(chosen).values(state="withdrawn"))

    def current(self, connection: Connection, institution: str, document_type: str, period: Period) -> Report | None:
        """Give the report that stands for a period."""
        found = self._reports(connection, _of_period(institution, document_type, period).where(report.c.state == "current"))
        return found[0] if found else None

    def history(self, connection: Connection, institution: str, document_type: str, period: Period) -> list[Report]:
        """List every report ever taken for a period, newest first."""
        query = _of_period(institution, document_type, period).order_by(report.c.taken.desc(), report.c.message.desc())
        return self._reports(connection, query)

    def by_message(self, connection: Connection, receipt: str) -> Report | None:
        """Give the report that came with one receipt, in whatever state."""
        found = self._reports(connection, select(report).where(report.c.message == receipt))
        return found[0] if found else None

    def figures(self, connection: Connection, receipt: str) -> list[Figure]:
        """List the figures of one report in their order."""
        rows = connection.execute(select(figure).where(figure.c.message == receipt).order_by(figure.c.position)).mappings()
        return [self._figure(row) for row in rows]

    def indicators(
        self,
        connection: Connection,
        *,
        first: date,
        last: date,
        document_type: str = "",
        kind: PeriodKind | None = None,
        institutions: Iterable[str] = (),
        fields: Iterable[str] = (),
    ) -> list[Indicator]:
        """List figures of current reports whose whole period lies between two days, by institution and time.

        Without names of institutions or fields all are meant. Values that name persons are left out.
        """
        query = select(report, figure).join(figure, figure.c.message == report.c.message).where(*_between(first, last), _STANDS)
        query = query.where(figure.c.sealed == b"")
        for column, wanted in (
            (report.c.document_type, [document_type] if document_type else []),
            (report.c.kind, [kind] if kind else []),
            (report.c.institution, list(institutions)),
            (figure.c.field, list(fields)),
        ):
            query = query.where(column.in_(wanted)) if wanted else query
        order = (report.c.institution, report.c.document_type, report.c.first_day, report.c.message, figure.c.position)
        return [_indicator(row) for row in connection.execute(query.order_by(*order)).mappings()]

    def progress(self, connection: Connection, *, first: date, last: date, institution: str = "") -> list[Progress]:
        """Tell who reported which class for how many of the periods between two days."""
        by = (report.c.institution, report.c.document_type, report.c.kind)
        stands, begins, ends = (
            case((_STANDS, column)) for column in (report.c.message, report.c.first_day, report.c.last_day)
        )  # fmt: skip
        found = (func.count(stands), func.count(), func.min(begins), func.max(ends), func.max(report.c.taken))
        query = select(*by, *found).where(*_between(first, last))
        if institution:
            query = query.where(report.c.institution == institution)
        return [_progress(row) for row in connection.execute(query.group_by(*by).order_by(*by))]

    def _added(self, one: Record, at: datetime) -> dict[str, Any]:
        """Write what is not decided by the other reports."""
        sealed = self._seal.seal(one.author.encode("utf-8"), table="operations_report", column="reporter", row=one.message)
        return {"reporter": sealed, "reported": one.written, "figures": len(one.figures), "taken": at}

    def _figure_rows(self, one: Record) -> Iterator[dict[str, Any]]:
        for position, found in enumerate(one.figures):
            place = {"table": "operations_figure", "column": "sealed", "row": f"{one.message} {position}"}
            yield {
                "message": one.message,
                "position": position,
                "section": found.section,
                "field": found.field,
                "dimension": found.dimension,
                "value": "" if found.personal else found.value,
                "sealed": self._seal.seal(found.value.encode("utf-8"), **place) if found.personal else b"",
                "unit": found.unit,
            }

    def _figure(self, row: Any) -> Figure:
        value, personal = row["value"], bool(row["sealed"])
        if personal:
            place = {"table": "operations_figure", "column": "sealed", "row": f"{row['message']} {row['position']}"}
            value = self._seal.open(row["sealed"], **place).decode("utf-8")
        names = ("section", "field", "dimension", "unit")
        return Figure(value=value, personal=personal, **{name: row[name] for name in names})

    def _reports(self, connection: Connection, query: Select[Any]) -> list[Report]:
        return [self._report(row) for row in connection.execute(query).mappings()]

    def _report(self, row: Any) -> Report:
        reporter = self._seal.open(row["reporter"], table="operations_report", column="reporter", row=row["message"]).decode(
            "utf-8"
        )
        names = ("message", "institution", "document_type", "reported", "figures", "state", "replaced_by", "taken")
        return Report(reporter=reporter, period=_period(row), **{name: row[name] for name in names})


def _settled(connection: Connection, records: Sequence[Record]) -> tuple[dict[str, str], dict[_Key, str]]:
    """Look up, in two queries, what replaced the reports taken before, and which one is current for each key."""
    known = connection.execute(_KNOWN, {"messages": [one.message for one in records]})
    owners = {
        "institutions": sorted({one.institution for one in records}),
        "days": sorted({_key(one)[3] for one in records}),
    }
    current = connection.execute(_STANDING, owners)
    return (
        {row.message: row.replaced_by for row in known if row.replaced_by},
        {(row.institution, row.document_type, row.kind, row.first_day, row.last_day): row.message for row in current},
    )


def _judged(
    records: Sequence[Record], overtaken: dict[str, str], current: dict[_Key, str]
) -> tuple[list[tuple[Record, dict[str, Any]]], list[dict[str, Any]]]:
    """Decide in order which report stands: rows to keep, and kept ones that step back."""
    rows: dict[str, tuple[Record, dict[str, Any]]] = {}
    replaced: list[dict[str, Any]] = []
    for one in records:
        key = _key(one)
        rows[one.message] = (one, _row(one, key))
        if one.message in overtaken:
            rows[one.message][1].update(state="replaced", replaced_by=overtaken[one.message])
            continue
        older = current.get(key)
        if older in rows and older != one.message:
            rows[older][1].update(state="replaced", replaced_by=one.message)
        elif older is not None and older != one.message:
            replaced.append({"older": older, "newer": one.message})
        current[key] = one.message
    return list(rows.values()), sorted(replaced, key=lambda pair: pair["older"])


def _key(one: Record) -> _Key:
    period = Period.read(one.own_extension)
    return one.institution, one.document_type, period.kind, period.first.isoformat(), period.last.isoformat()


def _row(one: Record, key: _Key) -> dict[str, Any]:
    names = ("institution", "document_type", "kind", "first_day", "last_day")
    return {"message": one.message, **dict(zip(names, key, strict=True)), "state": "current", "replaced_by": ""}


def _between(first: date, last: date) -> tuple[Any, ...]:
    return report.c.first_day >= first.isoformat(), report.c.last_day <= last.isoformat()


def _of_period(institution: str, document_type: str, period: Period) -> Select[Any]:
    return select(report).where(
        report.c.institution == institution,
        report.c.document_type == document_type,
        report.c.kind == period.kind,
        report.c.first_day == period.first.isoformat(),
        report.c.last_day == period.last.isoformat(),
    )


def _period(row: Any) -> Period:
    return Period(kind=row["kind"], first=date.fromisoformat(row["first_day"]), last=date.fromisoformat(row["last_day"]))


def _indicator(row: Any) -> Indicator:
    names = ("message", "institution", "document_type", "section", "field", "dimension", "value", "unit")
    return Indicator(period=_period(row), **{name: row[name] for name in names})


def _progress(row: Sequence[Any]) -> Progress:
    institution, document_type, kind, periods, versions, first, last, taken = row
    return Progress(
        institution=institution, document_type=document_type, kind=kind, periods=periods, versions=versions,
        first=date.fromisoformat(first) if first else None, last=date.fromisoformat(last) if last else None, last_taken=taken,
    )  # fmt: skip


_STANDS = report.c.state == "current"
_KNOWN = select(report.c.message, report.c.replaced_by).where(report.c.message.in_(bindparam("messages", expanding=True)))
_STANDING = select(
    report.c.institution, report.c.document_type, report.c.kind, report.c.first_day, report.c.last_day, report.c.message
).where(
    report.c.institution.in_(bindparam("institutions", expanding=True)),
    report.c.first_day.in_(bindparam("days", expanding=True)),
    text(_CURRENT),
)
_STEP_BACK = update(report).where(report.c.message == bindparam("older")).values(state="replaced", replaced_by=bindparam("newer"))

_keep_reports = upsert(report, ["message"], [c.name for c in report.columns if c.name not in ("message", "taken")])
_keep_figures = upsert(figure, ["message", "position"], [c.name for c in figure.columns if c.name not in ("message", "position")])
