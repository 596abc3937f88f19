"""Every refusal at the real port is a well-formed fault in the caller's version; what is refused before admission leaves nothing behind."""

import base64
import gzip
import http.client
import io
import socket
import zipfile
import zlib
from dataclasses import dataclass

import pytest

from tests.support.hospital import Hospital, Refused
from tests.support.soap import SOAP, TNS, UPLOAD, Answer, call, envelope, read_answer, request
from tests.support.stores import messages

pytestmark = [pytest.mark.xdist_group("acceptance-refusals"), pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]

PATH = "/services/collection/HOSP-A"
HEADER = Hospital("", "HOSP-A").credentials()
HEARTBEAT = f'<Heartbeat xmlns="{TNS}"/>'
GOOD = call("Heartbeat", header=HEADER)


def upload(inner, version="1.1", **kwargs):
    return call("Upload", inner, header=HEADER, version=version, **kwargs)


def ask(engine, raw) -> Answer:
    host, _, port = engine.services.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=15) as connection:
        connection.sendall(raw)
        return read_answer(connection)


def check_fault(answer: Answer, code: str, version: str = "1.1") -> None:
    """Hold a fault to the contract: its version, party, detail and trace."""
    fault = answer.tree.find(f".//{{{SOAP[version]}}}Fault")
    assert fault is not None, answer.body.decode()
    detail = answer.tree.find(".//{urn:changbai:fault:1}error")
    values = {child.tag.partition("}")[2]: child.text for child in detail}
    assert values["code"] == code, answer.body.decode()
    assert values["message"]
    assert values["trace"] == answer.headers["x-trace-id"]
    party = answer.text("faultcode" if version == "1.1" else "Value")
    assert party.partition(":")[2] in {"Client", "Sender", "VersionMismatch", "MustUnderstand"}
    wanted = "text/xml" if version == "1.1" else "application/soap+xml"
    assert answer.headers["content-type"] == f"{wanted}; charset=utf-8"
    for word in ("Traceback", 'File "', "sqlite", "lxml", "spyne"):
        assert word not in answer.body.decode()


@dataclass(frozen=True)
class Row:
    """One refusal: what is sent, and status and code of the answer."""

    name: str
    raw: bytes
    status: int
    code: str


def posted(body, *headers, **kwargs):
    return request(body, *headers, **({"path": PATH} | kwargs))


DOCTYPE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
TWO_BODIES = GOOD.replace("<s:Body>", "<s:Body/><s:Body>")
TWO_CALLS = envelope(HEARTBEAT * 2, header=HEADER)

EARLY = (
    Row("wrong method", request(method="PUT", path=PATH), 405, "SND-301"),
    Row("wrong method delete", request(method="DELETE", path=PATH), 405, "SND-301"),
    Row("get without ?wsdl", request(method="GET", path=PATH), 405, "SND-301"),
    Row("unknown path", posted(GOOD, path="/services/nothing"), 404, "SND-317"),
    Row("path without institution", posted(GOOD, path="/services/collection/"), 404, "SND-317"),
    Row("outside /services", posted(GOOD, path="/admin.php"), 404, "SND-317"),
    Row("empty body", posted(""), 400, "SND-304"),
    Row("blank body", posted("  \r\n "), 400, "SND-304"),
    Row("length that is no number", posted(GOOD, "Content-Length: abc"), 400, "SND-302"),
    Row("length and chunks", posted(GOOD, f"Content-Length: {len(GOOD)}", "Transfer-Encoding: chunked"), 400, "SND-302"),
    Row("bogus charset", posted(GOOD, "Content-Type: text/xml; charset=no-such"), 415, "SND-227"),
    Row("codec as charset", posted(r"\x3c!DOCTYPE a>", "Content-Type: text/xml; charset=unicode_escape"), 415, "SND-227"),
    Row("unknown content encoding", posted(GOOD, "Content-Encoding: br"), 415, "SND-303"),
    Row("oversize length", posted("", "Content-Length: 33554433"), 413, "SND-601"),
    Row("huge header", posted(GOOD, "X-Long: " + "a" * 100_000), 431, "SND-602"),
)

ENVELOPES = (
    ("not xml", "hello", 500, "SND-305"),
    ("broken xml", GOOD[:-5], 500, "SND-305"),
    ("no envelope", "<a/>", 500, "SND-306"),
    ("doctype", GOOD.replace("?>", f"?>{DOCTYPE}", 1), 500, "SND-308"),
    ("two bodies", TWO_BODIES, 500, "SND-307"),
    ("two calls", TWO_CALLS, 500, "SND-307"),
    ("fault as request", envelope("<s:Fault/>", header=HEADER), 500, "SND-307"),
    ("unknown operation", call("Nope", header=HEADER), 500, "SND-309"),
    ("must understand", GOOD.replace("<s:Header>", '<s:Header><x:y xmlns:x="urn:x" s:mustUnderstand="1"/>'), 500, "SND-314"),
    (
        "reference to nothing",
        upload('<documentType href="#i"/><documentId>D</documentId><payload>H4sI</payload>'),
        500,
        "SND-313",
    ),
    ("lane that is none", upload(UPLOAD + "<lane>fast</lane>"), 500, "SND-311"),
)


