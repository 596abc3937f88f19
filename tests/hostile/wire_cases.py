"""Make bad HTTP, bad envelopes and bad credentials (layers 01, 02, 03)."""

from __future__ import annotations

import base64
import unicodedata

from lxml import etree
from zeep.wsse.username import UsernameToken

from engine.services.audit import Audit
from tests.hostile.cases import Case
from tests.hostile.site import CANARY, PASSWORD, TNS, Answer, Site, result_of
from tests.support.soap import SOAP, envelope, request

PATH = "/services/collection/HOSP-A"
_SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_DSIG = "http://www.w3.org/2000/09/xmldsig#"
_RELATED = "Content-Type: multipart/related; boundary=edge; type=text/xml"
_PERSONAL = f"X-Patient: {CANARY}".encode().decode("latin-1")


def heartbeat(site: Site, **how: str) -> str:
    return site.envelope("Heartbeat", f"<!-- {CANARY} -->", **how)


def raw(body: str | bytes = "", *headers: str, **how: object) -> bytes:
    return request(body, *headers, **({"path": PATH} | how))


def headed(*lines: str, body: bytes = b"") -> bytes:
    return "\r\n".join([f"POST {PATH} HTTP/1.1", "Host: engine.test", *lines]).encode("latin-1") + b"\r\n\r\n" + body


def basic(code: str, secret: bytes) -> str:
    return "Authorization: Basic " + base64.b64encode(code.encode() + b":" + secret).decode()


def audited(*, reason: str = "", peer: str = "127.0.0.1"):
    """Check that a refusal left its row, with the address it really came from."""

    def check(site: Site, answer: Answer) -> None:
        with site.database.read() as connection:
            found = Audit().rows(connection, verdict="refused")
        assert peer in {row.peer for row in found}
        assert {row.peer for row in found} <= {"127.0.0.1", "127.0.0.2", ""}
        assert not reason or reason in {row.reason for row in found}

    return check


def _silent(*words: str):
    """Check that an answer does not list what it might."""

    def check(site: Site, answer: Answer) -> None:
        for word in words:
            assert word not in answer.body.decode(), word

    return check


def _asks(site: Site, answer: Answer) -> None:
    assert answer.headers["www-authenticate"] == 'Basic realm="changbai"'


HTTP = (
    Case("BI-003", "empty body", "HTTP 400 SND-304", lambda s: s.ask(raw(""))),
    Case("BI-003", "no length at all", "HTTP 411 SND-302", lambda s: s.ask(headed("Content-Type: text/xml"))),
    Case("BI-003", "nothing but white space and NUL", "HTTP 400 SND-304", lambda s: s.ask(raw(" \r\n\0"))),
    Case("BI-006", "bogus charset", "HTTP 415 SND-227", lambda s: s.post(heartbeat(s), "Content-Type: text/xml; charset=no-such")),
    Case(
        "BI-009", "unicode_escape", "HTTP 415 SND-227",
        lambda s: s.post(r"\x3c!DOCTYPE a>", "Content-Type: text/xml; charset=unicode_escape"),
    ),
    *(
        Case("BI-009", f"codec {codec}", "HTTP 415 SND-227", lambda s, c=codec: s.post("QUJD", f"Content-Type: text/xml; charset={c}"))
        for codec in ("utf-7", "base64", "zlib", "idna", "punycode", "rot13", "raw_unicode_escape", "undefined")
    ),
    Case("BI-012", "length abc", "HTTP 400 SND-302", lambda s: s.ask(raw(heartbeat(s), "Content-Length: abc", _PERSONAL))),
    Case("BI-012", "length -1", "HTTP 400 SND-302", lambda s: s.ask(raw(heartbeat(s), "Content-Length: -1"))),
    Case("BI-012", "length +5", "HTTP 400 SND-302", lambda s: s.ask(raw(heartbeat(s), "Content-Length: +5"))),
    Case("BI-012", "length beyond 64 bits", "HTTP 400 SND-302", lambda s: s.ask(raw("", "Content-Length: " + "9" * 30))),
    Case(
        "BI-012", "two lengths", "HTTP 400 SND-302",
        lambda s: s.ask(raw(heartbeat(s), "Content-Length: 5", "Content-Length: 6")),
    ),
    Case(
        "BI-015", "length and chunks", "HTTP 400 SND-302",
        lambda s: s.ask(raw(heartbeat(s), "Content-Length: 4", "Transfer-Encoding: chunked")),
    ),
    Case("BI-015", "chunk size of no digits", "HTTP 400 SND-302", lambda s: s.ask(headed("Transfer-Encoding: chunked", body=b"zz\r\nab"))),
    Case("BI-018", "50 of 5000 bytes", "DROPPED", lambda s: s.ask(raw(heartbeat(s)[:50], length=5000), end=True)),
    Case("BI-024", "one header of a megabyte", "HTTP 431 SND-602", lambda s: s.ask(raw(heartbeat(s), "X-Long: " + "a" * 1_000_000))),
    Case(
        "BI-024", "ten thousand headers", "HTTP 431 SND-602",
        lambda s: s.ask(raw(heartbeat(s), *(f"X-H{n}: {n}" for n in range(10_000)))),
    ),
    Case("BI-024", "an address of a megabyte", "HTTP 431 SND-602", lambda s: s.ask(raw("", path="/services/" + "a" * 1_000_000))),
    Case(
        "BI-027", "100-continue for too much", "HTTP 413 SND-601",
        lambda s: s.ask(headed("Content-Type: text/xml", "Content-Length: 33554433", "Expect: 100-continue")),
    ),
    Case(
        "BI-030", "forged X-Forwarded-For", "F-AUTH SND-101",
        lambda s: s.post(heartbeat(s, header=s.hospital("FORGED-1", "x").credentials()), "X-Forwarded-For: 10.9.8.7", "X-Real-IP: 10.9.8.7"),
        audited(reason="unknown-institution"),
    ),
)  # fmt: skip


