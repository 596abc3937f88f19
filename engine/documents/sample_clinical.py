"""Invent clinical documents (WS/T 500-2016, WS/T 483-2016) from the rule tables and xsd/clinical/samples."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from random import Random

from engine.documents.catalogue import DocumentType
from engine.documents.ruletables import assertions
from engine.documents.sample_body import Page, write_body
from engine.documents.sample_faults import Breaker, breakers
from engine.documents.sample_header import write_header
from engine.documents.sample_tree import Element, root_element, to_bytes
from engine.documents.sample_words import Words, invent_visit, read_words
from engine.documents.tables import Tables, load_tables


class Clinical:
    """What every clinical sample is made of, read once."""

    def __init__(self, root: Path) -> None:
        samples = root / "xsd" / "clinical" / "samples"
        self._told = samples / "faults.csv"
        self._tables: Tables = load_tables(root / "xsd" / "clinical" / "rules")
        self._words: Words = read_words(samples / "words.yaml")
        self._breakers: dict[str, Mapping[str, Breaker]] = {}
        with (samples / "shapes.csv").open(encoding="utf-8") as file:
            self._shapes = {(row["type"], row["section"]): row["shape"] for row in csv.DictReader(file)}

    def sample(self, kind: DocumentType, seed: int, institution: str, fault: str | None) -> bytes:
        """Invent one document as UTF-8 XML, broken as `fault` says; raises KeyError for an unknown fault."""
        root = self.tree(kind, seed, institution, full=fault is not None)
        if fault is not None:
            self.faults(kind)[fault].apply(root)
        return to_bytes(root)

    def faults(self, kind: DocumentType) -> Mapping[str, Breaker]:
        """List what can be broken in a document of the type: name of the rule -> how."""
        if kind.code not in self._breakers:
            found = breakers(assertions(self._tables, kind), kind.code, self._told)
            whole = self.tree(kind, 1, "DEMO-HOSPITAL", full=True)
            self._breakers[kind.code] = {name: breaker for name, breaker in found.items() if breaker.fits(whole)}
        return self._breakers[kind.code]

    def tree(self, kind: DocumentType, seed: int, institution: str, *, full: bool) -> Element:
        """Invent one document as a tree; `full` writes every optional part."""
        dice = Random(f"{kind.code}/{seed}")
        visit = invent_visit(self._words, dice, seed, institution)
        root = root_element()
        write_header(root, kind, visit, self._words["types"][kind.code], dice, full=full)
        page = Page(visit=visit, words=self._words, tables=self._tables, dice=dice, full=full)
        write_body(root, kind.code, page, self._shapes)
        return root
