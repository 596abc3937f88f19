"""Translate the hospitals' own codes and words of a report's status into ours, by tables in CSV files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

from engine.documents.codetables import normal_code
from engine.errors import ConfigError, Fault
from engine.services.reports.model import STATUSES, UNMAPPED

TABLE = "config/report-status.csv"
OWN_TABLES = "config/institutions/*/report-status.csv"
HEAD = ("source", "theirs", "status", "meaning")
SOURCES = ("*", "S0059", "S0061", "S0063")
"""Which messages a row is for; * stands for all."""

_Table = Mapping[tuple[str, str], int]


class Statuses:
    """What the hospitals' codes and words mean; an institution's own table goes over the shared one."""

    def __init__(self, shared: _Table | None = None, own: Mapping[str, _Table] | None = None) -> None:
        self._shared = shared or {}
        self._own = own or {}

    def of(self, institution: str, source: str, code: str, name: str) -> int:
        """Give our status of a code and a word; the code goes before the word, the message's own rows before those for all.

        UNMAPPED when no table knows either.
        """
        for table in (self._own.get(institution, {}), self._shared):
            for theirs in (normal_code(code), normal_code(name)):
                for wanted in (source, "*"):
                    if theirs and (wanted, theirs) in table:
                        return table[wanted, theirs]
        return UNMAPPED


def load_statuses(root: Path) -> Statuses:
    """Read the tables of a set of files; without any nothing is known. Raises ConfigError (CFG-026) with every fault at its line."""
    found: dict[str, _Table] = {}
    faults: list[Fault] = []
    for name in status_files(root):
        table: dict[tuple[str, str], int] = {}
        try:
            faults += _read((root / name).read_bytes().decode("utf-8-sig"), name, table)
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            faults.append(_fault(name, line, "状态表不是 UTF-8；请另存为 CSV UTF-8"))
        found[name] = table
    if faults:
        raise ConfigError(faults)
    shared = found.pop(TABLE, {})
    return Statuses(shared, {Path(name).parent.name: table for name, table in found.items()})


def status_files(root: Path) -> tuple[str, ...]:
    """Name the tables that are there, by path from the project's top."""
    own = sorted(path.relative_to(root).as_posix() for path in root.glob(OWN_TABLES))
    return (*((TABLE,) if (root / TABLE).is_file() else ()), *own)


def _read(text: str, shown: str, table: dict[tuple[str, str], int]) -> Iterator[Fault]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        if tuple(next(rows, ()))[:3] != HEAD[:3]:
            yield _fault(shown, 1, "第一行应为 source,theirs,status,meaning")
            return
        for row in rows:
            if any(row) and (wrong := _take([cell.strip() for cell in row], table)):
                yield _fault(shown, rows.line_num, wrong)
    except csv.Error as error:
        yield _fault(shown, rows.line_num, f"CSV 写错了：{error}")


def _take(cells: list[str], table: dict[tuple[str, str], int]) -> str:
    """Take one row into a table; gives what is wrong with it."""
    if len(cells) not in (3, 4) or not cells[1]:
        return "每行应有 source、theirs、status 三列，meaning 可不填"
    source, theirs, status = cells[0], normal_code(cells[1]), cells[2]
    if source not in SOURCES:
        return f"source 不能是“{source}”，应为 {'、'.join(SOURCES)} 之一"
    if not status.isdecimal() or int(status) not in STATUSES:
        return f"没有状态“{status}”，应为 {'、'.join(map(str, STATUSES))} 之一"
    if (source, theirs) in table:
        return f"“{theirs}”出现了两次"
    table[source, theirs] = int(status)
    return ""


def _fault(shown: str, line: int, message: str) -> Fault:
    return Fault(file=shown, line=line, column=1, code="CFG-026", message=message)
