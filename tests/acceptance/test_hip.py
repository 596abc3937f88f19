"""Hospitals call the running engine by HIPMessageServer and the regional registers, and find again what they sent."""

from __future__ import annotations

import base64
import itertools

import pytest
import requests
import zeep
from lxml import etree
from zeep.transports import Transport

from engine.documents.hl7.sample import sample_message
from engine.documents.hl7.services import HIP, REGIONAL
from engine.inbound.regional import REGIONAL_CONTRACTS
from tests.monitor.web import Visitor
from tests.support.hospital import PASSWORD
from tests.support.interactions import Told
from tests.support.stores import conserved

NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def services(engine):
    """Give zeep's clients of a hospital by address, made once from the WSDLs."""
    made = {}

    def at(path, code="HOSP-A"):
        if (path, code) not in made:
            transport = Transport()
            transport.session.auth = (code, PASSWORD)
            made[path, code] = zeep.Client(f"{engine.services}{path}?wsdl", transport=transport).service
        return made[path, code]

    return at


@pytest.fixture
def hip(services):
    def send(action, *, code="HOSP-A", **values):
        text = sample_message(HIP[action], institution=code, message_id=f"A-{next(NUMBERS)}", **values).decode()
        return Told(services("/services/hip", code).HIPMessageServer(action=action, message=text))

    return send


def test_the_services_page_lists_all_of_them_with_their_wsdls(engine):
    page = requests.get(f"{engine.services}/services/", timeout=20).text
    for path in ("/services/hip", *(f"/services/regional/{name}" for name in REGIONAL_CONTRACTS)):
        assert f'href="{path}?wsdl"' in page
        for query in ("wsdl", "wsdl12"):
            assert f"{engine.services}{path}" in requests.get(f"{engine.services}{path}?{query}", timeout=20).text


def test_a_person_is_registered_updated_and_found(hip):
    person = {"patient_id": "P-1", "identity": "990000195101011234"}
    assert hip("S0001", 姓名="测试患者甲", **person).verdict == "AA"
    assert hip("S0002", 姓名="测试患者乙", **person).verdict == "AA"
    told = hip("S0004", patient_id="P-1")
    assert (told.verdict, told.query) == ("AA", ("OK", "1"))
    assert "测试患者乙" in told.text
    assert "测试患者甲" not in told.text
    again = hip("S0001", 姓名="测试患者丙", **person)
    assert (again.verdict, again.said[:7]) == ("AE", "SND-731")
    assert hip("S0004", patient_id="NOBODY").query == ("NF", "0")


def test_a_document_by_both_ways_is_one_record(engine, ours, hip):
    paper = ours.invent()
    content = base64.b64encode(paper.xml).decode()
    told = hip("S0014", document_id=paper.number, **{"storageCode/originalText/@value": content})
    assert told.verdict == "AA", told.said
    uploaded = ours.call("Upload", documentType=paper.kind, documentId=paper.number, payload=paper.packed)
    assert (uploaded["status"], uploaded["duplicate"], uploaded["receipt"] in told.said) == ("accepted", "true", True)
    other = ours.invent()
    first = ours.call("Upload", documentType=other.kind, documentId=other.number, payload=other.packed)
    content = base64.b64encode(other.xml).decode()
    assert first["receipt"] in hip("S0014", document_id=other.number, **{"storageCode/originalText/@value": content}).said
    got = hip("S0015", document_id=paper.own)
    assert (got.verdict, got.query) == ("AA", ("OK", "1")), got.said
    (text,) = got.root.xpath("//*[local-name()='storageCode']/*[local-name()='originalText']/@value")
    assert base64.b64decode(text) == paper.xml


def test_a_refused_document_names_its_first_fault_by_both_ways(ours, hip):
    paper = ours.invent(fault="patient.gender-code")
    uploaded = ours.call("Upload", documentType=paper.kind, documentId=paper.number, payload=paper.packed)
    content = base64.b64encode(paper.xml).decode()
    told = hip("S0014", document_id=paper.number, **{"storageCode/originalText/@value": content})
    assert (told.verdict, told.said[:7], uploaded["code"]) == ("AE", "SND-408", "SND-408")
    assert uploaded["issues"][0]["path"] in told.said


