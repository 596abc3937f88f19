"""Write the problems of a guide's files as CSV that Excel opens: for the hospital that is to mend them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from engine.documents.guide.problems import Problem

_HEADINGS = ("文件", "工作表", "行", "列", "标题", "类别", "问题", "改法", "规则")
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_KINDS = {"error": "必须修改", "warning": "提醒"}


def problems_csv(problems: Iterable[Problem]) -> bytes:
    """Write one line for each problem, as UTF-8 with the mark that Excel needs; no text of theirs is ever a formula."""
    kept = io.StringIO()
    writer = csv.writer(kept)
    writer.writerow(_HEADINGS)
    for one in problems:
        where = one.place
        row = (
            where.file, where.sheet, str(where.row or ""), where.column, where.heading, _KINDS[one.severity], one.what, one.cure, one.rule,
        )  # fmt: skip
        writer.writerow([_tame(word) for word in row])
    return "\ufeff".encode() + kept.getvalue().encode()


def _tame(word: str) -> str:
    return f"'{word}" if word.startswith(_DANGEROUS) else word
