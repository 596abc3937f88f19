"""Split a multipart/related request into its root part and its attachments (RFC 2387, MTOM, SOAP with Attachments)."""

from __future__ import annotations

import base64
import binascii
import quopri
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from engine.inbound.faults import EarlyRefusal
from engine.inbound.spyne_shim import parse_header

_MOST_PARTS = 300
_MOST_HEADERS = 8192


@dataclass(frozen=True, slots=True)
class MediaType:
    """A Content-Type: `kind` in lower case, the parameters that matter here."""

    kind: str
    charset: str = ""
    boundary: str = ""
    start: str = ""


@dataclass(frozen=True, slots=True)
class Related:
    """The parts of a request: the root with its own type, the others by Content-ID without angle brackets."""

    root: bytes
    media: MediaType
    attachments: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class _Part:
    headers: Mapping[str, str]
    content: bytes

    @property
    def id(self) -> str:
        return self.headers.get("content-id", "").strip().removeprefix("<").removesuffix(">")


@lru_cache(maxsize=64)
def parse_media_type(line: str) -> MediaType:
    """Read a Content-Type header; an absent one is an empty kind. A client sends the same line every time."""
    if not line.strip():
        return MediaType("")
    if ";" not in line:
        return MediaType(line.strip().lower())
    kind, found = parse_header(line)
    parameters = {name.lower(): value for name, value in found.items()}
    return MediaType(
        kind.strip().lower(),
        charset=parameters.get("charset", ""),
        boundary=parameters.get("boundary", ""),
        start=parameters.get("start", "").strip().removeprefix("<").removesuffix(">"),
    )


def split_related(body: bytes, media: MediaType) -> Related:
    """Split the body; the root is the part that `start` names, else the first. Raises EarlyRefusal 400 SND-315."""
    if not media.boundary:
        raise EarlyRefusal(415, "SND-303", "multipart/related 缺少 boundary。", "在 Content-Type 写明 boundary。")
    parts = _parts(body, b"--" + media.boundary.encode("latin-1", "replace"))
    root = next((part for part in parts if part.id == media.start), None) if media.start else parts[0]
    if root is None:
        raise _broken("start 指定的根部分不存在。")
    inner = parse_media_type(root.headers.get("content-type", ""))
    attachments = {unquote(part.id): part.content for part in parts if part is not root and part.id}
    return Related(root.content, inner, attachments)


def _parts(body: bytes, mark: bytes) -> list[_Part]:
    pieces = (b"\r\n" + body).split(b"\r\n" + mark, _MOST_PARTS + 1)
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise _broken("附件报文的边界不完整。")
    if len(pieces) > _MOST_PARTS:
        raise _broken(f"附件报文的部分超过上限 {_MOST_PARTS}。")
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> _Part:
    _, _, rest = piece.partition(b"\r\n")
    head, gap, content = (b"", b"\r\n", rest[2:]) if rest.startswith(b"\r\n") else rest.partition(b"\r\n\r\n")
    if not gap or len(head) > _MOST_HEADERS:
        raise _broken("附件报文的部分缺少空行，或部分头过长。")
    lines = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return _Part(headers, _transferred(content, headers.get("content-transfer-encoding", "binary")))


def _transferred(content: bytes, encoding: str) -> bytes:
    match encoding.strip().lower():
        case "base64":
            try:
                return base64.b64decode(b"".join(content.split()), validate=True)
            except binascii.Error:
                raise _broken("附件的 Base64 不正确。") from None
        case "quoted-printable":
            return quopri.decodestring(content)
        case "binary" | "8bit" | "7bit":
            return content
    raise _broken("不支持的 Content-Transfer-Encoding。")


def _broken(message: str) -> EarlyRefusal:
    return EarlyRefusal(400, "SND-315", message, "改用 Upload（Base64 文本），或修正 MTOM。")