def multipart(root: str, *parts: bytes) -> bytes:
    head = b"--edge\r\nContent-Type: text/xml; charset=utf-8\r\n\r\n" + root.encode()
    return b"\r\n".join([head, *(b"--edge\r\n" + part for part in parts), b"--edge--\r\n"])


def attached(site: Site, href: str, *parts: bytes, number: str = "MTOM-1") -> Answer | None:
    include = f'<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="{href}"/>'
    inner = f"<documentType>C0002</documentType><documentId>{number}</documentId><payload>{include}</payload>"
    return site.post(multipart(site.envelope("UploadBinary", inner), *parts), _RELATED)


def _swapped(site: Site, version: str, media: str) -> Answer | None:
    return site.post(heartbeat(site, version=version), f"Content-Type: {media}; charset=utf-8")


def _with(site: Site, inner: str) -> Answer | None:
    return site.post(site.envelope("Upload", inner))


def _growing(site: Site) -> Answer | None:
    """Let references name two others each, thirty levels deep."""
    steps = "".join(f'<multiRef id="r{n}"><a href="#r{n + 1}"/><b href="#r{n + 1}"/></multiRef>' for n in range(30))
    body = f'<Upload xmlns="{TNS}"><documentType>C0002</documentType><documentId>D</documentId><payload href="#r0"/></Upload>'
    return site.post(envelope(f'{body}{steps}<multiRef id="r30">{CANARY}</multiRef>', header=site.hospital().credentials()))


def _ring(site: Site) -> Answer | None:
    body = f'<Upload xmlns="{TNS}"><documentType>C0002</documentType><documentId>D</documentId><payload href="#a"/></Upload>'
    ring = '<multiRef id="a" href="#b"/><multiRef id="b" href="#a"/>'
    return site.post(envelope(body + ring, header=site.hospital().credentials()))


def _repeated(site: Site) -> Answer | None:
    """Let two hundred documents name one long text."""
    items = '<document><documentType>C0002</documentType><documentId>D</documentId><payload href="#big"/></document>' * 200
    body = f'<UploadBatch xmlns="{TNS}"><batchId>B-BIG</batchId><documents>{items}</documents></UploadBatch>'
    big = f'<multiRef id="big">{"A" * 1_000_000}</multiRef>'
    return site.post(envelope(body + big, header=site.hospital().credentials()))


