"""Count what an institution sent: documents by day for reconciling, broken rules for its quality report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.interaction import is_message
from engine.message import SHANGHAI, Lane
from engine.store import rows
from engine.store.columns import AnyRow
from engine.store.entries import QualityAsked, QualityRow, QualitySums, ReconcileRow
from engine.store.masking import masked
from engine.store.sealing import Seal
from engine.store.tables import finding, message


def reconcile(connection: Connection, institution: str, day: date, lane: Lane | None) -> list[ReconcileRow]:
    """Count the different documentIds of a day; one that was refused first and accepted later is accepted.

    Interactions are no documents and are left out.
    """
    start = datetime.combine(day, time(), SHANGHAI)
    end = datetime.combine(day + timedelta(days=1), time(), SHANGHAI)
    accepted = sa.func.max(sa.case((message.c.state != "INVALID", 1), else_=0))
    group = (message.c.document_type, message.c.document_id)
    statement = (
        sa.select(*group, accepted)
        .where(message.c.institution == institution, message.c.received >= start, message.c.received < end)
        .group_by(*group)
        .order_by(*group)
    )
    if lane:
        statement = statement.where(message.c.lane == lane)
    by_type: dict[str, list[tuple[str, int]]] = {}
    for document_type, document_id, good in connection.execute(statement):
        if not is_message(document_type):
            by_type.setdefault(document_type, []).append((document_id, good))
    return [_reconciled(document_type, found) for document_type, found in sorted(by_type.items())]


def _reconciled(document_type: str, found: list[tuple[str, int]]) -> ReconcileRow:
    ids = tuple(document_id for document_id, good in found if good)
    return ReconcileRow(document_type=document_type, received=len(found), accepted=len(ids), ids=ids)


_GROUP = (finding.c.rule, finding.c.code, finding.c.severity)


def quality(connection: Connection, seal: Seal, asked: QualityAsked) -> list[QualityRow]:
    """Count the broken rules, most frequent first, each with its last case as the example, in which nobody is named.

    Each rule is one walk along a stretch of ix_finding_rule; one grouping over all of them would sort every finding.
    """
    counted = [(key, sums) for key in _broken(connection, asked.institution) if (sums := _counted(connection, asked, key))]
    wanted = sa.select(finding.c.seq, finding.c.document_type, *rows.FINDING)
    examples: dict[int, Sequence[Any]] = {}
    for part in _pieces([sums.last_seq for _, sums in counted], _AT_ONCE):
        examples |= {row[0]: row[1:] for row in connection.execute(wanted.where(finding.c.seq.in_(part)))}
    found = [_quality_row(key, sums, examples[sums.last_seq], seal) for key, sums in counted]
    return sorted(found, key=lambda row: (-row.count, row.severity, row.rule, row.code))


_AT_ONCE = 500
"""Examples read by one statement."""


def _pieces(numbers: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Part a list into pieces of at most `size`."""
    return (numbers[at : at + size] for at in range(0, len(numbers), size))


def _broken(connection: Connection, institution: str) -> Iterator[tuple[str, str, str]]:
    """Name the rules an institution ever broke, by jumps along the index from each one to the next."""
    key = ("", "", "")
    while row := connection.execute(
        _NEXT, {"institution": institution, "rule": key[0], "code": key[1], "severity": key[2]}
    ).first():
        key = (row.rule, row.code, row.severity)
        yield key


_NEXT = (
    sa.select(*_GROUP)
    .where(
        finding.c.institution == sa.bindparam("institution"),
        sa.tuple_(*_GROUP) > sa.tuple_(*(sa.bindparam(column.name, type_=sa.Text) for column in _GROUP)),
    )
    .order_by(*_GROUP)
    .limit(1)
)


def _counted(connection: Connection, asked: QualityAsked, key: tuple[str, str, str]) -> AnyRow | None:
    """Count one rule within the period; None when it was not broken in it."""
    statement = sa.select(
        sa.func.count().label("number"),
        sa.func.sum(finding.c.foremost).label("messages"),
        sa.func.min(finding.c.at).label("first"),
        sa.func.max(finding.c.at).label("last"),
        sa.func.max(finding.c.seq).label("last_seq"),
    ).where(
        finding.c.institution == asked.institution,
        *(column == value for column, value in zip(_GROUP, key, strict=True)),
        finding.c.at >= asked.start,
        finding.c.at < asked.end,
    )
    if asked.document_type:
        statement = statement.where(finding.c.document_type == asked.document_type)
    if asked.lane:
        statement = statement.where(finding.c.lane == asked.lane)
    row = connection.execute(statement).one()
    return row if row.number else None


def quality_sums(connection: Connection, asked: QualityAsked) -> QualitySums:
    """Count what came in during the period, from ix_message_institution alone."""
    status = message.c.status
    statement = sa.select(
        sa.func.count(),
        sa.func.coalesce(sa.func.sum(sa.case((status == "rejected", 1), else_=0)), 0),
        sa.func.coalesce(sa.func.sum(sa.case((status == "accepted-with-warnings", 1), else_=0)), 0),
    ).where(message.c.institution == asked.institution, message.c.received >= asked.start, message.c.received < asked.end)
    if asked.document_type:
        statement = statement.where(message.c.document_type == asked.document_type)
    if asked.lane:
        statement = statement.where(message.c.lane == asked.lane)
    number, rejected, warned = connection.execute(statement).one()
    return QualitySums(messages=number, rejected=int(rejected), warned=int(warned))


def _quality_row(key: tuple[str, str, str], sums: AnyRow, example: Sequence[Any], seal: Seal) -> QualityRow:
    rule, code, severity = key
    document_type, *sealed = example
    case = masked(rows.issue(sealed, seal))
    return QualityRow(
        rule=rule,
        code=code,
        severity=severity,
        count=sums.number,
        messages=int(sums.messages),
        first=sums.first,
        last=sums.last,
        receipt=sealed[0],
        document_type=document_type,
        path=case.path,
        line=case.line,
        example=case.value,
        message=case.message,
        hint=case.hint,
    )
