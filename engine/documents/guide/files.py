"""Sort the files of a guide by what they are, and read those that hold tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.documents.guide.attachments import PICTURE_ENDINGS, WORD_ENDINGS, GivenFile, file_key
from engine.documents.guide.columns import SHEETS, SheetOf
from engine.documents.guide.lines import Grid, Lines, read_grid
from engine.documents.guide.packages import UNPACKED, Bomb, Broken
from engine.documents.guide.problems import Findings, Place
from engine.documents.guide.texts import UnknownCharset, decode_text, read_csv, read_json
from engine.documents.guide.workbook import read_workbook

LARGEST = 20 * 1024 * 1024
"""Bytes of one file."""

_WORKBOOKS = (".xlsx", ".xlsm")
_OLD = (".xls", ".doc", ".et", ".wps")
_ASIDE = ("说明", "填写说明", "选项")
"""Sheets of our own template that hold no entries."""

_MIB = 1024 * 1024


def read_files(files: Sequence[GivenFile], findings: Findings) -> tuple[Lines, list[GivenFile]]:
    """Read the lines of all tables; gives them and the files that rows may name."""
    lines, attached = Lines(), []
    for given in _single(files, findings):
        name, here = given.name.lower(), Place(file=given.name)
        if len(given.content) > LARGEST:
            findings.add("file.big", here, f"{len(given.content) / _MIB:.1f} MiB", f"{LARGEST // _MIB} MiB")
        elif name.endswith(PICTURE_ENDINGS + WORD_ENDINGS):
            attached.append(given)
        elif name.endswith(_OLD):
            findings.add("file.old", here)
            _nothing_is_sure(lines)
        elif name.endswith((*_WORKBOOKS, ".csv", ".json")):
            _read_table(given, lines, findings)
        else:
            findings.add("file.unknown", here)
    return lines, attached


def _single(files: Sequence[GivenFile], findings: Findings) -> Iterable[GivenFile]:
    seen: set[str] = set()
    for given in files:
        if file_key(given.name) in seen:
            findings.add("file.same-name", Place(file=given.name))
        else:
            seen.add(file_key(given.name))
            yield given


def _read_table(given: GivenFile, lines: Lines, findings: Findings) -> None:
    """Read one table."""
    here, name = Place(file=given.name), given.name.lower()
    kind = next(words for ending, words in _CALLED.items() if name.endswith(ending))
    try:
        if name.endswith(_WORKBOOKS):
            _read_sheets(given, lines, findings)
        elif name.endswith(".json"):
            read_json(given.name, decode_text(given.content), lines, findings)
        else:
            _read_one(given, lines, findings)
        return
    except Broken:
        findings.add("file.broken", here, more=kind)
    except Bomb:
        findings.add("file.bomb", here, more=f"{UNPACKED // _MIB} MiB")
    except UnknownCharset:
        findings.add("file.charset", here)
    _nothing_is_sure(lines)


def _nothing_is_sure(lines: Lines) -> None:
    """Take every sheet as seen in part only: what cannot be opened may have held it."""
    for sheet in SHEETS:
        lines.seen.add(sheet.kind)
        lines.unsure.add(sheet.kind)


_CALLED = {".xlsx": " Excel 工作簿", ".xlsm": " Excel 工作簿", ".csv": " CSV", ".json": " JSON"}


def _read_sheets(given: GivenFile, lines: Lines, findings: Findings) -> None:
    for grid in read_workbook(given.name, given.content):
        sheet = _sheet_called(grid.name)
        if sheet is not None:
            read_grid(grid, sheet, lines, findings)
        elif grid.name not in _ASIDE and grid.rows:
            findings.add("sheet.unknown", Place(file=given.name, sheet=grid.name), grid.name)


def _read_one(given: GivenFile, lines: Lines, findings: Findings) -> None:
    sheet = _sheet_called(given.name.rsplit(".", 1)[0])
    if sheet is None:
        findings.add("file.unnamed", Place(file=given.name))
        _nothing_is_sure(lines)
        return
    grid: Grid = read_csv(given.name, sheet.name, decode_text(given.content))
    read_grid(grid, sheet, lines, findings)


def _sheet_called(name: str) -> SheetOf | None:
    plain = name.strip().casefold()
    return next((one for one in SHEETS if plain == one.name or plain in one.names), None)
