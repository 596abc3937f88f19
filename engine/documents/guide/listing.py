"""List the problems of a guide's files as CSV that Excel opens: for the hospital that is to mend them."""

from __future__ import annotations

from collections.abc import Iterable

from engine.csvfile import csv_bytes
from engine.documents.guide.problems import Problem

_HEADINGS = ("文件", "工作表", "行", "列", "标题", "类别", "问题", "改法", "规则")
_KINDS = {"error": "必须修改", "warning": "提醒"}


def problems_csv(problems: Iterable[Problem]) -> bytes:
    """Write one line for each problem."""
    return csv_bytes(_HEADINGS, (_line(one) for one in problems))


def _line(one: Problem) -> tuple[str, ...]:
    where = one.place
    return (
        where.file, where.sheet, str(where.row or ""), where.column, where.heading, _KINDS[one.severity], one.what, one.cure, one.rule,
    )  # fmt: skip
