"""Invent clinical documents: same type, seed and institution, same bytes; any one rule can be broken on purpose."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random

from engine.documents.catalogue import Catalogue, DocumentType
from engine.documents.ruletables import assertions
from engine.documents.sample_body import Page, write_body
from engine.documents.sample_faults import Breaker, breakers
from engine.documents.sample_header import write_header
from engine.documents.sample_tree import Element, root_element, to_bytes
from engine.documents.sample_words import Words, invent_visit, read_words
from engine.documents.tables import Tables, load_tables

ROOT = Path(__file__).resolve().parents[2]
"""Where xsd/ lies."""


def sample(type_code: str, seed: int = 1, institution: str = "DEMO-HOSPITAL", fault: str | None = None) -> bytes:
    """Invent a document of the type as UTF-8 XML; `fault`, one of `faults(type_code)`, breaks exactly that rule.

    Everything in it is invented (identity numbers have a right check character). Raises KeyError for an unknown
    type, ValueError for an unknown fault.
    """
    workshop = _workshop()
    kind = workshop.catalogue.types[type_code]
    breaker = _breaker(type_code, fault) if fault else None
    root = _document(workshop, kind, seed, institution, full=fault is not None)
    if breaker:
        breaker.apply(root)
    return to_bytes(root)


def types() -> tuple[str, ...]:
    """List the types of which samples can be invented."""
    return tuple(_workshop().catalogue.types)


def own_number(type_code: str, seed: int = 1, institution: str = "DEMO-HOSPITAL") -> str:
    """Give the document's own number (extension of its id) without writing it."""
    return f"{institution}-{type_code}-{seed:08d}"


@cache
def faults(type_code: str) -> Mapping[str, Breaker]:
    """List what can be broken in a document of the type: name of the rule -> how, and code and severity of the answer."""
    workshop = _workshop()
    kind = workshop.catalogue.types[type_code]
    path = workshop.root / "xsd" / "clinical" / "samples" / "faults.csv"
    found = breakers(assertions(workshop.tables, kind), type_code, path)
    whole = _document(workshop, kind, 1, "DEMO-HOSPITAL", full=True)
    return {name: breaker for name, breaker in found.items() if breaker.fits(whole)}


class _Workshop:
    """What every sample is made of, read once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.catalogue = Catalogue.load(root / "xsd" / "catalogue.yaml")
        self.tables: Tables = load_tables(root / "xsd" / "clinical" / "rules")
        samples = root / "xsd" / "clinical" / "samples"
        self.words: Words = read_words(samples / "words.yaml")
        with (samples / "shapes.csv").open(encoding="utf-8") as file:
            self.shapes = {(row["type"], row["section"]): row["shape"] for row in csv.DictReader(file)}


@cache
def _workshop() -> _Workshop:
    return _Workshop(ROOT)


def _document(workshop: _Workshop, kind: DocumentType, seed: int, institution: str, *, full: bool) -> Element:
    dice = Random(f"{kind.code}/{seed}")
    visit = invent_visit(workshop.words, dice, seed, institution)
    root = root_element()
    write_header(root, kind, visit, workshop.words["types"][kind.code], dice, full=full)
    page = Page(visit=visit, words=workshop.words, tables=workshop.tables, dice=dice, full=full)
    write_body(root, kind.code, page, workshop.shapes)
    return root


def _breaker(type_code: str, fault: str) -> Breaker:
    known = faults(type_code)
    if fault not in known:
        raise ValueError(f"no fault {fault} for {type_code}; known: {', '.join(known)}")
    return known[fault]
