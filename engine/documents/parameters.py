"""Bring the parameters of a call into the form of the contract and read them as plain values."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from lxml import etree

from engine.documents.envelope import Envelope, text_of
from engine.documents.fields import Field, Operation
from engine.errors import Issue, SenderError

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_INCLUDE = "{http://www.w3.org/2004/08/xop/include}Include"
_OWN_START_TAG = re.compile(r"<[^\s/>]+(?:\s+[^\s=]+=(?:\"[^\"]*\"|'[^']*'))*\s*(/?)>")
_INTEGER = re.compile(r"[+-]?[0-9]{1,12}")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_INT32 = 2**31


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """How much the references of one call may bring in: elements, and characters of text."""

    elements: int = 50_000
    characters: int = 32 * 1024 * 1024


def normalise(
    envelope: Envelope,
    operation: Operation,
    namespace: str,
    attachments: Mapping[str, bytes],
    allowance: Allowance,
) -> None:
    """Rewrite the call in place: own namespace, no xsi:type, no nil, references followed, inner XML as text.

    `attachments` holds the parts of a multipart request by Content-ID. Raises SenderError SND-311 (a value or a
    repeated parameter), SND-312 (no parameter recognised), SND-313 (href), SND-315 (attachment).
    """
    pen = _Pen(namespace, envelope.root, attachments, allowance)
    call = envelope.call
    had_elements = any(isinstance(child.tag, str) for child in call)
    pen.rename(call, operation.name)
    pen.record(call, operation.parameters, f"/Envelope/Body/{operation.name}")
    if had_elements and operation.parameters and len(call) == 0 and not pen.dropped_nil:
        _refuse_unrecognised(operation)


def read_values(element: Any, fields: tuple[Field, ...]) -> dict[str, Any]:
    """Read the values of a normalised record; a binary value that is no strict Base64 is given as its text."""
    table = {field.name: field for field in fields}
    values: dict[str, Any] = {}
    for child in element:
        name = child.tag.rpartition("}")[2]
        values[name] = _value(child, table[name])
    return values


def check_required(operation: Operation, values: Mapping[str, Any]) -> None:
    """Refuse a call that lacks a required parameter, or has it empty. Raises SenderError SND-310 naming each."""
    missing = [names for names in operation.required if not any(_filled(values.get(name)) for name in names.split("|"))]
    if missing:
        raise SenderError(*(_missing(operation, names.replace("|", " 或 ")) for names in missing))


def check_lengths(fields: tuple[Field, ...], values: Mapping[str, Any], path: str) -> None:
    """Refuse a text longer than its field allows, at any depth (SenderError SND-311)."""
    for declared in fields:
        value = values.get(declared.name)
        if not value:
            continue
        place = f"{path}/{declared.name}"
        if declared.kind == "list":
            for number, item in enumerate(value, 1):
                if declared.fields:
                    check_lengths(declared.fields, item, f"{place}/{declared.item}[{number}]")
                else:
                    _check_length(declared, item, f"{place}/{declared.item}[{number}]")
        elif declared.longest:
            _check_length(declared, value, place)


def _check_length(declared: Field, text: str, path: str) -> None:
    if declared.longest and len(text) > declared.longest:
        message = f"参数 {path.rpartition('/')[2]} 有 {len(text)} 个字符，最多 {declared.longest} 个。"
        raise _wrong_value(path, message, "缩短后重发；检查是否填错了参数。")


def decode_base64(text: str) -> bytes | None:
    """Decode strict Base64 (RFC 4648), white space allowed; None for anything else, also for loose trailing bits."""
    packed = "".join(text.split())
    try:
        data = binascii.a2b_base64(packed, strict_mode=True)
    except (binascii.Error, ValueError):
        return None
    tail = base64.b64encode(data[-((len(data) - 1) % 3 + 1) :]).decode("ascii") if data else ""
    return data if packed.endswith(tail) else None


@dataclass(slots=True)
class _Pen:
    """Rewrite one call; keeps the budget of what references may bring in."""

    namespace: str
    root: Any
    attachments: Mapping[str, bytes]
    allowance: Allowance
    dropped_nil: bool = False
    elements: int = 0
    characters: int = 0
    targets: dict[str, Any] = field(default_factory=dict)

    def rename(self, element: Any, name: str) -> None:
        tag = f"{{{self.namespace}}}{name}"
        if element.tag != tag:
            element.tag = tag

    def record(self, element: Any, fields: tuple[Field, ...], path: str, trail: frozenset[str] = frozenset()) -> None:
        """Keep the declared children, each once; drop all else."""
        table = {each.name: each for each in fields}
        seen: set[str] = set()
        for child in list(element):
            name = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else ""
            if name not in table:
                element.remove(child)
                continue
            if name in seen:
                raise _wrong_value(f"{path}/{name}", f"参数 {name} 出现了多次。", "每个参数只写一次。")
            seen.add(name)
            self.child(child, table[name], f"{path}/{name}", trail)

    def child(self, element: Any, declared: Field, path: str, trail: frozenset[str]) -> None:
        """Rewrite one declared element, or take it out when it is nil."""
        if element.get(f"{{{_XSI}}}nil", "").strip() in {"true", "1"}:
            element.getparent().remove(element)
            self.dropped_nil = True
            return
        trail = self.follow(element, path, trail)
        self.rename(element, declared.name)
        match declared.kind:
            case "record":
                self.record(element, declared.fields, path, trail)
            case "list":
                self.items(element, declared, path, trail)
            case _:
                self.simple(element, declared, path)
        if element.attrib:
            element.attrib.clear()

    def items(self, element: Any, declared: Field, path: str, trail: frozenset[str]) -> None:
        """Rewrite the items of a wrapped list; other children are dropped."""
        kind = Field(declared.item, "record", declared.fields) if declared.fields else Field(declared.item)
        number = 0
        for child in list(element):
            if not isinstance(child.tag, str) or child.tag.rpartition("}")[2] != declared.item:
                element.remove(child)
                continue
            number += 1
            self.child(child, kind, f"{path}/{declared.item}[{number}]", trail)

    def simple(self, element: Any, declared: Field, path: str) -> None:
        """Leave nothing but text in a simple element, and check that the text fits the type."""
        if len(element):
            text = self.folded(element, path)
            element.clear(keep_tail=True)
            element.text = text
        if declared.kind in {"int", "boolean"}:
            _check_simple(element, declared.kind, path)

    def folded(self, element: Any, path: str) -> str:
        """Give the children of a simple element as text: an attachment, inner XML, or the text around comments."""
        inner = [child for child in element if isinstance(child.tag, str)]
        if len(inner) == 1 and inner[0].tag == _INCLUDE:
            return self.attached(inner[0].get("href", ""), path)
        return _inner_xml(element) if inner else text_of(element)

    def follow(self, element: Any, path: str, trail: frozenset[str]) -> frozenset[str]:
        """Replace a reference by a copy of what it names (SOAP 1.1 section 5.4.1); gives the ids on the way."""
        while href := element.attrib.pop("href", ""):
            if not href.startswith("#"):
                element.text = self.attached(href, path)
                break
            name = href[1:]
            target = self.target(name)
            if target is None or name in trail:
                what = "不存在" if target is None else "引用了自己"
                raise _wrong_reference(path, f"href 引用的 id {what}。")
            self.copy(element, target, path)
            trail |= {name}
        return trail

    def target(self, name: str) -> Any | None:
        if not self.targets:
            for each in self.root.iter(etree.Element):
                if (found := each.get("id")) is not None:
                    self.targets.setdefault(found, each)
        return self.targets.get(name)

    def copy(self, element: Any, target: Any, path: str) -> None:
        self.elements += sum(1 for _ in target.iter())
        self.characters += sum(len(text) for text in target.itertext())
        if self.elements > self.allowance.elements or self.characters > self.allowance.characters:
            raise _wrong_reference(path, "href 引用展开后过大。")
        element.text = target.text
        element[:] = [deepcopy(child) for child in target]
        if (further := target.get("href")) is not None:
            element.set("href", further)

    def attached(self, href: str, path: str) -> str:
        """Give an attachment as Base64 text; each use counts against the allowance."""
        data = self.attachments.get(unquote(href.removeprefix("cid:"))) if href.startswith("cid:") else None
        if data is None:
            issue = Issue(code="SND-315", message="引用的附件不存在。", hint="附件的 Content-ID 要与 href 一致。", path=path)
            raise SenderError(issue)
        self.characters += len(data) * 4 // 3
        if self.characters > 2 * self.allowance.characters:
            raise _wrong_reference(path, "附件引用展开后过大。")
        return base64.b64encode(data).decode("ascii")


def _inner_xml(element: Any) -> str:
    """Serialise once and cut off the element's own tags, where lxml puts the inherited namespace declarations."""
    whole = str(etree.tostring(element, encoding="unicode", with_tail=False))
    start = _OWN_START_TAG.match(whole)
    if start is None or start[1]:
        return ""
    return whole[start.end() : whole.rindex("</")]


