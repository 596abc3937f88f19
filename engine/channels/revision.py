"""Name a set of route files by a hash of their contents, and gather them so that the store can keep them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

LENGTH = 16
"""Hexadecimal digits of a revision."""

_SHARED_SUFFIXES = frozenset({".xsd", ".sch", ".xsl", ".yaml", ".csv", ".xml"})


def shared_files(root: Path) -> tuple[str, ...]:
    """List what every route leans on: catalogue, schemas, rules, tables, shared stylesheets and samples under xsd/, by path from `root`."""
    found = (p for p in sorted((root / "xsd").rglob("*")) if p.is_file() and p.suffix in _SHARED_SUFFIXES)
    return tuple(path.relative_to(root).as_posix() for path in found)


def digests_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """Hash the content of each file (path to bytes)."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def revision_of(digests: Mapping[str, str]) -> str:
    """Hash a set of files, given by path and hash of the content; 16 hexadecimal digits."""
    total = hashlib.sha256()
    for name in sorted(digests):
        total.update(f"{digests[name]} {name}\n".encode())
    return total.hexdigest()[:LENGTH]


def revision_in(folder: Path) -> str:
    """Hash the set of all files below a folder."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return revision_of(digests_of(read_files(folder, found)))


def read_files(root: Path, names: Iterable[str]) -> Mapping[str, bytes]:
    """Read the named files, by path from `root`."""
    return {name: (root / name).read_bytes() for name in sorted(set(names))}


def same_shared(one: Path, other: Path) -> bool:
    """Tell whether two sets have the same catalogue, schemas and rules, byte for byte."""
    return read_files(one, shared_files(one)) == read_files(other, shared_files(other))
