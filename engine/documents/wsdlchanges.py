"""Say in words how a WSDL differs from the copy that was pinned, as far as callers are concerned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.documents.canonical import compare
from engine.documents.limits import Limits
from engine.documents.reading import open_document
from engine.documents.wsdls import local_name
from engine.errors import SenderError

_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_XSD = "{http://www.w3.org/2001/XMLSchema}"
_SOAP = {"{http://schemas.xmlsoap.org/wsdl/soap/}": "1.1", "{http://schemas.xmlsoap.org/wsdl/soap12/}": "1.2"}
_LIMITS = Limits(unpacked=8 << 20, depth=60, elements=100_000)
_OTHERS = 5
_UNIMPORTANT = ("//*[local-name()='documentation']", "//*[local-name()='address']", "//*[local-name()='Address']")


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a caller depends on: namespace, and for each operation what is said of it by heading."""

    namespace: str
    operations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def wsdl_changes(pinned: bytes, found: bytes) -> list[str]:
    """List the differences in Chinese, [] when callers need not care; addresses and documentation do not count.

    What is no WSDL at all is one difference. A WSDL whose types stand in imported files is compared without them.
    """
    try:
        theirs = open_document(found, _LIMITS).root
    except SenderError as error:
        return [f"返回的内容不是 XML：{error.first.message}"]
    if theirs.tag != f"{_WSDL}definitions":
        return [f"返回的内容不是 WSDL，根元素是 {str(theirs.tag).rpartition('}')[2]}"]
    words = list(_told(_facts(open_document(pinned, _LIMITS).root), _facts(theirs)))
    if not words:
        others = [one.where for one in compare(pinned, found, _UNIMPORTANT)]
        words = [f"其他改动：{where}" for where in others[:_OTHERS]]
        if len(others) > _OTHERS:
            words.append(f"其他改动共 {len(others)} 处")
    return words


def _told(ours: _Facts, theirs: _Facts) -> Iterator[str]:
    if ours.namespace != theirs.namespace:
        yield f"目标命名空间由 {ours.namespace} 改为 {theirs.namespace}"
    for name in sorted({*ours.operations, *theirs.operations}):
        if name not in theirs.operations:
            yield f"缺少操作 {name}"
        elif name not in ours.operations:
            yield f"新增操作 {name}"
        else:
            yield from _operation_told(name, ours.operations[name], theirs.operations[name])


def _operation_told(name: str, ours: Mapping[str, str], theirs: Mapping[str, str]) -> Iterator[str]:
    for heading in sorted({*ours, *theirs}):
        before, after = ours.get(heading, "无"), theirs.get(heading, "无")
        if before != after:
            yield f"操作 {name} 的 {heading} 由 {before} 改为 {after}"


def _facts(root: Any) -> _Facts:
    elements = {element.get("name"): element for schema in root.iter(f"{_XSD}schema") for element in schema}
    messages = {message.get("name"): message for message in root.iterchildren(f"{_WSDL}message")}
    operations: dict[str, dict[str, str]] = {}
    for operation in root.iterfind(f"{_WSDL}portType/{_WSDL}operation"):
        said = operations.setdefault(str(operation.get("name")), {})
        for tag, heading in (("input", "请求"), ("output", "应答")):
            said |= {heading: _message(operation.find(f"{_WSDL}{tag}"), messages, elements)}
    for binding in root.iterchildren(f"{_WSDL}binding"):
        for operation in binding.iterchildren(f"{_WSDL}operation"):
            operations.setdefault(str(operation.get("name")), {}).update(_bound(operation))
    return _Facts(str(root.get("targetNamespace")), operations)


def _bound(operation: Any) -> Iterator[tuple[str, str]]:
    for space, version in _SOAP.items():
        found = operation.find(f"{space}operation")
        if found is not None:
            yield f"soapAction（SOAP {version}）", found.get("soapAction") or "空"
            use = {body.get("use") or "" for body in operation.iter(f"{space}body")}
            yield f"use（SOAP {version}）", "、".join(sorted(use))


def _message(side: Any, messages: Mapping[str, Any], elements: Mapping[str, Any]) -> str:
    """Write one message as its element with the parameters in it."""
    message = messages.get(local_name(side.get("message"))) if side is not None else None
    parts = [] if message is None else list(message.iterchildren(f"{_WSDL}part"))
    return "，".join(_part(part, elements) for part in parts) or "无"


def _part(part: Any, elements: Mapping[str, Any]) -> str:
    name = local_name(part.get("element"))
    if not name:
        return f"{part.get('name')}: {local_name(part.get('type'))}"
    found = elements.get(name)
    inside = [] if found is None else [_parameter(each) for each in found.iter(f"{_XSD}element") if each is not found]
    return f"{name}({'，'.join(inside)})"


def _parameter(element: Any) -> str:
    many = "[]" if element.get("maxOccurs") not in {None, "1"} else ""
    need = "" if element.get("minOccurs") == "0" or element.get("nillable") == "true" else "!"
    return f"{element.get('name') or local_name(element.get('ref'))}: {local_name(element.get('type')) or '复合'}{many}{need}"
