"""Lay two texts side by side, line by line, with what differs marked; within a bound, however long they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Literal

from engine.channels.rehearsal import visible

COMPARED = 3000
"""Lines of each side that are compared; what is longer is shown without marks."""

SHOWN = 800
"""Rows that are shown."""

LONGEST = 400
"""Characters of one line that are shown."""

_AROUND = 3
_WIDE = 2000
"""Characters of a line from which a document is broken at its tags, as one that came without any line breaks."""

Kind = Literal["same", "changed", "gone", "new", "gap"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a line; `marked` when it differs from the other side."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row: number and pieces of each side; number 0 where a side has no line. `at_fault` when an issue means the left line."""

    kind: Kind
    left: int
    right: int
    before: tuple[Piece, ...] = ()
    after: tuple[Piece, ...] = ()
    at_fault: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What is shown: the rows, how many rows differ, and whether more was left out; `alone` when there is one side only.

    `numbered` is false when lines were broken for the eye, so that numbers do not count in what was sent.
    """

    rows: tuple[Row, ...]
    differences: int = 0
    cut: bool = False
    alone: bool = False
    compared: bool = True
    numbered: bool = True


def alone(text: str, faults: Iterable[int] = ()) -> Sheet:
    """Lay out one text; lines that issues mean are marked."""
    lines, numbered = _lines(text)
    marked = frozenset(faults) if numbered else frozenset()
    rows = tuple(Row("same", n, 0, _plain(line), at_fault=n in marked) for n, line in enumerate(lines[:SHOWN], 1))
    return Sheet(rows=rows, cut=len(lines) > SHOWN, alone=True, numbered=numbered)


def side_by_side(before: str, after: str) -> Sheet:
    """Lay out what differs between two texts, with a few lines around each difference."""
    (left, one), (right, other) = _lines(before), _lines(after)
    if max(len(left), len(right)) > COMPARED:
        pairs = zip_longest(left[:SHOWN], right[:SHOWN])
        rows = [_beside(n, line, again) for n, (line, again) in enumerate(pairs, 1)]
        return Sheet(rows=tuple(rows), cut=True, compared=False, numbered=one and other)
    rows = list(_differing(left, right))
    differences = sum(row.kind in ("changed", "gone", "new") for row in rows)
    return Sheet(rows=tuple(rows[:SHOWN]), differences=differences, cut=len(rows) > SHOWN, numbered=one and other)


def _lines(text: str) -> tuple[list[str], bool]:
    lines = text.replace("\r\n", "\n").split("\n")
    if max(map(len, lines)) <= _WIDE:
        return lines, True
    return re.sub(r">\s*<", ">\n<", text).split("\n"), False


def _beside(number: int, before: str | None, after: str | None) -> Row:
    left, right = number if before is not None else 0, number if after is not None else 0
    return Row("same", left, right, _plain(before or ""), _plain(after or ""))


def _differing(left: Sequence[str], right: Sequence[str]) -> Iterator[Row]:
    end = 0
    for group in SequenceMatcher(None, left, right).get_grouped_opcodes(_AROUND):
        if group[0][1] > end:
            yield Row("gap", 0, 0)
        for tag, a, b, c, d in group:
            yield from _rows(tag, left[a:b], right[c:d], a, c)
        end = group[-1][2]
    if 0 < end < len(left):
        yield Row("gap", 0, 0)


def _rows(tag: str, left: Sequence[str], right: Sequence[str], a: int, c: int) -> Iterator[Row]:
    for n, (before, after) in enumerate(zip_longest(left, right), 1):
        if tag == "equal" and before is not None and after is not None:
            yield Row("same", a + n, c + n, _plain(before), _plain(after))
        elif before is None:
            yield Row("new", 0, c + n, (), (Piece(_cut(after or ""), marked=True),))
        elif after is None:
            yield Row("gone", a + n, 0, (Piece(_cut(before), marked=True),), ())
        else:
            yield Row("changed", a + n, c + n, *_marked(before, after))


def _marked(before: str, after: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Mark what stands between the common beginning and the common end of two lines."""
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    return _pieces(before, head, tail), _pieces(after, head, tail)


def _common(one: str, other: str) -> int:
    """Count the characters with which two texts begin alike."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _pieces(line: str, head: int, tail: int) -> tuple[Piece, ...]:
    end = len(line) - tail
    found = (Piece(_cut(line[:head])), Piece(_cut(line[head:end]), marked=True), Piece(_cut(line[end:])))
    return tuple(piece for piece in found if piece.text)


def _plain(line: str) -> tuple[Piece, ...]:
    return (Piece(_cut(line)),) if line else ()


def _cut(text: str) -> str:
    return visible(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")
