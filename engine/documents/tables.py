"""Read the rule tables of a family of documents: rows with their places, value sets, accepted types."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

from engine.codes import CODES
from engine.errors import ConfigError, Fault, Severity
from engine.yamlfile import did_you_mean

CHECKS = ("present", "filled", "xpath", "checksum", "organisation", "credit", "age", "code", "format")
_SEVERITIES = ("error", "warning", "off", "")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table by the names of its columns."""

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def meant_for(self, code: str) -> bool:
        """Tell whether the row counts for a type, as `types` says."""
        return named(self.cells["types"], code)

    def filled(self, **cells: str) -> Row:
        """Give this row with other cells."""
        return Row(self.line, {**self.cells, **cells})


def named(types: str, code: str) -> bool:
    """Tell whether a list of types names one: `C0002 C0006..C0008`, `!C0060` for all others; an empty list names all."""
    words = types.split()
    if any(_covers(word[1:], code) for word in words if word.startswith("!")):
        return False
    wanted = [word for word in words if not word.startswith("!")]
    return not wanted or any(_covers(word, code) for word in wanted)


def _covers(word: str, code: str) -> bool:
    """Tell whether a type, or a range of types whose codes are equally long, holds a code."""
    first, _, last = word.partition("..")
    return len(first) == len(code) and first <= code <= (last or first)


@dataclass(frozen=True, slots=True)
class CodeSet:
    """A value set: its codes with meanings, or none when `test` knows the shape of the codes of a large system.

    `words` are the codes in every form that is taken (01 as well as 1 where the sources differ).
    """

    oid: str
    name: str
    title: str
    codes: tuple[tuple[str, str], ...]
    words: tuple[str, ...]
    test: str
    severity: str
    example: str


@dataclass(frozen=True)
class Tables:
    """All rule tables of one family; `entries` are whole: what a row leaves empty is filled from its data element."""

    elements: tuple[Row, ...]
    times: tuple[Row, ...]
    sections: tuple[Row, ...]
    entries: tuple[Row, ...]
    dataelements: tuple[Row, ...]
    moments: tuple[Row, ...]
    valuetypes: tuple[Row, ...]
    valuesets: tuple[Row, ...]
    codesystems: tuple[Row, ...]

    @cached_property
    def sets(self) -> Mapping[str, CodeSet]:
        """Value sets and coding systems by OID."""
        grouped: dict[str, list[Row]] = {}
        for row in self.valuesets:
            grouped.setdefault(row["oid"], []).append(row)
        return {oid: _listed(rows) for oid, rows in grouped.items()} | {r["oid"]: _shaped(r) for r in self.codesystems}

    @cached_property
    def section(self) -> Mapping[tuple[str, str], Row]:
        """Sections by type and key."""
        return {(row["type"], row["section"]): row for row in self.sections}

    @cached_property
    def accepts(self) -> Mapping[str, str]:
        """Type of the standard -> the types that are taken for it, with blanks between them."""
        return {row["type"]: row["accepts"] for row in self.valuetypes}

    @cached_property
    def type_names(self) -> Mapping[str, str]:
        """Type of the standard -> its Chinese name."""
        return {row["type"]: row["name"] for row in self.valuetypes}


def load_tables(folder: Path) -> Tables:
    """Read the tables of `folder` and valuesets.csv beside it; raises ConfigError with all faults (CFG-020, CFG-026).

    What was read is kept until a file changes.
    """
    paths = table_paths(folder)
    absent = [_fault(path, 0, "CFG-020", "this table is missing") for path in paths.values() if not path.is_file()]
    if absent:
        raise ConfigError(absent)
    marks = (path.stat() for path in paths.values())
    return _loaded(folder, tuple((mark.st_mtime_ns, mark.st_size, mark.st_ino) for mark in marks))


@lru_cache(maxsize=4)
def _loaded(folder: Path, _marks: tuple[tuple[int, ...], ...]) -> Tables:
    paths = table_paths(folder)
    tables = Tables(**{name: _rows(path) for name, path in paths.items()})
    faults = list(_column_faults(paths, tables)) or [*_reference_faults(paths, tables), *_word_faults(paths, tables)]
    if faults:
        raise ConfigError(faults)
    return replace(tables, entries=tuple(_whole(tables.entries, tables.dataelements)))


def table_paths(folder: Path) -> dict[str, Path]:
    """Give every table of a family by its name."""
    paths = {name: folder / f"{name}.csv" for name in _COLUMNS if name != "valuesets"}
    return paths | {"valuesets": folder.parent / "valuesets.csv"}


_FROM_ELEMENT = ("name", "value_type", "value_set", "format", "unit", "example")
"""What an entry says only where it differs from its data element; `-` says that it has none."""


def _whole(entries: Sequence[Row], elements: Sequence[Row]) -> Iterator[Row]:
    """Fill the rows of entries from their data elements; the first of several units is the one asked for."""
    known = {row["de"]: row for row in elements}
    for row in entries:
        element = known[row["de"]]
        cells = {name: row[name] or element[name] for name in _FROM_ELEMENT}
        cells = {name: "" if text == "-" else text for name, text in cells.items()}
        units = cells["unit"]
        cells |= {"element": element["name"], "unit": units.partition(" ")[0], "units": units}
        yield row.filled(**cells, format_severity=element["format_severity"] or "warning")


def _rows(path: Path) -> tuple[Row, ...]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restval="")
        return tuple(Row(reader.line_num, {k: v.strip() for k, v in row.items() if k}) for row in reader)


