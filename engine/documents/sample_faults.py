"""Break one rule of an invented document on purpose: as faults.csv says, else as the kind of rule tells."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lxml import etree

from engine.documents.clinicaltree import HL7, XSI, Element
from engine.documents.ruletables import Assertion, qualify
from engine.documents.tables import Row, Tables, named

_NAMES = {"hl7": HL7, "xsi": XSI}
_SECTIONS = "//hl7:structuredBody//hl7:section"
_VALUES = "//hl7:structuredBody//hl7:observation/hl7:value"
_PLACES = {
    "patient": "//hl7:recordTarget/hl7:patientRole/hl7:patient",
    "body": "/hl7:ClinicalDocument/hl7:component/hl7:structuredBody",
    "document": "/hl7:ClinicalDocument",
    "sections": _SECTIONS,
    "times": "//hl7:structuredBody//hl7:effectiveTime",
    "drugs": "//hl7:structuredBody//hl7:substanceAdministration",
}
_SET = re.compile(r"\$(\w+)")
_OF_ELEMENT = re.compile(r"key\('value','([^']+)'\)")
_ACCEPTED = re.compile(r"contains\(' ([^']*) '")
_NUMBERED = re.compile(r"\[\d+\]$")
_ASKED = re.compile(r"\$sections\[([^\[\]]*)\](\[\d+\])?$")
_NO_CODE = "?"
"""A code that no value set holds, and no coding system begins with."""

Step = tuple[str, str, str]
"""An operation, the XPath of what it works on, and its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """How one rule is broken, step by step; `code` and `severity` say how the document is answered.

    `follows` are patterns of other rules that may fail because this one was broken.
    """

    rule: str
    steps: tuple[Step, ...]
    code: str
    severity: str
    follows: tuple[str, ...] = ()

    def apply(self, root: Element) -> list[Element]:
        """Break the document and give the elements touched last; raises ValueError when there is nothing to break."""
        touched: list[Element] = []
        for operation, at, value in self.steps:
            found = root.xpath(at, namespaces=_NAMES)
            if not found:
                raise ValueError(f"{self.rule}: nothing at {at}")
            touched = OPERATIONS[operation](found, value)
        return touched


def breakers(tables: Tables, rules: Sequence[Assertion], type_code: str, samples: Path) -> Mapping[str, Breaker]:
    """Give a breaker for each rule: from faults.csv of the folder when it stands there, else as the kind of rule tells."""
    found = _told(rules, type_code, samples / "faults.csv")
    ways, follows = dict(_by_row(tables, type_code)), _follows(samples / "consequences.csv", type_code)
    for rule in (r for r in rules if r.rule not in found):
        step = ways.get(rule.rule) or _by_test(rule)
        if step:
            found[rule.rule] = Breaker(rule=rule.rule, steps=(step,), code=rule.code, severity=rule.severity)
    return {name: replace(breaker, follows=follows.get(name, ())) for name, breaker in found.items()}


def _told(rules: Sequence[Assertion], type_code: str, told: Path) -> dict[str, Breaker]:
    """Read faults.csv: the rows of one fault are its steps; a fault of the grammar names its own code."""
    known = {rule.rule: rule for rule in rules}
    found: dict[str, Breaker] = {}
    for row in _rows(told, type_code):
        name, rule = row["fault"], known.get(row["fault"])
        code, severity = (rule.code, rule.severity) if rule else (row["code"], row["severity"])
        earlier = found[name].steps if name in found else ()
        steps = (*earlier, (row["operation"], row["at"], row["value"]))
        if code:
            found[name] = Breaker(rule=name, steps=steps, code=code, severity=severity)
    return found


def _follows(path: Path, type_code: str) -> Mapping[str, tuple[str, ...]]:
    """Read consequences.csv: fault -> patterns of the rules that may fail with it."""

    def own(text: str) -> str:
        return text.replace("{type}", type_code)

    return {own(row["fault"]): tuple(own(row["follows"]).split()) for row in _rows(path, type_code)}


def _rows(path: Path, type_code: str) -> list[Mapping[str, str]]:
    """Read the rows of a table that are meant for a type."""
    with path.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if named(row["types"], type_code)]


def _by_row(tables: Tables, type_code: str) -> Iterator[tuple[str, Step]]:
    """Tell how rules on presence are broken: what must be there is taken out, what must be filled is emptied."""
    for row in (r for r in tables.elements if r.meant_for(type_code)):
        if step := _taken_out(row):
            yield row["rule"], step


def _taken_out(row: Row) -> Step | None:
    at = f"{absolute(qualify(row['context']))}/{row['argument']}"
    if row["check"] == "present":
        return "delete", at, ""
    if row["check"] == "filled":
        return ("delete", at, "") if "/@" in at else ("set", at, " ")
    return None


def _by_test(rule: Assertion) -> Step | None:
    """Find out from code and test of a rule how to break it; None when only a person could know."""
    if rule.rule.endswith(".missing"):
        return _emptied(rule)
    if rule.rule.endswith(".system"):
        return "set", f"{_first(rule)}/@codeSystem", "1.2.3"
    if rule.code == "SND-410" and "<=" in rule.test:
        return "lengthen", _first(rule), rule.test.rpartition("<=")[2]
    ways = {"SND-404": _cut, "SND-408": _miscoded, "SND-409": _mistyped, "SND-411": _mismeasured}
    return ways[rule.code](rule) if rule.code in ways else None


