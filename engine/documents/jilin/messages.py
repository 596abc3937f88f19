"""Write and read the business message of a function: REQ and RES, held to the table of the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from engine.documents.jilin.faults import MessageFault
from engine.documents.jilin.functions import FUNCTIONS, Node, Which
from engine.documents.jilin.opening import open_element, text_of
from engine.hospital import Values

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_FEN = re.compile(r"[0-9]{1,10}")
_TIMES = {10: "%Y-%m-%d", 16: "%Y-%m-%d %H:%M", 19: "%Y-%m-%d %H:%M:%S"}


def write_message(function: str, which: Which, values: Values, *, version: str = "") -> bytes:
    """Write REQ or RES in UTF-8: values in CDATA, in the order of the table, nothing for a value that is absent or empty.

    `version` "1.0.4" leaves out what only a later text has. Raises MessageFault: 5 for a function that is not in the table, 1 for
    a value that is missing, too long, of a wrong type or not in the table.
    """
    root = _root(function, which)
    parts: list[str] = []
    _write_group(parts, root, values, root.name, version)
    return "".join(parts).encode()


def read_message(function: str, which: Which, content: bytes, *, complete: bool = True) -> Values:
    """Read REQ or RES: unknown nodes are passed over, known ones checked, lists are tuples.

    `complete` asks for every required value. Raises MessageFault: 5 for an unknown function, 11 for an empty request, 12 for an empty
    response that should hold something, 2 for what is no such XML, 1 for a value that is missing or wrong.
    """
    root = _root(function, which)
    if not content.strip():
        if which == "response" and not (complete and any(child.required for child in root.children)):
            return {}
        raise MessageFault("11" if which == "request" else "12", "报文内容为空", root.name)
    element = open_element(content)
    if element.tag != root.name:
        raise MessageFault("2", f"根元素应为 {root.name}", root.name)
    return _read_group(element, root, root.name, complete=complete)


def _root(function: str, which: Which) -> Node:
    found = FUNCTIONS.get(function)
    if found is None:
        raise MessageFault("5", "没有这个功能代码", "FUN_CODE")
    return found.message(which)


def _write_group(parts: list[str], group: Node, values: Values, path: str, version: str) -> None:
    known = {child.name for child in group.children}
    strange = sorted(set(values) - known)
    if strange:
        raise MessageFault("1", f"接口表中没有 {'、'.join(strange)}", path)
    parts.append(f"<{group.name}>")
    for child in group.children:
        here = f"{path}/{child.name}"
        if child.kind == "List":
            for number, item in enumerate(values.get(child.name, ()), 1):
                _write_group(parts, child, item, f"{here}[{number}]", version)
        elif version != "1.0.4" or child.since == group.since:
            value = values.get(child.name)
            text = _checked(child, "" if value is None else str(value), here)
            if text:
                parts.append(f"<{child.name}>{_cdata(text)}</{child.name}>")
    parts.append(f"</{group.name}>")


def _cdata(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"


def _read_group(element: Any, group: Node, path: str, *, complete: bool) -> Values:
    found: dict[str, Any] = {}
    for child in group.children:
        here = f"{path}/{child.name}"
        if child.kind == "List":
            found[child.name] = tuple(
                _read_group(item, child, f"{here}[{number}]", complete=complete)
                for number, item in enumerate(element.iterchildren(child.name), 1)
                if len(item)
            )
            continue
        places = _places(element, child, path)
        if len(places) > 1:
            raise MessageFault("1", "只能出现一次", here)
        text = _checked(child, text_of(places[0]) if places else "", here, complete=complete)
        if text:
            found[child.name] = text
    return found


def _places(element: Any, child: Node, path: str) -> list[Any]:
    """Find a node, or else where it is met by mistake: under another spelling or below another node."""
    own = list(element.iterchildren(child.name))
    if own or not child.also:
        return own
    others = list(element.iterfind(child.also))
    if len({text_of(other).strip() for other in others}) > 1:
        raise MessageFault("1", "几处取值不同", f"{path}/{child.also}")
    return others[:1]


def _checked(node: Node, text: str, path: str, *, complete: bool = True) -> str:
    """Hold one value to its row of the table; white space around it does not count."""
    text = text.strip()
    if not text:
        if node.required and complete:
            raise MessageFault("1", f"缺少 {node.name}（{node.title}）", path)
        return ""
    if node.length and len(text) > node.length:
        raise MessageFault("1", f"超过 {node.length} 个字符", path)
    if _FORBIDDEN.search(text):
        raise MessageFault("1", "含有 XML 不允许的字符", path)
    if (check := _CHECKS.get(node.kind)) and (said := check(text)):
        raise MessageFault("1", said, path)
    return text


def _whole(text: str) -> str:
    return "" if _WHOLE.fullmatch(text) else "应为整数"


def _fen(text: str) -> str:
    return "" if _FEN.fullmatch(text) else "应为以分为单位的整数"


def _time(text: str) -> str:
    try:
        datetime.strptime(text, _TIMES[len(text)])  # noqa: DTZ007  only its form is looked at
    except (KeyError, ValueError):
        return "应为 yyyy-MM-dd 或 yyyy-MM-dd HH:mm:ss"
    return ""


_CHECKS: Mapping[str, Callable[[str], str]] = {"Int": _whole, "Number": _fen, "DateTime": _time}