def _commented_number(site: Site) -> Answer | None:
    paper = site.paper()
    half = len(paper.number) // 2
    split = f"{paper.number[:half]}<!-- {CANARY} -->{paper.number[half:]}<?x y?>"
    inner = f"<documentType>C0<!--x-->002</documentType><documentId>{split}</documentId><payload>{paper.packed}</payload>"
    answer = _with(site, inner)
    receipt = result_of(answer).get("receipt")
    assert site.hospital().call("QueryReceipt", documentId=paper.number)["receipt"] == receipt
    assert site.kept(receipt)["document_id"] == paper.number
    return answer


def _credential(inner: str) -> str:
    return f'<c:Credentials xmlns:c="{TNS}">{inner}</c:Credentials>'


_UPLOAD = "<documentType>C0002</documentType><documentId>D-1</documentId>"
_TWO_HEADERS = '</s:Header><s:Header><c:Credentials xmlns:c="urn:changbai:collection:1"><c:institution>HOSP-B</c:institution></c:Credentials>'

SOAP_CASES = (
    Case("BI-036", "1.2 as text/xml", "SERVED", lambda s: _swapped(s, "1.2", "text/xml")),
    Case("BI-036", "1.1 as application/soap+xml", "SERVED", lambda s: _swapped(s, "1.1", "application/soap+xml")),
    Case(
        "BI-036", "1.1 with a Body of 1.2", "F-CLIENT SND-307",
        lambda s: s.post(heartbeat(s).replace("<s:Body>", f'<x:Body xmlns:x="{SOAP["1.2"]}">').replace("</s:Body>", "</x:Body>")),
    ),
    Case(
        "BI-036", "a version nobody knows", "F-VERSION SND-306",
        lambda s: s.post(heartbeat(s).replace(SOAP["1.1"], "http://www.w3.org/2001/12/soap-envelope")),
    ),
    Case("BI-039", "Fault", "F-CLIENT SND-307", lambda s: s.post(envelope("<s:Fault/>", header=s.hospital().credentials()))),
    Case("BI-039", "Fault of 1.2", "F-CLIENT SND-307", lambda s: s.post(envelope("<s:Fault/>", header="", version="1.2"))),
    Case("BI-042", "two Headers", "F-CLIENT SND-307", lambda s: s.post(heartbeat(s).replace("</s:Header>", _TWO_HEADERS + "</s:Header>"))),
    Case("BI-042", "Header behind Body", "F-CLIENT SND-307", lambda s: s.post(heartbeat(s, header="").replace("</s:Body>", "</s:Body><s:Header/>"))),
    Case(
        "BI-045", "unknown operation", "F-CLIENT SND-309", lambda s: s.post(s.envelope("nope", f"<a>{CANARY}</a>")),
        _silent("QueryReceipt", "UploadBatch", "nope"),
    ),
    Case("BI-045", "operation of dunders", "F-CLIENT SND-309", lambda s: s.post(s.envelope("__class__"))),
    Case("BI-048", "no payload", "F-CLIENT SND-310", lambda s: _with(s, _UPLOAD)),
    Case("BI-048", "blank number", "F-CLIENT SND-310", lambda s: _with(s, "<documentType>C0002</documentType><documentId> </documentId><payload>H4sI</payload>")),
    Case(
        "BI-051", "payload nil", "F-CLIENT SND-310",
        lambda s: _with(s, _UPLOAD + '<payload xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>'),
    ),
    Case("BI-054", "reference to nothing", "F-CLIENT SND-313", lambda s: _with(s, _UPLOAD + '<payload href="#none"/>')),
    Case("BI-054", "reference to itself", "F-CLIENT SND-310", lambda s: _with(s, _UPLOAD + '<payload id="me" href="#me"/>')),
    Case("BI-054", "references in a ring", "F-CLIENT SND-313", _ring),
    Case("BI-054", "references that double", "R-DEC SND-204", _growing),
    Case("BI-054", "one long text two hundred times", "F-CLIENT SND-313", _repeated),
    Case(
        "BI-057", "comment in the code of a credential", "F-CLIENT SND-307",
        lambda s: s.post(heartbeat(s, header=_credential(f"<c:institution>HOSP<!--x-->-A</c:institution><c:password>{PASSWORD}</c:password>"))),
    ),
    Case(
        "BI-057", "instruction in a password", "F-CLIENT SND-307",
        lambda s: s.post(heartbeat(s, header=_credential(f"<c:institution>HOSP-A</c:institution><c:password>{PASSWORD}<?x y?></c:password>"))),
    ),
    Case("BI-057", "comment in number and type", "A-OK", _commented_number),
    *(
        Case("BI-060", f"{operation} {day}", "F-CLIENT SND-311", lambda s, o=operation, i=inner: s.post(s.envelope(o, i)))
        for day in ("9999-12-31T24:00:00", "9999-12-31", "0001-01-01", "2026-02-30", "20260101", "2026-W01-1", "٢٠٢٦-٠١-٠١")
        for operation, inner in (
            ("Reconcile", f"<date>{day}</date>"),
            ("QualityReport", f"<from>2026-01-01</from><to>{day}</to>"),
            ("QualityReport", f"<from>{day}</from><to>2026-01-01</to>"),
        )
    ),
    Case("BI-063", "no Content-ID", "F-CLIENT SND-315", lambda s: attached(s, "cid:a", b"Content-Type: application/gzip\r\n\r\nabc")),
    Case(
        "BI-063", "an XPath as Content-ID", "F-CLIENT SND-315",
        lambda s: attached(s, "cid:z", b'Content-ID: <x"] | //*[@z=">\r\n\r\nabc'),
    ),
    Case("BI-063", "an XPath as reference", "F-CLIENT SND-315", lambda s: attached(s, "cid:x&quot;] | //*[@z=&quot;")),
    Case("BI-063", "no parts at all", "HTTP 400 SND-315", lambda s: s.post(b"--edge--\r\n", _RELATED)),
    Case("BI-063", "a root that is not there", "HTTP 400 SND-315", lambda s: s.post(multipart("<a/>"), _RELATED + '; start="<gone>"')),
    Case("BI-063", "a part of broken Base64", "HTTP 400 SND-315", lambda s: attached(s, "cid:a", b"Content-ID: <a>\r\nContent-Transfer-Encoding: base64\r\n\r\n***")),
)  # fmt: skip


