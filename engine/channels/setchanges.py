"""Tell how two sets of files differ: routes by name with their files, other files by path, and line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Literal

from engine.channels.book import TESTS
from engine.channels.revision import read_files, shared_files
from engine.errors import Fault

Verb = Literal["added", "changed", "removed"]
Kind = Literal["same", "gone", "new", "gap"]

COMPARED = 512 * 1024
"""Bytes up to which a file is compared line by line; of a longer one it is told only that it differs."""

SHOWN = 400
"""Lines of one file that are shown."""

_AROUND = 3


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a unified difference; numbers count from 1, 0 on the side that does not have it. `faults` mean this line as it is new."""

    kind: Kind
    before: int
    after: int
    text: str = ""
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that differs; no lines when it is no text or too long, `cut` when more lines differ than are shown."""

    path: str
    verb: Verb
    lines: tuple[Line, ...] = ()
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What differs of one route (`routes/NAME`), or one other file."""

    name: str
    verb: Verb
    files: tuple[FileChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a reload would do: `before` is the revision in force, `after` the one that would be, "" when faults forbid it."""

    before: str
    after: str
    changes: tuple[Change, ...]
    faults: tuple[Fault, ...]


def changes_of(before: Mapping[str, bytes], after: Mapping[str, bytes], faults: Sequence[Fault] = ()) -> tuple[Change, ...]:
    """Compare two sets (path to bytes); faults in the set after are put to the lines that they mean."""
    changed = [path for path in sorted(before.keys() | after.keys()) if before.get(path) != after.get(path)]
    found = []
    for name in dict.fromkeys(_owner(path) for path in changed):
        sheet = f"{name}/route.yaml" if name.startswith("routes/") else name
        files = tuple(_file_change(path, before, after, faults) for path in changed if _owner(path) == name)
        found.append(Change(name, _verb(sheet, before, after), files))
    return tuple(found)


def told(changes: Iterable[Change]) -> tuple[str, ...]:
    """Tell changes for the terminal, one line for each route or file."""
    lines = []
    for one in changes:
        parts = [file.path.removeprefix(f"{one.name}/") for file in one.files if file.path != one.name]
        files = f" ({', '.join(parts)})" if parts and one.verb == "changed" else ""
        lines.append(f"{one.verb:<16} {one.name}{files}")
    return tuple(lines)


def unified(changes: Iterable[Change]) -> Iterator[str]:
    """Write changes as a unified difference, with what lint says under the line that it means."""
    signs: Mapping[Kind, str] = {"same": " ", "gone": "-", "new": "+"}
    for file in (file for one in changes for file in one.files):
        yield f"--- {file.verb} {file.path}"
        for line in file.lines:
            yield "@@" if line.kind == "gap" else f"{signs[line.kind]}{line.after or line.before:>5} {line.text}"
            yield from (f"      ^ {fault.code} {fault.message}" for fault in line.faults)


def files_on_disk(root: Path, known: Iterable[str], route: str = "") -> Mapping[str, bytes]:
    """Read what would be the set of files below `root` as far as that is known without loading it: routes, xsd/, and `known` ones.

    With `route` the files of one route and `known` ones. Tests, notes and the files that editors leave are no part of a set.
    """
    mine = (path.relative_to(root) for path in (root / "routes" / route).rglob("*") if path.is_file())
    routes = [path.as_posix() for path in mine if not _no_part(path)]
    there = (name for name in known if (root / name).is_file())
    return read_files(root, {*routes, *there, *(() if route else shared_files(root))})


def _no_part(path: Path) -> bool:
    inside = path.parts[2:3]
    return inside == (TESTS,) or path.suffix == ".md" or path.name.startswith(".") or path.name.endswith("~")


def _owner(path: str) -> str:
    """Name what a file belongs to: its route's folder, else the file itself."""
    top, _, rest = path.partition("/")
    return f"{top}/{rest.partition('/')[0]}" if top == "routes" else path


def _verb(path: str, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Verb:
    return "changed" if path in before and path in after else "added" if path in after else "removed"


def _file_change(
    path: str, before: Mapping[str, bytes], after: Mapping[str, bytes], faults: Sequence[Fault]
) -> FileChange:  # fmt: skip
    verb = _verb(path, before, after)
    old, new = _lines(before.get(path, b"")), _lines(after.get(path, b""))
    if old is None or new is None:
        return FileChange(path, verb)
    meant: dict[int, list[Fault]] = {}
    for fault in faults:
        if fault.file == path:
            meant.setdefault(fault.line, []).append(fault)
    lines = [_with_faults(line, meant) for line in _unified(old, new)]
    return FileChange(path, verb, tuple(lines[:SHOWN]), len(lines) > SHOWN)


def _lines(content: bytes) -> list[str] | None:
    """Part a file into lines; None when it is no text or too long."""
    if len(content) > COMPARED:
        return None
    try:
        return content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return None


def _unified(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    for number, group in enumerate(SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_AROUND)):
        if number:
            yield Line("gap", 0, 0)
        for tag, a, b, c, d in group:
            if tag == "equal":
                yield from (Line("same", a + n + 1, c + n + 1, text) for n, text in enumerate(old[a:b]))
            else:
                yield from (Line("gone", a + n + 1, 0, text) for n, text in enumerate(old[a:b]))
                yield from (Line("new", 0, c + n + 1, text) for n, text in enumerate(new[c:d]))


def _with_faults(line: Line, meant: Mapping[int, list[Fault]]) -> Line:
    found = meant.get(line.after, ()) if line.after else ()
    return Line(line.kind, line.before, line.after, line.text, tuple(found)) if found else line
