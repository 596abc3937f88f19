"""Read the sheets of an Excel workbook as cells."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import range_boundaries

from engine.documents.guide.cells import Cell, excel_cell
from engine.documents.guide.columns import ROWS
from engine.documents.guide.lines import Area, Grid
from engine.documents.guide.packages import Broken, look_into

COLUMNS = 40
"""Columns of one sheet; what stands to the right of them is not looked at."""

SHEETS_READ = 30

_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s+ref="([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})"')
_MOST_MERGED = 1_000


def read_workbook(name: str, content: bytes) -> Iterator[Grid]:
    """Read one sheet after another; raises Broken for what is no workbook and Bomb for one that is too large unpacked."""
    look_into(content, "xl/workbook.xml")
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False, keep_vba=False)
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            for sheet in book.worksheets[:SHEETS_READ]:
                yield _grid(name, sheet, package)
    except Exception as problem:
        # Whatever a library says of a workbook that was made by nobody knows what, it is the file that is not whole.
        raise Broken from problem


def _grid(name: str, sheet: Any, package: zipfile.ZipFile) -> Grid:
    part = str(sheet._worksheet_path)  # noqa: SLF001 - a sheet opened for reading tells its merged cells no other way
    merged = [_area(found.decode()) for found in _MERGED.findall(package.read(part))[:_MOST_MERGED]]
    sheet.reset_dimensions()
    rows: list[list[Cell]] = []
    filled = 0
    for row in sheet.iter_rows(max_row=ROWS + 1, max_col=COLUMNS):
        blank = all(cell.value is None for cell in row)
        rows.append([] if blank else [_cell(cell) for cell in row])
        if any(cell.text or cell.fault for cell in rows[-1]):
            filled = len(rows)
    return Grid(name, sheet.title, rows[: min(filled, ROWS)], merged, filled <= ROWS)


def _cell(cell: Any) -> Cell:
    return excel_cell(cell.value, cell.data_type, cell.number_format) if cell.value is not None else Cell()


def _area(name: str) -> Area:
    left, top, right, bottom = range_boundaries(name)
    return Area(name, int(top or 1), int(left or 1), int(bottom or 1), int(right or 1))
