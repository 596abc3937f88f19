"""Write tables as CSV that a spreadsheet opens as text and never as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

_ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet may take for the beginning of a formula, or strip and then do so."""


def guarded(value: str) -> str:
    """Give a cell that no spreadsheet calculates: an apostrophe before whatever begins like a formula (OWASP CSV injection)."""
    return f"'{value}" if value.lstrip(" ").startswith(_ACTIVE) or value.startswith(_ACTIVE) else value


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[str | Decimal]]) -> bytes:
    """Write a table (RFC 4180), in UTF-8 with the mark by which Excel knows it; every text is guarded, a number is one."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([guarded(cell) for cell in header])
    writer.writerows([guarded(cell) if isinstance(cell, str) else f"{cell:f}" for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")
