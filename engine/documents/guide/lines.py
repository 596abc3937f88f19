"""Find the headings of a sheet and read its rows as lines of named cells, each with its place."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from openpyxl.utils import get_column_letter

from engine.documents.guide.cells import EMPTY, Cell, one_line, plain_form
from engine.documents.guide.columns import ROWS, SHEETS, Heading, SheetKind, SheetOf
from engine.documents.guide.problems import Findings, Place

_HEADINGS_WITHIN = 10
"""Rows from the top among which the headings are looked for; a title of the sheet may stand above them."""


@dataclass(frozen=True, slots=True)
class Area:
    """Merged cells: from row and column to row and column, from 1, both included; `name` as Excel writes it (B2:B4)."""

    name: str
    top: int
    left: int
    bottom: int
    right: int

    def holds(self, row: int, column: int) -> bool:
        """Tell whether a cell lies in it."""
        return self.top <= row <= self.bottom and self.left <= column <= self.right


@dataclass(frozen=True, slots=True)
class Grid:
    """A sheet as it was read: rows from the top without gaps, blank ones too; `whole` is false when it went on beyond ROWS."""

    file: str
    name: str
    rows: Sequence[Sequence[Cell]]
    merged: Sequence[Area] = ()
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Told:
    """One cell of a line; `faulty` when its problem is told already."""

    text: str
    column: str
    faulty: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a sheet by the fields of its columns; a column that the sheet has not is not there."""

    of: SheetOf
    place: Place
    cells: Mapping[str, Told]

    def at(self, name: str) -> Place:
        """Give the place of a field, the row's when the sheet has no such column."""
        told = self.cells.get(name)
        column = told.column if told else ""
        where = self.place
        return Place(file=where.file, sheet=where.sheet, row=where.row, column=column, heading=self.of.named(name).heading)


@dataclass(slots=True)
class Lines:
    """All lines of all files, and which sheets there were at all; `sure` are those of which every line can be trusted to be there."""

    of: dict[SheetKind, list[Line]] = field(default_factory=lambda: {sheet.kind: [] for sheet in SHEETS})
    seen: set[SheetKind] = field(default_factory=set)
    unsure: set[SheetKind] = field(default_factory=set)


def read_grid(grid: Grid, sheet: SheetOf, lines: Lines, findings: Findings) -> None:
    """Read the lines of a sheet into `lines`; tells missing, unknown and repeated headings, merged cells and faults of cells."""
    lines.seen.add(sheet.kind)
    top = _heading_row(grid.rows, sheet)
    here = Place(file=grid.file, sheet=grid.name)
    if top is None:
        lines.unsure.add(sheet.kind)
        findings.add("sheet.headings", here, more="、".join(one.heading for one in sheet.headings[:4]))
        return
    columns = _columns(grid, sheet, top, findings)
    for one in sheet.headings:
        if one.required and one not in columns.values():
            lines.unsure.add(sheet.kind)
            findings.add("heading.missing", Place(file=grid.file, sheet=grid.name, row=top, heading=one.heading))
    if not grid.whole:
        lines.unsure.add(sheet.kind)
        findings.add("sheet.long", Place(file=grid.file, sheet=grid.name, row=len(grid.rows)), more=f"{ROWS:,}")
    merged = _merged(grid, columns, top, findings)
    for number, row in enumerate(grid.rows[top:], top + 1):
        line = _line(grid, sheet, columns, number, row, merged)
        if line is not None:
            _tell_faults(line, row, columns, findings)
            lines.of[sheet.kind].append(line)


def _heading_row(rows: Sequence[Sequence[Cell]], sheet: SheetOf) -> int | None:
    """Give the number of the row that holds most headings, at least two of them."""
    known = {_form(word) for one in sheet.headings for word in (one.heading, one.key)}
    counted = [(sum(_form(cell.text) in known for cell in row), -number) for number, row in enumerate(rows[:_HEADINGS_WITHIN], 1)]
    many, number = max(counted, default=(0, 0))
    return -number if many >= min(2, len(sheet.headings)) else None


def _columns(grid: Grid, sheet: SheetOf, top: int, findings: Findings) -> dict[int, Heading]:
    """Say which column, from 1, holds which field."""
    by_form = {_form(word): one for one in sheet.headings for word in (one.key, one.heading)}
    found: dict[int, Heading] = {}
    for number, cell in enumerate(grid.rows[top - 1], 1):
        written = one_line(cell.text)
        if not written:
            continue
        place = Place(file=grid.file, sheet=grid.name, row=top, column=get_column_letter(number), heading=written)
        heading = by_form.get(_form(written))
        if heading is None:
            findings.add("heading.unknown", place, written, nearest(written, [one.heading for one in sheet.headings]))
        elif heading in found.values():
            findings.add("heading.twice", place, written)
        else:
            found[number] = heading
    return found


def _form(heading: str) -> str:
    """Give a heading as it is compared: without the star of required ones, notes in brackets and blanks."""
    return plain_form(heading).split("(")[0].replace("*", "").replace(" ", "").casefold()


def nearest(written: str, known: Iterable[str]) -> str:
    """Name the known word nearest to what was written, in Chinese brackets; "" when none is near."""
    found = difflib.get_close_matches(written, list(known), 1, 0.5)
    return f"（是否为“{found[0]}”？）" if found else ""


def _merged(grid: Grid, columns: Mapping[int, Heading], top: int, findings: Findings) -> list[Area]:
    """Tell merged cells below the headings, at their first cell."""
    found = [area for area in grid.merged if area.bottom > top and any(area.left <= column <= area.right for column in columns)]
    for area in found:
        column = next(one for one in sorted(columns) if area.left <= one <= area.right)
        place = Place(
            file=grid.file, sheet=grid.name, row=max(area.top, top + 1), column=get_column_letter(column), heading=columns[column].heading
        )  # fmt: skip
        findings.add("cell.merged", place, area.name)
    return found


def _line(
    grid: Grid, sheet: SheetOf, columns: Mapping[int, Heading], number: int, row: Sequence[Cell], merged: Sequence[Area]
) -> Line | None:
    """Read a row; None when it is blank."""
    cells: dict[str, Told] = {}
    blank = True
    for column, heading in columns.items():
        cell = row[column - 1] if column <= len(row) else EMPTY
        joined = any(area.holds(number, column) for area in merged)
        text, fault = _settled(cell, heading)
        blank = blank and not (text.strip() or fault or joined)
        cells[heading.name] = Told(text, get_column_letter(column), faulty=bool(fault) or joined)
    return None if blank else Line(sheet, Place(file=grid.file, sheet=grid.name, row=number), cells)


def _settled(cell: Cell, heading: Heading) -> tuple[str, str]:
    """Give a cell's text and fault; a time of day is none where hours are asked for."""
    if cell.fault == "cell.date" and heading.kind == "hours" and len(cell.text) == len("08:00"):
        return cell.text, ""
    return cell.text, cell.fault


def _tell_faults(line: Line, row: Sequence[Cell], columns: Mapping[int, Heading], findings: Findings) -> None:
    for column, heading in columns.items():
        cell = row[column - 1] if column <= len(row) else EMPTY
        _, fault = _settled(cell, heading)
        if fault:
            findings.add(fault, line.at(heading.name), cell.text)
