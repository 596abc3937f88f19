"""Draw from a message the values that a destination may be sent, each under one word."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import AfterValidator

from engine.documents.packing import pack_gzip, pack_text
from engine.message import Message, shanghai_text
from engine.yamlfile import did_you_mean

Value = str | bytes

_PROLOG = re.compile(rb"^\s*<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"'][^>]*\?>")
_PROLOG_TEXT = re.compile(r"^\ufeff?\s*<\?xml[^>]*\?>\s*")
_CHINESE = {"gb2312": "gb18030", "gbk": "gb18030"}


def message_id(message: Message) -> str:
    """Give the id by which a destination recognises a resend.

    It is the receipt and eight digits of the content's digest: the same for every resend, another one when a
    replay sends changed content, which a destination must not take for the old.
    """
    return f"{message.id}-{message.document.digest[:8]}"


def text_of(content: bytes) -> str:
    """Read a document that documents/ has opened as text without its XML declaration, whatever its encoding."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        name = "utf-16"
    else:
        found = _PROLOG.match(content)
        name = found[1].decode("ascii").lower() if found else "utf-8"
    return _PROLOG_TEXT.sub("", content.decode(_CHINESE.get(name, name)))


WORDS: Mapping[str, Callable[[Message], Value]] = MappingProxyType(
    {
        "document": lambda m: text_of(m.document.content),
        "packed": lambda m: pack_text(m.document.content),
        "gzip": lambda m: pack_gzip(m.document.content),
        "bytes": lambda m: m.document.content,
        "digest": lambda m: m.document.digest,
        "message-id": message_id,
        "receipt": lambda m: m.id,
        "route": lambda m: m.route,
        "institution": lambda m: m.institution,
        "document-type": lambda m: m.document_type,
        "document-id": lambda m: m.keys.get("document", ""),
        "own-id": lambda m: m.keys.get("own", ""),
        "resident-id": lambda m: m.keys.get("resident", ""),
        "lane": lambda m: m.lane,
        "received": lambda m: shanghai_text(m.received),
    }
)
"""Every word of `body` and `columns` in config/endpoints.yaml."""


def _known_word(word: str) -> str:
    if word not in WORDS:
        raise ValueError(f'"{word}" is not a word for a value{did_you_mean(word, WORDS) or "; known: " + ", ".join(WORDS)}')
    return word


Word = Annotated[str, AfterValidator(_known_word)]
"""A key of WORDS."""


def nested(flat: dict[str, Any]) -> dict[str, Any]:
    """Turn dotted names into the nested values that zeep takes."""
    tree: dict[str, Any] = {}
    for path, value in flat.items():
        *outer, last = path.split(".")
        at = tree
        for name in outer:
            at = at.setdefault(name, {})
        at[last] = value
    return tree
