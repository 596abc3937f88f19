"""Bring the bytes of an unpacked document to UTF-8, refusing and naming every encoding that lies."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from engine.documents.issues import finding, place_in, refusal
from engine.errors import Issue, SenderError

_FAMILIES = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "gb2312": "gbk",
    "gb_2312-80": "gbk",
    "euc-cn": "gbk",
    "gbk": "gbk",
    "cp936": "gbk",
    "ms936": "gbk",
    "windows-936": "gbk",
    "x-gbk": "gbk",
    "gb18030": "gb18030",
    "utf-16": "utf-16",
    "utf16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "ascii",
}
"""The labels we read. GB2312 is read as GBK, which is what every sender's code page 936 writes under that name."""

_DECLARATION = re.compile(
    r"""<\?xml\s+version\s*=\s*(?:"[^"]*"|'[^']*')(?:\s+encoding\s*=\s*(?:"([^"]*)"|'([^']*)'))?""",
)
_HEAD = 400
"""Bytes in which the XML declaration must stand."""

_DOTNET_UTF16 = (
    '.NET 的 StringWriter 会写出 encoding="utf-16"；请用 XmlWriterSettings.Encoding = Encoding.UTF8 写入 MemoryStream。'
)
_SAVE_AS_DECLARED = (
    "按声明的编码输出字节：.NET 用 Encoding.UTF8.GetBytes，Java 用 getBytes(StandardCharsets.UTF_8)，"
    "PHP 用 mb_convert_encoding($xml, 'UTF-8', 'GBK')，Delphi 用 TEncoding.UTF8；或改正 encoding 声明。"
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A document as UTF-8 bytes without BOM; its lines and characters are those of the original."""

    utf8: bytes
    label: str
    warnings: tuple[Issue, ...] = ()


def decode_document(content: bytes) -> Decoded:
    """Check declared encoding against bytes and bring the document to UTF-8.

    GBK under UTF-8 (SND-221), UTF-8 under GBK (SND-222), an unknown label (SND-223) and bytes that do not decode (SND-224)
    raise SenderError; a BOM (SND-225) and true UTF-16 (SND-226) are warnings. XML 1.0, 4.3.3 and appendix F.
    """
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise refusal("SND-223", "文档是 UTF-32 编码")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _from_utf16(content[2:], "utf-16-le" if content.startswith(codecs.BOM_UTF16_LE) else "utf-16-be")
    if content.startswith((b"<\x00", b"\x00<")):
        return _from_utf16(content, "utf-16-le" if content.startswith(b"<\x00") else "utf-16-be")
    if content.startswith(codecs.BOM_UTF8):
        return _from_bytes(content[3:], (finding("SND-225", "开头是 EF BB BF"),), bom=True)
    return _from_bytes(content, (), bom=False)


def _from_bytes(body: bytes, warnings: tuple[Issue, ...], *, bom: bool) -> Decoded:
    """Read a document whose declaration is written in single bytes."""
    label = _label(body[:_HEAD].decode("latin-1"))
    family = _family(label)
    if bom and family in ("gbk", "gb18030"):
        raise refusal("SND-222", f'声明 encoding="{label}"，但文档带有 UTF-8 的 BOM', value=label)
    if family.startswith("utf-16"):
        raise refusal("SND-224", f'声明 encoding="{label}"，但每个字符并不是两个字节', _DOTNET_UTF16, value=label)
    if body.isascii():
        return Decoded(body, label, warnings)
    if family in ("utf-8", "ascii"):
        return Decoded(_checked_utf8(body, label, family), label, warnings)
    return Decoded(_from_gb(body, label, family), label, warnings)


def _from_utf16(body: bytes, order: str) -> Decoded:
    """Read a document in UTF-16 whose label says so, or that has none."""
    try:
        text = body.decode(order)
    except UnicodeDecodeError as error:
        raise refusal("SND-224", f"文档是 UTF-16，但从第 {error.start} 字节起不能解读") from None
    label = _label(text[:_HEAD])
    family = _family(label) if label else "utf-16"
    if family in ("utf-8", "ascii"):
        raise refusal("SND-221", f'声明 encoding="{label}"，实际是 UTF-16', _SAVE_AS_DECLARED, value=label)
    if family not in ("utf-16", order):
        raise refusal("SND-224", f'声明 encoding="{label}"，实际是 UTF-16', _SAVE_AS_DECLARED, value=label)
    return Decoded(text.encode("utf-8"), label or "UTF-16", (finding("SND-226", f"共 {len(body)} 字节"),))


def _checked_utf8(body: bytes, label: str, family: str) -> bytes:
    """Return bytes that are UTF-8 and may be so called; GBK bytes are named."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8(body, label or "UTF-8（未声明）", error) from None
    if family == "ascii":
        raise refusal(
            "SND-224", f'声明 encoding="{label}"，但含有 UTF-8 的汉字字节', '把声明改为 encoding="UTF-8"。', value=label
        )
    return body


def _not_utf8(body: bytes, label: str, error: UnicodeDecodeError) -> SenderError:
    """Tell GBK under a UTF-8 label from UTF-8 with damaged bytes."""
    line, column = place_in(body, error.start)
    bad = body[error.start : error.start + 4].hex(" ").upper()
    lenient = body.decode("utf-8", errors="replace")
    broken = lenient.count("\ufffd")
    good = sum(1 for c in lenient if c > "\u07ff") - broken
    if broken > good and _decodes(body, "gb18030"):
        sure = f"声明为 {label}，第 {line} 行起的字节（{bad}）是 GBK 编码"
        return refusal("SND-221", sure, _SAVE_AS_DECLARED, line=line, column=column)
    found = f"声明为 {label}，第 {line} 行的字节 {bad} 不能解读"
    return refusal("SND-224", found, "检查是否在汉字中间截断，或混入了别的编码。", line=line, column=column)


def _from_gb(body: bytes, label: str, family: str) -> bytes:
    """Bring GBK or GB18030 to UTF-8; refuse bytes that are UTF-8, or outside the declared set."""
    if _is_mojibake(body):
        raise refusal("SND-222", f'声明 encoding="{label}"，字节却是 UTF-8', value=label)
    try:
        return body.decode(family).encode("utf-8")
    except UnicodeDecodeError as error:
        line, column = place_in(body, error.start)
        bad = body[error.start : error.start + 4].hex(" ").upper()
        hint = (
            '生僻字请声明 encoding="GB18030" 并按它输出，或改用 UTF-8。' if family == "gbk" and _decodes(body, "gb18030") else ""
        )
        found = f'声明 encoding="{label}"，第 {line} 行的字节 {bad} 不在其中'
        raise refusal("SND-224", found, hint, value=label, line=line, column=column) from None


def _is_mojibake(body: bytes) -> bool:
    """Tell whether bytes labelled GB are really UTF-8.

    Some pairs of GBK (路 is C2 B7) are also a two-byte character of UTF-8, so only characters of three bytes or more,
    as every Chinese character is, prove it.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return max(text) > "\u07ff"


def _decodes(body: bytes, codec: str) -> bool:
    """Tell whether all bytes decode."""
    try:
        body.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _label(head: str) -> str:
    """Give the encoding that the XML declaration names, or nothing."""
    match = _DECLARATION.match(head)
    return (match.group(1) or match.group(2) or "") if match else ""


def _family(label: str) -> str:
    """Give the codec of a label; no label means UTF-8."""
    if not label:
        return "utf-8"
    family = _FAMILIES.get(label.strip().lower())
    if family is None:
        raise refusal("SND-223", f'encoding="{label[:40]}"', value=label)
    return family