def _listed(rows: Sequence[Row]) -> CodeSet:
    first = rows[0]
    words = tuple(word for row in rows for word in (row["code"], row["also"]) if word)
    return CodeSet(
        oid=first["oid"],
        name=first["set"],
        title=first["name"],
        codes=tuple((row["code"], row["meaning"]) for row in rows),
        words=words,
        test=f"contains(' {' '.join(words)} ',concat(' ',@code,' ')) or not(@code)",
        severity="error" if first["closed"] == "yes" else "warning",
        example=f"{first['code']} {first['meaning']}",
    )


def _shaped(row: Row) -> CodeSet:
    return CodeSet(
        row["oid"], row["name"], row["shape"], (), (), f"({row['test']}) or not(@code)", row["severity"], row["example"]
    )


def table_fault(path: Path, row: Row, cell: str, message: str, severity: Severity = "error") -> Fault:
    """Make a fault (CFG-026) at a cell of a table."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    place = next(csv.reader(lines[:1])).index(cell)
    before = next(csv.reader([lines[row.line - 1]]))[:place]
    column = 1 + sum(len(_written(text)) + 1 for text in before)
    return Fault(file=_shown(path), line=row.line, column=column, code="CFG-026", message=message, severity=severity)


def _written(text: str) -> str:
    """Write a cell as it stands in a file."""
    quoted = any(mark in text for mark in ',"\n')
    return '"' + text.replace('"', '""') + '"' if quoted else text


def _shown(path: Path) -> str:
    return "/".join(path.parts[path.parts.index("xsd") :]) if "xsd" in path.parts else path.name


def _fault(path: Path, line: int, code: str, message: str) -> Fault:
    return Fault(file=_shown(path), line=line, column=1 if line else 0, code=code, message=message)


_COLUMNS = {
    "elements": ("rule", "types", "context", "check", "argument", "severity", "code", "item", "message", "hint"),
    "times": ("rule", "types", "context", "earlier", "later", "severity", "message", "hint"),
    "sections": ("type", "section", "code", "display_name", "name", "occurs", "severity", "also"),
    "entries": ("type", "section", "de", "name", "missing", "value_type", "value_set", "format", "unit", "example"),
    "dataelements": ("de", "name", "value_type", "value_set", "format", "format_severity", "unit", "example"),
    "moments": ("context", "about"),
    "valuetypes": ("type", "accepts", "name"),
    "codesystems": ("oid", "name", "shape", "test", "severity", "example"),
    "valuesets": ("oid", "set", "name", "code", "also", "meaning", "closed"),
}


def _column_faults(paths: Mapping[str, Path], tables: Tables) -> Iterator[Fault]:
    for name, columns in _COLUMNS.items():
        rows: tuple[Row, ...] = getattr(tables, name)
        missing = [column for column in columns if not rows or column not in rows[0].cells]
        if missing:
            yield _fault(paths[name], 1, "CFG-026", f"the columns {', '.join(missing)} are missing")


def _reference_faults(paths: Mapping[str, Path], tables: Tables) -> Iterator[Fault]:
    elements = {row["de"] for row in tables.dataelements}
    sections = {(row["type"], row["section"]) for row in tables.sections}
    for row in tables.entries:
        if row["de"] not in elements:
            yield table_fault(
                paths["entries"],
                row,
                "de",
                f"dataelements.csv has no data element {row['de']}{did_you_mean(row['de'], elements)}",
            )
        if (row["type"], row["section"]) not in sections:
            yield table_fault(paths["entries"], row, "section", f"sections.csv has no section {row['section']} of {row['type']}")


def _word_faults(paths: Mapping[str, Path], tables: Tables) -> Iterator[Fault]:
    for row in tables.elements:
        if row["check"] not in CHECKS:
            yield table_fault(paths["elements"], row, "check", f'unknown check "{row["check"]}"; known: {", ".join(CHECKS)}')
        if row["check"] == "code" and row["argument"] not in tables.sets:
            yield table_fault(paths["elements"], row, "argument", f"there is no value set {row['argument']}")
        if row["code"] and row["code"] not in CODES:
            yield table_fault(paths["elements"], row, "code", f"there is no code {row['code']}")
    for name in ("entries", "dataelements"):
        yield from _value_faults(paths[name], getattr(tables, name), tables)
    yield from _severity_faults(paths, tables)


def _value_faults(path: Path, rows: Sequence[Row], tables: Tables) -> Iterator[Fault]:
    for row in rows:
        if row["value_set"] not in ("", "-") and row["value_set"] not in tables.sets:
            known = did_you_mean(row["value_set"], tables.sets)
            yield table_fault(path, row, "value_set", f"there is no value set {row['value_set']}{known}")
        unknown = [name for name in row["value_type"].split("|") if name and name not in tables.accepts]
        if unknown:
            yield table_fault(path, row, "value_type", f"unknown value type {', '.join(unknown)}")


def _severity_faults(paths: Mapping[str, Path], tables: Tables) -> Iterator[Fault]:
    columns = (
        ("elements", "severity"),
        ("times", "severity"),
        ("sections", "severity"),
        ("entries", "missing"),
        ("dataelements", "format_severity"),
    )
    for name, column in columns:
        rows: tuple[Row, ...] = getattr(tables, name)
        for row in rows:
            if row[column] not in _SEVERITIES:
                yield table_fault(paths[name], row, column, f'{column} is "{row[column]}"; write error, warning or off')
