"""Find the character set of an envelope: its BOM, else strict UTF-8, else its labels."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.inbound.faults import EarlyRefusal

_DECLARATION = re.compile(rb"\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([^\"'>]{0,60})[\"']")

_CODECS = {
    "utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "ascii", "ascii": "ascii",
    "gb2312": "gb18030", "gb_2312-80": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030",
    "ms936": "gb18030", "windows-936": "gb18030", "gb18030": "gb18030",
    "big5": "big5hkscs", "iso-8859-1": "latin-1", "latin1": "latin-1", "latin-1": "latin-1", "windows-1252": "cp1252",
    "utf-16": "utf-16", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be",
}  # fmt: skip
"""Labels that old clients write, each with the codec that reads what they mean; gb2312 and gbk are sent with
characters that only GB18030 has."""

_ANYTHING_FITS = {"latin-1", "cp1252"}
"""Codecs that read any bytes, and so prove nothing."""

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Text:
    """UTF-8 bytes; `conflict` names a label that the bytes belied, "" when none did."""

    content: bytes
    conflict: str = ""


def to_utf8(body: bytes, label: str) -> Text:
    """Give the bytes as UTF-8; `label` is the charset of Content-Type, "" when there was none.

    A label never overrides bytes that are valid UTF-8. Raises EarlyRefusal 415 SND-227 for a label that is no
    character set of this list, and for bytes that fit no label.
    """
    labels = [codec_of(name) for name in (label, _declared(body)) if name]
    if (marked := _by_mark(body)) is not None:
        return Text(marked)
    if (wide := _wide_codec(body)) is not None:
        return Text(_recode(body, wide))
    if _is_utf8(body):
        return Text(body, _conflict(labels))
    return Text(_by_label(body, labels))


def codec_of(label: str) -> str:
    """Give the codec of a label; names of Python codecs that are no character sets are refused like any other."""
    name = label.strip().strip("\"'").strip().lower()
    if name not in _CODECS:
        raise EarlyRefusal(415, "SND-227", "报文的编码名称无法识别。", "使用 UTF-8，并在 Content-Type 写 charset=utf-8。")
    return _CODECS[name]


def _declared(body: bytes) -> str:
    found = _DECLARATION.match(body.removeprefix(b"\xef\xbb\xbf")[:400])
    return found[1].decode("latin-1") if found else ""


def _by_mark(body: bytes) -> bytes | None:
    for mark, codec in _BOMS:
        if body.startswith(mark):
            return _recode(body[len(mark) :], codec)
    return None


def _wide_codec(body: bytes) -> str | None:
    """UTF-16 without a mark shows itself by the NUL beside the first angle bracket."""
    head = body[:2]
    if head == b"<\x00":
        return "utf-16-le"
    return "utf-16-be" if head == b"\x00<" else None


def _is_utf8(body: bytes) -> bool:
    if body.isascii():
        return True
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _conflict(labels: list[str]) -> str:
    return next((name for name in labels if name not in {"utf-8", "ascii"}), "")


def _by_label(body: bytes, labels: list[str]) -> bytes:
    narrow = [name for name in labels if not name.startswith("utf-16")]
    for name in [name for name in narrow if name not in _ANYTHING_FITS] or narrow:
        try:
            return body.decode(name).encode("utf-8")
        except UnicodeError:
            continue
    raise _unreadable(labels)


def _recode(body: bytes, codec: str) -> bytes:
    try:
        return body.decode(codec).encode("utf-8")
    except UnicodeError:
        raise _unreadable([codec]) from None


def _unreadable(labels: list[str]) -> EarlyRefusal:
    if "utf-8" in labels:
        message = "报文声明为 UTF-8，实际不是（多为 GBK 字节）。"
    elif labels:
        message = "报文的字节与声明的编码不符。"
    else:
        message = "报文没有声明编码，又不是 UTF-8。"
    return EarlyRefusal(415, "SND-227", message, "SOAP 报文使用 UTF-8；用 GBK 时在 Content-Type 写 charset=gbk。")
