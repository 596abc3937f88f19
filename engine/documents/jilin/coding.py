"""Exchange the codes of single nodes of a message: the Jilin text's for a hospital's, and back."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from engine.documents.jilin.faults import MessageFault
from engine.documents.jilin.opening import open_element, text_of

CodeTables = Mapping[str, Mapping[str, str]]
"""For each node name, what is written instead of each code."""


def recode(content: bytes, tables: CodeTables) -> bytes:
    """Write every coded node of a message anew, wherever it stands; an empty node stays empty.

    Raises MessageFault 1 for a code that the table of its node does not have, for guessing would change a person's data, and 2 for what
    is no XML.
    """
    if not tables or not content.strip():
        return content
    root = open_element(content)
    for element in root.iter(*tables):
        code = text_of(element).strip()
        if not code:
            continue
        other = tables[element.tag].get(code)
        if other is None:
            raise MessageFault("1", f"代码表中没有“{code[:20]}”", str(element.tag))
        element.clear()
        element.text = other
    return bytes(etree.tostring(root, encoding="utf-8"))