def test_a_good_call_stands_beside_the_refused_ones(engine):
    answer = ask(engine, posted(GOOD))
    assert (answer.status, answer.text("contractVersion")) == (200, "1")


@pytest.mark.parametrize("row", EARLY, ids=lambda row: row.name)
def test_what_is_refused_before_the_envelope_is_a_fault_with_its_http_status(engine, row):
    before = messages(engine)
    answer = ask(engine, row.raw)
    assert answer.status == row.status, answer.body.decode()
    check_fault(answer, row.code)
    assert messages(engine) == before


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize(("name", "body", "status", "code"), ENVELOPES, ids=[row[0] for row in ENVELOPES])
def test_an_envelope_is_refused_in_its_own_version(engine, name, body, status, code, version):
    before = messages(engine)
    newer = version == "1.2" and SOAP["1.1"] in body
    answer = ask(engine, posted(body.replace(SOAP["1.1"], SOAP["1.2"]) if newer else body))
    # Where no version can be told, and in a document that is not read to its end, it is 1.1.
    told = "1.2" if newer and SOAP["1.2"] in answer.body.decode() else "1.1"
    if code not in {"SND-305", "SND-306", "SND-308"}:
        assert told == ("1.2" if newer else "1.1")
    assert answer.status == (400 if told == "1.2" else status), answer.body.decode()
    check_fault(answer, code, told)
    assert messages(engine) == before


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("name", ["documentType", "documentId", "payload"])
@pytest.mark.parametrize("how", ["absent", "empty", "nil"])
def test_a_missing_parameter_is_named_and_nothing_is_stored(engine, ours, version, name, how):
    paper, before = ours.invent(), messages(engine)
    values = {"documentType": paper.kind, "documentId": paper.number, "payload": paper.packed}
    inner = "".join(f"<{key}>{value}</{key}>" for key, value in values.items() if key != name)
    if how != "absent":
        nil = ' xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"' if how == "nil" else ""
        inner += f"<{name}{nil}/>"
    answer = ask(engine, posted(upload(inner, version)))
    assert answer.status == {"1.1": 500, "1.2": 400}[version]
    assert answer.code in {"SND-310", "SND-311"}
    check_fault(answer, answer.code, version)
    assert answer.text("path") == f"/Envelope/Body/Upload/{name}"
    assert name in answer.text("message")
    assert messages(engine) == before


def test_no_credentials_are_asked_for(engine):
    for version in ("1.1", "1.2"):
        answer = ask(engine, posted(call("Heartbeat", header="", version=version)))
        assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Basic realm="changbai"')
        check_fault(answer, "SND-101", version)


def test_whatever_is_wrong_with_credentials_the_answer_is_the_same(engine, ours):
    wrong = Hospital(engine.services, "HOSP-A", "not-the-password")
    unknown = Hospital(engine.services, "HOSP-NOBODY")
    twice = HEADER * 2
    basic = "Authorization: Basic " + base64.b64encode(b"HOSP-B:correct-horse-battery").decode()
    said = []
    before = messages(engine)
    for raw in (
        posted(call("Heartbeat", header=wrong.credentials())),
        posted(call("Heartbeat", header=unknown.credentials())),
        posted(call("Heartbeat", header=twice)),
        posted(GOOD, basic),
    ):
        answer = ask(engine, raw)
        assert answer.status == 500
        check_fault(answer, "SND-101")
        said.append((answer.text("message"), answer.text("hint"), answer.text("path")))
    assert len(set(said)) == 1
    assert messages(engine) == before


def test_the_address_of_another_institution_is_refused(engine, ours):
    paper, before = ours.invent(), messages(engine)
    values = {"documentType": paper.kind, "documentId": paper.number, "payload": paper.packed}
    with pytest.raises(Refused) as caught:
        ours.call("Upload", address="HOSP-B", **values)
    assert caught.value.answer.status == 500
    check_fault(caught.value.answer, "SND-102")
    assert messages(engine) == before


