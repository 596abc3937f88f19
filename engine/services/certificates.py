"""Read what we keep of a client certificate: fingerprint, subject, last day (DER by X.690, fields by RFC 5280)."""

from __future__ import annotations

import binascii
import hashlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

_UTC_TIME, _VERSION = 0x17, 0xA0
_BMP, _UNIVERSAL = 0x1E, 0x1C
_NAMES = {b"\x55\x04\x03": "CN", b"\x55\x04\x0a": "O", b"\x55\x04\x0b": "OU", b"\x55\x04\x06": "C", b"\x55\x04\x05": "SN"}


@dataclass(frozen=True, slots=True)
class Certificate:
    """One client certificate: SHA-256 of its DER form in lower-case hex, subject as text, end of validity (aware)."""

    fingerprint: str
    subject: str
    not_after: datetime


def fingerprint_of(der: bytes) -> str:
    """Give the SHA-256 of a certificate's DER form, 64 hexadecimal digits in lower case."""
    return hashlib.sha256(der).hexdigest()


def read_certificate(pem: str) -> Certificate:
    """Read one PEM certificate; raises ValueError for anything else, and for several in one text."""
    if pem.count("-----BEGIN") != 1:
        raise ValueError("the file must hold exactly one PEM certificate and no key")
    try:
        der = ssl.PEM_cert_to_DER_cert(pem.strip())
        ((_, certificate),) = _parts(der)
        fields = list(_parts(next(_parts(certificate))[1]))
        fields = fields[1:] if fields[0][0] == _VERSION else fields
        not_after = list(_parts(fields[3][1]))[1]
        return Certificate(fingerprint_of(der), _name(fields[4][1]), _time(*not_after))
    except (ValueError, IndexError, StopIteration, binascii.Error) as problem:
        raise ValueError("this is not a PEM certificate") from problem


def _parts(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Walk tag and content of the elements that stand one after another."""
    at = 0
    while at < len(content):
        tag, length, at = content[at], content[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(content[at : at + size], "big"), at + size
        if size_left := max(at + length - len(content), 0):
            raise ValueError(f"{size_left} bytes are missing")
        yield tag, content[at : at + length]
        at += length


def _name(content: bytes) -> str:
    pairs = []
    for _, one in _parts(content):
        for _, pair in _parts(one):
            (_, kind), (tag, value) = _parts(pair)
            pairs.append(f"{_NAMES.get(kind, kind.hex())}={_text(tag, value)}")
    return ", ".join(pairs)


def _text(tag: int, value: bytes) -> str:
    encoding = {_BMP: "utf-16-be", _UNIVERSAL: "utf-32-be"}.get(tag, "utf-8")
    return "".join(c for c in value.decode(encoding, "replace") if c.isprintable())[:120]


def _time(tag: int, value: bytes) -> datetime:
    form = "%y%m%d%H%M%SZ" if tag == _UTC_TIME else "%Y%m%d%H%M%SZ"
    return datetime.strptime(value.decode("ascii"), form).replace(tzinfo=UTC)
