"""Search as people do: mostly for names and diseases, some with a title, a department or a hospital, some for free seats only."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from bench.guide.province import DEPARTMENTS, DISEASES, PLACES, name_of
from engine.services.guide.pinyin import spellings

_FREE, _SIZE = 0.3, 20
_SHARES = {
    "name": 22, "beginning": 6, "initials": 14, "pinyin": 5, "disease": 20, "disease and title": 8, "department": 6,
    "hospital": 5, "hospital and department": 5, "disease in an area": 4, "choices": 5,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """One search and what kind it is of."""

    kind: str
    words: str = ""
    hospital: str = ""
    department: str = ""
    title: int = 0
    area: str = ""
    free: bool = False
    size: int = _SIZE


def wishes(number: int, hospitals: Sequence[str], dice: random.Random) -> list[Wish]:
    """Invent so many searches; `hospitals` are the names of those on show."""
    kinds = dice.choices(list(_SHARES), list(_SHARES.values()), k=number)
    return [_wish(kind, hospitals, dice) for kind in kinds]


def _wish(kind: str, hospitals: Sequence[str], dice: random.Random) -> Wish:
    name, disease = name_of(dice), dice.choice(DISEASES)
    department, (place, area) = dice.choice(DEPARTMENTS), dice.choice(PLACES)
    syllables = spellings(name)[0]
    words = {
        "name": name, "beginning": name[:1], "initials": "".join(one[0] for one in syllables), "pinyin": "".join(syllables),
        "disease": disease, "disease and title": f"{disease} {dice.choice(('主任医师', '副主任医师'))}", "department": department,
        "hospital": dice.choice((dice.choice(hospitals), f"{place[:2]} 人民医院", "人民医院")),
        "hospital and department": f"{dice.choice(hospitals)} {department}", "disease in an area": disease,
    }.get(kind, "")  # fmt: skip
    free = dice.random() < _FREE
    if kind == "choices":
        code = f"B{dice.randrange(len(hospitals)) + 1:04d}"
        return dice.choice(
            (
                Wish(kind=kind, hospital=code, free=free),
                Wish(kind=kind, hospital=code, department=f"D{dice.randrange(len(DEPARTMENTS))}", free=free),
                Wish(kind=kind, title=dice.choice((1, 2)), area=f"{area}00", free=free),
                Wish(kind=kind, free=True),
            )
        )
    return Wish(kind=kind, words=words, area=f"{area}00" if kind == "disease in an area" else "", free=free)