def absolute(context: str) -> str:
    """Write the context of a rule without named sets; every set of values that rules start from is a part of all values."""
    plain = _OF_ELEMENT.sub(r"(//hl7:structuredBody//hl7:observation[hl7:code/@code='\1']/hl7:value)", context)
    return _SET.sub(lambda m: f"({_PLACES.get(m[1], _VALUES)})", plain)


def _first(rule: Assertion) -> str:
    return f"({absolute(rule.context)})[1]"


def _emptied(rule: Assertion) -> Step:
    """Take the value of the data element out of the section, or out of all sections that count as it."""
    element = rule.rule.removesuffix(".missing").rpartition(".DE")[2]
    sections = _NUMBERED.sub("", rule.context)
    held = absolute(sections) if sections != rule.context else _first(rule)
    return "delete", f"{held}//hl7:observation[hl7:code/@code='DE{element}']/hl7:value", ""


def _cut(rule: Assertion) -> Step | None:
    """Take out all sections that count as the one asked for, or the last of several."""
    asked = _ASKED.search(rule.test)
    if asked is None:
        return None
    at = f"//hl7:structuredBody//hl7:component[hl7:section[{asked[1]}]]"
    return "delete", f"({at}){asked[2]}" if asked[2] else at, ""


def _miscoded(rule: Assertion) -> Step:
    return "set", f"{_first(rule)}/@code", _NO_CODE


def _mistyped(rule: Assertion) -> Step:
    accepted = _ACCEPTED.search(rule.test)
    names = accepted[1].split() if accepted else []
    return "retype", _first(rule), next(name for name in ("ST", "INT", "BL") if name not in names)


def _mismeasured(rule: Assertion) -> Step:
    return "set", f"{_first(rule)}/@{'currency' if '@currency' in rule.test else 'unit'}", "错"


def _owner(one: Any) -> Element:
    """Give an element itself, or the element that has an attribute."""
    return one if hasattr(one, "tag") else one.getparent()


def _set(found: Sequence[Any], value: str) -> list[Element]:
    """Set the first attribute or text."""
    owner = _owner(found[0])
    if owner is found[0]:
        owner.text = value
    else:
        owner.set(found[0].attrname, value)
    return [owner]


def _delete(found: Sequence[Any], _value: str) -> list[Element]:
    """Take everything out that was found; what held it was touched."""
    parents = [one.getparent() for one in found]
    for one, parent in zip(found, parents, strict=True):
        if hasattr(one, "tag"):
            parent.remove(one)
        else:
            parent.attrib.pop(one.attrname)
    return parents


def _rename(found: Sequence[Any], value: str) -> list[Element]:
    found[0].tag = f"{{{HL7}}}{value}"
    return [found[0]]


def _copy(found: Sequence[Any], _value: str) -> list[Element]:
    twin = etree.fromstring(etree.tostring(found[0], with_tail=False))
    found[0].addnext(twin)
    return [twin]


def _retype(found: Sequence[Any], value: str) -> list[Element]:
    """Give a value another type and what that type can hold."""
    one = found[0]
    one.attrib.clear()
    one.text = "x" if value == "ST" else None
    one.set(f"{{{XSI}}}type", value)
    if value != "ST":
        one.set("value", {"INT": "1", "BL": "true"}[value])
    return [one]


def _lengthen(found: Sequence[Any], value: str) -> list[Element]:
    """Make a text, an attribute, or the digits of a quantity one longer than allowed."""
    one, length = found[0], int(value) + 1
    if not hasattr(one, "tag"):
        return _set(found, "9" * length)
    if one.get("value") is None:
        one.text = "超" * length
    else:
        one.set("value", "9" * length)
    return [one]


def _twist(found: Sequence[Any], _value: str) -> list[Element]:
    """Write another last character, as a slip of the pen does."""
    return _set(found, found[0][:-1] + ("1" if found[0][-1] != "1" else "2"))


def _unstructure(found: Sequence[Any], _value: str) -> list[Element]:
    """Put one text in the place of all sections."""
    holder = found[0].getparent()
    body = etree.Element(f"{{{HL7}}}nonXMLBody")
    etree.SubElement(body, f"{{{HL7}}}text").text = "全文见附件"
    holder.replace(found[0], body)
    return [holder]


def _graft(found: Sequence[Any], value: str) -> list[Element]:
    """Append a piece of XML in the namespace of clinical documents."""
    piece = etree.fromstring(f'<piece xmlns="{HL7}" xmlns:xsi="{XSI}">{value}</piece>')[0]
    found[0].append(piece)
    return [piece]


OPERATIONS: Mapping[str, Callable[[Sequence[Any], str], list[Element]]] = {
    "set": _set,
    "delete": _delete,
    "rename": _rename,
    "copy": _copy,
    "retype": _retype,
    "lengthen": _lengthen,
    "twist": _twist,
    "unstructure": _unstructure,
    "graft": _graft,
}
"""What `operation` of faults.csv may say; each gives the elements it touched."""
