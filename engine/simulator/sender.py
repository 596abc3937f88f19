"""Be the side of a hospital that calls: pack invented documents and upload them over SOAP."""

from __future__ import annotations

import http.client
import random
import re
from base64 import b64encode
from dataclasses import dataclass
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from engine.documents.packing import pack_text
from engine.documents.sample import faults, sample

_STATUS = re.compile(rb"<(?:\w+:)?status>([^<]*)<")
_CODE = re.compile(rb"<(?:\w+:)?code>([^<]*)<")


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Where a hospital uploads, and as whom."""

    address: str
    institution: str
    password: str


def envelope(kind: str, document_id: str, payload: str) -> bytes:
    """Write the SOAP 1.1 request of one Upload."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f'<Upload xmlns="urn:changbai:collection:1"><documentType>{escape(kind)}</documentType>'
        f"<documentId>{escape(document_id)}</documentId><payload>{payload}</payload></Upload>"
        "</soap:Body></soap:Envelope>"
    ).encode()


def upload(account: Account, kind: str, document_id: str, content: bytes) -> str:
    """Upload one document; returns `status code` of the answer. Raises OSError when the engine cannot be reached."""
    parts = urlsplit(account.address)
    token = b64encode(f"{account.institution}:{account.password}".encode()).decode()
    headers = {
        "Content-Type": "text/xml; charset=utf-8",
        "SOAPAction": '"urn:changbai:collection:1:Upload"',
        "Authorization": f"Basic {token}",
    }
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        connection.request("POST", parts.path, envelope(kind, document_id, pack_text(content)), headers)
        answer = connection.getresponse().read()
    finally:
        connection.close()
    return " ".join(found[1].decode() for found in (_STATUS.search(answer), _CODE.search(answer)) if found)


def invented(number: int, institution: str, types: tuple[str, ...]) -> tuple[str, bytes]:
    """Invent the next document of a hospital's day; one in ten has something wrong, as in life."""
    chance = random.Random(number)
    kind = types[number % len(types)]
    wrong = chance.choice(sorted(faults(kind))) if chance.random() < 0.1 else None
    return kind, sample(kind, number, institution=institution, fault=wrong)