def _signed(key: str) -> str:
    return (
        f'<w:Security xmlns:w="{_SECURITY}"><d:Signature xmlns:d="{_DSIG}"><d:SignedInfo/><d:SignatureValue>AAAA</d:SignatureValue>'
        f"<d:KeyInfo>{key}</d:KeyInfo></d:Signature></w:Security>"
    )


def _digest_token() -> str:
    """Write a UsernameToken with a digest, as zeep does."""
    envelope_of = etree.fromstring(envelope("<x/>", header="").split("?>")[1].encode())
    UsernameToken("HOSP-D", PASSWORD, use_digest=True).apply(envelope_of, {})
    return etree.tostring(envelope_of.find(".//{*}Security"), encoding="unicode")


def _replayed(site: Site) -> Answer | None:
    """Send bytes that were admitted once more."""
    sent = heartbeat(site, header=_digest_token())
    assert site.post(sent, code="HOSP-D").status == 200
    return site.post(sent, code="HOSP-D")


_STAMP = '<u:Timestamp xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" u:Id="T"><u:Created>2026-01-01T00:00:00Z</u:Created></u:Timestamp>'


def _unvisited(site: Site, answer: Answer) -> None:
    assert not site.listener.visited


def _wrong(code: str, secret: str):
    return lambda s: s.post(heartbeat(s, header=s.hospital(code, secret).credentials(), code=code), code=code)


def _of_other_code(site: Site) -> Answer | None:
    paper = site.paper(code="HOSP-B")
    return site.upload(paper, code="HOSP-A")


