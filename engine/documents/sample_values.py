"""Invent the value of a data element, as xsd/clinical/samples/values.csv says."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random

from engine.documents.clinicaltree import Element, add
from engine.documents.sample_times import moment, stamp
from engine.documents.sample_words import NAMES, Visit, Words
from engine.documents.tables import CodeSet, Row, Tables, named

_HOLE = re.compile(r"\{([^{}]+)\}")
_RANGE = re.compile(r"(\d+)(?:\.(\d+))?\.\.(\d+)(?:\.\d+)?")
_SPAN = re.compile(r"=(minutes|days) (\S+) (\S+)")
_SECONDS = {"minutes": 60, "days": 86400}


@dataclass(frozen=True)
class Page:
    """What the writers of one document share."""

    visit: Visit
    words: Words
    tables: Tables
    told: Values
    dice: Random
    full: bool

    def text(self, entry: Row) -> str:
        """Invent a value as text: a typed row of values.csv, else the case, else a row for every type, else the example."""
        typed, plain = self.told.find(entry)
        said = typed or self.visit.texts.get(entry["de"]) or plain or entry["example"]
        return self.filled(self.dice.choice(said.split("|")))

    def filled(self, said: str) -> str:
        """Work out one alternative of values.csv: a time, a span of time, a number from a range, or a text with holes."""
        if said.startswith("@"):
            name, _, day = said[1:].partition(":")
            return stamp(moment(self.visit.moments, name))[: 8 if day else 14]
        if span := _SPAN.fullmatch(said):
            unit, first, last = span.groups()
            seconds = (moment(self.visit.moments, last) - moment(self.visit.moments, first)).total_seconds()
            return str(max(1, round(seconds / _SECONDS[unit])))
        if numbers := _RANGE.fullmatch(said):
            return _number(self.dice, said, len(numbers[2] or ""))
        return _HOLE.sub(lambda m: self.visit.holes[m[1]], said)

    def code(self, entry: Row) -> tuple[str, str]:
        """Invent a code with its meaning: from what is said of the element, else any of its value set."""
        values, (typed, plain) = self.tables.sets[entry["value_set"]], self.told.find(entry)
        said = typed or self.visit.texts.get(entry["de"]) or plain
        return self.coded(values, self.dice.choice(said.split("|")), entry["name"]) if said else _any(values, self.dice)

    def coded(self, values: CodeSet, said: str, name: str) -> tuple[str, str]:
        """Give a code with its meaning: `{hole}`, `code:meaning`, or a code of the set."""
        if hole := _HOLE.fullmatch(said):
            return self.visit.holes[hole[1]], self.visit.holes[NAMES[hole[1]]]
        code, _, shown = said.partition(":")
        return code, shown or dict(values.codes).get(code, name)


class Values:
    """values.csv: how each data element is invented."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, entry: Row) -> tuple[str, str]:
        """Give what is said of an element for this type or section, and what is said of it for all."""
        typed = plain = ""
        for row in self._by_element.get(entry["de"], ()):
            if not row["types"] and not row["section"]:
                plain = plain or row["value"]
            elif _meant(row, entry):
                typed = typed or row["value"]
        return typed, plain

    def unit(self, entry: Row) -> str:
        """Give the unit of an element that has no unit of its own in the rules."""
        return next((r["unit"] for r in self._by_element.get(entry["de"], ()) if r["unit"] and _meant(r, entry)), "")

    @cached_property
    def _by_element(self) -> Mapping[str, list[Mapping[str, str]]]:
        found: dict[str, list[Mapping[str, str]]] = {}
        with self._path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                found.setdefault(row["de"], []).append(row)
        return found


def _meant(row: Mapping[str, str], entry: Row) -> bool:
    """Tell whether a row of values.csv is meant for a type and section."""
    return named(row["types"], entry["type"]) and row["section"] in ("", entry["section"])


def _number(dice: Random, said: str, places: int) -> str:
    least, most = (float(part) for part in said.split(".."))
    return f"{dice.uniform(least, most):.{places}f}" if places else str(dice.randint(int(least), int(most)))


def _any(values: CodeSet, dice: Random) -> tuple[str, str]:
    return dice.choice(values.codes) if values.codes else (values.example, values.title)


def write_value(observation: Element, entry: Row, page: Page, said: Mapping[str, str]) -> None:
    """Append the value of an observation in the first type that the element takes; `said` overrules what is invented."""
    kind = entry["value_type"].split("|")[0]
    VALUES[kind](observation, entry, page, said)


def _text(observation: Element, entry: Row, page: Page, said: Mapping[str, str]) -> None:
    add(observation, "value", said.get("text") or page.text(entry), xsi_type="ST")


def _code(observation: Element, entry: Row, page: Page, said: Mapping[str, str]) -> None:
    values = page.tables.sets[entry["value_set"]]
    code, shown = page.coded(values, said["code"], entry["name"]) if "code" in said else page.code(entry)
    named = {"codeSystem": values.oid, "codeSystemName": values.name}
    add(observation, "value", xsi_type="CD", code=code, **named, displayName=shown)


def _truth(observation: Element, entry: Row, page: Page, said: Mapping[str, str]) -> None:
    add(observation, "value", xsi_type="BL", value=said.get("text") or page.text(entry))


def _amount(observation: Element, entry: Row, page: Page, said: Mapping[str, str]) -> None:
    number = said.get("number") or page.text(entry)
    unit = said.get("unit") or page.filled(next(iter(entry["unit"].split()), "") or page.told.unit(entry))
    add(observation, "value", xsi_type=entry["value_type"].split("|")[0], value=number, unit=unit)


def _count(observation: Element, entry: Row, page: Page, said: Mapping[str, str]) -> None:
    add(observation, "value", xsi_type=entry["value_type"].split("|")[0], value=said.get("number") or page.text(entry))


def _money(observation: Element, entry: Row, page: Page, said: Mapping[str, str]) -> None:
    number, currency = said.get("number") or page.text(entry), next(iter(entry["unit"].split()), "元")
    add(observation, "value", xsi_type="MO", value=number, currency=currency)


VALUES: Mapping[str, Callable[[Element, Row, Page, Mapping[str, str]], None]] = {
    "ST": _text,
    "CD": _code,
    "BL": _truth,
    "PQ": _amount,
    "INT": _count,
    "REAL": _count,
    "MO": _money,
    "TS": _count,
}
"""How a value of each type is written."""
