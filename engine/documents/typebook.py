"""Say of each document type what its reference page tells: header, sections, entries, value sets, rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.documents.catalogue import Catalogue, DocumentType
from engine.documents.formrules import form_assertions, load_form_rules
from engine.documents.forms import Form
from engine.documents.ruletables import Assertion, assertions
from engine.documents.tables import CodeSet, Row, Tables, load_tables

_PLAIN = ("present", "filled", "code", "format")
"""Checks that the columns of the page tell; of others the rules tell."""

_HOLE = re.compile(r"\{[^{}]+\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One item of the header: where it stands, what is missed without it, its value, its rules.

    `missing` is error or warning, "rules" when its rules tell, "" when it may be left out.
    """

    item: str
    path: str
    missing: str
    values: CodeSet | None
    form: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One data element of a section; `types` are pairs of type and Chinese name, `missing` as in `Place`."""

    de: str
    name: str
    types: tuple[tuple[str, str], ...]
    values: CodeSet | None
    form: str
    unit: str
    missing: str
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One section by its `key`, which is also its anchor; `code` is empty where the standard gives none.

    `also` holds other codes that are taken for it.
    """

    key: str
    code: str
    display_name: str
    name: str
    occurs: str
    missing: str
    also: tuple[str, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """One rule as its reader meets it; what is filled in from the document is written as …."""

    rule: str
    severity: str
    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TypePage:
    """Everything the reference page of one type tells."""

    kind: DocumentType
    header: tuple[Place, ...] = ()
    parts: tuple[Part, ...] = ()
    values: tuple[CodeSet, ...] = ()
    rules: tuple[RuleLine, ...] = ()
    form: Form | None = None


class TypeBook:
    """Draw the pages of the types of a catalogue; each folder of tables is read once."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._tables: dict[Path, Tables] = {}

    def page(self, code: str) -> TypePage:
        """Draw the page of a type; raises ConfigError for tables that are wrong."""
        kind = self.catalogue.types[code]
        if kind.figures:
            return _form_page(kind, Form.read(self.catalogue.schemas[kind.schema]))
        if not (kind.rules / "sections.csv").is_file():
            return TypePage(kind=kind)
        if kind.rules not in self._tables:
            self._tables[kind.rules] = load_tables(kind.rules)
        return _page(kind, self._tables[kind.rules])


def _page(kind: DocumentType, tables: Tables) -> TypePage:
    header, parts = tuple(_header(tables, kind.code)), tuple(_parts(tables, kind.code))
    used = {values.oid: values for values in _used(header, parts)}
    return TypePage(kind=kind, header=header, parts=parts, values=tuple(used.values()), rules=tuple(_rules(tables, kind)))


def _form_page(kind: DocumentType, form: Form) -> TypePage:
    """Tell the tables and fields of a form of figures, and its rules."""
    return TypePage(kind=kind, form=form, rules=tuple(map(_rule_line, form_assertions(load_form_rules(kind, form), form))))


def anchor(rule: str) -> str:
    """Name the anchor of a rule, a section or a code: what stands behind # in an address."""
    return re.sub(r"[\s\"'<>`|()\[\]]+", "_", rule)


def _used(header: Sequence[Place], parts: Sequence[Part]) -> Iterator[CodeSet]:
    found = [*(place.values for place in header), *(line.values for part in parts for line in part.lines)]
    yield from (values for values in found if values)


def _header(tables: Tables, code: str) -> Iterator[Place]:
    """List what the element tables say of each item: presence, value set and form may stand in rows of their own."""
    rows = [row for row in tables.elements if row.meant_for(code) and row["severity"] != "off"]
    by_item: dict[str, list[Row]] = {}
    for row in rows:
        by_item.setdefault(row["item"], []).append(row)
    for item, about in by_item.items():
        wanted = next((row for row in about if _asks_presence(row)), None)
        listed = next((row for row in about if row["check"] == "code"), None)
        formed = next((row for row in about if row["check"] == "format"), None)
        yield Place(
            item=item,
            path=_place(wanted) if wanted else about[0]["context"],
            missing=wanted["severity"] if wanted else "rules" if any(row["check"] not in _PLAIN for row in about) else "",
            values=tables.sets[listed["argument"]] if listed else None,
            form=formed["argument"] if formed else "",
            rules=tuple(dict.fromkeys(row["rule"] for row in about)),
        )


def _asks_presence(row: Row) -> bool:
    return row["check"] in ("present", "filled")


def _place(row: Row) -> str:
    """Write the place that must be filled without prefixes."""
    return f"{row['context']}/{row['argument']}".replace("hl7:", "")


def _parts(tables: Tables, code: str) -> Iterator[Part]:
    for row in tables.sections:
        if row["type"] == code:
            key = row["section"]
            lines = [entry for entry in tables.entries if entry["type"] == code and entry["section"] == key]
            yield Part(
                key=key,
                code=row["code"],
                display_name=row["display_name"],
                name=row["name"],
                occurs=row["occurs"],
                missing=_shown(row["severity"]),
                also=tuple(row["also"].split()),
                lines=tuple(_line(tables, entry) for entry in lines),
            )


def _line(tables: Tables, row: Row) -> Line:
    return Line(
        de=row["de"],
        name=row["name"],
        types=tuple((name, tables.type_names[name]) for name in row["value_type"].split("|")),
        values=tables.sets[row["value_set"]] if row["value_set"] else None,
        form=row["format"],
        unit=_units(row["units"].split()),
        missing=_shown(row["missing"]),
        example=row["example"],
    )


def _units(words: Sequence[str]) -> str:
    """Write the unit that is asked for, and the others that are taken."""
    return f"{words[0]}（也认 {'、'.join(words[1:])}）" if words[1:] else "".join(words)


def _shown(severity: str) -> str:
    return "" if severity == "off" else severity


def _rule_line(found: Assertion) -> RuleLine:
    words = _HOLE.sub("…", found.message)
    return RuleLine(rule=found.rule, severity=found.severity, code=found.code, message=words, hint=found.hint)


def _rules(tables: Tables, kind: DocumentType) -> Iterator[RuleLine]:
    """List the rules that run, each once: a rule that two rows of tables give has one line."""
    seen = set()
    for found in assertions(tables, kind):
        line = _rule_line(found)
        if line not in seen:
            seen.add(line)
            yield line
