"""Invent documents: same type, seed and institution, same bytes; any one rule can be broken on purpose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Protocol

from engine.documents import sample_clinical, sample_operations
from engine.documents.catalogue import Catalogue, DocumentType
from engine.yamlfile import did_you_mean

ROOT = Path(__file__).resolve().parents[2]
"""Where xsd/ lies."""


class Fault(Protocol):
    """How a broken document is answered: the code and the severity of what is found."""

    @property
    def code(self) -> str:
        """The code of the answer."""

    @property
    def severity(self) -> str:
        """Error or warning."""


class Generator(Protocol):
    """What invents the documents of one family."""

    def sample(self, kind: DocumentType, seed: int, institution: str, fault: str | None) -> bytes:
        """Invent one document as UTF-8 XML, broken as `fault` says."""

    def faults(self, kind: DocumentType) -> Mapping[str, Fault]:
        """List what can be broken: name -> how that is answered."""


GENERATORS: Mapping[str, Callable[[Path], Generator]] = {
    "clinical": sample_clinical.Clinical,
    "operations": sample_operations.Operations,
}
"""The family of the catalogue -> what invents its documents."""


def sample(type_code: str, seed: int = 1, institution: str = "DEMO-HOSPITAL", fault: str | None = None) -> bytes:
    """Invent a document of the type as UTF-8 XML; `fault`, one of `faults(type_code)`, breaks exactly that rule.

    Everything in it is invented (identity numbers have a right check character). Raises KeyError for an unknown
    type, ValueError for an unknown fault, both with the nearest known word.
    """
    kind = _kind(type_code)
    if fault is not None and fault not in (known := faults(type_code)):
        raise ValueError(f"no fault {fault} for {type_code}{did_you_mean(fault, known)}")
    return _generator(kind.family).sample(kind, seed, institution, fault)


def types() -> tuple[str, ...]:
    """List the types of which samples can be invented."""
    return tuple(code for code, kind in _catalogue().types.items() if kind.family in GENERATORS)


def own_number(type_code: str, seed: int = 1, institution: str = "DEMO-HOSPITAL") -> str:
    """Give the document's own number (extension of its id) without writing it."""
    return f"{institution}-{type_code}-{seed:08d}"


def faults(type_code: str) -> Mapping[str, Fault]:
    """List what can be broken in a document of the type: name of the rule -> code and severity of the answer."""
    kind = _kind(type_code)
    return _generator(kind.family).faults(kind)


@cache
def _catalogue() -> Catalogue:
    return Catalogue.load(ROOT / "xsd" / "catalogue.yaml")


def _kind(type_code: str) -> DocumentType:
    found = _catalogue().types.get(type_code)
    if found is None or found.family not in GENERATORS:
        raise KeyError(f"no type {type_code}{did_you_mean(type_code, types())}")
    return found


@cache
def _generator(family: str) -> Generator:
    return GENERATORS[family](ROOT)
