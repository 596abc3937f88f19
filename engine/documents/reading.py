"""Open a document safely, once: bytes, one parsed tree, and the place of each element in it."""

from __future__ import annotations

import hashlib
import re
import threading
from typing import Any

from lxml import etree

from engine.documents.bounds import refuse_beyond_limits, refuse_depth
from engine.documents.charset import Decoded, decode_document
from engine.documents.issues import place_in, refusal
from engine.documents.limits import DEFAULT_LIMITS, Limits
from engine.documents.syntax import not_well_formed
from engine.errors import EngineError, Issue

_THREAD = threading.local()
"""Each thread keeps a parser of its own: lxml lets only one parse at a time through each."""

_DOCTYPE = b"<!DOCTYPE"
_PROLOG = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
"""Declaration, instructions, comments and white space: what may stand before a DOCTYPE."""


class XmlDocument:
    """A document: its bytes, their digest, and one tree that all steps share and none changes."""

    __slots__ = ("_digest", "_root", "_utf8", "content", "warnings")

    def __init__(self, content: bytes, *, root: Any = None, utf8: bytes = b"", warnings: tuple[Issue, ...] = ()) -> None:
        self.content = content
        self.warnings = warnings
        self._root = root
        self._utf8 = utf8
        self._digest = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the content, 64 hexadecimal digits in lower case."""
        if not self._digest:
            self._digest = hashlib.sha256(self.content).hexdigest()
        return self._digest

    @property
    def root(self) -> Any:
        """The root element of the one tree; treat it as frozen."""
        if self._root is None:
            self._root = _grow(self.utf8)
        return self._root

    @property
    def utf8(self) -> bytes:
        """The document in UTF-8 without BOM: the text in which lines and columns are counted."""
        if not self._utf8:
            self._utf8 = decode_document(self.content).utf8
        return self._utf8

    def changed(self, new: Any) -> XmlDocument:
        """Give the document that a step made of this one: bytes of XML, an element or a tree (written as UTF-8)."""
        if isinstance(new, bytes):
            return XmlDocument(new, warnings=self.warnings)
        content = etree.tostring(new, encoding="UTF-8", xml_declaration=True)
        return XmlDocument(content, warnings=self.warnings)


def open_document(content: bytes, limits: Limits = DEFAULT_LIMITS) -> XmlDocument:
    """Open the unpacked bytes of a document, parsing them once.

    Raises SenderError: SND-221..224 for an encoding that lies, SND-322 for any DOCTYPE, SND-323 for a character XML
    forbids, SND-321 for anything not well-formed, SND-603..609 past a limit. BOM and UTF-16 are in `.warnings`.
    XML 1.0 (fifth edition), Namespaces in XML 1.0.
    """
    if len(content) > limits.unpacked:
        raise refusal("SND-603", f"超过上限 {limits.unpacked} 字节", value=str(limits.unpacked))
    if not content or content.isspace():
        raise refusal("SND-321", "文档是空的", "检查打包的是否为 XML 文档。")
    decoded = decode_document(content)
    root = _parse(decoded, limits)
    return XmlDocument(content, root=root, utf8=decoded.utf8, warnings=decoded.warnings)


def parser(**more: Any) -> Any:
    """Make a parser for bytes that are UTF-8 whatever their declaration says: no network, entities or DTD, all nodes kept."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=True,
        remove_comments=False,
        remove_pis=False,
        collect_ids=False,
        **more,
    )


def _reader() -> Any:
    """Give this thread's parser."""
    if not hasattr(_THREAD, "parser"):
        _THREAD.parser = parser()
    return _THREAD.parser


def _parse(decoded: Decoded, limits: Limits) -> Any:
    """Parse bytes that are known to be UTF-8 within the limits."""
    utf8 = decoded.utf8
    _refuse_doctype(utf8)
    _refuse_nul(utf8)
    refuse_beyond_limits(utf8, limits)
    try:
        root = etree.fromstring(utf8, _reader())
    except etree.XMLSyntaxError as error:
        raise not_well_formed(error, limits) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise refusal("SND-322")
    refuse_depth(root, limits)
    return root


def _grow(utf8: bytes) -> Any:
    """Parse what one of our own steps wrote; if that is no XML, the step is wrong, not the sender."""
    try:
        return etree.fromstring(utf8, _reader())
    except etree.XMLSyntaxError as error:
        raise EngineError(f"a step did not write XML: {error}") from None


def _refuse_doctype(utf8: bytes) -> None:
    """Refuse a DOCTYPE where XML allows one, before libxml2 sees it; in a comment or CDATA the word is only text."""
    prolog = _PROLOG.match(utf8)
    found = prolog.end() if prolog else 0
    if utf8.startswith(_DOCTYPE, found):
        line, column = place_in(utf8, found)
        raise refusal(
            "SND-322", f"第 {line} 行", "删除 <!DOCTYPE …> 声明；特殊字符直接写出，或用 &amp; &lt; 等。", line=line, column=column
        )


def _refuse_nul(utf8: bytes) -> None:
    """Refuse a NUL byte, which C code would take for the end."""
    at = utf8.find(b"\x00")
    if at >= 0:
        line, column = place_in(utf8, at)
        raise refusal("SND-323", f"第 {line} 行第 {column} 列有字符 U+0000", line=line, column=column)
