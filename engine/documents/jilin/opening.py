"""Open the small XML of the Jilin text as safely as every other document."""

from __future__ import annotations

import re
from typing import Any

from engine.documents.jilin.faults import MessageFault
from engine.documents.limits import Limits
from engine.documents.reading import open_document
from engine.errors import SenderError

LIMITS = Limits(unpacked=16 << 20, depth=16, elements=400_000, attributes=16, text=16 << 20, names=500)
"""A hospital's whole list of slots fits ten times over."""

_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")


def open_element(content: bytes | str, *, path: str = "") -> Any:
    """Give the root element; text has lost its encoding, so its declaration is passed over.

    Raises MessageFault 2 with the reason: a DOCTYPE, bytes that are not their encoding, not well-formed, past a bound.
    """
    raw = _DECLARATION.sub("", content.lstrip("\ufeff"), count=1).encode() if isinstance(content, str) else content
    try:
        return open_document(raw.strip(b"\x00\r\n\t "), LIMITS).root
    except SenderError as error:
        raise MessageFault("2", error.first.message, path) from None
    except UnicodeError:
        raise MessageFault("2", "含有不能编码的字符", path) from None


def text_of(element: Any) -> str:
    """Give the text of an element, CDATA taken off, nothing trimmed; raises MessageFault 2 when elements stand in it."""
    if not len(element):
        return element.text or ""
    if next(element.iterchildren("*"), None) is not None:
        raise MessageFault("2", f"{element.tag} 里应只有文字", str(element.tag))
    return str(element.xpath("string()"))
