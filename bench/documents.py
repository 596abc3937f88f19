"""Make many different packed documents from a few samples: each has its own id and its own content."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator

from engine.documents.sample import sample

DIFFERENT = 64
"""So many different sample documents stand behind every measurement."""

_OWN_ID = re.compile(rb'(<id root="2\.16\.156\.10011\.1\.1" extension=")([^"]*)(")')


def samples(kind: str, institution: str, count: int = DIFFERENT) -> list[bytes]:
    """Make `count` different samples of a type, as XML."""
    return [sample(kind, seed, institution=institution) for seed in range(1, count + 1)]


def numbered(templates: list[bytes], start: int = 0) -> Iterator[tuple[str, bytes]]:
    """Give endless pairs of documentId and XML, each with a document id of its own."""
    number = start
    while True:
        name = f"B{number:09}"
        changed, times = _OWN_ID.subn(rb"\g<1>" + name.encode() + rb"\g<3>", templates[number % len(templates)], count=1)
        if times != 1:
            raise ValueError("the sample's own id was not found")
        yield name, changed
        number += 1


def pack(content: bytes) -> bytes:
    """Pack as a hospital does: GZIP, then Base64."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return base64.b64encode(packer.compress(content) + packer.flush())


def envelope(kind: str, document_id: str, payload: bytes, institution: str, password: str) -> bytes:
    """Write the SOAP 1.1 request of one Upload with a WS-Security password."""
    return (
        (
            f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>'
            f'<w:Security xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><w:UsernameToken>'
            f"<w:Username>{institution}</w:Username><w:Password>{password}</w:Password></w:UsernameToken></w:Security></s:Header><s:Body>"
            f'<Upload xmlns="urn:changbai:collection:1"><documentType>{kind}</documentType><documentId>{document_id}</documentId><payload>'
        ).encode()
        + payload
        + b"</payload></Upload></s:Body></s:Envelope>"
    )
