"""Read CSV and JSON: their charset, their rows, and where in them something stands."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from engine.documents.guide.cells import Cell, number_cell
from engine.documents.guide.columns import ROWS, SHEETS, SheetOf
from engine.documents.guide.lines import Grid, Line, Lines, Told, nearest
from engine.documents.guide.packages import Broken
from engine.documents.guide.problems import Findings, Place

_QUOTED_NUMBER = re.compile(r'="([^"]*)"\Z')
"""How Excel users keep the zeros of a code in a CSV file."""

_SEPARATORS = ",\t;"


class UnknownCharset(Exception):
    """The bytes are neither UTF-8, UTF-16 with its mark, nor GB18030."""


def decode_text(content: bytes) -> str:
    """Read text in UTF-8 (with a mark or without), UTF-16 with its mark, or GB18030; raises UnknownCharset."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        charsets: tuple[str, ...] = ("utf-16",)
    else:
        charsets = ("utf-8-sig", "gb18030")
    for charset in charsets:
        try:
            return content.decode(charset)
        except UnicodeDecodeError:
            continue
    raise UnknownCharset


def read_csv(file: str, sheet: str, text: str) -> Grid:
    """Read CSV (RFC 4180) with comma, semicolon or tab, as Excel writes it; raises Broken."""
    first = text.split("\n", 1)[0]
    separator = max(_SEPARATORS, key=first.count)
    rows: list[list[Cell]] = []
    filled = 0
    try:
        for row in csv.reader(io.StringIO(text.replace("\0", ""), newline=""), delimiter=separator):
            if len(rows) > ROWS:
                break
            rows.append([_csv_cell(value) for value in row])
            if any(value.strip() for value in row):
                filled = len(rows)
    except csv.Error as problem:
        raise Broken from problem
    return Grid(file, sheet, rows[: min(filled, ROWS)], (), filled <= ROWS)


def _csv_cell(value: str) -> Cell:
    kept = _QUOTED_NUMBER.match(value.strip())
    if kept:
        return Cell(kept[1])
    return Cell(value, "cell.formula" if value.lstrip().startswith("=") else "")


def read_json(file: str, text: str, lines: Lines, findings: Findings) -> None:
    """Read an object with `hospital`, `departments` and `doctors`; raises Broken when it is no JSON (RFC 8259)."""
    twice: list[str] = []
    try:
        whole = json.loads(text, parse_constant=_no_constant, object_pairs_hook=lambda pairs: _object(pairs, twice))
    except (ValueError, RecursionError) as problem:
        raise Broken from problem
    here = Place(file=file)
    for key in twice:
        findings.add("json.twice", here, key)
    if not isinstance(whole, dict):
        findings.add("json.shape", here, "最外层不是对象")
        return
    known = {sheet.kind: sheet for sheet in SHEETS}
    for key, value in whole.items():
        sheet = next((one for kind, one in known.items() if kind == key), None)
        if sheet is None:
            findings.add("heading.unknown", Place(file=file, column=key), key, nearest(key, known))
        else:
            _read_entries(file, sheet, value, lines, findings)


def _object(pairs: Iterable[tuple[str, Any]], twice: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            twice.append(key)
        found[key] = value
    return found


def _no_constant(word: str) -> None:
    raise ValueError(word)


def _read_entries(file: str, sheet: SheetOf, value: object, lines: Lines, findings: Findings) -> None:
    lines.seen.add(sheet.kind)
    entries = [value] if sheet.kind == "hospital" and isinstance(value, dict) else value
    here = Place(file=file, sheet=sheet.kind)
    if not isinstance(entries, list):
        lines.unsure.add(sheet.kind)
        findings.add("json.shape", here, sheet.kind)
        return
    if len(entries) > ROWS:
        lines.unsure.add(sheet.kind)
        findings.add("sheet.long", here, more=f"{ROWS:,}")
    for number, entry in enumerate(entries[:ROWS], 1):
        place = Place(file=file, sheet=sheet.kind, row=number)
        if isinstance(entry, dict):
            lines.of[sheet.kind].append(_entry(sheet, place, entry, findings))
        else:
            lines.unsure.add(sheet.kind)
            findings.add("json.shape", place, "不是对象")


def _entry(sheet: SheetOf, place: Place, entry: Mapping[str, object], findings: Findings) -> Line:
    by_key = {word: one for one in sheet.headings for word in (one.heading, one.key)}
    cells = {one.name: Told("", one.key) for one in sheet.headings}
    for key, value in entry.items():
        at = Place(file=place.file, sheet=place.sheet, row=place.row, column=key, heading=key)
        heading = by_key.get(key)
        if heading is None:
            findings.add("heading.unknown", at, key, nearest(key, [one.key for one in sheet.headings]))
            continue
        cell = _json_cell(value, listed=heading.kind == "diseases")
        if cell is None:
            findings.add("json.shape", at, key)
        elif cell.fault:
            findings.add(cell.fault, at, cell.text)
        cells[heading.name] = Told(cell.text if cell else "", key, faulty=cell is None or bool(cell.fault))
    return Line(sheet, place, cells)


def _json_cell(value: object, *, listed: bool) -> Cell | None:
    """Read a value as a cell; None when it is none."""
    if value is None:
        return Cell()
    if isinstance(value, str):
        return Cell(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_cell(value)
    if listed and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return Cell("\n".join(value))
    return None