def test_a_regional_batch_has_a_verdict_for_each_document(ours, services):
    papers = {"DOC-0": ours.invent(), "DOC-1": ours.invent(fault="patient.gender-code")}
    text = sample_message(REGIONAL["provideAndRegisterDocumentSet"], institution="HOSP-A", message_id=f"A-{next(NUMBERS)}")
    root = etree.fromstring(text)
    root.remove(root.find("Document"))
    for number, paper in papers.items():
        document = etree.SubElement(root, "Document", id=number)
        etree.SubElement(document, "Content").text = base64.b64encode(paper.xml).decode()
    reply = services("/services/regional/document").provideAndRegisterDocumentSet(message=etree.tostring(root).decode())
    answers = etree.fromstring(reply.encode()).findall(".//{*}Response")
    assert [(one.get("id"), one.get("status")) for one in answers] == [("DOC-0", "AA"), ("DOC-1", "AE")], reply
    assert "SND-408" in "".join(answers[1].itertext())


def test_a_regional_register_keeps_the_same_people(hip, services):
    operation = REGIONAL["addPatientRegistry"]
    text = sample_message(operation, institution="HOSP-A", message_id=f"A-{next(NUMBERS)}", patient_id="P-9").decode()
    told = Told(services("/services/regional/patient").addPatientRegistry(message=text))
    assert (told.name, told.verdict) == ("PRPA_IN201312UV02", "AA"), told.text
    assert hip("S0004", patient_id="P-9").query == ("OK", "1")


def test_another_hospital_does_not_send_for_us(hip, services):
    text = sample_message(HIP["S0001"], institution="HOSP-A", message_id=f"A-{next(NUMBERS)}").decode()
    told = Told(services("/services/hip", "HOSP-B").HIPMessageServer(action="S0001", message=text))
    assert (told.verdict, told.said[:7]) == ("AE", "SND-345")


def test_a_portal_may_not_and_nobody_without_credentials(engine):
    body = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><HIPMessageServer xmlns="urn:hl7-org:v3"/></s:Body></s:Envelope>'
    address = f"{engine.services}/services/hip"
    assert requests.post(address, body, timeout=20).status_code == 401
    refused = requests.post(address, body, auth=("PORTAL-1", PASSWORD), timeout=20)
    assert (refused.status_code, "SND-103" in refused.text) == (500, True)


def test_a_refused_message_is_no_document_and_is_not_replayed(engine, hip):
    assert hip("S0002", patient_id="NOBODY-2").verdict == "AE"
    said = engine.command("replay", "--route", "hip-residents", "--code", "SND-732", "--since", "2026-01-01", "--preview")
    assert "->" not in said


def test_the_monitor_shows_messages_and_counts_them_for_no_document_type(engine, hip):
    assert hip("S0001", patient_id="P-8").verdict == "AA"
    visitor = Visitor(int(engine.monitor.rpartition(":")[2]))
    visitor.sign_in("admin", engine.password)
    assert "S0001" in visitor.get("/messages").body
    for path in ("/completeness", "/quality"):
        page = visitor.get(f"{path}?institution=HOSP-A")
        assert (page.status, "<td>S0001" in page.body) == (200, False)


def test_what_was_answered_survives_a_restart(engine, hip):
    values = {"patient_id": "P-7", "姓名": "测试患者丁"}
    number = next(NUMBERS)
    text = sample_message(HIP["S0001"], institution="HOSP-A", message_id=f"R-{number}", **values).decode()

    def send():
        transport = Transport()
        transport.session.auth = ("HOSP-A", PASSWORD)
        service = zeep.Client(f"{engine.services}/services/hip?wsdl", transport=transport).service
        return Told(service.HIPMessageServer(action="S0001", message=text))

    assert send().said == "已登记"
    assert engine.stop() == 0
    engine.start()
    assert send().said.startswith("重复提交")
    assert conserved(engine)
