"""Clean what stands in a cell: spaces, full-width letters, characters that cannot be shown, and Excel's own ways with numbers."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

_WIDE = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))} | {
    0x3000: 0x20
}
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_ONLY_ZEROS = re.compile(r"0+\Z")
_SAFE_DIGITS = 15
"""Digits that Excel keeps of a number."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one cell: its text, or the rule that it breaks as a cell."""

    text: str = ""
    fault: str = ""


EMPTY = Cell()


def clean(text: str) -> str:
    """Give a text as it may be kept and shown: no control or invisible characters, half-width letters and digits, plain blanks.

    Line breaks stay, those of CR LF and Excel's `_x000D_` as one; what XML 1.0 cannot hold is left out.
    """
    text = _ESCAPED.sub(_unescaped, text).replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").translate(_WIDE)
    kept = "".join(map(_kept, text))
    return "\n".join(line.strip() for line in kept.split("\n")).strip()


def one_line(text: str) -> str:
    """Give a clean text in one line, with single blanks."""
    return " ".join(clean(text).split())


def plain_form(text: str) -> str:
    """Give a code, number or heading in its plain form (NFKC): ０１（Ａ） becomes 01(A)."""
    return one_line(unicodedata.normalize("NFKC", clean(text)))


def _unescaped(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    return chr(code) if code in {9, 10, 13} else "" if code < 0x20 else found[0]


def _kept(character: str) -> str:
    """Give a character as it is kept: itself, a blank or line break for its kinds, nothing when it cannot be shown."""
    if character == "\n" or " " <= character <= "~":
        return character
    kind = unicodedata.category(character)
    if kind in {"Zl", "Zp"}:
        return "\n"
    if kind == "Zs":
        return " "
    return "" if kind in {"Cc", "Cf", "Cs"} or ord(character) & 0xFFFE == 0xFFFE else character


def excel_cell(value: Any, data_type: str, number_format: str) -> Cell:
    """Read a cell of a workbook; numbers become what the sheet shows of a code (007 in the format 000), dates are a fault."""
    if value is None or data_type == "f":
        return EMPTY if value is None else Cell(fault="cell.formula")
    if isinstance(value, datetime | date | time | timedelta):
        return Cell(f"{value:%H:%M}" if isinstance(value, time) else str(value), "cell.date")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_cell(value, number_format)
    text = {True: "是", False: "否"}[value] if isinstance(value, bool) else str(value)
    return Cell(text, "cell.error" if data_type == "e" else "")


def number_cell(value: float, number_format: str = "") -> Cell:
    """Read a number as the code or figure that it is meant to be."""
    if isinstance(value, float) and not value.is_integer():
        return Cell(repr(value))
    digits = str(int(value))
    if len(digits.lstrip("-")) > _SAFE_DIGITS:
        return Cell(digits, "cell.digits")
    return Cell(digits.zfill(len(number_format)) if _ONLY_ZEROS.match(number_format) else digits)
