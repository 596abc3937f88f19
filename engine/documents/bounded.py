"""Parse an envelope once, counting its elements, depth and names while they arrive."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lxml import etree

from engine.errors import Issue, SenderError

_CHUNK = 64 * 1024
_COUNTED = ("start", "end", "start-ns", "comment", "pi")
_BIG_TEXT = 9 * 1024 * 1024
"""libxml2 refuses texts above 10 MB unless told; the bound on the body is then the only one."""

_DEPTH = "嵌套层数"

_PROLOG = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_OPAQUE = rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)"
"""Stretches in which nothing is looked for; one that is never closed reaches to the end, so that no second look at it
is needed."""

_SURROGATE_SIGN = re.compile(rb"&#(?:x0*[dD][89a-bA-B]|0*5[56]\d\d\d;)")
_SURROGATES = re.compile(
    _OPAQUE + rb"|&#(?:x0*([dD][89abAB][0-9a-fA-F]{2})|0*(5\d{4}));&#(?:x0*([dD][c-fC-F][0-9a-fA-F]{2})|0*(5\d{4}));",
    re.DOTALL,
)
_INNER_DECLARATION = re.compile(_OPAQUE + rb"|(<\?xml\s[^<>]{0,300}\?>)", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What one envelope may hold: levels, elements, attributes on one element, different names."""

    depth: int = 100
    elements: int = 500_000
    attributes: int = 256
    names: int = 20_000


def parse_bounded(content: bytes, bounds: Bounds) -> Any:
    """Give the root of the tree of UTF-8 bytes, whatever encoding their declaration names.

    Joins surrogate references, drops inner XML declarations. Raises SenderError SND-305, SND-308, SND-604..606, SND-609.
    """
    refuse_doctype(content)
    content = _without_inner_declarations(_with_joined_surrogates(content))
    try:
        if content.count(b"<") <= 2 * bounds.depth:
            # So few tags can be neither too deep nor too many, and need no counting while they are read.
            root = etree.fromstring(content, _parser(etree.XMLParser, content))
            _check_attributes(root.iter(), bounds)
            return root
        return _parse_counting(content, bounds)
    except etree.XMLSyntaxError as error:
        raise _unparsed(error, bounds) from None


def refuse_doctype(content: bytes) -> None:
    """Refuse any DOCTYPE before a parser sees it; it can only stand before the root. Raises SenderError SND-308."""
    prolog = _PROLOG.match(content)
    start = prolog.end() if prolog else 0
    if content[start : start + 9].upper() == b"<!DOCTYPE":
        issue = Issue(code="SND-308", message="SOAP 报文不允许 DOCTYPE。", hint="删除 DOCTYPE 声明。", line=1)
        raise SenderError(issue)


def _parser(kind: Any, content: bytes, **more: Any) -> Any:
    return kind(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=len(content) > _BIG_TEXT,
        **more,
    )


def _with_joined_surrogates(content: bytes) -> bytes:
    if _SURROGATE_SIGN.search(content) is None:
        return content
    return _SURROGATES.sub(_joined, content)


def _joined(match: re.Match[bytes]) -> bytes:
    high, low = (_number(match[1], match[2]), _number(match[3], match[4]))
    if not (0xD800 <= high <= 0xDBFF and 0xDC00 <= low <= 0xDFFF):
        return match[0]
    return b"&#%d;" % (0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def _number(hexadecimal: bytes | None, decimal: bytes | None) -> int:
    return int(hexadecimal, 16) if hexadecimal else int(decimal or b"0")


def _without_inner_declarations(content: bytes) -> bytes:
    """Remove `<?xml ...?>` of a document that was put into the envelope as it was; the first one stays."""
    if content.count(b"<?xml ") < 2 and not (content.find(b"<?xml ") > 0):
        return content
    start = content.find(b"?>") + 2 if content.startswith(b"<?xml ") else 0
    return content[:start] + _INNER_DECLARATION.sub(lambda found: b"" if found[1] else found[0], content[start:])


def _parse_counting(content: bytes, bounds: Bounds) -> Any:
    parser = _parser(etree.XMLPullParser, content, events=_COUNTED)
    tally = _Tally(bounds)
    for start in range(0, len(content), _CHUNK):
        parser.feed(content[start : start + _CHUNK])
        tally.count(parser.read_events())
    root = parser.close()
    tally.count(parser.read_events())
    return root


class _Tally:
    """Count what a pull parser has read so far; stop at the first bound that is passed."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._depth = 0
        self._elements = 0
        self._names: set[str] = set()

    def count(self, events: Iterable[tuple[str, Any]]) -> None:
        """Count the events; raises SenderError SND-604, SND-605, SND-606 or SND-609."""
        bounds = self._bounds
        for event, what in events:
            if event == "start":
                self._depth += 1
                self._names.add(what.tag)
                _hold("SND-604", self._depth, bounds.depth, _DEPTH)
                _hold("SND-606", len(what.attrib), bounds.attributes, "一个元素的属性个数")
            elif event == "end":
                self._depth -= 1
                continue
            elif event == "start-ns":
                self._names.add(f"xmlns:{what[0]}")
            self._elements += 1
            _hold("SND-605", self._elements, bounds.elements, "元素个数")
        _hold("SND-609", len(self._names), bounds.names, "不同名称的个数")


def _check_attributes(elements: Iterable[Any], bounds: Bounds) -> None:
    for element in elements:
        if isinstance(element.tag, str):
            _hold("SND-606", len(element.attrib), bounds.attributes, "一个元素的属性个数")


def _hold(code: str, value: int, limit: int, what: str) -> None:
    if value > limit:
        raise _past(code, limit, what)


def _past(code: str, limit: int, what: str) -> SenderError:
    return SenderError(Issue(code=code, message=f"SOAP 报文的{what}超过上限 {limit}。", hint="检查生成报文的程序。"))


def _unparsed(error: etree.XMLSyntaxError, bounds: Bounds) -> SenderError:
    if "Excessive depth" in str(error):
        # libxml2 met its own bound inside one chunk, before we could count.
        return _past("SND-604", bounds.depth, _DEPTH)
    line, column = error.position
    message = f"SOAP 报文在第 {line} 行第 {column} 列不是格式良好的 XML。"
    hint = "特殊字符 < 和 & 要转义，或放入 CDATA；用 XML 工具生成报文，不要拼接字符串。"
    return SenderError(Issue(code="SND-305", message=message, hint=hint, line=line, column=column))
