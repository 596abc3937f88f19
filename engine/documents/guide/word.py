"""Read a Word file as a safe HTML fragment: paragraphs, headlines, lists, tables and emphasis."""

from __future__ import annotations

import html
import io
from collections.abc import Iterable, Iterator
from typing import Any

import docx

from engine.documents.guide.cells import clean
from engine.documents.guide.markup import safe
from engine.documents.guide.packages import Bomb, Broken, look_into

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MARKS = (("b", "strong"), ("i", "em"), ("u", "u"))
_OFF = {"0", "false", "off", "none"}
_LEFT_OUT = (f"{_W}drawing", f"{_W}pict", f"{_W}object")
_HEADLINES = ("heading", "标题", "title", "subtitle")
_LONGEST_SPAN = 50
_LONGEST = 400_000
"""Characters of a fragment before it is made safe."""


def read_word(content: bytes) -> tuple[str, bool]:
    """Give the fragment of a .docx file, and whether pictures or text boxes of it were left out.

    Raises Broken for what is no Word file and Bomb for one that is too large unpacked (ECMA-376 part 1, 17).
    """
    look_into(content, "word/document.xml")
    try:
        document = docx.Document(io.BytesIO(content))
        styles = {style.style_id: (style.name or "").lower() for style in document.styles}
        body: Any = document.element.body
        text = _bounded(_blocks(body, styles))
        left_out = next(body.iter(*_LEFT_OUT), None) is not None
    except Bomb:
        raise
    except Exception as problem:
        # Whatever a library says of a file that was made by nobody knows what, it is the file that is not whole.
        raise Broken from problem
    return safe(text), left_out


def _bounded(pieces: Iterable[str]) -> str:
    kept, size = [], 0
    for piece in pieces:
        size += len(piece)
        if size > _LONGEST:
            raise Bomb
        kept.append(piece)
    return "".join(kept)


def _blocks(parent: Any, styles: dict[str, str]) -> Iterator[str]:
    """Read paragraphs and tables in their order; neighbouring points of a list make one list."""
    listing = ""
    for element in _content(parent):
        kind, text = ("", _table(element)) if element.tag == f"{_W}tbl" else _paragraph(element, styles)
        if kind != listing:
            yield f"</{listing}>" if listing else ""
            yield f"<{kind}>" if kind else ""
            listing = kind
        yield text
    yield f"</{listing}>" if listing else ""


def _content(parent: Any) -> Iterator[Any]:
    for element in parent:
        if element.tag in (f"{_W}p", f"{_W}tbl"):
            yield element
        elif element.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins"):
            yield from _content(element)


def _paragraph(element: Any, styles: dict[str, str]) -> tuple[str, str]:
    """Give the kind of list that a paragraph belongs to ("" for none) and its text."""
    text = "".join(_runs(element)).strip()
    style = styles.get(_value(element.find(f"{_W}pPr/{_W}pStyle")), "")
    if not text:
        return "", ""
    if style.startswith(_HEADLINES):
        return "", f"<p><strong>{text}</strong></p>"
    if element.find(f"{_W}pPr/{_W}numPr") is not None or style.startswith("list"):
        return ("ol" if "number" in style else "ul"), f"<li>{text}</li>"
    return "", f"<p>{text}</p>"


def _runs(parent: Any) -> Iterator[str]:
    for element in parent:
        if element.tag == f"{_W}r":
            yield _run(element)
        elif element.tag in (f"{_W}hyperlink", f"{_W}ins", f"{_W}smartTag", f"{_W}sdt", f"{_W}sdtContent"):
            yield from _runs(element)


def _run(element: Any) -> str:
    parts = []
    for one in element:
        if one.tag == f"{_W}t":
            parts.append(html.escape(_piece(one.text or ""), quote=False))
        elif one.tag in (f"{_W}br", f"{_W}cr"):
            parts.append("<br>")
        elif one.tag == f"{_W}tab":
            parts.append(" ")
    text = "".join(parts)
    for name, tag in _MARKS if text.strip() else ():
        mark = element.find(f"{_W}rPr/{_W}{name}")
        if mark is not None and _value(mark) not in _OFF:
            text = f"<{tag}>{text}</{tag}>"
    return text


def _piece(text: str) -> str:
    """Clean a piece of a sentence; the blanks at its ends part it from its neighbours."""
    inner = clean(text)
    return f"{' ' if text[:1].isspace() else ''}{inner}{' ' if inner and text[-1:].isspace() else ''}"


def _table(element: Any) -> str:
    rows = []
    for row in element.iterchildren(f"{_W}tr"):
        cells = [_cell(cell) for cell in row.iterchildren(f"{_W}tc")]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><tbody>{''.join(rows)}</tbody></table>"


def _cell(element: Any) -> str:
    """Read a cell; the continuation of one that is merged downwards is empty, tables within it are read as text."""
    span = _value(element.find(f"{_W}tcPr/{_W}gridSpan"))
    wide = f' colspan="{span}"' if span.isdigit() and 1 < int(span[:4]) <= _LONGEST_SPAN else ""
    lines = ["".join(_runs(one)).strip() for one in element.iter(f"{_W}p")]
    return f"<td{wide}>{'<br>'.join(line for line in lines if line)}</td>"


def _value(element: Any) -> str:
    return "" if element is None else str(element.get(f"{_W}val", ""))
