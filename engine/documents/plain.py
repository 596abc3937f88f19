"""Read the answer of a SOAP service as plain values, by the names of its elements: for those who know what they asked."""

from __future__ import annotations

from typing import Any

from lxml import etree

from engine.documents.bounded import Bounds
from engine.documents.envelope import parse_envelope
from engine.errors import Issue, SenderError

Plain = str | dict[str, Any] | list[Any]


def read_answer(content: bytes) -> dict[str, Any]:
    """Give what stands in the Body: text for an element with text, names and values for one with elements.

    Elements that follow each other under one name become a list, as do those alone in a wrapper whose name is theirs and an s.
    Raises SenderError for what is no envelope, and SND-307 with the fault's own words for a Fault.
    """
    root = parse_envelope(content, Bounds()).root
    body = next((one for one in root if etree.QName(one).localname == "Body"), None)
    call = next((one for one in body if isinstance(one.tag, str)), None) if body is not None else None
    if call is None:
        raise SenderError(Issue(code="SND-307", message="应答的 Body 里没有内容。"))
    if etree.QName(call).localname == "Fault":
        raise SenderError(Issue(code="SND-307", message="".join(call.itertext()).strip()[:400]))
    found = _plain(call)
    return found if isinstance(found, dict) else {}


def _plain(element: Any) -> Plain:
    children = [one for one in element if isinstance(one.tag, str)]
    if not children:
        return element.text or ""
    names = [etree.QName(one).localname for one in children]
    if set(names) == {etree.QName(element).localname.removesuffix("s")}:
        return [_plain(one) for one in children]
    found: dict[str, Any] = {}
    for name, child in zip(names, children, strict=True):
        if name in found:
            before = found[name]
            found[name] = [*(before if isinstance(before, list) else [before]), _plain(child)]
        else:
            found[name] = _plain(child)
    return found
