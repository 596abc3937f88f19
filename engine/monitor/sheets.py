"""Write the cells of an Excel file in which a text is never a formula."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from starlette.responses import Response

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

BOLD = Font(bold=True)
WRAP = Alignment(vertical="top", wrap_text=True)
_HEAD = PatternFill("solid", fgColor="E4F0EF")
_LONGEST = 32_000
"""Excel takes 32,767 characters in a cell."""


def empty_book() -> Workbook:
    """Make a workbook without sheets."""
    book = Workbook()
    book.remove(book.worksheets[0])
    return book


def book_bytes(book: Workbook) -> bytes:
    """Write a workbook as the bytes of its file."""
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def sheet_file(name: str, content: bytes) -> Response:
    """Answer with an Excel file of this name."""
    return Response(content, media_type=XLSX, headers={"content-disposition": f'attachment; filename="{name}"'})


def write_cell(cell: Any, value: Any) -> Any:
    """Put a value into a cell; a text is never a formula, whatever it begins with (= + - @)."""
    if isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)[:_LONGEST]
        cell.data_type = "s"
        cell.number_format = "@"
        cell.quotePrefix = True
    else:
        cell.value = value
    return cell


def write_heading(sheet: Any, columns: Iterable[tuple[str, int]]) -> None:
    """Write the first row, which stays in sight, and set the widths (in characters) of the columns."""
    for number, (name, width) in enumerate(columns, 1):
        cell = write_cell(sheet.cell(1, number), name)
        cell.font, cell.fill, cell.alignment = BOLD, _HEAD, WRAP
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.freeze_panes = "A2"


def filter_all(sheet: Any) -> None:
    """Let the reader filter by every column of what was written."""
    sheet.auto_filter.ref = f"A1:{get_column_letter(sheet.max_column)}{sheet.max_row}"
