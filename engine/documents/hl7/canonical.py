"""Read the canonical form as plain values and write plain values as the document that an answer is made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree

from engine.documents.hl7.services import Dialect
from engine.documents.reading import XmlDocument
from engine.errors import EngineError
from engine.hospital import Values

NAMESPACE = "urn:changbai:canonical:1"
LISTS = frozenset({"entry", "item"})
"""Elements that are a list even when there is one only."""

BODY = "body"
"""The element whose one child is kept as text: any XML."""


def values_of(document: XmlDocument) -> Values:
    """Give the values of a canonical `<request>`.

    An element with text is text, one with elements a mapping, repeated ones and `entry` are tuples, `body` is the XML of its child; an
    empty one is absent. Raises EngineError when a stylesheet wrote anything else.
    """
    root = document.root
    if root.tag != f"{{{NAMESPACE}}}request":
        raise EngineError(f"the stylesheet wrote {root.tag}, not <request xmlns='{NAMESPACE}'>")
    return _mapping(root)


def _mapping(element: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in element.iterchildren("*"):
        name = etree.QName(child)
        if name.namespace != NAMESPACE:
            raise EngineError(f"<{name.localname}> of another namespace stands outside <{BODY}>")
        value = _value(child, name.localname)
        if not value:
            continue
        if name.localname in LISTS or name.localname in found:
            before = found.get(name.localname, ())
            found[name.localname] = (*(before if isinstance(before, tuple) else (before,)), value)
        else:
            found[name.localname] = value
    return found


def _value(element: Any, name: str) -> Any:
    children = list(element.iterchildren("*"))
    if name == BODY:
        if len(children) != 1:
            raise EngineError(f"<{BODY}> holds {len(children)} elements, not one")
        return _alone(children[0])
    return _mapping(element) if children else "".join(element.itertext()).strip()


def _alone(element: Any) -> str:
    """Write an element as a text that carries only the namespaces it uses."""
    copied = etree.fromstring(etree.tostring(element, with_tail=False))
    etree.cleanup_namespaces(copied)
    return etree.tostring(copied, encoding="unicode")


def answer_document(
    action: str,
    dialect: Dialect,
    items: Iterable[Values],
    *,
    message_id: str = "",
    target: str = "",
    time: str = "",
    verdict: str = "AA",
    text: str = "",
    total: int = 0,
) -> XmlDocument:
    """Write what a register gave as the `<answer>` that the stylesheet of a route reads.

    `message_id` is the reply's own id, `target` that of the request, `time` the reply's as yyyyMMddHHmmss. Raises EngineError when a
    body is no XML.
    """
    root = etree.Element(f"{{{NAMESPACE}}}answer", nsmap={None: NAMESPACE})
    facts = {"action": action, "dialect": dialect, "id": message_id, "target": target, "time": time, "verdict": verdict}
    for name, fact in (facts | {"text": text, "total": str(total)}).items():
        root.set(name, fact)
    for item in items:
        _write(root, "item", item)
    content = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return XmlDocument(content, root=root, utf8=content)


def _write(parent: Any, name: str, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, tuple | list):
        for one in value:
            _write(parent, name, one)
        return
    child = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _write(child, key, inner)
    elif name == BODY:
        child.append(_read(str(value)))
    else:
        child.text = str(value)


def _read(text: str) -> Any:
    try:
        return etree.fromstring(text, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
    except etree.XMLSyntaxError as error:
        raise EngineError(f"a body is no XML: {error}") from None
