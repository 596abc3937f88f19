"""Be a hospital's system: call the running engine over SOAP with plain sockets, and read its answers as plain values."""

from __future__ import annotations

import base64
import gzip
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from lxml import etree

from engine.documents.sample import own_number, sample
from tests.support.soap import TNS, Answer, envelope

PASSWORD = "correct-horse-battery"
LISTS = {"issues", "documents", "results", "deliveries", "events", "differences", "missing", "unexpected", "rules", "types"}
KINDS = ("C0002", "C0004", "C0007")
_SEEDS = itertools.count(1)


class Refused(Exception):
    """The engine answered with a fault; `answer` is the whole reply."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status} {answer.code} {answer.body.decode()}")
        self.answer = answer


@dataclass(frozen=True)
class Paper:
    """An invented document as a hospital holds it: its type, the number the hospital gave it, and the XML."""

    kind: str
    number: str
    xml: bytes

    @property
    def own(self) -> str:
        """The extension of the id in the document."""
        return etree.fromstring(self.xml).find("{urn:hl7-org:v3}id").get("extension")

    def other(self, words: str = "second writing") -> Paper:
        """Write the same document with other content."""
        return Paper(self.kind, self.number, self.xml + f"<!-- {words} -->".encode())

    def numbered(self, number: str) -> Paper:
        """Give the same document another number."""
        return Paper(self.kind, number, self.xml)

    @property
    def packed(self) -> str:
        return base64.b64encode(gzip.compress(self.xml)).decode()


def replacing(paper: Paper, own: str) -> Paper:
    """Write into a document that it replaces the one with this id (CDA R2, relatedDocument RPLC)."""
    related = f'<relatedDocument typeCode="RPLC"><parentDocument><id root="2.16.156.10011.1.1" extension="{own}"/></parentDocument></relatedDocument>'
    before = b"<componentOf" if b"<componentOf" in paper.xml else b"<component>"
    head, mark, tail = paper.xml.partition(before)
    return Paper(paper.kind, paper.number, head + related.encode() + mark + tail)


def plain(element: etree._Element) -> Any:
    """Turn an answer's element into text, a dict, or a list where the contract has one."""
    name = etree.QName(element).localname
    if name in LISTS:
        return [plain(child) for child in element]
    if len(element) == 0:
        return element.text or ""
    return {etree.QName(child).localname: plain(child) for child in element}


def written(values: Mapping[str, Any]) -> str:
    """Write parameters as elements; a list repeats its element."""
    each = [(name, one) for name, value in values.items() for one in (value if isinstance(value, list) else [value])]
    return "".join(f"<{name}>{written(one) if isinstance(one, Mapping) else escape(str(one))}</{name}>" for name, one in each)


@dataclass(frozen=True)
class Hospital:
    """One institution with its code and password at the engine's address."""

    services: str
    code: str
    password: str = PASSWORD
    timeout: float = 30.0

    def invent(self, kind: str = "C0002", *, seed: int = 0, fault: str | None = None, custodian: str = "") -> Paper:
        """Invent a document that was never sent before; its number is not the number inside it."""
        chosen = seed or next(_SEEDS)
        xml = sample(kind, chosen, institution=custodian or self.code, fault=fault)
        return Paper(kind, f"D-{own_number(kind, chosen, self.code)}", xml)

    def credentials(self) -> str:
        """Write our own SOAP header."""
        secret = escape(self.password)
        return f'<c:Credentials xmlns:c="{TNS}"><c:institution>{self.code}</c:institution><c:password>{secret}</c:password></c:Credentials>'

    def call(self, operation: str, *, version: str = "1.1", address: str = "", **values: Any) -> Any:
        """Call an operation and give its result as plain values; raises Refused for a fault."""
        body = f'<{operation} xmlns="{TNS}">{written(values)}</{operation}>'
        answer = self.post(envelope(body, header=self.credentials(), version=version), address=address)
        if answer.status != 200:
            raise Refused(answer)
        (result,) = answer.tree.xpath("/*/*[local-name()='Body']/*/*")
        found = plain(result)
        return {} if found == "" else found

    def post(self, body: str | bytes, *, address: str = "", headers: Mapping[str, str] | None = None) -> Answer:
        """Post bytes on a fresh connection."""
        connection = HTTPConnection(urlsplit(self.services).netloc, timeout=self.timeout)
        try:
            path = f"/services/collection/{address or self.code}"
            sent = {"Content-Type": "text/xml; charset=utf-8"} | dict(headers or {})
            connection.request("POST", path, body.encode() if isinstance(body, str) else body, sent)
            reply = connection.getresponse()
            return Answer(reply.status, {n.lower(): v for n, v in reply.getheaders()}, reply.read())
        finally:
            connection.close()

    def upload(self, paper: Paper, **more: Any) -> Any:
        """Upload a document as the contract says."""
        return self.call("Upload", **({"documentType": paper.kind, "documentId": paper.number, "payload": paper.packed} | more))

    def accepted(self, paper: Paper, **more: Any) -> str:
        """Upload a document that must be taken for the first time; gives its receipt."""
        result = self.upload(paper, **more)
        assert result["status"] in {"accepted", "accepted-with-warnings"}, result
        assert (result["code"], result["duplicate"]) == ("0", "false"), result
        return result["receipt"]

    def rejected(self, paper: Paper, **more: Any) -> Mapping[str, Any]:
        """Upload a document that must be refused; gives the result with its code and first issue."""
        result = self.upload(paper, **more)
        assert result["status"] == "rejected", result
        assert result["issues"][0]["code"] == result["code"], result
        assert result["receipt"], result
        return result

    def receipt(self, receipt: str) -> Any:
        """Ask for a receipt."""
        return self.call("QueryReceipt", receipt=receipt)

    def batch(self, batch_id: str, papers: list[Paper], **more: Any) -> Any:
        """Upload a batch."""
        documents = [{"documentType": p.kind, "documentId": p.number, "payload": p.packed} for p in papers]
        return self.call("UploadBatch", batchId=batch_id, documents={"document": documents}, **more)
