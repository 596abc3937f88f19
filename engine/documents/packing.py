"""Unpack what hospitals upload (Base64 of GZIP of XML), and name every wrong packing."""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from engine.documents.issues import finding, refusal
from engine.documents.limits import DEFAULT_LIMITS, Limits
from engine.errors import Issue, SenderError

_GZIP = b"\x1f\x8b"
_GZIP_HEAD = 10
_GZIP_FLAGS = 3
_RESERVED_FLAGS = 0xE0
_WHITE = re.compile(r"[ \t\r\n]+")
_WRAPPED_LINE = 76
_FOREIGN = re.compile(r"[^A-Za-z0-9+/=]")
_BASE64_BYTES = re.compile(rb"[A-Za-z0-9+/\-_\s]+={0,2}\s*")
_STEP = 1 << 20
"""Bytes inflated at a time."""

_PROBE = 4096
"""Bytes inflated to find out what a strange packing holds; never the whole of it."""

_XML_STARTS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<\x00", b"\xfe\xff\x00<", b"<\x00", b"\x00<")
_KNOWN_FILES = {
    b"%PDF": "PDF 文件",
    b"\x89PNG": "PNG 图片",
    b"\xff\xd8\xff": "JPEG 图片",
    b"{": "JSON 文本",
    b"BZh": "bzip2 压缩数据",
    b"\xfd7zXZ": "xz 压缩数据",
    b"7z\xbc\xaf": "7z 压缩文件",
    b"Rar!": "RAR 压缩文件",
    b"\xd0\xcf\x11\xe0": "旧版 Office 文件",
    b"\x28\xb5\x2f\xfd": "zstd 压缩数据",
}
_GZIP_FUNCTIONS = (
    "使用 GZIP 函数：.NET GZipStream，Java GZIPOutputStream，PHP gzencode，"
    "Delphi TZCompressionStream（WindowBits 取 31），Python gzip.compress。"
)
_CLOSE_FIRST = (
    "先关闭压缩流再取字节（.NET 先 Dispose GZipStream 再 ToArray，Java 先 close 再 toByteArray）；并检查字段长度是否截断。"
)
_BYTES_NOT_TEXT = "压缩结果是字节，不能当字符串转换或改变编码；直接交给 Base64 函数（.NET Convert.ToBase64String，Java Base64.getEncoder()，PHP base64_encode）。"


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What was sent, `gzip` as the sender compressed it, and `content`, the XML inside."""

    gzip: bytes
    content: bytes
    warnings: tuple[Issue, ...] = ()


Decrypt = Callable[[bytes], bytes]
"""Undo an encryption that lies between GZIP and Base64."""


def _as_it_is(data: bytes) -> bytes:
    return data


def unpack_text(payload: str, limits: Limits = DEFAULT_LIMITS, decrypt: Decrypt = _as_it_is) -> Unpacked:
    """Unpack the payload of Upload: Base64 of one GZIP member of XML.

    Lines of 76 columns and an unambiguous URL-safe alphabet are warnings. Raises SenderError: SND-2xx names the packing
    that was found, SND-603 the limit that was passed. RFC 4648, RFC 1952.
    """
    data, warnings = _from_base64(payload)
    data = decrypt(data)
    return Unpacked(data, _gunzip(data, limits, binary=False), warnings)


def unpack_binary(data: bytes, limits: Limits = DEFAULT_LIMITS, decrypt: Decrypt = _as_it_is) -> Unpacked:
    """Unpack the payload of UploadBinary: one GZIP member of XML; raises as `unpack_text` does."""
    data = decrypt(data)
    return Unpacked(data, _gunzip(data, limits, binary=True))


def gunzip_stored(data: bytes) -> bytes:
    """Inflate what the store kept; it was checked when it came in."""
    return gzip.decompress(data)


def pack_gzip(content: bytes) -> bytes:
    """Compress to one GZIP member without a time, so equal content gives equal bytes."""
    return gzip.compress(content, compresslevel=6, mtime=0)


def pack_text(content: bytes) -> str:
    """Pack as Upload wants it: GZIP, then Base64 on one line."""
    return base64.b64encode(pack_gzip(content)).decode("ascii")


def _from_base64(payload: str) -> tuple[bytes, tuple[Issue, ...]]:
    """Decode strictly: white space of wrapping goes, then every character and bit must be right."""
    text = payload.strip(" \t\r\n")
    if not text:
        raise refusal("SND-220", "payload 为空")
    _refuse_unpacked(text)
    warnings: tuple[Issue, ...] = ()
    if any(blank in text for blank in " \t\r\n"):
        text = _unwrap(text)
        warnings = (finding("SND-216"),)
    if "-" in text or "_" in text:
        text = _from_url_alphabet(text)
        warnings = (*warnings, finding("SND-215"))
    return _strict(text), warnings


def _refuse_unpacked(text: str) -> None:
    """Name a payload that never was Base64."""
    if text.startswith(("<", "\ufeff<", "&lt;")):
        raise refusal("SND-204", f"payload 以 {text[:20]!r} 开头", value=text)
    if text[:5].lower() == "data:":
        raise refusal("SND-205", f"payload 以 {text[:40].partition(',')[0]!r} 开头", value=text[:60])


def _unwrap(text: str) -> str:
    """Join wrapped lines; blanks inside a line are lost plus signs, which nobody may guess."""
    for number, row in enumerate(text.splitlines(), 1):
        inner = row.strip(" \t")
        if " " in inner:
            found = f"第 {number} 行中间有 {inner.count(' ')} 个空格"
            raise refusal("SND-217", found, "不要做 URL 编码或解码（application/x-www-form-urlencoded）；按 SOAP 文本原样发送。")
    return _WHITE.sub("", text)


def _from_url_alphabet(text: str) -> str:
    """Translate the URL-safe alphabet when it stands alone; mixed with the other it is foreign."""
    if "+" in text or "/" in text:
        raise refusal("SND-201", "同时出现了标准字母表的 + / 和 URL 字母表的 - _", _BYTES_NOT_TEXT)
    return text.replace("-", "+").replace("_", "/")


def _strict(text: str) -> bytes:
    """Decode Base64 without white space; name a foreign character, a wrong length or loose bits."""
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        raise _why_not_base64(text) from None
    if text.endswith("=") and binascii.b2a_base64(data[-(len(data) % 3) :], newline=False).decode() != text[-4:]:
        raise refusal("SND-203", f"末尾四个字符是 {text[-4:]}")
    return data


def _why_not_base64(text: str) -> SenderError:
    """Say what keeps a text from being Base64."""
    if foreign := _FOREIGN.search(text):
        found = f"第 {foreign.start() + 1} 个字符是 {foreign.group()!r}（U+{ord(foreign.group()):04X}）"
        return refusal("SND-201", found, _BYTES_NOT_TEXT, value=foreign.group())
    body = text.rstrip("=")
    if "=" in body:
        return refusal(
            "SND-201", f"第 {text.index('=') + 1} 个字符是 =，它只能出现在末尾", "每份文档只编码一次，不要把几段 Base64 拼接。"
        )
    found = f"去掉空白后共 {len(text)} 个字符，其中末尾有 {len(text) - len(body)} 个 =；长度应为 4 的倍数"
    return refusal("SND-202", found)


def _gunzip(data: bytes, limits: Limits, *, binary: bool) -> bytes:
    """Inflate one GZIP member within the limit, or name what the bytes are instead."""
    if not data.startswith(_GZIP):
        raise _not_gzip(data, binary=binary)
    content = _inflate_member(data, limits.unpacked)
    if content.startswith(_GZIP):
        raise refusal("SND-214", "解压一次后仍以 1F 8B 开头")
    if not _is_xml(content) and _is_base64(content):
        raise refusal("SND-220", "解压后的内容又是一段 Base64 文本", "顺序应为：XML → GZIP → Base64；压缩的是 XML 本身。")
    return content


def _inflate_member(data: bytes, limit: int) -> bytes:
    """Inflate exactly one member, piece by piece: of one that is refused no more is held than its last bytes (ISIZE) say.

    What is longer than it says, or says more than the limit, is refused at its end or at the limit, so nothing of it is kept.
    """
    if len(data) > _GZIP_FLAGS and data[_GZIP_FLAGS] & _RESERVED_FLAGS:
        raise refusal("SND-212", f"第 4 字节（标志位）是 {data[_GZIP_FLAGS]:02X}，保留位不为零", _BYTES_NOT_TEXT)
    inflator = zlib.decompressobj(wbits=31)
    pieces, size, rest = [], 0, data
    keep = int.from_bytes(data[-4:], "little")
    try:
        while not inflator.eof:
            piece = inflator.decompress(rest, _STEP)
            rest = inflator.unconsumed_tail
            size += len(piece)
            if size > limit:
                raise refusal("SND-603", f"超过上限 {limit} 字节（{limit / 1048576:g} MiB）", value=str(limit))
            if size <= keep <= limit:
                pieces.append(piece)
            if not piece:
                break
    except zlib.error as error:
        raise refusal("SND-212", f"共 {len(data)} 字节（{_reason(str(error))}）", _BYTES_NOT_TEXT) from None
    if not inflator.eof:
        raise refusal("SND-211", f"收到 {len(data)} 字节，压缩数据在中途结束", _CLOSE_FIRST)
    if inflator.unused_data:
        raise _trailing(inflator.unused_data)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _trailing(rest: bytes) -> SenderError:
    """Name what follows the member."""
    what = "第二个 GZIP 成员" if rest.startswith(_GZIP) else f"以 {rest[:4].hex(' ').upper()} 开头的字节"
    hint = "" if rest.startswith(_GZIP) else "只取压缩流的有效长度（.NET 用 ToArray，不用 GetBuffer），再做 Base64。"
    return refusal("SND-213", f"GZIP 之后还有 {len(rest)} 字节：{what}", hint)


def _reason(text: str) -> str:
    """Say in Chinese what zlib found."""
    if "data check" in text:
        return "CRC32 校验和不符"
    if "length check" in text:
        return "长度不符"
    if "header crc" in text:
        return "文件头校验不符"
    if "compression method" in text:
        return "压缩方法不是 deflate"
    return "压缩数据不可读"


def _not_gzip(data: bytes, *, binary: bool) -> SenderError:
    """Name bytes that do not begin as GZIP does."""
    if not data:
        return refusal("SND-220", "payload 为空")
    first = f"前几个字节是 {data[:4].hex(' ').upper()}"
    for code, fits, hint in _WRONG_PACKINGS:
        if fits(data):
            found = f"解码后仍是 Base64 文本：{data[:16].decode('ascii', 'replace')}…" if code == "SND-206" else first
            return refusal(code, found, "先做 GZIP 压缩。" + hint if binary and code == "SND-207" else hint)
    known = next((f"内容是{name}，" for magic, name in _KNOWN_FILES.items() if data.startswith(magic)), "")
    return refusal("SND-220", f"{known}共 {len(data)} 字节，{first}")


def _is_xml(data: bytes) -> bool:
    """Tell bytes that begin as XML does, in any encoding we know."""
    return data.startswith(_XML_STARTS) or data.lstrip()[:1] == b"<"


def _is_zip(data: bytes) -> bool:
    """Tell a ZIP file."""
    return data.startswith(b"PK")


def _is_base64(data: bytes) -> bool:
    """Tell bytes that are Base64 text once more."""
    return len(data) > 4 and _BASE64_BYTES.fullmatch(data[:_PROBE]) is not None


def _is_zlib(data: bytes) -> bool:
    """Tell a zlib head (RFC 1950) whose data inflate."""
    return len(data) > 2 and data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0 and _inflates(data, 15)


def _inflates(data: bytes, window: int) -> bool:
    """Tell whether data inflate, trying a bounded beginning and asking for text that looks like XML when raw."""
    inflator = zlib.decompressobj(wbits=window)
    try:
        head = inflator.decompress(data[:65536], _PROBE)
    except zlib.error:
        return False
    return bool(head) and (window > 0 or _is_xml(head))


def _is_deflate(data: bytes) -> bool:
    """Tell raw deflate data of XML."""
    return _inflates(data, -15)


_WRONG_PACKINGS: tuple[tuple[str, Callable[[bytes], bool], str], ...] = (
    ("SND-207", _is_xml, _GZIP_FUNCTIONS),
    ("SND-209", _is_zip, _GZIP_FUNCTIONS),
    ("SND-208", _is_zlib, f"{_GZIP_FUNCTIONS}不要用 PHP gzcompress、Java DeflaterOutputStream。"),
    ("SND-206", _is_base64, ""),
    ("SND-210", _is_deflate, f"{_GZIP_FUNCTIONS}不要用 .NET DeflateStream、PHP gzdeflate。"),
)
"""What is sent instead of GZIP: code, how it is recognised, cure; tried in this order."""
