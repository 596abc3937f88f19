"""Invent clinical documents (WS/T 500-2016, WS/T 483-2016) from the rule tables and xsd/clinical/samples."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from random import Random

from engine.documents.catalogue import DocumentType
from engine.documents.clinicaltree import Element, root_element, to_bytes
from engine.documents.ruletables import Assertion, assertions
from engine.documents.sample_body import chapters, write_body
from engine.documents.sample_faults import Breaker, breakers
from engine.documents.sample_header import write_header
from engine.documents.sample_values import Page, Values
from engine.documents.sample_words import Plan, Words, invent_visit, read_words
from engine.documents.tables import Tables, load_tables


class Clinical:
    """What every clinical sample is made of, read once."""

    def __init__(self, root: Path) -> None:
        samples = root / "xsd" / "clinical" / "samples"
        self._samples = samples
        self.tables: Tables = load_tables(root / "xsd" / "clinical" / "rules")
        self.words: Words = read_words(samples / "words.yaml")
        self._rules: dict[str, tuple[Assertion, ...]] = {}
        self._breakers: dict[str, Mapping[str, Breaker]] = {}
        self._told = Values(samples / "values.csv")
        self._chapters = chapters(self.tables, _rows(samples / "shapes.csv"))
        self._plans: Mapping[str, Plan] = {row["type"]: row for row in _rows(samples / "types.csv")}

    def sample(self, kind: DocumentType, seed: int, institution: str, fault: str | None) -> bytes:
        """Invent one document as UTF-8 XML, broken as `fault` says; raises KeyError for an unknown fault."""
        root = self.tree(kind, seed, institution, full=fault is not None)
        if fault is not None:
            self.faults(kind)[fault].apply(root)
        return to_bytes(root)

    def faults(self, kind: DocumentType) -> Mapping[str, Breaker]:
        """List what can be broken in a document of the type: name of the rule -> how."""
        if kind.code not in self._breakers:
            self._breakers[kind.code] = breakers(self.tables, self.rules(kind), kind.code, self._samples)
        return self._breakers[kind.code]

    def rules(self, kind: DocumentType) -> tuple[Assertion, ...]:
        """List the rules of the type."""
        if kind.code not in self._rules:
            self._rules[kind.code] = assertions(self.tables, kind)
        return self._rules[kind.code]

    def tree(self, kind: DocumentType, seed: int, institution: str, *, full: bool) -> Element:
        """Invent one document as a tree; `full` writes every optional part."""
        dice, plan = Random(f"{kind.code}/{seed}"), self._plans[kind.code]
        visit = invent_visit(self.words, plan, dice, seed, institution, full=full)
        root = root_element()
        write_header(root, kind, visit, plan, dice, full=full)
        page = Page(visit, self.words, self.tables, self._told, dice, full)
        write_body(root, self._chapters[kind.code], page)
        return root


def _rows(path: Path) -> list[Mapping[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
