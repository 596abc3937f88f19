"""Name a set of route files by a hash of their contents, and gather them so that the store can keep them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

LENGTH = 16
"""Hexadecimal digits of a revision."""

_SHARED_SUFFIXES = frozenset({".xsd", ".sch", ".yaml", ".csv"})


def shared_files(root: Path) -> tuple[str, ...]:
    """List what every route leans on: catalogue, schemas, rules and value sets under xsd/, by path from `root`."""
    found = (p for p in sorted((root / "xsd").rglob("*")) if p.is_file() and p.suffix in _SHARED_SUFFIXES)
    return tuple(path.relative_to(root).as_posix() for path in found)


def revision_of(root: Path, names: Iterable[str]) -> str:
    """Hash the named files, order does not matter; 16 hexadecimal digits."""
    total = hashlib.sha256()
    for name in sorted(set(names)):
        content = hashlib.sha256((root / name).read_bytes()).hexdigest()
        total.update(f"{content} {name}\n".encode())
    return total.hexdigest()[:LENGTH]


def read_files(root: Path, names: Iterable[str]) -> Mapping[str, bytes]:
    """Read the named files, by path from `root`."""
    return {name: (root / name).read_bytes() for name in sorted(set(names))}
