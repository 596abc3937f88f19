"""Speak raw HTTP to a front, and write envelopes by hand as old clients do."""

import base64
from dataclasses import dataclass

from lxml import etree

TNS = "urn:changbai:collection:1"
PATH = "/services/collection/H001"
SOAP = {"1.1": "http://schemas.xmlsoap.org/soap/envelope/", "1.2": "http://www.w3.org/2003/05/soap-envelope"}
BASIC = "Authorization: Basic " + base64.b64encode(b"H001:Str0ng-password").decode()
CREDENTIALS = (
    f'<c:Credentials xmlns:c="{TNS}"><c:institution>H001</c:institution><c:password>Str0ng-password</c:password></c:Credentials>'
)
UPLOAD = "<documentType>C0002</documentType><documentId>D1</documentId><payload>H4sIAA==</payload>"


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def tree(self):
        return etree.fromstring(self.body)

    def text(self, name):
        """Give the text of the first element of that local name, "" when there is none."""
        found = self.tree.xpath("//*[local-name()=$name]", name=name)
        return (found[0].text or "") if found else ""

    @property
    def code(self):
        return self.tree.findtext(".//{urn:changbai:fault:1}code") or ""


def envelope(body, *, header=CREDENTIALS, version="1.1", declaration='<?xml version="1.0" encoding="utf-8"?>'):
    head = f"<s:Header>{header}</s:Header>" if header else ""
    return f'{declaration}<s:Envelope xmlns:s="{SOAP[version]}">{head}<s:Body>{body}</s:Body></s:Envelope>'


def call(operation, inner="", **kwargs):
    return envelope(f'<{operation} xmlns="{TNS}">{inner}</{operation}>', **kwargs)


def request(body=b"", *headers, method="POST", path=PATH, http="1.1", length=None):
    if isinstance(body, str):
        body = body.encode()
    lines = [f"{method} {path} HTTP/{http}", "Host: engine.test:8080", *headers]
    names = {line.partition(":")[0].lower() for line in headers}
    if method == "POST" and "content-type" not in names:
        lines.append("Content-Type: text/xml; charset=utf-8")
    if method == "POST" and not names & {"content-length", "transfer-encoding"}:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def read_answer(connection, *, head_only=False):
    stream = connection if hasattr(connection, "readline") else connection.makefile("rb")
    status_line = stream.readline()
    if not status_line:
        return None
    headers = {}
    while (line := stream.readline().strip()) != b"":
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    body = b"" if head_only else stream.read(int(headers.get("content-length", 0)))
    return Answer(int(status_line.split()[1]), headers, body)


def ask(front, raw, *, head_only=False):
    """Send raw bytes on a fresh connection and read one answer."""
    with front.connect() as connection:
        connection.sendall(raw)
        return read_answer(connection, head_only=head_only)


def post(front, body, *headers, **kwargs):
    return ask(front, request(body, *headers, **kwargs))
