"""Write the workbook that hospitals fill in: a sheet for each table with headings, notes and lists to choose from."""

from __future__ import annotations

import io
from typing import Any

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from engine.documents.guide.columns import ROWS, SHEETS, Heading, SheetOf

ABOUT, CHOICES = "填写说明", "选项"
"""Sheets beside the tables; the readers pass them over."""

_BOLD = Font(bold=True)
_REQUIRED = PatternFill("solid", fgColor="CDE5E2")
_OPTIONAL = PatternFill("solid", fgColor="EEF3F2")
_WRAP = Alignment(vertical="top", wrap_text=True)

_LINES = (
    "就医指南资料模板",
    "1. 医院、科室、医生各一张表，一行一条；标题行请勿改动，带 * 的列必填，空行不影响导入。",
    "2. 科室代码、医生代码与医院系统（号源）中的一致；各列已设为文本格式，开头的 0 不会丢失。",
    "3. 请勿合并单元格，请勿使用公式；从别处复制时用“选择性粘贴 - 数值”。",
    "4. 级别、类别、性别、职称请从下拉列表选择；几个病名、几个电话之间用顿号隔开。",
    "5. 照片、长篇介绍（Word .docx）另存为文件，与本表一起提供，表内写文件名（含扩展名）。",
    "6. 导入前可先检查：问题会按工作表、行、列逐条列出；有一处错误就都不导入。",
)


def write_template() -> bytes:
    """Write the template as an .xlsx file."""
    book = Workbook()
    book.remove(book.worksheets[0])
    _about(book.create_sheet(ABOUT))
    sheets = [(sheet, book.create_sheet(sheet.name)) for sheet in SHEETS]
    choices = book.create_sheet(CHOICES)
    choices.sheet_state = "hidden"
    used = 0
    for sheet, made in sheets:
        for number, heading in enumerate(sheet.headings, 1):
            _column(made, number, heading)
            if heading.choices:
                used += 1
                _offer(made, number, choices, used, heading)
        made.freeze_panes = "A2"
    book.active = 1
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def _column(sheet: Any, number: int, heading: Heading) -> None:
    letter = get_column_letter(number)
    cell = sheet.cell(1, number, f"{heading.heading}*" if heading.required else heading.heading)
    cell.font, cell.fill, cell.alignment = _BOLD, _REQUIRED if heading.required else _OPTIONAL, _WRAP
    if heading.note:
        cell.comment = Comment(heading.note, "长白")
    sheet.column_dimensions[letter].width = heading.width
    # the whole column is text, so that Excel leaves codes as they are typed
    sheet.column_dimensions[letter].number_format = "@"


def _offer(sheet: Any, number: int, choices: Any, column: int, heading: Heading) -> None:
    """Put the words of a list on the hidden sheet, and a drop-down list on the column."""
    for row, word in enumerate(heading.choices, 1):
        choices.cell(row, column, word)
    letter = get_column_letter(column)
    rule = DataValidation(type="list", formula1=f"'{CHOICES}'!${letter}$1:${letter}${len(heading.choices)}", allow_blank=True)
    rule.error, rule.errorTitle, rule.showErrorMessage = "请从列表中选择。", heading.heading, True
    own = get_column_letter(number)
    rule.add(f"{own}2:{own}{ROWS}")
    sheet.add_data_validation(rule)


def _about(sheet: Any) -> None:
    for number, line in enumerate(_LINES, 1):
        cell = sheet.cell(number, 1, line)
        cell.alignment = _WRAP
        sheet.merge_cells(start_row=number, start_column=1, end_row=number, end_column=4)
    sheet["A1"].font = Font(bold=True, size=14)
    row = len(_LINES) + 2
    for number, word in enumerate(("工作表", "列", "必填", "说明"), 1):
        sheet.cell(row, number, word).font = _BOLD
    for table in SHEETS:
        row = _explain(sheet, table, row)
    for letter, width in zip("ABCD", (10, 16, 8, 90), strict=True):
        sheet.column_dimensions[letter].width = width


def _explain(sheet: Any, table: SheetOf, row: int) -> int:
    for heading in table.headings:
        row += 1
        told = heading.note if not heading.choices else f"从列表选择：{'、'.join(heading.choices)}"
        for number, word in enumerate((table.name, heading.heading, "是" if heading.required else "", told), 1):
            sheet.cell(row, number, word).alignment = _WRAP
    return row