CREDENTIALS = (
    Case("BI-066", "no credentials", "HTTP 401 SND-101", lambda s: s.post(heartbeat(s, header="")), _asks),
    Case("BI-066", "no credentials, audited", "HTTP 401 SND-101", lambda s: s.post(heartbeat(s, header="")), audited(reason="no-credentials")),
    Case("BI-066", "a Security header without a token", "HTTP 401 SND-101", lambda s: s.post(heartbeat(s, header=f'<w:Security xmlns:w="{_SECURITY}"/>'))),
    Case("BI-069", "A's credentials, B's code in the document", "R-ID SND-104", _of_other_code, audited()),
    Case("BI-069", "A's credentials at B's address", "F-AUTH SND-102", lambda s: s.post(s.envelope("Heartbeat"), code="HOSP-B"), audited(reason="other-address")),
    Case(
        "BI-069", "A's header and B's Basic", "F-AUTH SND-101",
        lambda s: s.post(heartbeat(s), basic("HOSP-B", PASSWORD.encode())), audited(reason="disagree"),
    ),
    Case("BI-072", "NUL in a password", "F-AUTH SND-101", lambda s: s.post(heartbeat(s, header=""), basic("HOSP-B", PASSWORD.encode() + b"\0x"), code="HOSP-B")),
    Case("BI-072", "a password of a megabyte", "F-AUTH SND-101", _wrong("HOSP-N1", "x" * 1_000_000)),
    Case("BI-072", "the right password in another form of Unicode", "F-AUTH SND-101", _wrong("HOSP-U", unicodedata.normalize("NFD", "pass-w\u00f6rd-of-twelve"))),
    Case("BI-072", "the canary as password and code", "F-AUTH SND-101", _wrong("HOSP-N2", CANARY * 20)),
    Case("BI-072", "bytes of no encoding", "F-AUTH SND-101", lambda s: s.post(heartbeat(s, header=""), basic("HOSP-N3", b"\xff\xfe\x80"))),
    Case("BI-072", "Basic that is no Base64", "F-AUTH SND-101", lambda s: s.post(heartbeat(s, header=""), "Authorization: Basic ***")),
    Case("BI-075", "a digest sent twice", "F-AUTH SND-101", _replayed, audited(reason="digest-replayed")),
    Case("BI-075", "a digest of an institution not switched to it", "F-AUTH SND-101", lambda s: s.post(heartbeat(s, header=_digest_token().replace("HOSP-D", "HOSP-B")), code="HOSP-B"), audited(reason="digest-not-open")),
    Case(
        "BI-078", "a signature over the time stamp only", "HTTP 401 SND-101",
        lambda s: s.post(heartbeat(s, header=_signed("").replace("<d:Signature ", f"{_STAMP}<d:Signature ", 1).replace("<d:SignedInfo/>", '<d:SignedInfo><d:Reference URI="#T"/></d:SignedInfo>'))),
    ),
    Case(
        "BI-081", "a key to be fetched", "HTTP 401 SND-101",
        lambda s: s.post(heartbeat(s, header=_signed(f'<d:RetrievalMethod URI="{s.listener.address}/key"/>'))), _unvisited,
    ),
    Case(
        "BI-081", "a certificate of ten megabytes", "HTTP 401 SND-101",
        lambda s: s.post(heartbeat(s, header=_signed(f"<d:X509Data><d:X509Certificate>{'A' * 10_500_000}</d:X509Certificate></d:X509Data>"))),
    ),
    Case(
        "BI-264", "a path as institution", "F-AUTH SND-101",
        lambda s: s.post(heartbeat(s, header=s.hospital("../../x", PASSWORD).credentials())), audited(),
    ),
    Case("BI-264", "a path as address", "HTTP 404 SND-317", lambda s: s.ask(raw(heartbeat(s), path="/services/collection/../../etc/passwd"))),
    Case("BI-264", "an encoded path as address", "HTTP 404 SND-317", lambda s: s.ask(raw(heartbeat(s), path="/services/collection/..%2f..%2fx"))),
    Case("BI-264", "NUL as address", "F-AUTH SND-102", lambda s: s.ask(raw(heartbeat(s), path="/services/collection/HOSP-A%00"))),
    Case("BI-267", "the canary everywhere in a request", "F-AUTH SND-102", lambda s: s.ask(raw(heartbeat(s), _PERSONAL, f"SOAPAction: {CANARY}".encode().decode("latin-1"), path="/services/collection/%E6%B5%8B%E8%AF%95%E9%87%91%E4%B8%9D%E9%9B%80"))),
)  # fmt: skip

CASES = (*HTTP, *SOAP_CASES, *CREDENTIALS)
