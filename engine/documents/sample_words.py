"""Invent who and what an invented document is about, from the words and tables in xsd/clinical/samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from engine.documents.sample_times import Moments, invent_moments, moment
from engine.identity import check_letter
from engine.message import SHANGHAI
from engine.yamlfile import read_yaml

Words = Mapping[str, Any]
"""words.yaml as plain data."""

Plan = Mapping[str, str]
"""What types.csv says of one type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One invented visit: the patient, the case, the people and the times (Asia/Shanghai).

    `texts` are values by data element that belong to the case or must agree within the document; `holes` fill the
    braces of values.csv; `done` names the moments between which something was done to the patient.
    """

    serial: int
    institution: str
    hospital: str
    ward: str
    kind: str
    name: str
    identity: str
    gender: str
    birth: datetime
    phone: str
    address: tuple[str, str]
    moments: Moments
    done: tuple[str, str]
    authored: datetime
    written: datetime
    staff: tuple[tuple[str, str], ...]
    case: Mapping[str, Any]
    drugs: tuple[Mapping[str, Any], ...]
    texts: Mapping[str, str]
    holes: Mapping[str, str]

    @property
    def started(self) -> datetime:
        """When the visit began."""
        return self.moments["admitted"]

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
    return first + check_letter(first)


def invent_visit(words: Words, plan: Plan, dice: Random, seed: int, institution: str, *, full: bool) -> Visit:
    """Draw a visit of the course that the type's plan names; the same dice give the same visit.

    `full` draws a woman where the case lets it, since every section can be written about her.
    """
    course = words["courses"][plan["course"]]
    case = dice.choice([c for c in words["cases"] if plan["course"] in c["courses"]])
    moments = invent_moments(dice, course["hours"])
    order = dice.randint(1, 499) * 2 - (case.get("sex", "2" if full else dice.choice("12")) == "1")
    birth = _birth(dice, case["ages"], moments["admitted"])
    authored = moment(moments, plan["written"]) + timedelta(minutes=dice.randint(1, 20), seconds=dice.randrange(60))
    facts = [dice.choice(group) for group in words["facts"]]
    hospital, ward, street = (
        Random(institution).choice(words["hospitals"]),
        dice.choice(course["wards"]),
        dice.choice(words["streets"]),
    )
    phone, staff = f"0431-8000{dice.randint(1000, 9999)}", dice.sample(words["staff"], len(words["staff"]))
    drugs = tuple(d for d in words["drugs"] if d["name"] in case["drugs"])
    return Visit(
        serial=seed,
        institution=institution,
        hospital=hospital,
        ward=ward,
        kind=course["type"],
        name=f"测试患者{dice.choice(words['families'])}{dice.choice(words['givens'])}",
        identity=identity_number(dice.choice(words["regions"]), birth, order),
        gender="1" if order % 2 else "2",
        birth=birth,
        phone=phone,
        address=(street, f"{dice.randint(1, 200)}号"),
        moments=moments,
        done=tuple(course.get("done", ("operation", "operated"))),
        authored=authored,
        written=authored + timedelta(seconds=dice.randint(5, 600)),
        staff=tuple((f"{dice.randint(1000, 9999)}", name) for name in staff),
        case=case,
        drugs=drugs,
        texts={de: text for fact in facts for de, text in fact.items()} | case.get("texts", {}),
        holes=_holes(words, case, drugs, dice)
        | {"hospital": hospital, "ward": ward, "street": street, "phone": phone, "doctor": staff[0]},
    )


def _birth(dice: Random, ages: tuple[int, int], at: datetime) -> datetime:
    """Draw a birthday between two ages at a time."""
    days = dice.randint(int(ages[0] * 365.25) + 2, int((ages[1] + 1) * 365.25) - 2)
    born = at - timedelta(days=days)
    return datetime(born.year, born.month, born.day, tzinfo=SHANGHAI)


def _holes(words: Words, case: Mapping[str, Any], drugs: tuple[Mapping[str, Any], ...], dice: Random) -> dict[str, str]:
    """Say what the braces of values.csv mean for a case."""
    first = drugs[0]
    operation = case.get("operation", words["procedure"])
    cause = case.get("cause", {"code": case["icd"], "name": case["name"]})
    fen = sum(d["fen"] for d in drugs)
    return {
        "icd": case["icd"],
        "diagnosis": case["name"],
        "tcm-code": case["tcm"],
        "tcm": case["tcm-name"],
        "complaint": case["complaint"],
        "present": case["present"],
        "operation-code": operation["code"],
        "operation": operation["name"],
        "site": operation["site"],
        "steps": operation["steps"],
        "cause-code": cause["code"],
        "cause": cause["name"],
        "drug": first["name"],
        "spec": first["spec"],
        "unit": first["unit"],
        "total": first["total"],
        "pack": first["pack"],
        "usage": f"{first['name']}每次{first['dose']}{first['unit']}，每日{first['times']}次",
        "herbs": dice.choice(words["herbs"]),
        "price": f"{fen // 100}.{fen % 100:02d}",
        "number": f"{dice.randint(0, 99999999):08d}",
    }


NAMES = {"icd": "diagnosis", "tcm-code": "tcm", "operation-code": "operation", "cause-code": "cause"}
"""The hole of a code -> the hole of what it means."""
