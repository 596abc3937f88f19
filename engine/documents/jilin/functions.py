"""Know every function of the Jilin text: its two messages node by node, and what each RETURN_CODE of it means to us."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

FOLDER = Path(__file__).resolve().parents[3] / "xsd" / "messages" / "jilin"
"""Where the tables stand (xsd/messages/jilin/README.md says what they were made from)."""

Which = Literal["request", "response"]
Kind = Literal["Root", "List", "String", "Int", "Number", "DateTime"]
Meaning = Literal[
    "ok", "exists", "repeat", "full", "taken", "nothing", "no-order", "paid", "closed", "cancelled", "refunded",
    "amount", "identity", "unknown-place", "refused", "request", "failed", "other",
]  # fmt: skip
"""What a code means to us.

`exists` and `repeat`: our number was used before, so ask what became of it. `full`, `taken`: no seat. `nothing`: a query found
nothing. `no-order`, `paid`, `closed`, `cancelled`, `refunded`: the state the order is in there. `amount`: the money does not agree.
`identity`: person or card does not fit the hospital's file. `unknown-place`: department, doctor or schedule is not known there, so
our copy is old. `refused`: by a rule of the hospital. `request`: the question itself was wrong. `failed`: the hospital broke down,
and may have acted. `other`: not in the table.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One node of a message, in the order of the text.

    `length` counts characters, 0 for no limit; `also` are other places where it is met on the wire (section 8 of the fact sheet:
    another spelling, or PARENT/NAME); `since` is the version of the text that has it, or "ours".
    """

    name: str
    kind: Kind
    length: int
    required: bool
    also: str
    since: str
    title: str
    meaning: str
    children: tuple[Node, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Function:
    """One function: four digits, its name in the text, and its messages."""

    code: str
    name: str
    title: str
    from_platform: bool
    since: str
    request: Node
    response: Node

    def message(self, which: Which) -> Node:
        """Give the root node of one of the two messages."""
        return self.request if which == "request" else self.response


class Functions(Mapping[str, Function]):
    """Every function by its four digits."""

    def __init__(self, functions: Mapping[str, Function], meanings: Mapping[tuple[str, str], tuple[Meaning, str]]) -> None:
        self._functions = functions
        self._meanings = meanings

    def __getitem__(self, code: str) -> Function:
        return self._functions[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def meaning(self, function: str, code: str) -> Meaning:
        """Say what a RETURN_CODE of a function means to us; the same digits may mean another thing at another function."""
        return self._coded(function, code)[0]

    def words(self, function: str, code: str) -> str:
        """Give the Chinese text of a code, "" when the text knows none."""
        return self._coded(function, code)[1]

    def codes(self, function: str) -> Mapping[str, str]:
        """List the business codes of one function with their Chinese texts."""
        return {code: text for (owner, code), (_, text) in self._meanings.items() if owner == function}

    def _coded(self, function: str, code: str) -> tuple[Meaning, str]:
        found = self._meanings.get((function, code)) or self._meanings.get(("*", code))
        return found or ("other", "")


def _rows(name: str, folder: Path) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _tree(rows: Sequence[dict[str, str]], row: dict[str, str]) -> Node:
    children = tuple(_tree(rows, inner) for inner in rows if inner["parent"] == row["node"])
    kind = next(known for known in get_args(Kind) if known == row["type"])
    return Node(
        name=row["node"],
        kind=kind,
        length=int(row["length"] or 0),
        required=row["required"] == "Y",
        also=row["also"],
        since=row["since"],
        title=row["title_zh"],
        meaning=row["meaning_en"],
        children=children,
    )


def _function(code: str, rows: Sequence[dict[str, str]]) -> Function:
    sides = {}
    for which in get_args(Which):
        mine = [row for row in rows if row["message"] == which]
        sides[which] = _tree(mine, next(row for row in mine if row["type"] == "Root"))
    return Function(
        code=code,
        name=rows[0]["name"],
        title=sides["request"].title,
        from_platform=rows[0]["direction"] == "platform->hospital",
        since=sides["request"].since,
        request=sides["request"],
        response=sides["response"],
    )


@lru_cache(maxsize=4)
def load_functions(folder: Path = FOLDER) -> Functions:
    """Read functions.csv and codes.csv, once."""
    grouped: dict[str, list[dict[str, str]]] = {}
    for row in _rows("functions.csv", folder):
        grouped.setdefault(row["function"], []).append(row)
    functions = {code: _function(code, rows) for code, rows in grouped.items()}
    meanings = {
        (row["function"], row["code"]): (next(m for m in get_args(Meaning) if m == row["meaning"]), row["title_zh"])
        for row in _rows("codes.csv", folder)
    }
    return Functions(MappingProxyType(functions), MappingProxyType(meanings))


FUNCTIONS = load_functions()
"""The functions of the text, with those of its later versions that this house uses and the few that are ours."""


def meaning(function: str, code: str) -> Meaning:
    """Say what a RETURN_CODE of a function means to us."""
    return FUNCTIONS.meaning(function, code)
