"""Read a rule file (ISO Schematron) and write it as one XSLT 1.0 stylesheet that speaks only of failures."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from lxml import etree

from engine.documents.contexts import Scans, ends
from engine.documents.functions import complaint
from engine.documents.xpaths import NAMESPACES
from engine.errors import Fault

SCH = "http://purl.oclc.org/dsdl/schematron"
OURS = "urn:changbai:rules:1"
XSL = "http://www.w3.org/1999/XSL/Transform"
_SETS = "http://exslt.org/sets"
_S, _X = f"{{{SCH}}}", f"{{{XSL}}}"

_TOP = {"title", "ns", "p", "let", "pattern", "diagnostics", "phase"}
_ALLOWED = {
    "schema": _TOP,
    "pattern": {"title", "p", "let", "rule"},
    "rule": {"let", "assert", "report"},
    "assert": {"value-of", "name", "emph", "span", "dir"},
    "report": {"value-of", "name", "emph", "span", "dir"},
}
_OF_THE_LOOP = re.compile(r"\b(?:current|position|last)\s*\(")
"""What means another thing in a predicate than in the loop over what it selects."""

_WARNINGS = {"warning", "warn", "information", "info"}


@dataclass(frozen=True, slots=True)
class Assertion:
    """One assert or report: what an issue needs to say when it fails."""

    rule: str
    code: str
    hint: str
    warning: bool
    message: tuple[str | int, ...]
    """Pieces of text, and the numbers of the values that stand between them."""


@dataclass(slots=True)
class Compiled:
    """A stylesheet and the assertions its calls number."""

    stylesheet: Any
    assertions: list[Assertion] = field(default_factory=list)


class _Bad(Exception):
    """A mistake at an element of the rule file."""

    def __init__(self, element: Any, message: str) -> None:
        super().__init__(message)
        self.element = element
        self.message = message


def compile_rules(root: Any, shown: str) -> tuple[Compiled, list[Fault]]:
    """Write the stylesheet of a parsed rule file; faults (CFG-025) name the file and line of every mistake."""
    return _Writer(root, shown).write()


class _Writer:
    """Writes one stylesheet: a template for each pattern, a loop for each rule, a test for each assertion."""

    def __init__(self, root: Any, shown: str) -> None:
        self._root = root
        self._shown = shown
        self._faults: list[Fault] = []
        self._prefixes = {**NAMESPACES, **{n.get("prefix", ""): n.get("uri", "") for n in root.iter(f"{_S}ns")}}
        reserved = {"xsl": XSL, "cb": OURS, "set": _SETS}
        self._sheet = etree.Element(f"{_X}stylesheet", version="1.0", nsmap={**self._prefixes, **reserved})
        self._out = Compiled(self._sheet)
        self._scans = Scans()
        self._variables: set[str] = set()

    def write(self) -> tuple[Compiled, list[Fault]]:
        """Write the whole; go on after a mistake so that all are told at once."""
        if self._root.tag != f"{_S}schema":
            self._fault(self._root, f"根元素应为 schema（{SCH}）")
            return self._out, self._faults
        if self._root.get("queryBinding", "xslt") != "xslt":
            self._fault(self._root, 'queryBinding 只支持 "xslt"（XPath 1.0）')
        self._check_children(self._root)
        try:
            self._lets(self._root, self._sheet)
        except _Bad as bad:
            self._fault(bad.element, bad.message)
        for key in self._root.iterchildren(f"{_X}key"):
            etree.SubElement(self._sheet, f"{_X}key", dict(key.attrib))
        main = etree.SubElement(self._sheet, f"{_X}template", match="/")
        for number, pattern in enumerate(self._root.iter(f"{_S}pattern")):
            self._pattern(pattern, self._room_for(pattern, main, number))
        for name, variable in self._scans.variables.items():
            self._sheet.insert(0, etree.Element(f"{_X}variable", name=variable, select=f"//{name}"))
        return self._out, self._faults

    def _room_for(self, pattern: Any, main: Any, number: int) -> Any:
        """Give the template to write a pattern into: its own only when it has variables, since each call costs time."""
        if pattern.find(f"{_S}let") is None:
            return main
        etree.SubElement(main, f"{_X}call-template", name=f"p{number}")
        return etree.SubElement(self._sheet, f"{_X}template", name=f"p{number}")

    def _pattern(self, pattern: Any, template: Any) -> None:
        if pattern.get("abstract") == "true" or pattern.get("is-a"):
            self._fault(pattern, "不支持抽象 pattern（abstract、is-a）；请写成普通 pattern")
            return
        self._check_children(pattern)
        outside = set(self._variables)
        try:
            self._lets(pattern, template)
        except _Bad as bad:
            self._fault(bad.element, bad.message)
        earlier: list[tuple[str, set[str] | None]] = []
        for rule in pattern.iter(f"{_S}rule"):
            inside = set(self._variables)
            try:
                earlier.append(self._rule(rule, pattern, template, earlier))
            except _Bad as bad:
                self._fault(bad.element, bad.message)
            self._variables = inside
        self._variables = outside

    def _rule(
        self, rule: Any, pattern: Any, template: Any, earlier: list[tuple[str, set[str] | None]]
    ) -> tuple[str, set[str] | None]:
        """Write the loop over the nodes that this rule is the first of its pattern to match, sifting out at once what fails nothing."""
        if rule.get("abstract") == "true" or rule.find(f"{_S}extends") is not None:
            raise _Bad(rule, "不支持抽象规则（abstract、extends）；请写成普通规则")
        self._check_children(rule)
        context = self._expression(rule, "context")
        chosen, names = self._scans.select(context), ends(context)
        others = [s for s, theirs in earlier if names is None or theirs is None or names & theirs]
        select = f"set:difference({chosen}, {' | '.join(others)})" if others else chosen
        loop = etree.SubElement(template, f"{_X}for-each", select=select)
        self._lets(rule, loop)
        tests = [self._check(check, rule, pattern, loop) for check in rule.iterchildren(f"{_S}assert", f"{_S}report")]
        if tests and rule.find(f"{_S}let") is None and not any(_OF_THE_LOOP.search(test) for test in tests):
            loop.set("select", f"({select})[{' or '.join(tests)} or false()]")
        return chosen, names

    def _check(self, check: Any, rule: Any, pattern: Any, loop: Any) -> str:
        """Write the test of one assertion and the call that notes its failure; gives the test of failing."""
        self._check_children(check)
        test = self._expression(check, "test")
        failed = f"not({test})" if check.tag == f"{_S}assert" else test
        branch = etree.SubElement(loop, f"{_X}if", test=failed)
        values, message = self._message(check)
        at = self._sound(check, _nearest("at", check, rule) or ".")
        call = ", ".join([at, str(len(self._out.assertions)), *(f"string({v})" for v in values)])
        etree.SubElement(branch, f"{_X}value-of", select=f"cb:failed({call})")
        role = (check.get("role") or rule.get("role") or "").lower()
        self._out.assertions.append(
            Assertion(
                rule=check.get("id") or rule.get("id") or pattern.get("id") or "",
                code=_nearest("code", check, rule, pattern, self._root) or "SND-419",
                hint=_nearest("hint", check, rule),
                warning=role in _WARNINGS,
                message=tuple(message),
            )
        )
        return failed

    def _message(self, check: Any) -> tuple[list[str], list[str | int]]:
        """Split the text of an assertion into words and values."""
        values: list[str] = []
        pieces: list[str | int] = [check.text or ""]
        for child in check:
            if child.tag == f"{_S}value-of":
                pieces.append(len(values))
                values.append(self._sound(child, child.get("select", ".")))
            elif child.tag == f"{_S}name":
                pieces.append(len(values))
                values.append(f"local-name({self._sound(child, child.get('path', '.'))})")
            elif isinstance(child.tag, str):
                pieces.append("".join(child.itertext()))
            pieces.append(child.tail or "")
        return values, pieces

    def _lets(self, parent: Any, into: Any) -> None:
        for let in parent.iterchildren(f"{_S}let"):
            if not let.get("name") or let.get("value") is None:
                self._fault(let, "let 应有 name 与 value")
                continue
            etree.SubElement(into, f"{_X}variable", name=let.get("name"), select=self._sound(let, let.get("value")))
            self._variables.add(let.get("name"))

    def _expression(self, element: Any, attribute: str) -> str:
        """Give an XPath attribute after compiling it once for its own line's sake."""
        text = (element.get(attribute) or "").strip()
        if not text:
            raise _Bad(element, f"{etree.QName(element).localname} 缺少 {attribute}")
        return self._sound(element, text)

    def _sound(self, element: Any, text: str) -> str:
        """Give an expression back after looking at what libxslt would only find when it runs."""
        if wrong := _mistake(text, tuple(self._prefixes.items()), frozenset(self._variables)):
            raise _Bad(element, f"XPath 写错了：{text}（{wrong}）")
        return text

    def _check_children(self, element: Any) -> None:
        name = etree.QName(element).localname
        for child in element.iterchildren(tag=etree.Element):
            kind = etree.QName(child)
            if kind.namespace == SCH and kind.localname not in _ALLOWED[name]:
                self._fault(child, f"不支持 {name} 里的 {kind.localname}")

    def _fault(self, element: Any, message: str) -> None:
        self._faults.append(Fault(file=self._shown, line=element.sourceline or 0, column=0, code="CFG-025", message=message))


@lru_cache(maxsize=20_000)
def _mistake(text: str, prefixes: tuple[tuple[str, str], ...], variables: frozenset[str]) -> str:
    """Say what is wrong with an expression, empty when nothing is; kept, for the rules of all types share most of theirs."""
    known = dict(prefixes)
    try:
        etree.XPath(text, namespaces=known)
    except etree.XPathError as error:
        return str(error)
    return complaint(text, known, variables)


def _nearest(name: str, *elements: Any) -> str:
    """Give our attribute from the innermost element that has it."""
    return next((str(e.get(f"{{{OURS}}}{name}")) for e in elements if e.get(f"{{{OURS}}}{name}") is not None), "")
