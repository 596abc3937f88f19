"""Write a quality report as an Excel file that a hospital may be sent."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from engine.message import SHANGHAI
from engine.monitor.texts import speaker

if TYPE_CHECKING:
    from engine.monitor.quality import Report

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

COLUMNS: tuple[tuple[str, int], ...] = (
    ("处理", 7), ("规则", 30), ("错误代码", 10), ("次数", 9), ("涉及文档", 10), ("占比", 8), ("首次", 19), ("最近一次", 19),
    ("最近的例子：回执号", 25), ("文档类型", 10), ("所在行", 8), ("路径", 48), ("值（已隐去个人信息）", 24), ("问题", 50), ("改法", 50),
)  # fmt: skip
"""Headings of the table with the widths of their columns, in characters."""

_BOLD = Font(bold=True)
_HEAD = PatternFill("solid", fgColor="E4F0EF")
_WRAP = Alignment(vertical="top", wrap_text=True)
_LONGEST = 32_000
"""Excel takes 32,767 characters in a cell."""


def workbook(report: Report, institution: str, document_type: str) -> bytes:
    """Write the report: a sheet with the sums, a sheet with a row for each rule; all in Chinese."""
    book = Workbook()
    book.remove(book.worksheets[0])
    _summary(book.create_sheet("汇总"), report, institution, document_type)
    _rules(book.create_sheet("按规则"), report)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def _summary(sheet: Any, report: Report, institution: str, document_type: str) -> None:
    say, wish, sums = speaker("zh"), report.wish, report.sums
    lines: Sequence[tuple[str, Any]] = (
        ("质量报告", ""),
        ("机构代码", wish.institution),
        ("机构名称", institution),
        ("起止日期", f"{wish.period.first} 至 {wish.period.last}（{wish.period.days} 天）"),
        ("文档类型", f"{wish.document_type} {document_type}".strip() or say("quality.type.all")),
        ("通道", say(f"lane.{wish.lane}") if wish.lane else say("quality.lane.all")),
        ("收到文档", sums.messages),
        ("其中退回", sums.rejected),
        ("退回占比", report.share(sums.rejected)),
        ("接收但有提醒", sums.warned),
        ("提醒占比", report.share(sums.warned)),
        ("涉及规则", len(report.rows)),
        ("其中退回的规则", report.errors),
        ("生成时间", _time(report.made)),
        ("说明", "例子中的姓名、证件号、电话、地址和出生日期已部分隐去；凭回执号和行号可在本院系统中找到原文。"),
    )
    for number, (name, value) in enumerate(lines, 1):
        _write(sheet.cell(number, 1), name).font = _BOLD
        cell = _write(sheet.cell(number, 2), value)
        cell.alignment = Alignment(horizontal="left", vertical="top", wrap_text=True)
        if name.endswith("占比"):
            cell.number_format = "0.0%"
    sheet["A1"].font = Font(bold=True, size=14)
    _widths(sheet, (18, 64))


def _rules(sheet: Any, report: Report) -> None:
    say = speaker("zh")
    for number, (name, _) in enumerate(COLUMNS, 1):
        cell = _write(sheet.cell(1, number), name)
        cell.font, cell.fill, cell.alignment = _BOLD, _HEAD, _WRAP
    for line, row in enumerate(report.rows, 2):
        values = (
            say(f"severity.{row.severity}"), row.rule or row.code, row.code, row.count, row.messages, report.share(row.messages),
            _time(row.first), _time(row.last), row.receipt, row.document_type, row.line or "", row.path, row.example, row.message, row.hint,
        )  # fmt: skip
        for number, value in enumerate(values, 1):
            cell = _write(sheet.cell(line, number), value)
            cell.alignment = _WRAP
            if COLUMNS[number - 1][0] == "占比":
                cell.number_format = "0.0%"
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(COLUMNS))}{len(report.rows) + 1}"
    _widths(sheet, (width for _, width in COLUMNS))


def _write(cell: Any, value: Any) -> Any:
    """Put a value into a cell; a text is never a formula, whatever it begins with (= + - @)."""
    if isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("�", value)[:_LONGEST]
        cell.data_type = "s"
        cell.number_format = "@"
        cell.quotePrefix = True
    else:
        cell.value = value
    return cell


def _time(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def _widths(sheet: Any, widths: Iterable[int]) -> None:
    for number, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
