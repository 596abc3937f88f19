"""Lint the whole project: run every checker, gather all faults, print them with place and cure."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from engine.channels.book import load_book
from engine.documents.press import Press
from engine.documents.tablelint import orphans
from engine.errors import ConfigError, Fault
from engine.yamlfile import merge_faults

Checker = Callable[[Path], Iterable[Fault]]
"""Check one part of the project (its top folder is given); returns faults, or raises ConfigError with them."""


def check(root: Path, checkers: Sequence[Checker]) -> list[Fault]:
    """Run every checker on the project; gives all faults and warnings, sorted by file and place."""
    return list(merge_faults(*(_run(checker, root) for checker in checkers)))


def _run(checker: Checker, root: Path) -> tuple[Fault, ...]:
    try:
        return tuple(checker(root))
    except ConfigError as problem:
        return problem.faults


def check_routes(press: Press, endpoints: Collection[str], desks: Collection[str]) -> Checker:
    """Make the checker of routes/: every route is built as it would run."""
    return lambda root: load_book(root, press, endpoints, desks).warnings


def check_documents(press: Press) -> Checker:
    """Make the checker of xsd/ and of the institutions' code tables: everything is compiled, used by a route or not."""
    return lambda root: merge_faults(orphans(press.catalogue, root), *(_compiled(build) for build in _parts(press, root)))


def _parts(press: Press, root: Path) -> Iterator[Callable[[], object]]:
    for name in press.catalogue.schemas:
        yield partial(press.schema, name)
    for code in press.catalogue.types:
        yield partial(press.rules, code)
    for path in sorted((root / "config" / "institutions").glob("*/*.csv")):
        yield partial(press.table, path)


def _compiled(build: Callable[[], object]) -> tuple[Fault, ...]:
    try:
        build()
    except ConfigError as problem:
        return problem.faults
    return ()


def failed(faults: Iterable[Fault]) -> bool:
    """Tell whether any of them is an error; warnings alone do not stop a start."""
    return any(fault.severity == "error" for fault in faults)


def as_text(faults: Sequence[Fault]) -> str:
    """Print faults as editors read them, with the line and a caret, and a sum at the end."""
    errors = sum(fault.severity == "error" for fault in faults)
    body = [
        f"{fault}" if fault.severity == "error" else str(fault).replace(f" {fault.code} ", f" {fault.code} warning: ", 1)
        for fault in faults
    ]
    return "\n".join([*body, f"{errors} errors, {len(faults) - errors} warnings"]) + "\n"


def as_json(faults: Sequence[Fault]) -> str:
    """Print faults as a JSON list of objects."""
    return json.dumps([asdict(fault) for fault in faults], ensure_ascii=False, indent=2) + "\n"
