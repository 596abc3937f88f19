"""Lint a WSDL by the design rules that let every legacy SOAP client in (rules W1 to W15, measured with 16 clients)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from engine.errors import Fault

_W, _S11 = "{http://schemas.xmlsoap.org/wsdl/}", "{http://schemas.xmlsoap.org/wsdl/soap/}"
_S12, _X = "{http://schemas.xmlsoap.org/wsdl/soap12/}", "{http://www.w3.org/2001/XMLSchema}"
_DECLARED = re.compile(rb"""<\?xml[^>]*encoding=["']utf-8["']""", re.IGNORECASE)
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_SIMPLE = frozenset({"string", "int", "boolean", "dateTime", "base64Binary"})
_TRANSPORT = "http://schemas.xmlsoap.org/soap/http"

Element = etree._Element  # noqa: SLF001 - the only name lxml gives the type
Found = tuple[Element | None, str]


@dataclass(frozen=True, slots=True)
class _Wsdl:
    raw: bytes
    root: Element

    def all(self, tag: str) -> Iterator[Element]:
        return self.root.iter(tag)

    def operations(self) -> Iterator[Element]:
        return (o for p in self.root.findall(f"{_W}portType") for o in p.findall(f"{_W}operation"))

    def message(self, reference: str | None) -> Element | None:
        name = local_name(reference)
        return next((m for m in self.root.findall(f"{_W}message") if m.get("name") == name), None)


def check_wsdl(path: Path, shown: str) -> Iterator[Fault]:
    """Give a fault CFG-027 for every broken rule, at its line; a file that is no XML gives that fault alone."""
    raw = path.read_bytes()
    try:
        root = etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    except etree.XMLSyntaxError as problem:
        line, column = problem.position
        yield Fault(file=shown, line=line, column=column, code="CFG-027", message="not well-formed XML")
        return
    wsdl = _Wsdl(raw, root)
    for name, rule in RULES.items():
        for element, words in rule(wsdl):
            line = element.sourceline or 1 if element is not None else 1
            yield Fault(file=shown, line=line, column=1, code="CFG-027", message=f"{name}: {words}")


def local_name(name: str | None) -> str:
    """Give a qualified name of a WSDL without its prefix."""
    return (name or "").rpartition(":")[2]


def _encoding(wsdl: _Wsdl) -> Iterator[Found]:
    if wsdl.raw.startswith(b"\xef\xbb\xbf") or not _DECLARED.match(wsdl.raw):
        yield None, "begin with an XML declaration of UTF-8, without BOM"


def _one_document(wsdl: _Wsdl) -> Iterator[Found]:
    linked = [
        *wsdl.all(f"{_W}import"),
        *wsdl.all(f"{_X}include"),
        *(i for i in wsdl.all(f"{_X}import") if i.get("schemaLocation")),
    ]
    for element in linked:
        yield element, "one self-contained document: no import, include or schemaLocation"


def _no_soap12_declared(wsdl: _Wsdl) -> Iterator[Found]:
    if _S12[1:-1].encode() in wsdl.raw and not any(True for _ in wsdl.all(f"{_S12}binding")):
        yield None, "a SOAP 1.1 WSDL must not name the soap12 namespace; gSOAP would make a SOAP 1.2 client"


def _xsd_prefix(wsdl: _Wsdl) -> Iterator[Found]:
    if wsdl.root.nsmap.get("xsd") != _X[1:-1]:
        yield wsdl.root, "bind the prefix xsd to XMLSchema on wsdl:definitions"


def _no_overloading(wsdl: _Wsdl) -> Iterator[Found]:
    for port in wsdl.root.findall(f"{_W}portType"):
        seen: set[str | None] = set()
        for operation in port.findall(f"{_W}operation"):
            if operation.get("name") in seen:
                yield operation, f"operation {operation.get('name')} stands twice"
            seen.add(operation.get("name"))


def _no_parameter_order(wsdl: _Wsdl) -> Iterator[Found]:
    for operation in wsdl.operations():
        if operation.get("parameterOrder") is not None:
            yield operation, f"remove parameterOrder from {operation.get('name')}"


def _one_part(wsdl: _Wsdl) -> Iterator[Found]:
    for operation in wsdl.operations():
        for side in (operation.find(f"{_W}input"), operation.find(f"{_W}output")):
            message = wsdl.message(side.get("message")) if side is not None else None
            parts = message.findall(f"{_W}part") if message is not None else []
            if side is not None and not (len(parts) == 1 and parts[0].get("name") == "parameters" and parts[0].get("element")):
                yield side, f"the message of {operation.get('name')} has exactly one part, name=parameters with element="


def _wrapped(wsdl: _Wsdl) -> Iterator[Found]:
    for operation in wsdl.operations():
        name = operation.get("name") or ""
        for tag, wanted in (("input", name), ("output", f"{name}Response")):
            side = operation.find(f"{_W}{tag}")
            message = wsdl.message(side.get("message")) if side is not None else None
            part = message.find(f"{_W}part") if message is not None else None
            if part is not None and local_name(part.get("element")) != wanted:
                yield part, f"the {tag} element of {name} is called {wanted}"


def _document_literal(wsdl: _Wsdl) -> Iterator[Found]:
    for soap in (_S11, _S12):
        for binding in wsdl.all(f"{soap}binding"):
            if binding.get("style", "document") != "document" or binding.get("transport") != _TRANSPORT:
                yield binding, "style=document over soap/http"
        for tag in ("body", "header", "fault"):
            for element in wsdl.all(f"{soap}{tag}"):
                if element.get("use") != "literal":
                    yield element, "use=literal"


def _soap_actions(wsdl: _Wsdl) -> Iterator[Found]:
    for binding in wsdl.root.findall(f"{_W}binding"):
        seen: set[str] = set()
        for operation in (o for soap in (_S11, _S12) for o in binding.iter(f"{soap}operation")):
            action = operation.get("soapAction", "")
            if not _ABSOLUTE.match(action):
                yield operation, f"soapAction {action!r} is no absolute URI"
            if action in seen:
                yield operation, f"soapAction {action!r} stands twice"
            seen.add(action)


def _one_port(wsdl: _Wsdl) -> Iterator[Found]:
    services = wsdl.root.findall(f"{_W}service")
    ports = [port for service in services for port in service.findall(f"{_W}port")]
    if len(services) != 1 or len(ports) != 1:
        yield wsdl.root, f"one service with one port, not {len(services)} with {len(ports)}"


def _own_namespace(wsdl: _Wsdl) -> Iterator[Found]:
    for schema in wsdl.all(f"{_X}schema"):
        if schema.get("elementFormDefault") != "qualified":
            yield schema, "elementFormDefault=qualified"
        if schema.get("targetNamespace") != wsdl.root.get("targetNamespace"):
            yield schema, "all types stand in the target namespace"


def _simple_types(wsdl: _Wsdl) -> Iterator[Found]:
    for element in wsdl.all(f"{_X}element"):
        prefix, _, name = (element.get("type") or "").rpartition(":")
        if prefix and element.nsmap.get(prefix) == _X[1:-1] and name not in _SIMPLE:
            yield element, f"{element.get('name')} has type xs:{name}; only {', '.join(sorted(_SIMPLE))}"


def _optional_or_nillable(wsdl: _Wsdl) -> Iterator[Found]:
    for element in wsdl.all(f"{_X}element"):
        if element.get("nillable") == "true" and element.get("minOccurs") == "0":
            yield element, f"{element.get('name')} is minOccurs=0 or nillable, not both"


def _sequences_only(wsdl: _Wsdl) -> Iterator[Found]:
    for tag in ("any", "choice", "anyAttribute", "all", "group", "attribute"):
        for element in wsdl.all(f"{_X}{tag}"):
            yield element, f"xs:{tag} is not for old clients; use a sequence"


RULES: dict[str, Callable[[_Wsdl], Iterator[Found]]] = {
    "W1": _encoding, "W2": _one_document, "W3": _no_soap12_declared, "W4": _xsd_prefix, "W5": _no_overloading, "W6": _no_parameter_order,
    "W7": _one_part, "W8": _wrapped, "W9": _document_literal, "W10": _soap_actions, "W11": _one_port, "W12": _own_namespace,
    "W13": _simple_types, "W14": _optional_or_nillable, "W15": _sequences_only,
}  # fmt: skip
"""Every rule and the function that finds what breaks it."""
