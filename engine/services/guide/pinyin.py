"""Spell names in pinyin, in every way that a character with several readings may be typed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import islice, product
from types import MappingProxyType

SURNAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "万俟": ("mo", "qi"), "尉迟": ("yu", "chi"), "长孙": ("zhang", "sun"), "澹台": ("tan", "tai"), "单于": ("chan", "yu"),
        "单": ("shan",), "曾": ("zeng",), "解": ("xie",), "仇": ("qiu",), "区": ("ou",), "查": ("zha",), "盖": ("ge",),
        "朴": ("piao",), "乐": ("yue",), "任": ("ren",), "华": ("hua",), "纪": ("ji",), "召": ("shao",), "员": ("yun",),
        "缪": ("miao",), "翟": ("zhai",), "冼": ("xian",), "折": ("she",), "秘": ("bi",), "繁": ("po",), "黑": ("he",),
        "种": ("chong",), "覃": ("qin",), "宓": ("mi",), "车": ("che",), "那": ("na",), "隗": ("wei",), "郇": ("xun",),
        "尉": ("wei",), "宿": ("su",), "卜": ("bu",), "訾": ("zi",), "句": ("gou",), "都": ("du",), "洗": ("xian",),
    }
)  # fmt: skip
"""Surnames that are read otherwise than the same characters elsewhere."""

_PART = re.compile(r"[a-z0-9]+|\w")

_MOST = 24
"""Ways of one name that are kept."""

_LETTERS = 13
"""Letters of a spelling that decide the order; so many fit a number of 63 bits."""


def spellings(name: str) -> list[tuple[str, ...]]:
    """Give the ways to spell a name, syllable by syllable, the likeliest first.

    The name has no marks and no capital letters; a run of Latin letters is one syllable.
    """
    surname = next((name[:length] for length in (2, 1) if name[:length] in SURNAMES), "")
    choices: list[tuple[str, ...]] = [(syllable,) for syllable in SURNAMES.get(surname, ())]
    if len(surname) == 1:
        choices = [tuple(dict.fromkeys((*choices[0], *_readings(surname))))]
    parts = _PART.findall(name[len(surname) :])
    if not surname and parts:
        # Most surnames have one reading; the others of the same character would only find strangers.
        choices, parts = [_readings(parts[0])[:1]], parts[1:]
    choices += [_readings(part) for part in parts]
    return list(islice(product(*choices), _MOST)) if choices else []


def typed(ways: Sequence[tuple[str, ...]]) -> set[str]:
    """Give what may be typed for a name of these spellings: initials, pinyin, and the beginnings of pinyin by whole syllables."""
    found: set[str] = set()
    for syllables in ways:
        if len(syllables) > 1:
            found.add("".join(one[:1] for one in syllables))
        for length in range(1, len(syllables) + 1):
            written = "".join(syllables[:length])
            found |= {written, written.replace("v", "u"), written.replace("v", "yu")} if "v" in written else {written}
    return found - {""}


def place(ways: Sequence[tuple[str, ...]]) -> int:
    """Give a number that sorts names by their likeliest spelling."""
    letters = "".join(ways[0])[:_LETTERS] if ways else ""
    number = 0
    for letter in letters.ljust(_LETTERS, "`"):
        number = number * 27 + max(0, min(26, ord(letter) - ord("`")))
    return number


@lru_cache(maxsize=32768)
def _readings(part: str) -> tuple[str, ...]:
    if part.isascii():
        return (part,)
    from pypinyin import Style, pinyin  # its tables take a second to load, and most processes spell nothing

    return tuple(one for one in pinyin(part, style=Style.NORMAL, heteronym=True)[0] if one.isascii()) or ("",)
