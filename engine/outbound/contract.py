"""Know one operation of a pinned WSDL: write its request and read its reply (zeep, which never opens a socket here)."""

from __future__ import annotations

import sys
import threading
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
from engine.yamlfile import did_you_mean

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
MESSAGE_HEADER = "{urn:changbai:delivery:1}MessageId"
"""The SOAP header block that carries our message id when an endpoint asks for it."""

_SETTINGS = zeep.Settings(strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=True)
_DEEP = threading.Lock()


class Unreadable(Exception):
    """The reply is not a SOAP envelope that could be read."""


@dataclass(frozen=True, slots=True)
class FaultReply:
    """A SOAP fault: `ours` when the destination blames the request, not itself; `code` and `text` as it wrote them."""

    ours: bool
    code: str
    text: str


class _PinnedFiles:
    """Stand where zeep wants its transport: read files below one folder, refuse everything else."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def load(self, url: str) -> bytes:
        """Read a WSDL or schema; raises Unfit when it is not a file below the folder."""
        path = Path(url)
        if "://" in url or not path.resolve().is_relative_to(self._root):
            raise Unfit(
                "CFG-027",
                ("wsdl",),
                f"it imports {url} from outside the project; save that beside the WSDL and import it from there",
            )
        if not path.is_file():
            raise Unfit("CFG-020", ("wsdl",), f"it imports {path.name}, which is not there")
        return path.read_bytes()


def _load_client(wsdl: Path, root: Path) -> zeep.Client:
    """Build the client on a thread of its own: long chains of types need a deep stack, in this moment only."""
    found: list[Any] = []

    def build() -> None:
        try:
            found.append(zeep.Client(str(wsdl), transport=_PinnedFiles(root), settings=_SETTINGS))
        except Exception as error:  # noqa: BLE001  handed to the thread that waits, which judges it
            found.append(error)

    with _DEEP:
        limit, size = sys.getrecursionlimit(), threading.stack_size(64 << 20)
        try:
            sys.setrecursionlimit(20_000)
            thread = threading.Thread(target=build, name="wsdl")
            thread.start()
            thread.join()
        finally:
            sys.setrecursionlimit(limit)
            threading.stack_size(size)
    if isinstance(found[0], Exception):
        raise found[0]
    client: zeep.Client = found[0]
    return client


class Contract:
    """One operation, ready to be called from several threads.

    `wsdl` is a file below `root`; empty `service` and `port` mean the first. Raises Unfit with the key at fault.
    """

    def __init__(self, wsdl: Path, root: Path, *, operation: str, service: str = "", port: str = "") -> None:
        try:
            self._client = _load_client(wsdl, root)
        except (ZeepError, OSError, ValueError, LookupError, RecursionError) as error:
            raise Unfit("CFG-027", ("wsdl",), f"the WSDL cannot be read: {error}") from error
        self._proxy = _bind(self._client, service, port)
        names = list(self._proxy._binding._operations)  # noqa: SLF001  zeep shows its operations nowhere else
        if operation not in names:
            raise Unfit("CFG-011", ("operation",), f"the WSDL has no operation {operation}{did_you_mean(operation, names)}")
        self._operation = self._proxy._binding.get(operation)  # noqa: SLF001  the same
        self.name = operation
        self.soap12 = self._operation.nsmap["soap-env"] == SOAP12
        self._spaces = {"", *self._client.wsdl.types.namespaces}

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
        return text

    def headers(self) -> dict[str, str]:
        """Give the HTTP headers of the SOAP version that the binding speaks."""
        action = self._operation.soapaction or ""
        if self.soap12:
            return {"Content-Type": f'application/soap+xml; charset=utf-8; action="{action}"'}
        return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'}

    def read(self, body: bytes) -> Any:
        """Read a reply: the one element of its Body, or a FaultReply; raises Unreadable.

        A DOCTYPE is refused before anything is parsed.
        """
        if b"<!DOCTYPE" in body:
            raise Unreadable("含有 DOCTYPE")
        try:
            envelope = parse_xml(body, None, settings=_SETTINGS)
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
        return bool(reply.tag == wanted)

    def field(self, reply: Any, path: str) -> str | None:
        """Read a dotted field of the response, for example UploadResult.status; None when it is absent."""
        at = [reply]
        for name in path.split("."):
            at = [child for element in at for child in element.iterchildren("*") if self._called(child, name)]
        return "".join(at[0].itertext()).strip() if at else None

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
