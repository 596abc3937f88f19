"""Break one rule of an invented document on purpose."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from engine.documents.ruletables import Assertion
from engine.documents.sample_tree import HL7, XSI, Element
from engine.documents.tables import named

_NAMES = {"hl7": HL7, "xsi": XSI}
_SET = re.compile(r"^\$(?:strange|doubtful|coded|measured|values|over\d+)")
_OTHER_SET = re.compile(r"^\$(patient|body|document|times|drugs)")
_PLACES = {
    "patient": "//hl7:recordTarget/hl7:patientRole/hl7:patient",
    "body": "//hl7:structuredBody",
    "document": "/hl7:ClinicalDocument",
    "times": "//hl7:structuredBody//hl7:effectiveTime",
    "drugs": "//hl7:substanceAdministration",
}
_NO_CODE = "?"
"""A code that no value set holds, and no coding system begins with."""


Step = tuple[str, str, str]
"""An operation, the XPath of what it works on, and its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """How one rule is broken, step by step; `code` and `severity` say how the document is answered."""

    rule: str
    steps: tuple[Step, ...]
    code: str
    severity: str

    def fits(self, root: Element) -> bool:
        """Tell whether a document has what is broken here."""
        return all(root.xpath(at, namespaces=_NAMES) for _operation, at, _value in self.steps)

    def apply(self, root: Element) -> None:
        """Break the document; raises ValueError when it has nothing that can be broken so."""
        for operation, at, value in self.steps:
            found = root.xpath(at, namespaces=_NAMES)
            if not found:
                raise ValueError(f"{self.rule}: nothing at {at}")
            OPERATIONS[operation](found, value)


def breakers(rules: Sequence[Assertion], type_code: str, table: Path) -> Mapping[str, Breaker]:
    """Give a breaker for each rule: from faults.csv when it stands there, else as the kind of rule tells."""
    found = _told(rules, type_code, table)
    for rule in rules:
        step = None if rule.rule in found else _derived(rule)
        if step:
            found[rule.rule] = Breaker(rule=rule.rule, steps=(step,), code=rule.code, severity=rule.severity)
    return found


def _told(rules: Sequence[Assertion], type_code: str, table: Path) -> dict[str, Breaker]:
    """Read faults.csv: the rows of one fault are its steps; a fault of the grammar names its own code."""
    known = {rule.rule: rule for rule in rules}
    found: dict[str, Breaker] = {}
    with table.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if named(row["types"], type_code)]
    for row in rows:
        name, rule = row["fault"], known.get(row["fault"])
        code, severity = (rule.code, rule.severity) if rule else (row["code"], row["severity"])
        earlier = found[name].steps if name in found else ()
        steps = (*earlier, (row["operation"], row["at"], row["value"]))
        if code:
            found[name] = Breaker(rule=name, steps=steps, code=code, severity=severity)
    return found


def _derived(rule: Assertion) -> Step | None:
    """Find out from name and code of a rule how to break it; None when only a person could know."""
    at = _OTHER_SET.sub(lambda m: _PLACES[m.group(1)], _SET.sub("//hl7:observation/hl7:value", rule.context))
    first = f"({at})[1]"
    ways = {
        "SND-404": ("delete", f"//hl7:component[hl7:section[{_inside(rule.test)}]]", ""),
        "SND-408": ("set", f"{first}/@code", _NO_CODE),
        "SND-409": ("retype", first, next(name for name in ("ST", "INT", "CD") if f" {name} " not in rule.test)),
        "SND-411": ("set", f"{first}/@{'currency' if '@currency' in rule.test else 'unit'}", "错"),
    }
    if rule.rule.endswith(".missing"):
        element = rule.rule[rule.rule.rindex("DE0") :].removesuffix(".missing")
        return ("delete", f"//hl7:observation[hl7:code/@code='{element}']/hl7:value", "")
    if rule.rule.endswith(".system"):
        return ("set", f"{first}/@codeSystem", "1.2.3")
    if rule.code == "SND-410" and "<=" in rule.test:
        return ("lengthen", first, rule.test.rpartition("<=")[2])
    if rule.code == "SND-404" and "$sections" not in rule.test:
        return None
    return ways.get(rule.code)


def _inside(test: str) -> str:
    return test.partition("[")[2].rpartition("]")[0]


def _set(found: Sequence[Any], value: str) -> None:
    """Set the first attribute or text."""
    first = found[0]
    if hasattr(first, "getparent") and not hasattr(first, "tag"):
        first.getparent().set(first.attrname, value)
    else:
        first.text = value


def _delete(found: Sequence[Any], _value: str) -> None:
    for one in found:
        parent = one.getparent()
        if hasattr(one, "tag"):
            parent.remove(one)
        else:
            parent.attrib.pop(one.attrname)


def _rename(found: Sequence[Any], value: str) -> None:
    found[0].tag = f"{{{HL7}}}{value}"


def _copy(found: Sequence[Any], _value: str) -> None:
    twin = etree.fromstring(etree.tostring(found[0], with_tail=False))
    found[0].addnext(twin)


def _retype(found: Sequence[Any], value: str) -> None:
    """Give a value another type and what that type can hold."""
    one = found[0]
    one.attrib.clear()
    one.text = "x" if value == "ST" else None
    one.set(f"{{{XSI}}}type", value)
    if value != "ST":
        one.set("value" if value == "INT" else "code", "1")


def _lengthen(found: Sequence[Any], value: str) -> None:
    """Make a text, or the digits of a quantity, one longer than allowed."""
    if found[0].get("value") is None:
        found[0].text = "超" * (int(value) + 1)
    else:
        found[0].set("value", "9" * (int(value) + 1))


def _unstructure(found: Sequence[Any], _value: str) -> None:
    """Put one text in the place of all sections."""
    body = etree.Element(f"{{{HL7}}}nonXMLBody")
    etree.SubElement(body, f"{{{HL7}}}text").text = "全文见附件"
    found[0].getparent().replace(found[0], body)


OPERATIONS: Mapping[str, Callable[[Sequence[Any], str], None]] = {
    "set": _set,
    "delete": _delete,
    "rename": _rename,
    "copy": _copy,
    "retype": _retype,
    "lengthen": _lengthen,
    "unstructure": _unstructure,
}
"""What `operation` of faults.csv may say."""
