"""Refuse a document that is too deep, too wide or too varied before libxml2 builds a tree of it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NoReturn
from xml.parsers import expat

from lxml import etree

from engine.documents.issues import refusal
from engine.documents.limits import Limits
from engine.errors import SenderError

_SHORTEST_ATTRIBUTE = 5
"""Bytes of ` a=""`: a tag with more than N attributes is longer than N times this."""

_SHORTEST_NAME = 4
"""Bytes a further name takes at least: a document shorter than N times this holds fewer than N names."""

_ELEMENT_NAMES = re.compile(rb"<([^\s/>!]+)")
_ATTRIBUTE_NAMES = re.compile(rb"\s([^\s=<>\"']+)=")
_PIECE = 65536

_ATTRIBUTES_PER_ELEMENT = 4
"""All attributes of a document may be so many times the limit of elements; a tree holds each as two nodes."""


def refuse_beyond_limits(utf8: bytes, limits: Limits) -> None:
    """Refuse a document past a limit without building a tree.

    A cheap look at the bytes clears every ordinary document; one that it cannot clear is counted exactly by a second
    parser that keeps nothing and stops at the limit. libxml2 keeps every name it ever saw in a dictionary of the
    thread, so names are bounded before it sees them. Raises SenderError SND-604..607, 609.
    """
    if _cleared(utf8, limits):
        return
    _Counter(limits).count(utf8)


def refuse_depth(root: Any, limits: Limits) -> None:
    """Refuse a tree that is deeper than the limit (SND-604)."""
    if _deeper(limits.depth)(root):
        raise too_deep(limits)


@lru_cache(maxsize=8)
def _deeper(depth: int) -> etree.XPath:
    """Compile the question whether a tree is deeper than so many levels."""
    return etree.XPath("boolean(" + "/*" * (depth + 1) + ")")


def too_deep(limits: Limits) -> SenderError:
    """Build the refusal of a document that nests too deep."""
    return refusal("SND-604", f"超过上限 {limits.depth} 层", value=str(limits.depth))


def _cleared(utf8: bytes, limits: Limits) -> bool:
    """Tell whether the bytes alone prove that no limit is passed (depth is asked of the tree)."""
    size = len(utf8)
    if size > limits.text or (size >= limits.attributes * _SHORTEST_ATTRIBUTE and _wide_tag(utf8, limits)):
        return False
    if size < limits.names * _SHORTEST_NAME and size < limits.elements * _SHORTEST_NAME:
        return True
    marks, equals = utf8.count(b"<"), utf8.count(b"=")
    if marks > limits.elements or equals > limits.elements * _ATTRIBUTES_PER_ELEMENT:
        return False
    return marks + equals <= limits.names or _few_names(utf8, limits)


def _wide_tag(utf8: bytes, limits: Limits) -> bool:
    """Tell whether any tag may have too many attributes; ordinary tags are jumped over, not read."""
    longest = limits.attributes * _SHORTEST_ATTRIBUTE
    at, size = 0, len(utf8)
    while at + longest < size:
        following = utf8.rfind(b"<", at + 1, at + longest)
        if following < 0:
            following = utf8.find(b"<", at + longest)
            following = size if following < 0 else following
            if utf8.count(b"=", at, following) > limits.attributes:
                return True
        at = following
    return False


def _few_names(utf8: bytes, limits: Limits) -> bool:
    """Tell whether even what only looks like a name stays below the limit."""
    names = set(_ELEMENT_NAMES.findall(utf8))
    names.update(_ATTRIBUTE_NAMES.findall(utf8))
    return len(names) * 2 <= limits.names


class _Counter:
    """Count what a document holds while it streams by; the first limit passed ends the count."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._depth = self._nodes = self._attributes = self._text = 0
        self._names: set[str] = set()

    def count(self, utf8: bytes) -> None:
        """Read the document in pieces; what is not well-formed is left to the real parser to explain."""
        parser = expat.ParserCreate("utf-8")
        parser.ordered_attributes = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.CommentHandler = self._comment
        parser.ProcessingInstructionHandler = self._instruction
        try:
            for at in range(0, len(utf8), _PIECE):
                parser.Parse(utf8[at : at + _PIECE], False)  # noqa: FBT003  expat takes it by position only
        except expat.ExpatError:
            return

    def _start(self, name: str, attributes: list[str]) -> None:
        limits = self._limits
        self._depth += 1
        names = attributes[::2]
        self._names.update(names)
        self._attributes += len(names)
        self._node(name)
        if self._attributes > limits.elements * _ATTRIBUTES_PER_ELEMENT:
            self._refuse("SND-606", limits.elements * _ATTRIBUTES_PER_ELEMENT, "个属性（全文）")
        if len(names) > limits.attributes:
            self._refuse("SND-606", limits.attributes, "个属性")
        if self._depth > limits.depth:
            raise too_deep(limits)

    def _node(self, name: str) -> None:
        """Count an element, comment or instruction: each is a node of the tree."""
        self._text = 0
        self._nodes += 1
        self._names.add(name)
        if self._nodes > self._limits.elements:
            self._refuse("SND-605", self._limits.elements, "个元素（含注释与处理指令）")
        if len(self._names) > self._limits.names:
            self._refuse("SND-609", self._limits.names, "种名称")

    def _comment(self, _text: str) -> None:
        self._node("#comment")

    def _instruction(self, target: str, _data: str) -> None:
        self._node(target)

    def _end(self, _name: str) -> None:
        self._depth -= 1
        self._text = 0

    def _characters(self, text: str) -> None:
        self._text += len(text.encode("utf-8"))
        if self._text > self._limits.text:
            self._refuse("SND-607", self._limits.text, "字节")

    @staticmethod
    def _refuse(code: str, limit: int, unit: str) -> NoReturn:
        raise refusal(code, f"超过上限 {limit} {unit}", value=str(limit))
