"""Write the sections of an invented clinical document, as the rule tables of its type list them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from engine.documents.clinicaltree import Element, add, open_section
from engine.documents.sample_shapes import SHAPES
from engine.documents.sample_values import Page
from engine.documents.tables import Row, Tables

_LEFT_OUT = 0.3
"""How often a section that may be missing is missing."""

_PLAIN = {"shape": "plain", "about": ""}


@dataclass(frozen=True, slots=True)
class Chapter:
    """One section of a type: its row, its entries, and its row in shapes.csv."""

    row: Row
    entries: Sequence[Row]
    told: Mapping[str, str]


def chapters(tables: Tables, shapes: Iterable[Mapping[str, str]]) -> Mapping[str, Sequence[Chapter]]:
    """Order the rule tables and shapes.csv by type; a shape without a type is for the section in every type."""
    told = {(row["type"], row["section"]): row for row in shapes}
    entries: dict[tuple[str, str], list[Row]] = {}
    for entry in tables.entries:
        entries.setdefault((entry["type"], entry["section"]), []).append(entry)
    found: dict[str, list[Chapter]] = {}
    for row in tables.sections:
        key, general = (row["type"], row["section"]), told.get(("", row["section"]), _PLAIN)
        found.setdefault(row["type"], []).append(Chapter(row, entries.get(key, []), told.get(key, general)))
    return found


def write_body(root: Element, written: Sequence[Chapter], page: Page) -> None:
    """Append the structured body: sections the type needs always, others as the dice fall; `full` writes all."""
    body = add(root, "component/structuredBody")
    for chapter in written:
        if page.full or not _left_out(chapter.row, chapter.told["about"], page):
            SHAPES[chapter.told["shape"]](partial(_section, body, chapter.row), chapter.entries, page)


def _left_out(row: Row, about: str, page: Page) -> bool:
    """Tell whether a section is left out: by chance, or because it is about women or newborns only."""
    if about == "newborns" or (about == "women" and page.visit.gender == "1"):
        return True
    return row["occurs"].startswith("0") and page.dice.random() < _LEFT_OUT


def _section(body: Element, row: Row) -> Element:
    return open_section(body, row["code"], row["display_name"], row["name"])
