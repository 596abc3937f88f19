"""Make safe HTML fragments of what hospitals write: paragraphs, lists, tables and emphasis, nothing that is fetched or runs."""

from __future__ import annotations

import html
import re
from collections.abc import Set as AbstractSet

import nh3

ALLOWED: AbstractSet[str] = frozenset({
    "p", "br", "strong", "b", "em", "i", "u", "sub", "sup", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "caption",
})  # fmt: skip
"""What a fragment may hold; no attribute but the spans of table cells."""

_SPANS = {"td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}
_BLOCKS = {"div", "section", "article", "h1", "h2", "h3", "h4", "h5", "h6"}
_HARMLESS = ALLOWED | _BLOCKS | {
    "html", "head", "body", "title", "span", "font", "center", "small", "big", "header", "footer", "main", "address", "tfoot", "colgroup",
    "col", "dl", "dt", "dd", "blockquote", "pre", "mark", "s", "strike", "del", "ins", "hr", "o:p", "a",
}  # fmt: skip
"""Tags that may go without a word: their text stays."""

_TAG = re.compile(r"<\s{0,9}/?\s{0,9}([A-Za-z][A-Za-z0-9:_-]{0,30})")
_HANDLER = re.compile(r"[\s\"'/](on[a-z]{3,20})\s{0,9}=", re.IGNORECASE)
_SCHEME = re.compile(r"(javascript|vbscript|data)\s{0,9}:", re.IGNORECASE)
_DROPPED = {"script", "style", "title", "iframe", "object", "noscript", "template", "svg", "math", "textarea", "select"}
_HEADLINE = re.compile(r"<h[1-6]>(.*?)</h[1-6]>", re.DOTALL)
_BLOCK = re.compile(r"<(/?)(?:div|section|article|h[1-6])>")
_NOTHING = re.compile(r"<p>(?:\s|&nbsp;|<br>)*</p>")
_NAMED = 5

TAGS = 2_000
"""Tags of a text that is made safe; how long that takes grows with the square of how deep they are nested."""


def fragment_of(text: str) -> tuple[str, str]:
    """Make a fragment of a text, plain or HTML; tells what was taken out of it, "" when nothing that matters was."""
    if _TAG.search(text) is None:
        return paragraphs(text), ""
    return safe(text), _removed(text)


def tags_in(text: str) -> int:
    """Count the tags of a text."""
    return sum(1 for _ in _TAG.finditer(text))


def paragraphs(text: str) -> str:
    """Make a paragraph of every line that is not blank."""
    return "".join(f"<p>{html.escape(line.strip(), quote=False)}</p>" for line in text.split("\n") if line.strip())


def safe(text: str) -> str:
    """Give only what a fragment may hold; headlines become strong paragraphs, other blocks paragraphs."""
    first = _clean(text, set(ALLOWED | _BLOCKS))
    headlines = _HEADLINE.sub(r"<p><strong>\1</strong></p>", first)
    return _NOTHING.sub("", _clean(_BLOCK.sub(r"<\1p>", headlines), set(ALLOWED))).strip()


def _clean(text: str, tags: set[str]) -> str:
    return nh3.clean(
        text, tags=tags, attributes=_SPANS, clean_content_tags=_DROPPED, link_rel=None, generic_attribute_prefixes=set()
    )


def _removed(text: str) -> str:
    """Name tags, handlers and addresses that nobody may see or run."""
    tags = {found.lower() for found in _TAG.findall(text)} - _HARMLESS
    handlers = {found.lower() for found in _HANDLER.findall(text)}
    schemes = {f"{found.lower()}:" for found in _SCHEME.findall(text)}
    named = [f"<{tag}>" for tag in sorted(tags)] + sorted(handlers) + sorted(schemes)
    return "、".join(one[:20] for one in named[:_NAMED])
