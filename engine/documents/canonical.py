"""Compare documents by their canonical form and say in lines where they differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from lxml import etree

from engine.documents.places import local, path_of
from engine.documents.reading import open_document
from engine.documents.xpaths import XPath

_GONE = "（无）"


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two documents differ, with what stands there in each; `whole` when one has not the element at all."""

    where: str
    expected: str
    found: str
    whole: bool = False

    def __str__(self) -> str:
        """Write it as a line of a test's result."""
        if self.whole:
            return f"{self.where}: {'缺少' if self.expected else '多出'} {self.expected or self.found}"
        return f"{self.where}: 应为 {self.expected}，却是 {self.found}"


def canonical(content: bytes) -> bytes:
    """Write XML in Canonical XML 2.0 form without comments: equal documents give equal bytes, whatever their encoding.

    Raises SenderError when the bytes are no XML.
    """
    return etree.tostring(_without_layout(open_document(content).root), method="c14n2", with_comments=False)


def differences(expected: bytes, found: bytes, ignore: Iterable[str] = ()) -> list[str]:
    """List where two documents differ as lines; see `compare`."""
    return [str(one) for one in compare(expected, found, ignore)]


def compare(expected: bytes, found: bytes, ignore: Iterable[str] = ()) -> list[Difference]:
    """List where two documents differ; what the XPaths in `ignore` find is left out.

    Prefixes, order of attributes, comments and white space between elements do not count.
    """
    roots = [_without_layout(open_document(content).root) for content in (expected, found)]
    for root in roots:
        for expression in ignore:
            _blank(XPath(expression).nodes(root))
    return list(_compare(roots[0], roots[1]))


def _without_layout(root: Any) -> Any:
    """Copy a tree without comments, instructions and white space between elements."""
    quiet = etree.XMLParser(remove_blank_text=True, remove_comments=True, remove_pis=True, resolve_entities=False, huge_tree=True)
    copied = etree.fromstring(etree.tostring(root), quiet)
    for element in copied.iter():
        if len(element) and not (element.text or "").strip():
            element.text = None
        if not (element.tail or "").strip():
            element.tail = None
    return copied


def _blank(nodes: list[Any]) -> None:
    """Empty what is not to be compared."""
    for node in nodes:
        if hasattr(node, "tag"):
            node.text = None
            node.attrib.clear()
            for child in list(node):
                node.remove(child)
        elif node.is_attribute:
            node.getparent().set(node.attrname, "")
        elif node.is_text:
            node.getparent().text = None


def _compare(expected: Any, found: Any) -> Iterable[Difference]:
    """Compare two elements and what is in them."""
    if expected is None or found is None:
        node = found if expected is None else expected
        name = f"<{local(node.tag)}>"
        yield Difference(path_of(node), "" if expected is None else name, name if expected is None else "", whole=True)
        return
    where = path_of(expected)
    if expected.tag != found.tag:
        yield Difference(where, f"<{expected.tag}>", f"<{found.tag}>")
        return
    for name in sorted({*expected.attrib, *found.attrib}):
        if expected.get(name) != found.get(name):
            yield Difference(f"{where}/@{local(name)}", expected.get(name, _GONE), found.get(name, _GONE))
    for part, one, other in (("", expected.text, found.text), (" 之后的文字", expected.tail, found.tail)):
        if (one or "").strip() != (other or "").strip():
            yield Difference(f"{where}{part}", (one or "").strip() or _GONE, (other or "").strip() or _GONE)
    for one, other in zip_longest(expected, found):
        yield from _compare(one, other)
