"""Hold the frame of replies: roots, header turned round, acknowledgement, query result, both dialects, flat replies."""

from datetime import UTC, datetime

from lxml import etree

from engine.documents.hl7.framing import frame, refusal_text
from engine.documents.hl7.opening import open_message
from engine.documents.hl7.sample import sample_message
from engine.documents.hl7.services import HIP, REGIONAL
from engine.documents.reading import open_document
from engine.errors import Issue

NOW = datetime(2026, 3, 2, 1, 2, 3, tzinfo=UTC)
N = {"h": "urn:hl7-org:v3"}


def reply(service, verdict="AA", text="已登记", content=None, query="", total=0, opened=True):
    message = open_message(None, service, sample_message(service, institution="H1")) if opened else None
    made = open_document(content.encode()) if content else None
    said = frame(service, "hospital", message, verdict, text, made, query, total, message_id="R1", now=NOW)
    return etree.fromstring(said)


def at(root, path):
    return root.xpath(f"string({path})", namespaces=N)


def test_a_write_is_acknowledged_in_the_hospital_dialect():
    root = reply(HIP["S0001"])
    assert etree.QName(root).localname == "MCCI_IN000002UV01"
    assert at(root, "h:id/@extension") == "R1"
    assert at(root, "h:creationTime/@value") == "20260302090203"
    assert at(root, "h:interactionId/@extension") == "MCCI_IN000002UV01"
    assert at(root, "h:receiver/h:device/h:id/h:item/@extension") == "H1"
    assert at(root, "h:sender/h:device/h:id/h:item/@extension") == "CHANGBAI"
    assert at(root, "h:acknowledgement/@typeCode") == "AA"
    assert at(root, "h:acknowledgement/h:targetMessage/h:id/@extension") == "H1-S0001-00000001"
    assert at(root, "h:acknowledgement/h:acknowledgementDetail/h:text/@value") == "已登记"
    assert root.find("h:controlActProcess", N) is None


def test_a_query_is_answered_under_its_own_root_with_what_was_found():
    content = '<controlActProcess xmlns="urn:hl7-org:v3"><subject><a/></subject><subject/></controlActProcess>'
    root = reply(HIP["S0004"], text="查到 5 条", content=content, query="OK", total=5)
    assert etree.QName(root).localname == "PRPA_IN201306UV02"
    assert len(root.findall("h:controlActProcess/h:subject", N)) == 2
    assert at(root, "h:controlActProcess/h:queryAck/h:queryResponseCode/@code") == "OK"
    assert at(root, "h:controlActProcess/h:queryAck/h:resultTotalQuantity/@value") == "5"
    assert at(root, "h:controlActProcess/h:queryAck/h:queryId/@extension") == "DEMO-HOSPITAL-S0004-00000001".replace(
        "DEMO-HOSPITAL", "H1"
    )


def test_a_refused_query_keeps_its_root_and_one_that_could_not_be_read_has_the_plain_one():
    assert etree.QName(reply(HIP["S0004"], "AE", "x", query="QE")).localname == "PRPA_IN201306UV02"
    unread = reply(HIP["S0004"], "AE", "SND-321 文档不是 XML", opened=False)
    assert etree.QName(unread).localname == "MCCI_IN000002UV01"
    assert at(unread, "h:acknowledgement/@typeCode") == "AE"
    nobody = etree.fromstring(frame(None, "hospital", None, "AE", "SND-340"))
    assert etree.QName(nobody).localname == "MCCI_IN000002UV01"


def test_a_regional_reply_has_its_own_roots_and_forms():
    root = reply(REGIONAL["addPatientRegistry"])
    assert etree.QName(root).localname == "PRPA_IN201312UV02"
    assert at(root, "h:id/@root") == "2.16.156.10011.0"
    assert at(root, "h:receiver/h:device/h:id/@extension") == "H1"
    assert at(root, "h:acknowledgement/h:acknowledgementDetail/h:text") == "已登记"
    assert etree.QName(reply(REGIONAL["addPatientRegistry"], "AE")).localname == "PRPA_IN201313UV02"


def test_a_flat_reply_is_the_stylesheet_s_own_document_and_a_plain_one_without_it():
    service = REGIONAL["addDictCatalogRequest"]
    assert (
        reply(service, content='<data><DictCatalog><Id value="1"/></DictCatalog></data>').find("DictCatalog/Id").get("value")
        == "1"
    )
    assert reply(service, "AE", "不行").find("Detail").get("value") == "不行"
    documents = reply(REGIONAL["provideAndRegisterDocumentSet"], "AE", "不行", opened=False)
    assert (documents.tag, documents.find("Response").get("status")) == ("RegistryResponse", "AE")


def test_a_refusal_is_told_in_one_line_with_place_and_cure():
    issue = Issue(code="SND-342", message="缺少必填节点“姓名”。", hint="请补上后重发。", path="/a/b", line=12)
    warning = Issue(code="SND-343", message="x", severity="warning")
    assert refusal_text([warning, issue]) == "SND-342 缺少必填节点“姓名”：/a/b，第 12 行。请补上后重发。"
    assert refusal_text([issue, issue, issue]).endswith("另有 2 处问题。")
