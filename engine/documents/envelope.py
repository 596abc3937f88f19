"""Read a SOAP envelope: one tree within bounds, its version, its operation and the credentials in its headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lxml import etree

from engine.codes import title
from engine.documents.bounded import Bounds, parse_bounded
from engine.errors import Issue, SenderError

SoapVersion = Literal["1.1", "1.2"]

NAMESPACE: Mapping[str, str] = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}
_VERSION = {uri: version for version, uri in NAMESPACE.items()}
_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_UNDERSTOOD = frozenset(
    {
        _WSSE,
        _WSU,
        "http://www.w3.org/2005/08/addressing",
        "http://schemas.xmlsoap.org/ws/2004/08/addressing",
        "http://schemas.xmlsoap.org/ws/2004/03/addressing",
    }
)
_ROOT_FALSE = "0"


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """One credential found in a header, as plain text; `form` is "digest" for PasswordDigest, else "text".

    `kind` is "wsse" for a UsernameToken of WS-Security 1.0, "header" for our own Credentials.
    """

    kind: Literal["wsse", "header"]
    institution: str
    secret: str = field(repr=False)
    form: Literal["text", "digest"] = "text"
    nonce: str = field(default="", repr=False)
    created: str = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A tree that is an Envelope of a known version; what is in it has not been looked at."""

    root: Any
    version: SoapVersion


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """A checked envelope: `call` is the element of the operation, `operation` its local name, `space` its namespace as sent."""

    version: SoapVersion
    operation: str
    space: str
    tokens: tuple[Token, ...]
    call: Any
    root: Any


def parse_envelope(content: bytes, bounds: Bounds) -> Parsed:
    """Parse UTF-8 bytes into an Envelope of SOAP 1.1 or 1.2.

    Raises SenderError SND-305 (not well-formed), SND-306 (another root), SND-308 (DOCTYPE), SND-604..609 (bounds).
    """
    root = parse_bounded(content, bounds)
    name = etree.QName(root)
    version = _VERSION.get(name.namespace or "")
    if name.localname != "Envelope" or version is None:
        raise _refusal("SND-306", "根元素不是 SOAP 1.1 或 SOAP 1.2 的 Envelope。", "按 WSDL 生成报文，命名空间不要改动。")
    return Parsed(root, "1.1" if version == "1.1" else "1.2")


def read_envelope(parsed: Parsed, namespace: str, operations: Mapping[str, Any]) -> Envelope:
    """Check Header and Body and find the operation and the credentials; `namespace` is the service's own.

    Raises SenderError SND-307 (structure), SND-309 (no such operation), SND-314 (mustUnderstand).
    """
    header, body = _header_and_body(parsed)
    headers = [] if header is None else _elements(header)
    for element in headers:
        _check_understood(element, parsed.version, namespace)
    call = _operation(body, parsed.version)
    called = etree.QName(call)
    name = called.localname
    if name not in operations:
        raise _refusal("SND-309", "Body 里的元素不是本服务的操作。", "按 WSDL 的操作名调用，注意大小写。", "/Envelope/Body/*")
    return Envelope(
        version=parsed.version,
        operation=name,
        space=called.namespace or "",
        tokens=tuple(token for element in headers for token in _tokens(element, namespace)),
        call=call,
        root=parsed.root,
    )


def text_of(element: Any) -> str:
    """Give the text of an element and of nothing in it; comments and processing instructions are left out."""
    if len(element) == 0:
        return element.text or ""
    return (element.text or "") + "".join(child.tail or "" for child in element)


def _refusal(code: str, message: str, hint: str, path: str = "") -> SenderError:
    return SenderError(Issue(code=code, message=message or title(code), hint=hint, path=path))


def _elements(parent: Any) -> list[Any]:
    return [child for child in parent if isinstance(child.tag, str)]


