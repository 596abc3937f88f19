"""Break every rule of a document type, one at a time, and hold what the rules say against what was done."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from zlib import crc32

from lxml import etree

from engine.documents.clinicaltree import HL7, XSI, to_bytes
from engine.documents.press import Press
from engine.documents.rules import RuleSet
from engine.documents.ruletables import Assertion, schematron
from engine.documents.sample_clinical import Clinical
from engine.documents.sample_faults import Breaker, absolute
from engine.errors import Issue

_NAMES = {"hl7": HL7, "xsi": XSI}
_SCH = "{http://purl.oclc.org/dsdl/schematron}"
_STEP = re.compile(r"/([^/\[]+)(\[\d+\])?")


@dataclass(frozen=True, slots=True)
class Broken:
    """A broken document and the elements that were touched last, as they stand in a fresh reading of the bytes."""

    content: bytes
    tree: Any
    touched: tuple[Any, ...]

    @classmethod
    def make(cls, whole: Any, breaker: Breaker) -> Broken:
        """Break a copy of a whole document; raises ValueError when it has nothing that can be broken so."""
        root = deepcopy(whole)
        touched = breaker.apply(root)
        content = to_bytes(root)
        tree = etree.fromstring(content).getroottree()
        return cls(content, tree, tuple(tree.xpath(root.getroottree().getpath(one))[0] for one in touched))

    def may_be_told_at(self, element: Any, rule: Assertion | None) -> bool:
        """Tell whether a finding belongs at an element: a touched one or one around it, that the rule looks at.

        A fault of the grammar may also be told at a child of what was touched.
        """
        if rule is None:
            return any(element in (one, one.getparent()) or element.getparent() is one for one in self.touched)
        around = {node for one in self.touched for node in (one, *one.iterancestors())}
        return element in around and element in self.tree.xpath(absolute(rule.context), namespaces=_NAMES)

    def at(self, path: str) -> Any:
        """Give the element, or the owner of the attribute, that the path of a finding names; None for none."""
        steps = [f"/*[local-name()='{name}']{place}" for name, place in _STEP.findall(path.partition("/@")[0])]
        found = self.tree.xpath("".join(steps)) if steps else []
        return found[0] if len(found) == 1 else None


class Walk:
    """All rules of one type, compiled in two halves, so that each rule can also be looked at as switched off."""

    def __init__(self, press: Press, clinical: Clinical, code: str, seed: int = 1) -> None:
        kind = press.catalogue.types[code]
        self.code = code
        self.rules: Mapping[str, Assertion] = {rule.rule: rule for rule in clinical.rules(kind)}
        self.faults = clinical.faults(kind)
        tables = clinical.tables
        told = [row for row in (*tables.elements, *tables.times) if row["types"] and not row["types"].startswith("!")]
        self._particular = {row["rule"] for row in told}
        self._press = press
        self._whole = clinical.tree(kind, seed, "DEMO-HOSPITAL", full=True)
        printed, names = schematron(kind), list(self.rules)
        self._halves = [(set(names[n::2]), _only(printed, set(names[n::2]), code)) for n in (0, 1)]

    def names(self, share: int = 1) -> list[str]:
        """List the faults: all of the grammar, of rules of this type or of some types only, and one in `share` of the others."""
        return [name for name in self.faults if self._own(name) or crc32(f"{self.code}/{name}".encode()) % share == 0]

    def _own(self, name: str) -> bool:
        return name.startswith((f"{self.code}.", "schema.")) or name in self._particular

    def without_fault(self) -> list[str]:
        """List the rules that nobody can break."""
        return [name for name in self.rules if name not in self.faults]

    def complaints(self, name: str) -> Iterator[str]:
        """Break one rule and say what is wrong with what was found; nothing when all is as it must be."""
        breaker, rule = self.faults[name], self.rules.get(name)
        try:
            broken = Broken.make(self._whole, breaker)
        except ValueError as error:
            yield str(error)
            return
        document = self._press.open(broken.content)
        grammar = self._press.schema("clinical").check(document)
        found = [(names, rules.check(document)) for names, rules in self._halves]
        yield from _wrong(breaker, rule, broken, [*grammar, *(i for _, issues in found for i in issues)])
        switched_off = [i for names, issues in found if name not in names for i in issues]
        if rule is not None and not any(_wrong(breaker, rule, broken, [*grammar, *switched_off])):
            yield f"{name}: nobody notices when the rule is switched off"


def _wrong(breaker: Breaker, rule: Assertion | None, broken: Broken, issues: Sequence[Issue]) -> Iterator[str]:
    """Hold findings against a fault: there, as severe as the table says, at its place, and nothing that does not follow."""
    name = "schema" if rule is None else breaker.rule
    mine = [issue for issue in issues if issue.rule == name]
    if not mine:
        yield f"{breaker.rule}: not found"
    for issue in mine:
        if (issue.code, issue.severity) != (breaker.code, breaker.severity):
            yield f"{breaker.rule}: told as {issue.code} {issue.severity}, not {breaker.code} {breaker.severity}"
    if mine and not any(_well_placed(broken, rule, issue) for issue in mine):
        yield f"{breaker.rule}: told at {mine[0].path} line {mine[0].line}, not where it was broken"
    for other in {issue.rule for issue in issues} - {name}:
        if not any(fnmatchcase(other, pattern) for pattern in breaker.follows):
            yield f"{breaker.rule}: {other} was found too, and does not follow"


def _well_placed(broken: Broken, rule: Assertion | None, issue: Issue) -> bool:
    element = broken.at(issue.path)
    return element is not None and broken.may_be_told_at(element, rule) and issue.line == element.sourceline


def _only(printed: str, names: set[str], code: str) -> RuleSet:
    """Compile printed rules without those that are not named."""
    root = etree.fromstring(printed.encode())
    for check in list(root.iter(f"{_SCH}assert")):
        if check.get("id") not in names:
            check.getparent().remove(check)
    for pattern in list(root.iter(f"{_SCH}pattern")):
        if pattern.find(f".//{_SCH}assert") is None:
            root.remove(pattern)
    return RuleSet.compile(etree.tostring(root, encoding="unicode"), code)