def _value(element: Any, declared: Field) -> Any:
    if declared.kind == "list":
        if declared.fields:
            return [read_values(child, declared.fields) for child in element]
        return [child.text or "" for child in element]
    if declared.kind == "record":
        return read_values(element, declared.fields)
    text = element.text or ""
    if declared.kind == "binary":
        data = decode_base64(text)
        return text if data is None else data
    return _simple_value(text, declared.kind)


def _simple_value(text: str, kind: str) -> Any:
    if kind == "int":
        return int(text)
    return _BOOLEANS[text] if kind == "boolean" else text


def _check_simple(element: Any, kind: str, path: str) -> None:
    """Write the value without white space; an empty one is as good as absent."""
    text = (element.text or "").strip()
    if not text:
        element.getparent().remove(element)
        return
    if kind == "int" and not (_INTEGER.fullmatch(text) and -_INT32 <= int(text) < _INT32):
        raise _wrong_value(path, "此处应为整数。", "只写数字，例如 12。")
    if kind == "boolean" and text not in _BOOLEANS:
        raise _wrong_value(path, "此处应为 true 或 false。", "写 true 或 false。")
    element.text = text


def _filled(value: Any) -> bool:
    if value is None:
        return False
    return bool(value.strip()) if isinstance(value, str | bytes) else True


def _missing(operation: Operation, names: str) -> Issue:
    return Issue(
        code="SND-310",
        message=f"操作 {operation.name} 缺少必填参数 {names}。",
        hint=f"补上参数 {names}，并且不要为空。",
        path=f"/Envelope/Body/{operation.name}/{names.partition(' ')[0]}",
    )


def _refuse_unrecognised(operation: Operation) -> None:
    expected = "、".join(each.name for each in operation.parameters)
    raise SenderError(
        Issue(
            code="SND-312",
            message=f"没有识别出操作 {operation.name} 的任何参数。",
            hint=f"参数要用这些名称：{expected}。",
            path=f"/Envelope/Body/{operation.name}",
        )
    )


def _wrong_value(path: str, message: str, hint: str) -> SenderError:
    return SenderError(Issue(code="SND-311", message=message, hint=hint, path=path))


def _wrong_reference(path: str, message: str) -> SenderError:
    return SenderError(Issue(code="SND-313", message=message, hint="把内容直接写在参数里，不要使用 href。", path=path))
