"""Cut texts of the guide, and what people search for, into the same words: short runs of characters, without a dictionary."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

NAME, BEGINNING, PINYIN, DISEASE, DEPARTMENT, HOSPITAL, CHOICE = range(7)
"""Where a word was found, the best first; CHOICE is what the caller chose, which is no word."""

_RANKS = 10


def rank_of(kind: int, title: int) -> int:
    """Give the rank of a doctor of a title for a word that was found in one of these places; the lower, the better."""
    return kind * _RANKS + title


def title_of(rank: Any) -> Any:
    """Give the title that a rank tells of, of a number as of a column of numbers."""
    return rank % _RANKS


TITLE_WORDS: Mapping[str, int] = MappingProxyType(
    {
        "主任医师": 1, "主任": 1, "正高": 1, "副主任医师": 2, "副主任": 2, "副高": 2, "主治医师": 3, "主治医生": 3, "主治": 3,
        "医师": 4, "住院医师": 4, "主任中医师": 1, "副主任中医师": 2, "主治中医师": 3, "住院中医师": 4,
    }
)  # fmt: skip
"""The words that are a title, with its code."""

_BESIDE = re.compile(r"[^\w]+|_+")
_PLAIN = re.compile(r"[a-z0-9]+")
_LONGEST = 40
"""Characters of a word that are looked at."""


def normal(text: str) -> str:
    """Give a text as it is compared: full width made half, small letters."""
    return unicodedata.normalize("NFKC", text).lower()


def runs(text: str) -> list[str]:
    """Give the runs of letters and digits between marks and blanks."""
    return [run for run in _BESIDE.split(normal(text)) if run]


def is_plain(word: str) -> bool:
    """Tell whether a word is Latin letters and digits alone, and so is never cut."""
    return _PLAIN.fullmatch(word) is not None


def pieces(word: str) -> tuple[str, ...]:
    """Cut a word that is searched for into the pieces by which the index knows it: all of them are there where it is."""
    if is_plain(word) or len(word) < 2:
        return (word,)
    return tuple(dict.fromkeys(_pairs(word)))


def beginnings(name: str) -> Iterator[tuple[str, int]]:
    """Give the beginnings of a name with their class, and the name itself."""
    for length in range(1, len(name)):
        yield name[:length], BEGINNING
    if name:
        yield name, NAME


def words_of(texts: Iterable[str]) -> set[str]:
    """Give every piece that texts may be found by: pairs of characters, and Latin words whole."""
    found: set[str] = set()
    for text in texts:
        for run in runs(text):
            found.update(_PLAIN.findall(run))
            found.update(_pairs(run) if not is_plain(run) else ())
    return found


def compact(text: str) -> str:
    """Give a text without the marks and blanks in it, each a line end: what a word is sought in."""
    return "\n".join(runs(text))


def asked(words: str) -> tuple[str, ...]:
    """Give the words that somebody searches for, each once; marks within a word are passed over, as in a name."""
    found = ("".join(runs(part))[:_LONGEST] for part in normal(words).split())
    return tuple(dict.fromkeys(word for word in found if word))


def _pairs(run: str) -> Iterator[str]:
    return (run[place : place + 2] for place in range(len(run) - 1))
