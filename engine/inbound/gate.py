"""Turn the bytes of a request into one UTF-8 envelope before any parser sees them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.inbound.charset import to_utf8
from engine.inbound.faults import EarlyRefusal
from engine.inbound.multipart import MediaType, parse_media_type, split_related

_STRANGE = ("multipart/", "application/json", "application/pdf", "application/zip", "image/", "audio/", "video/")
_PADDING = b" \t\r\n\x00"


@dataclass(frozen=True, slots=True)
class Opened:
    """One envelope as UTF-8 bytes without BOM and padding, with its attachments by Content-ID.

    `conflict` tells, for the log, which character set was taken although a label said otherwise; "" when none did.
    """

    content: bytes
    attachments: Mapping[str, bytes] = field(default_factory=dict)
    conflict: str = ""


def open_request(body: bytes, headers: Iterable[tuple[bytes, bytes]], limit: int) -> Opened:
    """Undo Content-Encoding, multipart and character set; `limit` bounds the inflated size in bytes.

    Raises EarlyRefusal with 400 (empty, broken), 413 (too large), 415 (unknown type, encoding or character set).
    """
    table = {name: value.decode("latin-1") for name, value in headers}
    body = inflate(body, table.get(b"content-encoding", ""), limit)
    media = parse_media_type(table.get(b"content-type", ""))
    attachments: Mapping[str, bytes] = {}
    if media.kind == "multipart/related":
        related = split_related(body, media)
        body, media, attachments = related.root, related.media, related.attachments
    elif media.kind.startswith(_STRANGE):
        raise EarlyRefusal(415, "SND-303", f"不支持的内容类型 {media.kind[:60]}。", "使用 text/xml; charset=utf-8。")
    return _decoded(body, media, attachments)


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """Undo gzip or deflate (zlib or raw) up to `limit` bytes."""
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return body
    if name in {"gzip", "x-gzip"}:
        return _inflated(body, 31, limit)
    if name == "deflate":
        wrapped = body[:1] and body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0
        return _inflated(body, 15 if wrapped else -15, limit)
    raise EarlyRefusal(415, "SND-303", "不支持的 Content-Encoding。", "使用 gzip、deflate，或不压缩。")


def _inflated(body: bytes, window: int, limit: int) -> bytes:
    machine = zlib.decompressobj(window)
    try:
        plain = machine.decompress(body, limit + 1)
    except zlib.error:
        raise _broken_packing("Content-Encoding 与内容不符，不能解压。") from None
    if len(plain) > limit:
        raise too_large(limit)
    if not machine.eof or machine.unused_data:
        raise _broken_packing("压缩的请求体不完整，或末尾有多余内容。")
    return plain


def too_large(limit: int) -> EarlyRefusal:
    """Say that a body is above the limit (bytes)."""
    shown = f"{limit // (1024 * 1024)} MiB" if limit >= 1024 * 1024 else f"{limit} 字节"
    return EarlyRefusal(413, "SND-601", f"请求体超过上限 {shown}。", "拆成多次发送。")


def _broken_packing(message: str) -> EarlyRefusal:
    return EarlyRefusal(400, "SND-302", message, "检查 HTTP 客户端的压缩设置。")


def _decoded(body: bytes, media: MediaType, attachments: Mapping[str, bytes]) -> Opened:
    if not body.strip(_PADDING):
        raise EarlyRefusal(400, "SND-304", "请求体为空。", "检查是否真正发送了 SOAP 报文。")
    text = to_utf8(body, media.charset)
    content = text.content.lstrip(b" \t\r\n").rstrip(_PADDING)
    return Opened(content, attachments, text.conflict)
