"""Write a quality report as an Excel file that a hospital may be sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from openpyxl.styles import Alignment, Font

from engine.message import SHANGHAI
from engine.monitor.sheets import BOLD, WRAP, book_bytes, empty_book, filter_all, write_cell, write_heading
from engine.monitor.texts import speaker

if TYPE_CHECKING:
    from engine.monitor.quality import Report

COLUMNS: tuple[tuple[str, int], ...] = (
    ("处理", 7), ("规则", 30), ("错误代码", 10), ("次数", 9), ("涉及文档", 10), ("占比", 8), ("首次", 19), ("最近一次", 19),
    ("最近的例子：回执号", 25), ("文档类型", 10), ("所在行", 8), ("路径", 48), ("值（已隐去个人信息）", 24), ("问题", 50), ("改法", 50),
)  # fmt: skip
"""Headings of the table with the widths of their columns, in characters."""


def workbook(report: Report, institution: str, document_type: str) -> bytes:
    """Write the report: a sheet with the sums, a sheet with a row for each rule; all in Chinese."""
    book = empty_book()
    _summary(book.create_sheet("汇总"), report, institution, document_type)
    _rules(book.create_sheet("按规则"), report)
    return book_bytes(book)


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
        write_cell(sheet.cell(number, 1), name).font = BOLD
        cell = write_cell(sheet.cell(number, 2), value)
        cell.alignment = Alignment(horizontal="left", vertical="top", wrap_text=True)
        if name.endswith("占比"):
            cell.number_format = "0.0%"
    sheet["A1"].font = Font(bold=True, size=14)
    for column, width in (("A", 18), ("B", 64)):
        sheet.column_dimensions[column].width = width


def _rules(sheet: Any, report: Report) -> None:
    say = speaker("zh")
    write_heading(sheet, COLUMNS)
    for line, row in enumerate(report.rows, 2):
        values = (
            say(f"severity.{row.severity}"), row.rule or row.code, row.code, row.count, row.messages, report.share(row.messages),
            _time(row.first), _time(row.last), row.receipt, row.document_type, row.line or "", row.path, row.example, row.message, row.hint,
        )  # fmt: skip
        for number, value in enumerate(values, 1):
            cell = write_cell(sheet.cell(line, number), value)
            cell.alignment = WRAP
            if COLUMNS[number - 1][0] == "占比":
                cell.number_format = "0.0%"
    filter_all(sheet)


def _time(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
