"""A client generated from our WSDL sends the three first document types by every credential and version, and gets its receipts."""

import gzip
import socket
from xml.sax.saxutils import escape

import pytest
import requests
import zeep
from lxml import etree
from zeep.transports import Transport
from zeep.wsse.username import UsernameToken

from tests.support.hospital import KINDS, PASSWORD
from tests.support.soap import TNS, envelope, read_answer, request
from tests.support.stores import until

pytestmark = [pytest.mark.xdist_group("acceptance-upload"), pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]

GBK = '<?xml version="1.0" encoding="GBK"?>'
OLD = ("Content-Type: text/xml; charset=GBK", "Connection: keep-alive")
CLIENTS = ("wsse", "wsse-soap12", "header", "header-soap12", "basic", "basic-soap12")


@pytest.fixture(scope="module")
def clients(engine):
    """Make one client for each form of credential and each SOAP version."""
    made = {}
    for name in CLIENTS:
        form, _, newer = name.partition("-")
        session = requests.Session()
        session.auth = ("HOSP-A", PASSWORD) if form == "basic" else None
        client = zeep.Client(
            f"{engine.services}/services/collection/HOSP-A?{'wsdl12' if newer else 'wsdl'}",
            transport=Transport(session=session),
            wsse=UsernameToken("HOSP-A", PASSWORD) if form == "wsse" else None,
        )
        if form == "header":
            client.set_default_soapheaders({"credentials": {"institution": "HOSP-A", "password": PASSWORD}})
        made[name] = client.service
    return made


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CLIENTS)
def test_a_document_is_taken_by_every_credential_in_both_versions(clients, ours, name, kind):
    service, paper = clients[name], ours.invent(kind)
    result = service.Upload(documentType=kind, documentId=paper.number, payload=paper.packed)
    assert (result.status, result.code, result.message, result.duplicate) == ("accepted", "0", "已接收", False)
    assert result.issues is None
    found = service.QueryReceipt(receipt=result.receipt)
    assert (found.receipt, found.status, found.state) == (result.receipt, "accepted", "routed")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["wsse", "basic-soap12"])
def test_the_binary_twin_takes_the_gzip_itself_and_knows_the_same_document(clients, ours, name, kind):
    service, paper = clients[name], ours.invent(kind)
    first = service.UploadBinary(documentType=kind, documentId=paper.number, payload=gzip.compress(paper.xml))
    assert (first.status, first.code) == ("accepted", "0")
    again = service.Upload(documentType=kind, documentId=paper.number, payload=paper.packed)
    assert (again.receipt, again.duplicate) == (first.receipt, True)


@pytest.mark.parametrize("kind", KINDS)
def test_one_wrong_value_is_refused_with_code_place_and_a_cure_in_chinese(clients, ours, kind):
    paper = ours.invent(kind, fault="patient.gender-code")
    result = clients["wsse"].Upload(documentType=kind, documentId=paper.number, payload=paper.packed)
    assert (result.status, result.code, result.duplicate) == ("rejected", "SND-408", False)
    issue = result.issues.issue[0]
    assert (issue.severity, issue.code, issue.value) == ("error", "SND-408", "3")
    assert issue.path.startswith("/ClinicalDocument/recordTarget/")
    wrong = paper.xml.decode().splitlines()[issue.line - 1]
    assert "<administrativeGenderCode" in wrong
    assert wrong[issue.column - 1 :].startswith("<administrativeGenderCode")
    assert "1 男" in issue.hint or "男性" in issue.hint
    assert clients["wsse"].QueryReceipt(receipt=result.receipt).state == "invalid"


def test_warnings_are_told_and_the_document_is_taken(clients, ours):
    paper = ours.invent(custodian="HOSP-UNKNOWN")
    result = clients["header"].Upload(documentType="C0002", documentId=paper.number, payload=paper.packed)
    assert (result.status, result.code) == ("accepted-with-warnings", "0")
    (issue,) = result.issues.issue
    assert (issue.severity, issue.code, issue.value) == ("warning", "SND-415", "HOSP-UNKNOWN")
    assert "HOSP-A" in issue.hint


def test_a_laboratory_report_arrives_in_the_archive_and_its_receipt_says_so(engine, clients, ours):
    paper = ours.invent("C0007")
    service = clients["wsse"]
    receipt = service.Upload(documentType="C0007", documentId=paper.number, payload=paper.packed).receipt
    until(lambda: service.QueryReceipt(receipt=receipt).deliveries.delivery[0].state == "sent")
    (delivery,) = service.QueryReceipt(receipt=receipt).deliveries.delivery
    assert (delivery.destination, delivery.attempts, delivery.lastError) == ("archive", 1, None)
    (file,) = (engine.data / "outbox" / "archive").rglob(f"{receipt}*.xml")
    root = etree.parse(file).getroot()
    assert root.find("{urn:hl7-org:v3}id").get("extension") == paper.own


def test_a_client_of_the_year_2000_speaks_gbk_over_http_1_0_on_one_connection(engine, ours):
    paper = ours.invent()
    upload = written_call(ours, "Upload", documentType="C0002", documentId=paper.number, payload=paper.packed)
    revoke = written_call(ours, "Revoke", documentType="C0002", documentId=paper.number, reason="患者张三丰要求撤销")
    host, _, port = engine.services.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        stream = connection.makefile("rb")
        answers = []
        for body in (upload, revoke):
            connection.sendall(request(body, *OLD, path="/services/collection/HOSP-A", http="1.0"))
            answers.append(read_answer(stream))
    assert [a.status for a in answers] == [200, 200]
    assert [a.headers["connection"].lower() for a in answers] == ["keep-alive", "keep-alive"]
    assert [a.text("status") for a in answers] == ["accepted", "accepted"]
    events = ours.receipt(answers[0].text("receipt"))["events"]
    assert "患者张三丰要求撤销" in [event.get("detail") for event in events]


def written_call(hospital, operation, **values):
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())
    body = f'<{operation} xmlns="{TNS}">{inner}</{operation}>'
    return envelope(body, header=hospital.credentials(), declaration=GBK).encode("gbk")
