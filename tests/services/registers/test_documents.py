"""Documents of the library are searched and retrieved within the rights of the caller, by whichever way they came."""

import base64
from datetime import UTC, datetime

import pytest

from engine.services.recordrights import RecordRights
from tests.services.registers.office import LI, PERSON, WANG, Office, said


def receipts(answer):
    return [item["receipt"] for item in answer.items]


def search(office, institution="H1", **values):
    return receipts(office.ask("documents", "query", institution, **values))


def test_a_document_is_found_by_its_person_its_number_its_type_and_its_day(office):
    march, april = datetime(2026, 3, 1, 9, 30, tzinfo=UTC), datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
    office.take(
        said("D1", LI, written=march, author="测试医生", numbers=["outpatient^O1"], custodian="C1", custodian_name="测试医院"),
        said("D2", LI, written=april, document_type="C0004", numbers=["inpatient^I1"]),
        said("D3", WANG, resident_name="测试患者乙", gender="2", birth_date="19851212"),
    )  # fmt: skip
    assert search(office, identity=LI) == ["D2", "D1"]
    assert search(office, identity=LI, type="C0002") == ["D1"]
    assert search(office, documentId="D3") == ["D3"]
    assert search(office, outpatientNumber="O1") == ["D2", "D1"]
    assert search(office, inpatientNumber="I1", outpatientNumber="O1") == ["D2", "D1"]
    assert search(office, identity=LI, since="20260401") == ["D2"]
    assert search(office, identity=LI, until="20260331") == ["D1"]
    assert search(office, identity=LI, author="测试医生") == ["D1"]
    assert search(office, identity=LI, name="测试患者甲", limit="1") == ["D2"]
    assert search(office, identity=LI, name="测试患者丙") == []
    told = office.ask("documents", "query", identity=LI, visitUntil="20260331")
    assert (receipts(told), told.text) == (["D1"], "查到 1 条（就诊时间按文档生成时间比较）")
    (item,) = told.items
    assert item["written"] == "20260301173000"
    assert {name: item[name] for name in ("documentId", "type", "identity", "authorName", "institutionName")} == {
        "documentId": "D1", "type": "C0002", "identity": LI, "authorName": "测试医生", "institutionName": "测试医院",
    }  # fmt: skip


def test_what_the_message_said_of_its_document_is_told_beside(office):
    office.take(said("D1", LI), said("D2", LI))
    entries = tuple(
        {"receipt": name, "documentId": f"MSG-{name}", "type": "LAB", "version": "3", "content": "PGE+", "patientId": "P1"}
        for name in ("D1", "D2")
    )
    assert office.ask("documents", "add", entry=entries).text == "已登记 2 份文档"
    assert office.ask("documents", "add", entry=entries).text == "文档已登记过，内容相同"
    (item,) = office.ask("documents", "query", documentId="MSG-D1").items
    assert (item["receipt"], item["documentId"], item["version"], item["type"], item["identity"]) == (
        "D1",
        "MSG-D1",
        "3",
        "LAB",
        LI,
    )
    assert "content" not in item
    assert search(office, type="LAB") == ["D2", "D1"]
    assert search(office, documentId="D1") == ["D1"]


def test_a_note_without_its_document_is_our_own_fault(office):
    with pytest.raises(LookupError):
        office.ask("documents", "add", receipt="R-none", documentId="D1")


def test_a_document_is_retrieved_with_its_body(office):
    office.take(said("D1", LI))
    found = office.ask("documents", "get", documentId="D1")
    assert base64.b64decode(found.items[0]["content"]) == b"<a>D1</a>"
    assert office.ask("documents", "get", documentId="D9").total == 0
    assert office.refused("documents", "get", identity=LI) == "SND-737"


def test_a_body_that_is_lost_is_our_own_fault(database):
    office = Office(database, body=lambda _connection, _receipt: None)
    office.take(said("D1", LI))
    with pytest.raises(LookupError):
        office.ask("documents", "get", documentId="D1")


def test_another_hospital_reads_only_about_its_own_patients(office):
    office.take(said("D1", LI, institution="H1"))
    assert search(office, "H2", identity=LI) == []
    assert search(office, "H2", documentId="D1") == []
    assert office.refused("documents", "get", "H2", documentId="D1") == "SND-733"
    office.ask("residents", "add", "H2", patientId="Q1", identity=LI, **PERSON)
    assert search(office, "H2", identity=LI) == ["D1"]
    assert search(office, "H2", patientId="Q1") == ["D1"]
    assert search(office, "H2", documentId="D1") == ["D1"]
    assert receipts(office.ask("documents", "get", "H2", documentId="D1")) == ["D1"]
    assert search(office, "H2") == []


def test_a_document_of_its_own_makes_a_patient(office):
    office.take(said("D1", LI, institution="H1"), said("D2", LI, institution="H2"))
    assert search(office, "H2", identity=LI) == ["D2", "D1"]


def test_a_closed_document_is_read_by_nobody_else(office):
    office.take(
        said("D1", LI, institution="H1", confidentiality="V"), said("D2", LI, institution="H1"), said("D3", LI, institution="H1")
    )  # fmt: skip
    office.ask("documents", "add", "H1", receipt="D2", documentId="D2", confidentiality="R")
    office.ask("residents", "add", "H2", patientId="Q1", identity=LI, **PERSON)
    assert search(office, "H2", identity=LI) == ["D3"]
    for number in ("D1", "D2"):
        assert office.refused("documents", "get", "H2", documentId=number) == "SND-733"
    assert search(office, "H1", identity=LI) == ["D3", "D2", "D1"]


@pytest.mark.parametrize(("scope", "seen"), [("own", []), ("treating", ["D1"]), ("all", ["D1"])])
def test_the_rule_table_says_which_documents_others_read(database, scope, seen):
    office = Office(database, rights=RecordRights(documents=scope))
    office.take(said("D1", LI, institution="H1"))
    office.ask("residents", "add", "H2", patientId="Q1", identity=LI, **PERSON)
    assert search(office, "H2", identity=LI) == seen


def test_who_read_whose_documents_is_audited(office):
    office.take(said("D1", LI))
    office.ask("documents", "get", action="S0015", documentId="D1")
    office.ask("documents", "query", action="S0016", identity=WANG)
    whose = office.owners()["D1"]
    assert set(office.readings()) == {("H1", "documents", "S0015 M1", whose), ("H1", "documents", "S0016 M2", "nobody")}