def _header_and_body(parsed: Parsed) -> tuple[Any | None, Any]:
    space = NAMESPACE[parsed.version]
    children = _elements(parsed.root)
    headers = [child for child in children if child.tag == f"{{{space}}}Header"]
    bodies = [child for child in children if child.tag == f"{{{space}}}Body"]
    if len(headers) > 1 or (headers and children[0] is not headers[0]):
        raise _refusal("SND-307", "Header 最多一个，并且在最前面。", "只保留一个 Header，放在 Body 之前。", "/Envelope/Header")
    if len(bodies) != 1:
        raise _refusal("SND-307", f"应有恰好一个 Body，实际 {len(bodies)} 个。", "按 WSDL 生成报文。", "/Envelope/Body")
    if any(child.tag.startswith(f"{{{space}}}") for child in children if child not in (*headers, *bodies)):
        raise _refusal("SND-307", "Envelope 里只能有 Header 和 Body。", "按 WSDL 生成报文。", "/Envelope")
    return (headers[0] if headers else None), bodies[0]


def _operation(body: Any, version: SoapVersion) -> Any:
    """Find the one operation; further children are allowed only as targets of href (SOAP 1.1 section 5.1)."""
    children = _elements(body)
    calls = [child for child in children if not _is_reference_target(child)]
    if not calls and children:
        calls = children[:1]
    if len(calls) != 1:
        raise _refusal("SND-307", f"Body 里应有恰好一个操作，实际 {len(calls)} 个。", "一次只调用一个操作。", "/Envelope/Body")
    if calls[0].tag == f"{{{NAMESPACE[version]}}}Fault":
        raise _refusal("SND-307", "请求的 Body 里是 Fault，不是操作。", "不要把应答当作请求发送。", "/Envelope/Body/Fault")
    return calls[0]


def _is_reference_target(element: Any) -> bool:
    roots = [value for name, value in element.items() if etree.QName(name).localname == "root"]
    return element.get("id") is not None and (etree.QName(element).localname == "multiRef" or _ROOT_FALSE in roots)


def _check_understood(element: Any, version: SoapVersion, namespace: str) -> None:
    asked = element.get(f"{{{NAMESPACE[version]}}}mustUnderstand", "0").strip()
    name = etree.QName(element)
    if asked in {"1", "true"} and name.namespace not in {*_UNDERSTOOD, namespace}:
        shown = f"/Envelope/Header/{name.localname}"
        raise _refusal("SND-314", f"不支持报文头 {name.localname[:60]}。", "去掉该报文头，或去掉它的 mustUnderstand。", shown)


def _tokens(header: Any, namespace: str) -> list[Token]:
    name = etree.QName(header)
    if name.localname == "Security" and name.namespace == _WSSE:
        return [_username_token(token) for token in header.iterchildren(f"{{{_WSSE}}}UsernameToken")]
    if name.localname == "Credentials" and (name.namespace or "").rstrip("/") in {namespace, ""}:
        return [_own_credentials(header)]
    return []


def _username_token(token: Any) -> Token:
    password = _only(token, "Password")
    kind = "" if password is None else password.get("Type", "")
    return Token(
        kind="wsse",
        institution=_plain(_only(token, "Username")).strip(),
        secret=_plain(password),
        form="digest" if kind.endswith("#PasswordDigest") else "text",
        nonce=_plain(_only(token, "Nonce")).strip(),
        created=_plain(_only(token, "Created")).strip(),
    )


def _own_credentials(header: Any) -> Token:
    return Token(
        kind="header", institution=_plain(_only(header, "institution")).strip(), secret=_plain(_only(header, "password"))
    )


def _only(parent: Any, name: str) -> Any | None:
    found = [child for child in _elements(parent) if etree.QName(child).localname == name]
    if len(found) > 1:
        raise _credential_refusal(f"凭据里的 {name} 出现了 {len(found)} 次。")
    return found[0] if found else None


def _plain(element: Any | None) -> str:
    """Give the text of a credential; anything but text inside it could be read in two ways and is refused."""
    if element is None:
        return ""
    if len(element):
        raise _credential_refusal("凭据里含有注释、处理指令或子元素。")
    return element.text or ""


def _credential_refusal(message: str) -> SenderError:
    return _refusal("SND-307", message, "凭据的每一项只写一次，只写文字。", "/Envelope/Header")
