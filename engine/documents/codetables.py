"""Translate the senders' own codes by tables in CSV files."""

from __future__ import annotations

import copy
import csv
import io
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.documents.issues import finding
from engine.documents.places import Places, path_of
from engine.documents.reading import XmlDocument
from engine.documents.xpaths import XPath
from engine.errors import ConfigError, Fault, Issue

_HEAD = ("from", "to")


class CodeTable:
    """One table `from,to[,meaning]`; codes are compared after NFKC and without blanks around them."""

    def __init__(self, path: Path, shown: str = "") -> None:
        """Read the table; raises ConfigError (CFG-020, CFG-026) with every fault at its line."""
        self.path = path
        self._codes = _read(path, shown or str(path))

    def __len__(self) -> int:
        return len(self._codes)

    def get(self, code: str) -> str | None:
        """Give the standard code of a local one, None when the table does not know it."""
        return self._codes.get(normal_code(code))

    @staticmethod
    def translate(tables: Sequence[CodeTable], document: XmlDocument, where: XPath) -> tuple[XmlDocument, tuple[Issue, ...]]:
        """Translate every value that `where` finds by the first table that knows it.

        Gives the changed document (the same one when nothing changed) and one SND-416 for each value that no table knows;
        such values stay as they are.
        """
        return recode(document, where, tables)


def recode(document: XmlDocument, where: XPath, tables: Sequence[CodeTable]) -> tuple[XmlDocument, tuple[Issue, ...]]:
    """Translate every value at an XPath (attributes or elements with text); see `CodeTable.translate`."""
    changes: list[tuple[int, str]] = []
    unknown: list[Any] = []
    for number, node in enumerate(where.nodes(document.root)):
        value = _value(node)
        new = next((found for table in tables if (found := table.get(value)) is not None), None)
        if new is None:
            unknown.append(node)
        elif new != value:
            changes.append((number, new))
    issues = _unmapped(document, unknown, tables)
    return (_written(document, where, changes), issues) if changes else (document, issues)


def _written(document: XmlDocument, where: XPath, changes: list[tuple[int, str]]) -> XmlDocument:
    """Write the new values into a copy; the tree that all steps share is not touched."""
    tree = copy.deepcopy(document.root.getroottree())
    nodes = where.nodes(tree.getroot())
    for number, new in changes:
        node = nodes[number]
        if hasattr(node, "tag"):
            node.text = new
        else:
            _write_into_parent(node, new)
    return document.changed(tree)


def _write_into_parent(node: Any, new: str) -> None:
    """Write an attribute or a text node through the element that holds it."""
    parent = node.getparent()
    if node.is_attribute:
        parent.set(node.attrname, new)
    elif node.is_tail:
        parent.tail = new
    else:
        parent.text = new


def _unmapped(document: XmlDocument, nodes: list[Any], tables: Sequence[CodeTable]) -> tuple[Issue, ...]:
    """Report the codes that no table knows, each value once."""
    places = Places(document)
    issues: dict[str, Issue] = {}
    for node in nodes:
        value = _value(node)
        if value in issues:
            continue
        element = node if hasattr(node, "tag") else node.getparent()
        line, column = places.line_and_column(element)
        base = finding("SND-416", f"“{value}”不在代码表 {tables[-1].path.name} 中", value=value, line=line, column=column)
        attribute = "" if hasattr(node, "tag") else (node.attrname or "")
        issues[value] = Issue(
            code=base.code,
            message=base.message,
            hint=base.hint,
            rule=tables[-1].path.stem,
            path=path_of(element, attribute),
            line=line,
            column=column,
            value=base.value,
        )
    return tuple(issues.values())


def _value(node: Any) -> str:
    """Give the text at a node."""
    return str(node.text or "") if hasattr(node, "tag") else str(node)


def normal_code(code: str) -> str:
    """Bring a code or identifier to one form: NFKC (full-width to ASCII), no blanks around it."""
    return (
        code
        if code.isascii() and not code[:1].isspace() and not code[-1:].isspace()
        else unicodedata.normalize("NFKC", code).strip()
    )


def _read(path: Path, shown: str) -> dict[str, str]:
    """Read and check a table; all faults at once."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError:
        raise ConfigError([Fault(file=shown, line=0, column=0, code="CFG-020", message="读不到代码表")]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        message = "代码表不是 UTF-8；请另存为 CSV UTF-8"
        raise ConfigError([Fault(file=shown, line=line, column=0, code="CFG-026", message=message)]) from None
    codes: dict[str, str] = {}
    faults: list[Fault] = []
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        checked = ((rows.line_num, _take(row, rows.line_num, codes)) for row in rows)
        faults.extend(Fault(file=shown, line=line, column=1, code="CFG-026", message=text) for line, text in checked if text)
    except csv.Error as error:
        faults.append(Fault(file=shown, line=rows.line_num, column=1, code="CFG-026", message=f"CSV 写错了：{error}"))
    if not rows.line_num:
        faults.append(Fault(file=shown, line=1, column=1, code="CFG-026", message="代码表是空的；第一行应为 from,to,meaning"))
    if faults:
        raise ConfigError(faults)
    return codes


def _take(row: list[str], line: int, codes: dict[str, str]) -> str:
    """Take one row into the table; give what is wrong with it."""
    cells = [cell.strip() for cell in row]
    if line == 1:
        return "" if tuple(cells[:2]) == _HEAD and len(cells) <= 3 else "第一行应为 from,to 或 from,to,meaning"
    if not any(cells):
        return ""
    if len(cells) < 2 or len(cells) > 3:
        return f"这一行有 {len(cells)} 列，应为 2 或 3 列"
    code, to = normal_code(cells[0]), cells[1]
    if not code or not to:
        return "from 与 to 都要填写"
    if code in codes:
        return f"代码 {cells[0]} 出现了两次"
    codes[code] = to
    return ""
