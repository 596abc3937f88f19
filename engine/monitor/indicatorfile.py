"""Write an indicator as the rows of a file: one for each hospital and period, also where nothing was reported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from engine.documents.forms import Field, Table
from engine.monitor.sheets import book_bytes, empty_book, filter_all, write_cell, write_heading
from engine.monitor.texts import Say
from engine.services.indicators import Grid

COLUMNS: tuple[tuple[str, int], ...] = (
    ("code", 18), ("name", 28), ("type", 9), ("kind", 8), ("first", 12), ("last", 12), ("table", 18), ("field", 14), ("title", 28),
    ("unit", 8), ("value", 16), ("state", 10), ("previous", 16), ("difference", 16), ("share", 10), ("receipt", 26),
)  # fmt: skip
"""The columns of the file with their widths in characters; "indicators.file.NAME" is the heading of each."""

Value = str | Decimal | None
"""A text, a number, or nothing."""


def cells_of(grid: Grid, field: Field, table: Table, names: Mapping[str, str], say: Say) -> list[Sequence[Value]]:
    """List the rows of the file; what was not reported has a state and no value."""
    rows: list[Sequence[Value]] = []
    for code in grid.institutions:
        for one in grid.periods:
            cell, change = grid.cell(code, one), grid.change_of(code, one)
            share = Decimal(f"{change.share:.4f}") if change and change.share is not None else None
            rows.append(
                (
                    code, names.get(code, code), grid.wanted.document_type, say(f"periodkind.{one.kind}"), one.first.isoformat(),
                    one.last.isoformat(), table.title, field.name, field.title, field.unit, cell.value, say(f"cell.{cell.state}"),
                    change.then if change else None, change.difference if change else None, share, cell.receipt,
                )
            )  # fmt: skip
    return rows


def workbook(rows: Iterable[Sequence[Value]], say: Say) -> bytes:
    """Write the rows as an Excel file; numbers are numbers, texts are never formulas."""
    book = empty_book()
    sheet = book.create_sheet(say("page.indicators"))
    write_heading(sheet, ((say(f"indicators.file.{name}"), width) for name, width in COLUMNS))
    for line, row in enumerate(rows, 2):
        for number, value in enumerate(row, 1):
            cell = write_cell(sheet.cell(line, number), value)
            if COLUMNS[number - 1][0] == "share":
                cell.number_format = "0.0%"
    filter_all(sheet)
    return book_bytes(book)
