"""Invent who and when an invented document is about, from xsd/clinical/samples/words.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from engine.message import SHANGHAI
from engine.yamlfile import read_yaml

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_FIRST_DAY = datetime(2025, 1, 1, tzinfo=SHANGHAI)

Words = Mapping[str, Any]
"""words.yaml as plain data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One invented visit: the patient, the case, the people and the times (Asia/Shanghai)."""

    serial: int
    institution: str
    hospital: str
    department: str
    name: str
    identity: str
    gender: str
    birth: datetime
    region: str
    phone: str
    address: tuple[str, str]
    started: datetime
    authored: datetime
    written: datetime
    staff: tuple[tuple[str, str], ...]
    case: Mapping[str, Any]

    @property
    def age(self) -> int:
        """Full years at the time of the document."""
        birthday = (self.written.month, self.written.day) >= (self.birth.month, self.birth.day)
        return self.written.year - self.birth.year - (0 if birthday else 1)


def read_words(path: Path) -> Words:
    """Read words.yaml; raises ConfigError with its faults."""
    words: Words = read_yaml(path, "xsd/clinical/samples/words.yaml").data
    return words


def identity_number(region: str, birth: datetime, order: int) -> str:
    """Make a resident identity number whose check character is right (GB 11643); an odd order is a man."""
    first = f"{region}{birth:%Y%m%d}{order:03d}"
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first, strict=True))
    return first + "10X98765432"[total % 11]


def invent_visit(words: Words, dice: Random, seed: int, institution: str) -> Visit:
    """Draw a visit; the same dice give the same visit."""
    born = datetime(dice.randint(1940, 2006), dice.randint(1, 12), dice.randint(1, 28), tzinfo=SHANGHAI)
    order, region = dice.randint(1, 999), dice.choice(words["regions"])
    started = _FIRST_DAY + timedelta(days=dice.randrange(540), hours=dice.randint(8, 16), minutes=dice.randrange(60))
    authored = started + timedelta(minutes=dice.randint(10, 90), seconds=dice.randrange(60))
    names = dice.sample(words["staff"], 6)
    return Visit(
        serial=seed,
        institution=institution,
        hospital=Random(institution).choice(words["hospitals"]),
        department=dice.choice(words["departments"]),
        name=f"测试患者{dice.choice(words['families'])}{dice.choice(words['givens'])}",
        identity=identity_number(region, born, order),
        gender="1" if order % 2 else "2",
        birth=born,
        region=region,
        phone=f"0431-8000{dice.randint(1000, 9999)}",
        address=(dice.choice(words["streets"]), f"{dice.randint(1, 200)}号"),
        started=started,
        authored=authored,
        written=authored + timedelta(seconds=dice.randint(5, 600)),
        staff=tuple((f"{dice.randint(1000, 9999)}", name) for name in names),
        case=dice.choice(words["cases"]),
    )


def stamp(moment: datetime) -> str:
    """Write a time as CDA does: YYYYMMDDhhmmss."""
    return moment.strftime("%Y%m%d%H%M%S")
