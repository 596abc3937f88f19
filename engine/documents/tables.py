"""Read the rule tables of a family of documents: rows with their places, value sets, accepted types."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from engine.codes import CODES
from engine.errors import ConfigError, Fault

CHECKS = ("present", "filled", "xpath", "checksum", "age", "code", "format")
_SEVERITIES = ("error", "warning", "off", "")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table by the names of its columns."""

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def meant_for(self, code: str) -> bool:
        """Tell whether the row counts for a type: `types` names some with blanks between them, or none for all."""
        return not self.cells["types"] or code in self.cells["types"].split()

    def joined(self, other: Row, column: str, mark: str) -> Row:
        """Give this row with what the other adds in one column."""
        parts = dict.fromkeys([*self.cells[column].split(mark), *other.cells[column].split(mark)])
        return Row(self.line, {**self.cells, column: mark.join(parts)})


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
    """All rule tables of one family."""

    elements: tuple[Row, ...]
    times: tuple[Row, ...]
    sections: tuple[Row, ...]
    entries: tuple[Row, ...]
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
    def accepts(self) -> Mapping[str, str]:
        """Type of the standard -> the types that are taken for it, with blanks between them."""
        return {row["type"]: row["accepts"] for row in self.valuetypes}

    @cached_property
    def type_names(self) -> Mapping[str, str]:
        """Type of the standard -> its Chinese name."""
        return {row["type"]: row["name"] for row in self.valuetypes}


def load_tables(folder: Path) -> Tables:
    """Read the tables of `folder` and valuesets.csv beside it; raises ConfigError with all faults (CFG-020, CFG-026)."""
    paths = {
        name: folder / f"{name}.csv"
        for name in ("elements", "times", "sections", "entries", "moments", "valuetypes", "codesystems")
    }
    paths["valuesets"] = folder.parent / "valuesets.csv"
    absent = [_fault(path, 0, "CFG-020", "this table is missing") for path in paths.values() if not path.is_file()]
    if absent:
        raise ConfigError(absent)
    tables = Tables(**{name: _rows(path) for name, path in paths.items()})
    faults = list(_column_faults(paths, tables)) or list(_word_faults(paths, tables))
    if faults:
        raise ConfigError(faults)
    return tables


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
        test=f"not(@code) or contains(' {' '.join(words)} ',concat(' ',@code,' '))",
        severity="error" if first["closed"] == "yes" else "warning",
        example=f"{first['code']} {first['meaning']}",
    )


def _shaped(row: Row) -> CodeSet:
    return CodeSet(
        row["oid"], row["name"], row["shape"], (), (), f"not(@code) or ({row['test']})", row["severity"], row["example"]
    )


def _fault(path: Path, line: int, code: str, message: str) -> Fault:
    shown = "/".join(path.parts[-4:]) if "xsd" in path.parts[-4:] else path.name
    return Fault(file=shown, line=line, column=1 if line else 0, code=code, message=message)


_COLUMNS = {
    "elements": ("rule", "types", "context", "check", "argument", "severity", "code", "item", "message", "hint"),
    "times": ("rule", "types", "context", "earlier", "later", "severity", "message", "hint"),
    "sections": ("type", "code", "display_name", "name", "occurs", "severity"),
    "entries": (
        "type",
        "section",
        "de",
        "name",
        "value_type",
        "value_set",
        "format",
        "format_severity",
        "unit",
        "missing",
        "example",
    ),
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


def _word_faults(paths: Mapping[str, Path], tables: Tables) -> Iterator[Fault]:
    for row in tables.elements:
        if row["check"] not in CHECKS:
            yield _fault(paths["elements"], row.line, "CFG-026", f'unknown check "{row["check"]}"; known: {", ".join(CHECKS)}')
        if row["check"] == "code" and row["argument"] not in tables.sets:
            yield _fault(paths["elements"], row.line, "CFG-026", f"there is no value set {row['argument']}")
        if row["code"] and row["code"] not in CODES:
            yield _fault(paths["elements"], row.line, "CFG-026", f"there is no code {row['code']}")
    for row in tables.entries:
        if row["value_set"] and row["value_set"] not in tables.sets:
            yield _fault(paths["entries"], row.line, "CFG-026", f"there is no value set {row['value_set']}")
        unknown = [name for name in row["value_type"].split("|") if name not in tables.accepts]
        if unknown:
            yield _fault(paths["entries"], row.line, "CFG-026", f"unknown value type {', '.join(unknown)}")
    yield from _severity_faults(paths, tables)


def _severity_faults(paths: Mapping[str, Path], tables: Tables) -> Iterator[Fault]:
    columns = (
        ("elements", "severity"),
        ("times", "severity"),
        ("sections", "severity"),
        ("entries", "missing"),
        ("entries", "format_severity"),
    )
    for name, column in columns:
        rows: tuple[Row, ...] = getattr(tables, name)
        for row in rows:
            if row[column] not in _SEVERITIES:
                yield _fault(paths[name], row.line, "CFG-026", f'{column} is "{row[column]}"; write error, warning or off')
