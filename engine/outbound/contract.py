"""Know one operation of a pinned WSDL: write its request and read its reply (zeep, which never opens a socket here)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zeep
from zeep.exceptions import Error as ZeepError
from zeep.loader import parse_xml
from zeep.wsdl.messages.soap import RpcMessage
from zeep.wsdl.utils import etree_to_string, get_or_create_header
from zeep.wsse import UsernameToken

from engine.outbound.connector import Unfit
from engine.outbound.pinned import load_client
from engine.yamlfile import did_you_mean

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
MESSAGE_HEADER = "{urn:changbai:delivery:1}MessageId"
"""The SOAP header block that carries our message id when an endpoint asks for it."""

SETTINGS = zeep.Settings(strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=True)


class Unreadable(Exception):
    """The reply is not a SOAP envelope that could be read."""


@dataclass(frozen=True, slots=True)
class Manner:
    """What a destination wants otherwise than its WSDL says; "" and None mean as the WSDL has it."""

    namespace: str = ""
    soap: str = ""
    action: str | None = None


AS_WRITTEN = Manner()


@dataclass(frozen=True, slots=True)
class FaultReply:
    """A SOAP fault: `ours` when the destination blames the request, not itself; `code` and `text` as it wrote them."""

    ours: bool
    code: str
    text: str


class Contract:
    """One operation, ready to be called from several threads.

    `wsdl` is a file below `root`; empty `service` and `port` mean the first; `beside` is a contract of the same file, which
    is then not read again. Raises Unfit with the key at fault.
    """

    def __init__(
        self, wsdl: Path, root: Path, *, operation: str, service: str = "", port: str = "",
        manner: Manner = AS_WRITTEN, beside: Contract | None = None,
    ) -> None:  # fmt: skip
        try:
            self._client: zeep.Client = beside._client if beside else load_client(wsdl, root, SETTINGS)  # noqa: SLF001  its own kind
        except (ZeepError, OSError, ValueError, LookupError, RecursionError) as error:
            raise Unfit("CFG-027", ("wsdl",), f"the WSDL cannot be read: {error}") from error
        self._proxy = _bind(self._client, service, port)
        names = list(self._proxy._binding._operations)  # noqa: SLF001  zeep shows its operations nowhere else
        if operation not in names:
            raise Unfit("CFG-011", ("operation",), f"the WSDL has no operation {operation}{did_you_mean(operation, names)}")
        self._operation = self._proxy._binding.get(operation)  # noqa: SLF001  the same
        self.name = operation
        self._written = self._operation.nsmap["soap-env"]
        self._space = {"1.1": SOAP11, "1.2": SOAP12}.get(manner.soap, self._written)
        self._manner = manner
        self._spaces = {"", manner.namespace, *self._client.wsdl.types.namespaces}

    @property
    def one_way(self) -> bool:
        """Tell whether the WSDL promises no reply."""
        return self._operation.output is None or self._operation.output.body is None

    def sign(self, user: str, password: str, *, digest: bool) -> None:
        """Put a WS-Security UsernameToken into every request (OASIS UsernameToken Profile 1.1)."""
        self._client.wsse = UsernameToken(user, password, use_digest=digest)

    def request(self, values: Mapping[str, Any], message_id: str = "") -> bytes:
        """Write the envelope; raises TypeError, ValueError or a zeep error when the values do not fit the WSDL."""
        envelope = self._client.create_message(self._proxy, self.name, **values)
        if message_id:
            header = get_or_create_header(envelope)
            block = header.makeelement(MESSAGE_HEADER)
            block.text = message_id
            header.append(block)
        text: bytes = etree_to_string(envelope)
        return self._otherwise(text)

    def _otherwise(self, text: bytes) -> bytes:
        """Put the request into the namespace and the SOAP version that the destination wants, where each is declared."""
        if self._manner.namespace:
            text = text.replace(*_declared(self._operation.input.body.qname.namespace, self._manner.namespace), 1)
        return text.replace(*_declared(self._written, self._space), 1) if self._space != self._written else text

    def headers(self) -> dict[str, str]:
        """Give the HTTP headers of the SOAP version that the binding speaks."""
        action = (self._operation.soapaction or "") if self._manner.action is None else self._manner.action
        if self._space == SOAP12:
            return {"Content-Type": f'application/soap+xml; charset=utf-8; action="{action}"'}
        return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'}

    def read(self, body: bytes) -> Any:
        """Read a reply: the one element of its Body, or a FaultReply; raises Unreadable.

        A DOCTYPE is refused before anything is parsed.
        """
        if b"<!DOCTYPE" in body:
            raise Unreadable("含有 DOCTYPE")
        try:
            envelope = parse_xml(body, None, settings=SETTINGS)
        except (ZeepError, ValueError) as error:
            raise Unreadable("不是格式良好的 XML") from error
        space, _, name = str(envelope.tag).rpartition("}")
        if name != "Envelope" or space[1:] not in {SOAP11, SOAP12}:
            raise Unreadable(f"不是 SOAP 报文，根元素是 {name}")
        inside = [child for part in envelope.iterchildren(f"{space}}}Body") for child in part.iterchildren("*")]
        if len(inside) != 1:
            raise Unreadable(f"Body 里有 {len(inside)} 个元素，应为 1 个")
        return _fault(inside[0], space[1:]) if inside[0].tag == f"{space}}}Fault" else inside[0]

    def expects(self, reply: Any) -> bool:
        """Tell whether an element is the response that the WSDL promises, its namespace included."""
        output = self._operation.output
        wanted = output.body.qname
        if isinstance(output, RpcMessage):
            return str(reply.tag) == f"{{{wanted.namespace}}}{self.name}Response"
        local = str(reply.tag).rpartition("}")[2]
        return bool(reply.tag == wanted or (self._manner.namespace and reply.tag == f"{{{self._manner.namespace}}}{local}"))

    def field(self, reply: Any, path: str) -> str | None:
        """Read a dotted field of the response, for example UploadResult.status; None when it is absent."""
        at = [reply]
        for name in path.split("."):
            at = [child for element in at for child in element.iterchildren("*") if self._called(child, name)]
        return "".join(at[0].itertext()).strip() if at else None

    def content(self, reply: Any, path: str) -> str | bytes | None:
        """Read a dotted field that holds a document: as text, or as the XML that was put there unescaped; None when absent."""
        at = [reply]
        for name in path.split("."):
            at = [child for element in at for child in element.iterchildren("*") if self._called(child, name)]
        inside = list(at[0].iterchildren("*")) if at else []
        if len(inside) == 1:
            written: bytes = etree_to_string(inside[0])
            return written
        return "".join(at[0].itertext()) if at else None

    def parameters(self) -> list[str]:
        """Name the parameters of the operation."""
        return [name for name, _ in _elements(self._operation.input.body.type)]

    def fields(self, path: str) -> list[str]:
        """Name the fields that stand where the last word of a dotted path stands, [] when the path leads nowhere."""
        kind = self._operation.output.body.type
        for name in path.split(".")[:-1]:
            inner = dict(_elements(kind)).get(name)
            if inner is None:
                return []
            kind = inner.type
        return [name for name, _ in _elements(kind)]

    def _called(self, child: Any, name: str) -> bool:
        space, _, local = str(child.tag).rpartition("}")
        return local == name and space[1:] in self._spaces


def _declared(old: str, new: str) -> tuple[bytes, bytes]:
    return f'="{old}"'.encode(), f'="{new}"'.encode()


def _elements(kind: Any) -> Iterator[tuple[str, Any]]:
    yield from getattr(kind, "elements", [])


def _bind(client: zeep.Client, service: str, port: str) -> Any:
    try:
        proxy = client.bind(service or None, port or None)
    except ValueError as error:
        key = "service" if "Service" in str(error) else "port"
        raise Unfit("CFG-011", (key,), f"the WSDL has no such {key}") from error
    if proxy is None:
        raise Unfit("CFG-027", ("wsdl",), "the WSDL has no service")
    return proxy


def _fault(element: Any, space: str) -> FaultReply:
    """Read a fault of either version (SOAP 1.1 section 4.4, SOAP 1.2 part 1 section 5.4)."""
    if space == SOAP11:
        code = (element.findtext("faultcode") or "").strip()
        text = (element.findtext("faultstring") or "").strip()
    else:
        code = (element.findtext(f"{{{SOAP12}}}Code/{{{SOAP12}}}Value") or "").strip()
        text = (element.findtext(f"{{{SOAP12}}}Reason/{{{SOAP12}}}Text") or "").strip()
    kind = code.rpartition(":")[2].partition(".")[0]
    return FaultReply(ours=kind not in {"Server", "Receiver"}, code=code, text=text)
