"""Find the place of an element: its path without prefixes, its line and its column."""

from __future__ import annotations

import re
from typing import Any

from engine.documents.issues import place_in
from engine.documents.reading import XmlDocument

_TOKENS = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<[^/!?]", re.DOTALL)
_EXACT = 2 * 1024 * 1024
"""Bytes up to which the exact start of a tag is looked up; above, libxml2's line is given and no column."""


class Places:
    """The places of one document, looked up only when there is something to report."""

    def __init__(self, document: XmlDocument) -> None:
        self._document = document
        self._starts: list[int] | None = None
        self._order: dict[Any, int] = {}

    def line_and_column(self, element: Any) -> tuple[int, int]:
        """Give line and column, from 1 and in characters, of an element's start tag; column 0 in a very large document."""
        utf8 = self._document.utf8
        if len(utf8) > _EXACT:
            return element.sourceline or 0, 0
        if self._starts is None:
            self._starts = [m.start() for m in _TOKENS.finditer(utf8) if m.end() - m.start() == 2]
            self._order = {e: n for n, e in enumerate(self._document.root.iter("*"))}
        number = self._order.get(element, -1)
        if not 0 <= number < len(self._starts):
            return element.sourceline or 0, 0
        return place_in(utf8, self._starts[number])


def path_of(element: Any, attribute: str = "") -> str:
    """Write the XPath of an element without prefixes; a position stands where siblings share the name."""
    steps = []
    node = element
    while node is not None:
        steps.append(_step(node))
        node = node.getparent()
    path = "/" + "/".join(reversed(steps))
    return f"{path}/@{local(attribute)}" if attribute else path


def _step(node: Any) -> str:
    """Write one step of a path."""
    parent = node.getparent()
    name = local(node.tag)
    if parent is None:
        return name
    before = sum(1 for _ in node.itersiblings(node.tag, preceding=True))
    if before == 0 and next(node.itersiblings(node.tag), None) is None:
        return name
    return f"{name}[{before + 1}]"


def local(name: str) -> str:
    """Give a name without its namespace."""
    return name.rsplit("}", 1)[-1]
