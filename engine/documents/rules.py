"""Check a document against rule files (ISO Schematron, XPath 1.0) and report only what fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lxml import etree

from engine.codes import CODES
from engine.documents.issues import shorten
from engine.documents.places import Places, path_of
from engine.documents.reading import XmlDocument
from engine.documents.schematron import OURS, Assertion, compile_rules
from engine.errors import ConfigError, EngineError, Fault, Issue

CAP = 50
"""Issues that one check reports at most."""

_READER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True)


class _Enough(Exception):
    """As many issues as one answer carries have been found."""


class RuleSet:
    """Compiled rule files, checked one after the other. Use one object per thread."""

    def __init__(self, parts: tuple[_Part, ...]) -> None:
        self._parts = parts

    @classmethod
    def load(cls, *paths: Path, shown: str = "") -> RuleSet:
        """Compile rule files; raises ConfigError (CFG-020, CFG-025) with every fault of all of them."""
        parts: list[_Part] = []
        faults: list[Fault] = []
        for path in paths:
            try:
                parts.append(_load(path, shown or str(path)))
            except ConfigError as error:
                faults.extend(error.faults)
        if faults:
            raise ConfigError(faults)
        return cls(tuple(parts))

    @classmethod
    def compile(cls, text: str, shown: str) -> RuleSet:
        """Compile rules printed from tables; raises ConfigError (CFG-025), its lines counting in that text."""
        return cls((_build(etree.fromstring(text.encode("utf-8"), _READER), shown),))

    def __len__(self) -> int:
        """Count the rules."""
        return sum(len(part) for part in self._parts)

    def joined(self, other: RuleSet) -> RuleSet:
        """Give one set that checks these rules first and the others after."""
        return RuleSet(self._parts + other._parts)

    def check(self, document: XmlDocument) -> tuple[Issue, ...]:
        """Return what fails, in the order of the rules, at most 50 issues (ISO/IEC 19757-3, first matching rule of a pattern)."""
        failures: list[_Failure] = []
        for part in self._parts:
            failures.extend(part.failures(document, CAP - len(failures)))
            if len(failures) >= CAP:
                break
        places = Places(document)
        return tuple(_issue(f, places) for f in failures)


_Failure = tuple[Assertion, Any, list[str]]
"""The assertion, the node it speaks of, and the values of its message."""


class _Part:
    """One compiled file."""

    def __init__(self, stylesheet: Any, assertions: list[Assertion]) -> None:
        self._assertions = assertions
        self._found: list[_Failure] = []
        self._left = CAP
        extensions: Any = {(OURS, "failed"): self._failed}
        self._transform = etree.XSLT(stylesheet, extensions=extensions, access_control=etree.XSLTAccessControl.DENY_ALL)

    def __len__(self) -> int:
        return len(self._assertions)

    def failures(self, document: XmlDocument, most: int) -> list[_Failure]:
        """Run the rules over the tree; stop when enough has been found."""
        self._found, self._left = [], most
        try:
            self._transform(document.root)
        except _Enough:
            pass
        except etree.XSLTApplyError as error:
            raise EngineError(f"a rule failed to run: {error}") from None
        found, self._found = self._found, []
        return found

    def _failed(self, _context: Any, at: Any, number: float, *values: str) -> str:
        """Note a failure; called by the stylesheet."""
        if self._left <= 0:
            raise _Enough
        self._left -= 1
        node = at[0] if isinstance(at, list) and at else None
        self._found.append((self._assertions[int(number)], node, [str(v) for v in values]))
        return ""


def _load(path: Path, shown: str) -> _Part:
    """Read and compile one file."""
    try:
        root = etree.parse(str(path), _READER).getroot()
    except OSError:
        raise ConfigError([Fault(file=shown, line=0, column=0, code="CFG-020", message="读不到规则文件")]) from None
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise ConfigError([Fault(file=shown, line=line, column=column, code="CFG-025", message=str(error))]) from None
    return _build(root, shown)


def _build(root: Any, shown: str) -> _Part:
    """Compile one schema."""
    compiled, faults = compile_rules(root, shown)
    faults.extend(_unknown_codes(compiled.assertions, shown))
    if faults:
        raise ConfigError(faults)
    try:
        return _Part(compiled.stylesheet, compiled.assertions)
    except etree.XSLTParseError as error:
        raise ConfigError([Fault(file=shown, line=0, column=0, code="CFG-025", message=f"规则不能编译：{error}")]) from None


def _unknown_codes(assertions: list[Assertion], shown: str) -> list[Fault]:
    """Name codes that the code table does not know."""
    unknown = sorted({a.code for a in assertions} - set(CODES))
    return [Fault(file=shown, line=0, column=0, code="CFG-025", message=f"没有这个错误代码：{code}") for code in unknown]


def _issue(failure: _Failure, places: Places) -> Issue:
    """Write one failure with place and cure."""
    assertion, node, values = failure
    element, attribute = _element(node)
    line, column = places.line_and_column(element) if element is not None else (0, 0)
    text = "".join(p if isinstance(p, str) else shorten(values[p]) for p in assertion.message)
    row = CODES[assertion.code]
    return Issue(
        code=assertion.code,
        message=" ".join(text.split()) or row.title,
        hint=assertion.hint or row.sender,
        severity="warning" if assertion.warning or row.outcome == "A-WARN" else "error",
        rule=assertion.rule,
        path=path_of(element, attribute) if element is not None else "",
        line=line,
        column=column,
        value=_value(node, element, attribute),
    )


def _element(node: Any) -> tuple[Any, str]:
    """Give the element a node belongs to, and the attribute's name if it is one."""
    if node is None or hasattr(node, "tag"):
        return node, ""
    parent = getattr(node, "getparent", lambda: None)()
    return parent, (getattr(node, "attrname", None) or "")


def _value(node: Any, element: Any, attribute: str) -> str:
    """Give what stands at the place: the attribute, the text, or the value of an element without text."""
    if element is None:
        return ""
    if attribute or isinstance(node, str):
        return shorten(str(node))
    if len(element) == 0:
        own = element.text or element.get("value") or element.get("code") or element.get("extension") or ""
        return shorten(str(own))
    return ""