def test_a_portal_may_not_upload(engine):
    portal, before = Hospital(engine.services, "PORTAL-1"), messages(engine)
    with pytest.raises(Refused) as caught:
        portal.upload(portal.invent())
    check_fault(caught.value.answer, "SND-103")
    assert messages(engine) == before


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def zipped(data: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("document.xml", data)
    return made.getvalue()


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def broken(data: bytes) -> bytes:
    packed = bytearray(gzip.compress(data))
    packed[-6] ^= 0xFF
    return bytes(packed)


def with_plus(data: bytes) -> str:
    """Pack so that the Base64 surely holds a plus sign."""
    for level in range(1, 10):
        if "+" in (text := b64(gzip.compress(data, level))):
            return text
    raise AssertionError("no plus sign at any level")


def odd_bits(data: bytes) -> str:
    """Set bits that the last character of a padded Base64 must leave zero."""
    content = data
    while not (text := b64(gzip.compress(content, mtime=0))).endswith("="):
        content += b" "
    at = len(text.rstrip("=")) - 1
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return text[:at] + letters[letters.index(text[at]) + 1] + text[at + 1 :]


def relabelled(data: bytes, label: str, codec: str = "utf-8") -> bytes:
    return data.decode().replace("UTF-8", label, 1).encode(codec)


def gz(data: bytes) -> str:
    return b64(gzip.compress(data))


PACKING = (
    ("foreign character", lambda d: gz(d)[:100] + "*" + gz(d)[100:], "SND-201"),
    ("no padding", lambda d: gz(d).rstrip("=")[:-1], "SND-202"),
    ("odd bits", odd_bits, "SND-203"),
    ("plain xml", lambda d: d.decode(), "SND-204"),
    ("data prefix", lambda d: "data:application/gzip;base64," + gz(d), "SND-205"),
    ("base64 twice", lambda d: b64(gz(d).encode()), "SND-206"),
    ("not compressed", b64, "SND-207"),
    ("zlib", lambda d: b64(zlib.compress(d)), "SND-208"),
    ("zip", lambda d: b64(zipped(d)), "SND-209"),
    ("raw deflate", lambda d: b64(raw_deflate(d)), "SND-210"),
    ("cut off", lambda d: b64(gzip.compress(d)[:-200]), "SND-211"),
    ("one bit", lambda d: b64(broken(d)), "SND-212"),
    ("two members", lambda d: b64(gzip.compress(d) * 2), "SND-213"),
    ("gzip twice", lambda d: gz(gzip.compress(d)), "SND-214"),
    ("plus became blank", lambda d: with_plus(d).replace("+", " "), "SND-217"),
    ("pdf", lambda d: b64(b"%PDF-1.7" + d), "SND-220"),
    ("gbk called utf-8", lambda d: gz(d.decode().encode("gb18030")), "SND-221"),
    ("utf-8 called gbk", lambda d: gz(relabelled(d, "GBK")), "SND-222"),
    ("bogus encoding", lambda d: gz(relabelled(d, "bogus")), "SND-223"),
    ("cut off xml", lambda d: gz(d[:-10]), "SND-321"),
    ("nothing in it", lambda d: gz(b""), "SND-321"),
    ("doctype", lambda d: gz(d.replace(b"?>", b"?>" + DOCTYPE.encode(), 1)), "SND-322"),
    ("control character", lambda d: gz(d.replace(b"<title>", b"<title>\x01", 1)), "SND-323"),
    ("another root", lambda d: gz(b"<a/>"), "SND-331"),
)


@pytest.mark.parametrize(("name", "pack", "code"), PACKING, ids=[row[0] for row in PACKING])
def test_wrong_packing_is_named_and_leaves_a_receipt_that_can_be_queried(ours, name, pack, code):
    paper = ours.invent()
    result = ours.rejected(paper, payload=pack(paper.xml))
    assert result["code"] == code, result
    issue = result["issues"][0]
    assert issue["message"]
    assert issue["hint"]
    found = ours.receipt(result["receipt"])
    assert (found["status"], found["state"]) == ("rejected", "invalid")
    ours.accepted(paper)


def test_an_encryption_that_is_not_agreed_is_named(ours):
    paper = ours.invent()
    assert ours.rejected(paper, encryption="AES-256-GCM")["code"] == "SND-219"
    ours.accepted(paper, encryption="none")


def test_a_document_unpacked_beyond_the_limit_is_refused_with_limit_and_value(ours):
    paper = ours.invent()
    filler = b"<!--" + b" " * (64 << 20) + b"-->"
    result = ours.rejected(paper, payload=gz(paper.xml + filler))
    assert result["code"] == "SND-603"
    assert "64" in result["issues"][0]["message"] or str(64 << 20) in result["issues"][0]["message"]
    assert ours.receipt(result["receipt"])["state"] == "invalid"


def test_words_of_the_sender_are_never_markup_in_the_answer(ours):
    paper = ours.invent()
    result = ours.rejected(paper, documentType="<b>&\"'</b>")
    assert result["code"] == "SND-401"
    with pytest.raises(Refused) as caught:
        ours.call("Reconcile", date="<b>&'</b>")
    check_fault(caught.value.answer, "SND-311")
    assert "<b>&'</b>" in caught.value.answer.text("message")


def test_the_engine_is_well_after_all_of_this(engine):
    host, _, port = engine.services.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.request("GET", "/health")
    reply = connection.getresponse()
    assert (reply.status, reply.read()) == (200, b'{"status":"ok"}')
    connection.close()
    assert '"event":"call failed"' not in (engine.data / "engine.log").read_text(encoding="utf-8")
