"""Mask what names a person in a document that is shown: the places that config/masking.yaml names, in the document's own lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from xml.sax.saxutils import escape

from lxml import etree
from pydantic import Field, field_validator

from engine.documents.reading import XmlDocument, open_document
from engine.documents.xpaths import XPath, XPathError
from engine.errors import SenderError
from engine.yamlfile import Sheet, check_model, read_yaml

MASKING = "config/masking.yaml"

Kind = Literal["name", "number", "address", "birth"]
Mask = Callable[[str, Kind], str]
"""Mask a value of a kind."""

_LONG = 6
"""Characters from which a value of plain letters and digits is masked wherever it stands; shorter ones only as a whole value."""


class MaskingRule(Sheet):
    """One rule: the elements, attributes or texts that an XPath finds hold a value of a kind."""

    xpath: str = Field(description="要遮蔽的元素、属性或文字的 XPath · XPath of the elements, attributes or texts")
    kind: Kind = Field(description="name 姓名, number 证件号与电话, address 地址, birth 出生日期 · how it is masked")

    @field_validator("xpath")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            XPath(value)
        except XPathError as problem:
            raise ValueError(str(problem)) from None
        return value


class MaskingSheet(Sheet):
    """The file config/masking.yaml: every rule is applied to every document that the monitor shows."""

    rules: tuple[MaskingRule, ...] = Field(description="遮蔽规则 · the rules")


@dataclass(frozen=True, slots=True)
class Masking:
    """Compiled rules, by kind."""

    rules: tuple[tuple[XPath, Kind], ...]

    def values(self, document: XmlDocument) -> dict[str, Kind]:
        """Collect the values of a document that are to be masked, of two characters or more."""
        found: dict[str, Kind] = {}
        for xpath, kind in self.rules:
            for text in (part for node in xpath.nodes(document.root) for part in _texts(node)):
                if len(text) > 1:
                    found.setdefault(text, kind)
        return found


def load_masking(root: Path) -> Masking:
    """Read config/masking.yaml; raises ConfigError with all faults at their places, a file that is not there among them."""
    sheet = check_model(read_yaml(root / MASKING, MASKING), MaskingSheet)
    return Masking(tuple((XPath(rule.xpath), rule.kind) for rule in sheet.rules))


def mask_documents(contents: Sequence[bytes], masking: Masking, mask: Mask) -> list[str | None]:
    """Write documents as texts in which nobody is named: what is masked in one is masked in all.

    A document that is no XML gives None: what cannot be read cannot be masked. Lines stay where they are.
    """
    opened = [_open(content) for content in contents]
    values: dict[str, Kind] = {}
    for document in opened:
        values |= masking.values(document) if document else {}
    masked = {value: mask(value, kind) for value, kind in values.items()}
    return [_masked(document, masked, masking) if document else None for document in opened]


def _open(content: bytes) -> XmlDocument | None:
    try:
        return open_document(content)
    except SenderError:
        return None


def _texts(node: Any) -> Iterable[str]:
    """Give the texts that a found node holds, without the white space around them: the whole, and its pieces."""
    if isinstance(node, str):
        return (node.strip(),)
    pieces = [str(text).strip() for text in node.itertext("*")]
    return (*pieces, *(text.strip() for text in node.xpath("text()")))


def _masked(document: XmlDocument, masked: Mapping[str, str], masking: Masking) -> str:
    text = document.utf8.decode("utf-8", "replace")
    for value in sorted(masked, key=len, reverse=True):
        for form in {value, escape(value), escape(value, {'"': "&quot;", "'": "&apos;"})}:
            text = _replaced(text, form, escape(masked[value]))
    again = _open(text.encode())
    # A value may stand in the source otherwise than it reads, as &#24352; or in two pieces: then the tree is masked and written anew.
    return (
        text
        if again is not None and not set(masking.values(again)) & set(masked) - set(masked.values())
        else _rewritten(document, masked)
    )


def _replaced(text: str, value: str, instead: str) -> str:
    if len(value) >= _LONG or not value.isascii():
        return text.replace(value, instead)
    return re.sub(rf"(?<=[>\"'])(\s*){re.escape(value)}(\s*)(?=[<\"'])", lambda found: found[1] + instead + found[2], text)


def _rewritten(document: XmlDocument, masked: Mapping[str, str]) -> str:
    root = etree.fromstring(etree.tostring(document.root))
    for element in root.iter():
        element.text, element.tail = _hidden(element.text, masked), _hidden(element.tail, masked)
        for name, value in element.attrib.items() if isinstance(element.tag, str) else ():
            element.set(name, _hidden(value, masked) or "")
    return str(etree.tostring(root, encoding="unicode"))


def _hidden(text: str | None, masked: Mapping[str, str]) -> str | None:
    for value in sorted(masked, key=len, reverse=True) if text else ():
        if text and (text.strip() == value or len(value) >= _LONG or not value.isascii()):
            text = text.replace(value, masked[value])
    return text
