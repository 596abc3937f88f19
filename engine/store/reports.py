"""Count what an institution sent: documents by day for reconciling, broken rules for its quality report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.message import SHANGHAI, Lane
from engine.store import rows
from engine.store.columns import AnyRow
from engine.store.entries import QualityRow, ReconcileRow
from engine.store.sealing import Seal
from engine.store.tables import finding, message


def reconcile(connection: Connection, institution: str, day: date, lane: Lane | None) -> list[ReconcileRow]:
    """Count the different documentIds of a day; one that was refused first and accepted later is accepted."""
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
        by_type.setdefault(document_type, []).append((document_id, good))
    return [_reconciled(document_type, found) for document_type, found in sorted(by_type.items())]


def _reconciled(document_type: str, found: list[tuple[str, int]]) -> ReconcileRow:
    ids = tuple(document_id for document_id, good in found if good)
    return ReconcileRow(document_type=document_type, received=len(found), accepted=len(ids), ids=ids)


def quality(connection: Connection, seal: Seal, institution: str, start: datetime, end: datetime) -> list[QualityRow]:
    """Count the broken rules, most frequent first, each with its last case as the example."""
    group = (finding.c.rule, finding.c.code, finding.c.severity)
    number = sa.func.count().label("number")
    sums = (
        sa.select(*group, number, sa.func.min(finding.c.at), sa.func.max(finding.c.at), sa.func.max(finding.c.seq))
        .where(finding.c.institution == institution, finding.c.at >= start, finding.c.at < end)
        .group_by(*group)
        .order_by(number.desc(), *group)
    )
    found = connection.execute(sums).all()
    wanted = sa.select(finding.c.seq, *rows.FINDING).where(finding.c.seq.in_([row[-1] for row in found]))
    examples = {row[0]: row[1:] for row in connection.execute(wanted)}
    return [_quality_row(row, examples[row[-1]], seal) for row in found]


def _quality_row(row: AnyRow, example: Sequence[Any], seal: Seal) -> QualityRow:
    rule, code, severity, number, first, last, _ = row
    case = rows.issue(example, seal)
    return QualityRow(
        rule=rule,
        code=code,
        severity=severity,
        count=number,
        first=first,
        last=last,
        receipt=example[0],
        path=case.path,
        line=case.line,
        example=case.value,
        message=case.message,
        hint=case.hint,
    )
