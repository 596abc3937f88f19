"""Make the inputs that a fuzzer begins with: sound ones of every kind, and the first steps away from them."""

from __future__ import annotations

import base64
import gzip
import re
import zlib
from collections.abc import Iterator
from types import MappingProxyType

from bench.documents import envelope
from engine.documents.sample import sample

_KINDS = ("C0001", "C0002", "C0007", "OPS01")
_ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "utf-16")
_OPERATIONS = (
    b"<Heartbeat/>",
    b"<QueryReceipt><receipt>R</receipt></QueryReceipt>",
    b'<Upload><documentType>C0002</documentType><documentId>D</documentId><payload href="#p"/></Upload><multiRef id="p">AAAA</multiRef>',
    b"<UploadBatch><batchId>B</batchId><documents><document><payload>AAAA</payload></document></documents></UploadBatch>",
    b"<Reconcile><date>2026-01-01</date><counts><count><documentType>C0002</documentType><sent>3</sent></count></counts></Reconcile>",
    b"<Revoke><documentType>C0002</documentType><documentId>D</documentId><reason>&#x8bd5;</reason></Revoke>",
)
_SPACES = (b"http://schemas.xmlsoap.org/soap/envelope/", b"http://www.w3.org/2003/05/soap-envelope")
_PLAIN = b"content-type: text/xml; charset=utf-8\n\n"


def reading() -> Iterator[bytes]:
    """Give sample documents, in every encoding that is read."""
    for kind in _KINDS:
        xml = sample(kind, 7).decode()
        for codec in _ENCODINGS:
            yield xml.replace("UTF-8", codec.removesuffix("-sig").upper(), 1).encode(codec)
    yield b"<a/>"
    yield b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"
    yield b'<a xmlns:p="u"><!-- c --><?p i?><p:b q="1"><![CDATA[d]]></p:b></a>'


def unpacking() -> Iterator[bytes]:
    """Give packed documents, right and in every wrong way that is named."""
    xml = sample("C0002", 7)
    packed = gzip.compress(xml, mtime=0)
    once = base64.b64encode(packed)
    yield from (packed, once, base64.urlsafe_b64encode(packed), base64.encodebytes(packed).replace(b"\n", b"\r\n"))
    yield from (base64.b64encode(once), packed + packed, packed[:-4], zlib.compress(xml), zlib.compress(xml)[2:-4])
    yield from (
        xml,
        base64.b64encode(xml),
        gzip.compress(packed, mtime=0),
        gzip.compress(bytes(1 << 21), mtime=0),
        b"data:;base64," + once,
    )


def gate() -> Iterator[bytes]:
    """Give requests: headers, an empty line, an envelope of either version with each operation."""
    for space in _SPACES:
        for operation in _OPERATIONS:
            yield _PLAIN + _wrap(space, operation)
    yield _PLAIN + envelope("C0002", "D", base64.b64encode(gzip.compress(b"<a/>", mtime=0)), "H", "p")
    whole = _wrap(_SPACES[0], _OPERATIONS[0])
    yield b"content-type: text/xml; charset=gbk\n\n" + whole
    yield b"content-encoding: gzip\n\n" + gzip.compress(whole, mtime=0)
    yield b"content-encoding: deflate\n\n" + zlib.compress(whole)
    yield b"content-type: text/xml\n\n" + whole.decode().encode("utf-16")
    part = b"--b\r\nContent-Type: application/xop+xml\r\nContent-ID: <r>\r\n\r\n" + whole
    yield (
        b'content-type: multipart/related; boundary=b; start="<r>"\n\n'
        + part
        + b"\r\n--b\r\nContent-ID: <x>\r\n\r\nAAAA\r\n--b--"
    )
    yield b"authorization: Basic SDpw\n\n" + whole


def _wrap(space: bytes, operation: bytes) -> bytes:
    """Put an operation into the namespace of the service, and that into an envelope."""
    name = re.match(rb"<\w+", operation)[0]
    own = name + b' xmlns="urn:changbai:collection:1"' + operation[len(name) :]
    return b'<?xml version="1.0"?><s:Envelope xmlns:s="' + space + b'"><s:Header/><s:Body>' + own + b"</s:Body></s:Envelope>"


SEEDS = MappingProxyType({"gate": gate, "unpacking": unpacking, "reading": reading})
"""The first inputs of each target, by its name."""
