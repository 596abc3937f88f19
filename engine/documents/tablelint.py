"""Find what catalogue, rule tables and samples do not have in common: rows of unknown types, types without rows, orphans."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from engine.documents.catalogue import Catalogue, DocumentType
from engine.documents.ruletables import qualify
from engine.documents.tables import Row, Tables, load_tables, named, table_fault, table_paths
from engine.documents.xpaths import known_mistake
from engine.errors import ConfigError, Fault
from engine.yamlfile import did_you_mean


def orphans(catalogue: Catalogue, root: Path) -> tuple[Fault, ...]:
    """Hold the families of clinical tables against the catalogue; faults at their cells (CFG-020, CFG-021, CFG-026).

    Tables with mistakes of their own give those instead.
    """
    found: list[Fault] = []
    for folder in {kind.rules for kind in catalogue.types.values() if kind.rules.is_dir() and not kind.figures}:
        kinds = {kind.code: kind for kind in catalogue.types.values() if kind.rules == folder}
        try:
            tables = load_tables(folder)
        except ConfigError as problem:
            found.extend(problem.faults)
            continue
        found.extend(_of_family(tables, table_paths(folder), kinds))
        found.extend(_samples(kinds, root))
    return tuple(found)


def _of_family(tables: Tables, paths: Mapping[str, Path], kinds: Mapping[str, DocumentType]) -> Iterator[Fault]:
    for name in ("sections", "entries"):
        for row in getattr(tables, name):
            if row["type"] not in kinds:
                message = f"no document type {row['type']} in xsd/catalogue.yaml{did_you_mean(row['type'], kinds)}"
                yield table_fault(paths[name], row, "type", message)
    for name in ("elements", "times"):
        for row in getattr(tables, name):
            yield from _meant_for_none(paths[name], row, kinds)
            yield from _paths(paths[name], row)
    yield from _types_without_rows(tables, paths, kinds)
    yield from _unused(tables, paths)


def _meant_for_none(path: Path, row: Row, kinds: Collection[str]) -> Iterator[Fault]:
    for word in row["types"].split():
        if not any(named(word.removeprefix("!"), code) for code in kinds):
            yield table_fault(path, row, "types", f'"{word}" names no document type{did_you_mean(word, kinds)}')


def _paths(path: Path, row: Row) -> Iterator[Fault]:
    """Tell of contexts and tests that are no XPath 1.0."""
    tested = {"context": qualify(row["context"])}
    if row.cells.get("check") in ("present", "filled", "xpath"):
        tested["argument"] = row["argument"]
    if "earlier" in row.cells:
        tested |= {"earlier": row["earlier"], "later": row["later"]}
    for cell, expression in tested.items():
        if wrong := known_mistake(expression):
            yield table_fault(path, row, cell, f"{expression} is no XPath 1.0: {wrong}")


def _types_without_rows(tables: Tables, paths: Mapping[str, Path], kinds: Collection[str]) -> Iterator[Fault]:
    for name in ("sections", "entries"):
        rows = getattr(tables, name)
        for code in sorted(set(kinds) - {row["type"] for row in rows}):
            yield table_fault(paths[name], rows[-1], "type", f"the document type {code} has no row here; add its {name}")


def _unused(tables: Tables, paths: Mapping[str, Path]) -> Iterator[Fault]:
    used = {row["value_set"] for row in tables.entries} | {r["argument"] for r in tables.elements if r["check"] == "code"}
    first = {row["oid"]: row for row in reversed(tables.valuesets)}
    for oid, row in first.items():
        if oid not in used and not any(f"'{oid}'" in text for text in _texts(tables)):
            yield table_fault(
                paths["valuesets"], row, "oid", f"no rule uses the value set {oid}; use it or take it out", "warning"
            )
    for row in tables.codesystems:
        if row["oid"] not in used:
            yield table_fault(paths["codesystems"], row, "oid", f"no rule uses {row['oid']}; use it or take it out", "warning")
    elements = {row["de"] for row in tables.entries}
    for row in tables.dataelements:
        if row["de"] not in elements:
            yield table_fault(
                paths["dataelements"], row, "de", f"no entry uses {row['de']}; use it in entries.csv or take it out", "warning"
            )


def _texts(tables: Tables) -> Iterator[str]:
    return (row["argument"] for row in tables.elements if row["check"] == "xpath")


def _samples(kinds: Mapping[str, DocumentType], root: Path) -> Iterator[Fault]:
    """Tell of samples beside those of the catalogue that no type names."""
    names = {kind.sample for kind in kinds.values()}
    for folder in {name.parent for name in names}:
        for path in sorted(set(folder.glob("*.xml")) - names):
            yield Fault(
                file=path.relative_to(root).as_posix(), line=1, column=1, code="CFG-021", severity="warning",
                message="no type of xsd/catalogue.yaml names this sample; name it there or take it out",
            )  # fmt: skip
