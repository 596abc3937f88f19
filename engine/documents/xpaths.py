"""Compile XPath expressions over the one table of prefixes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from lxml import etree

from engine.documents.functions import VARIABLE, XPATH_FUNCTIONS, complaint
from engine.documents.reading import XmlDocument

NAMESPACES: Mapping[str, str] = MappingProxyType(
    {
        "hl7": "urn:hl7-org:v3",
        "xsi": "http://www.w3.org/2001/XMLSchema-instance",
        "ops": "urn:changbai:operations:1",
        "col": "urn:changbai:collection:1",
        "tem": "http://tempuri.org/",
        "soap": "http://schemas.xmlsoap.org/soap/envelope/",
        "soap12": "http://www.w3.org/2003/05/soap-envelope",
    },
)
"""Every prefix that routes, rules and the catalogue may use."""


class XPathError(ValueError):
    """An expression does not compile or does not give what was asked; the text says why (CFG-022)."""


class XPath:
    """One compiled XPath 1.0 expression."""

    __slots__ = ("_compiled", "_nodes", "expression")

    def __init__(self, expression: str) -> None:
        """Compile; raises XPathError naming an unknown prefix or the mistake."""
        self.expression = expression
        try:
            self._nodes = etree.XPath(expression, namespaces=dict(NAMESPACES))
            self._compiled = etree.XPath(expression, namespaces=dict(NAMESPACES), smart_strings=False)
        except etree.XPathError as error:
            raise XPathError(f"XPath “{expression}” 写错了（{error}）") from None
        if wrong := complaint(expression, NAMESPACES, known=XPATH_FUNCTIONS):
            raise XPathError(f"XPath “{expression}” 写错了（{wrong}）；可用前缀：{'、'.join(NAMESPACES)}")

    def text(self, document: XmlDocument) -> str:
        """Give the text of the first result, stripped; empty when there is none."""
        found = self._compiled(document.root)
        if isinstance(found, list):
            return _text(found[0]) if found else ""
        return _text(found)

    def test(self, document: XmlDocument) -> bool:
        """Give the truth of the result as XPath's boolean() does."""
        found = self._compiled(document.root)
        return bool(found) and found == found  # noqa: PLR0124  NaN is false in XPath

    def nodes(self, root: Any) -> list[Any]:
        """Give the nodes found from a root element; attributes and texts know the element that holds them."""
        found = self._nodes(root)
        return found if isinstance(found, list) else []

    def all(self, document: XmlDocument) -> list[str]:
        """Give the text of every result, stripped, in document order."""
        found = self._compiled(document.root)
        return [_text(one) for one in found] if isinstance(found, list) else [_text(found)]


def _text(found: Any) -> str:
    """Write one result as XPath's string() does."""
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, float):
        return str(int(found)) if found.is_integer() else repr(found)
    if isinstance(found, str):
        return found.strip()
    return "".join(found.itertext()).strip()


def known_mistake(expression: str) -> str:
    """Say what is wrong with the XPath of a rule table, which may use named sets and keys; empty when nothing is."""
    try:
        etree.XPath(expression, namespaces=dict(NAMESPACES))
    except etree.XPathError as error:
        return str(error)
    return complaint(expression, NAMESPACES, VARIABLE.findall(expression))
