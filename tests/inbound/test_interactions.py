"""Messages of the interaction services: a verdict for every one, one transaction for journal and register, an answer after the commit."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from engine.documents.hl7.sample import sample_message
from engine.documents.hl7.services import HIP, REGIONAL
from engine.documents.sample import sample
from engine.message import SHANGHAI
from engine.store.days import day_delta
from tests.support.interactions import BROKEN, REFUSED, InteractionOffice

S0001, S0004, S0014 = HIP["S0001"], HIP["S0004"], HIP["S0014"]


@pytest.fixture
def office(url):
    made = InteractionOffice(url)
    yield made
    made.close()


def person(number="M-1", name="测试患者甲", **more):
    return sample_message(S0001, institution="H001", message_id=number, 姓名=name, **more)


def paper(number, document_id, xml, service=S0014):
    values = {"message_id": number, "document_id": document_id, "storageCode/originalText/@value": base64.b64encode(xml).decode()}
    return sample_message(service, institution="H001", **values)


def clinical(seed):
    return sample("C0002", seed, institution="H001")


def test_what_is_taken_is_in_the_journal_and_at_its_register_before_the_answer(office):
    told = office.hip("S0001", person())
    assert (told.name, told.verdict, told.said, told.target) == ("MCCI_IN000002UV01", "AA", "已登记", "M-1")
    assert office.rows() == [("S0001", "M-1", "ROUTED", "0")]
    ((asked, thread),) = office.ward.asked
    assert (asked.action, asked.act, asked.institution, asked.register) == ("S0001", "add", "H001", "residents")
    assert (asked.values["name"], thread) == ("测试患者甲", "journal-writer")
    assert office.original(asked.receipt) == person().decode()


@pytest.mark.parametrize("action", ["s0001", " PatientInfoRegister ", "EMR-PL-01", "patientinforegister"])
def test_an_action_is_known_by_any_of_its_names(office, action):
    assert office.hip(action, person()).verdict == "AA"


def test_what_a_register_refuses_is_kept_as_refused_and_nothing_else_of_it(office):
    told = office.hip("S0001", person(name=REFUSED))
    assert (told.verdict, told.said[:8]) == ("AE", "SND-731 ")
    assert "请用更新服务。" in told.said
    assert office.rows() == [("S0001", "M-1", "INVALID", "SND-731")]
    assert office.kept() == []
    assert office.hip("S0001", person()).verdict == "AA", "a refused message does not hold its id"


def test_a_repeat_is_answered_as_the_first_time_and_done_once(office):
    office.hip("S0001", person())
    told = office.hip("S0001", person())
    assert (told.verdict, told.said[:4], "已登记" in told.said) == ("AA", "重复提交", True)
    assert office.kept() == ["测试患者甲"]
    other = office.hip("S0001", person(name="测试患者乙"))
    assert (other.verdict, other.said[:7]) == ("AE", "SND-508")
    assert [row[2] for row in office.rows()] == ["ROUTED", "INVALID"]


def test_equal_messages_at_once_are_one(office):
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: office.hip("S0001", person()), range(16)))
    assert {one.verdict for one in told} == {"AA"}
    assert sum(one.said.startswith("重复提交") for one in told) == 15
    assert office.kept() == ["测试患者甲"]
    assert len(office.rows()) == 1


def test_one_bad_message_of_a_commit_spoils_no_other(office):
    names = ["测试患者甲", REFUSED, BROKEN, "测试患者乙"] * 4

    def send(item):
        number, name = item
        message = person(f"M-{number}", name).decode()
        return office.post("/services/hip", "HIPMessageServer", action="S0001", message=message)[0]

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(send, enumerate(names)))
    assert [status == 200 for status in statuses] == [name != BROKEN for name in names]
    assert office.kept() == ["测试患者乙"] * 4 + ["测试患者甲"] * 4 or office.kept() == ["测试患者甲"] * 4 + ["测试患者乙"] * 4
    assert sorted(row[2] for row in office.rows()) == ["INVALID"] * 4 + ["ROUTED"] * 8


def test_our_own_failure_is_a_fault_and_leaves_nothing(office):
    status, reply = office.post("/services/hip", "HIPMessageServer", action="S0001", message=person(name=BROKEN).decode())
    assert (status, "ENG-000" in reply, "a bug of ours" in reply) == (500, True, False)
    assert (office.rows(), office.kept()) == ([], [])


@pytest.mark.parametrize(
    ("action", "text", "code", "kind"),
    [
        ("S0099", "<a/>", "SND-340", "HIP"),
        ("", "<a/>", "SND-340", "HIP"),
        ("S0001", "", "SND-346", "S0001"),
        ("S0001", "  ", "SND-346", "S0001"),
        ("S0001", "hello", "SND-321", "S0001"),
        ("S0001", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "SND-322", "S0001"),
        ("S0001", '<PRPA_IN201314UV02 xmlns="urn:hl7-org:v3"/>', "SND-341", "S0001"),
    ],
)
def test_what_cannot_be_read_is_answered_and_kept(office, action, text, code, kind):
    told = office.hip(action, text)
    assert (told.name, told.verdict, told.said[:7]) == ("MCCI_IN000002UV01", "AE", code)
    assert office.rows() == [(kind, "", "INVALID", code)]
    assert office.ward.asked == []


def test_a_missing_node_is_named_in_chinese(office):
    told = office.hip("S0001", person().replace(b"<name>", b"<names>").replace(b"</name>", b"</names>"))
    assert (told.verdict, told.said[:7], "姓名" in told.said) == ("AE", "SND-342", True)
    assert office.rows() == [("S0001", "M-1", "INVALID", "SND-342")]


def test_a_message_of_another_sender_or_for_another_hospital_is_refused_and_audited(office):
    for text in (
        sample_message(S0001, institution="H002", message_id="M-1"),
        sample_message(S0001, institution="H001", message_id="M-2", receiver="H002"),
    ):
        told = office.hip("S0001", text)
        assert (told.verdict, told.said[:7]) == ("AE", "SND-345")
    assert ("refused", "H001", "HIPMessageServer", "other-party") in office.reasons()
    assert office.ward.asked == []
    assert office.hip("S0001", sample_message(S0001, institution="HIS-OF-H001", message_id="M-3")).verdict == "AA"
    assert office.hip("S0001", sample_message(S0001, institution="H001", message_id="M-4", receiver="PLATFORM")).verdict == "AA"


def test_a_query_is_answered_with_what_was_found_and_is_not_journalled(office):
    asked = sample_message(S0004, institution="H001", message_id="Q-1")
    told = office.hip("S0004", asked)
    assert (told.name, told.verdict, told.query, told.target) == ("PRPA_IN201306UV02", "AA", ("NF", "0"), "Q-1")
    office.hip("S0001", person())
    office.ward.asked.clear()
    told = office.hip("S0004", asked)
    ((interaction, _),) = office.ward.asked
    assert (interaction.act, interaction.receipt) == ("query", "")
    assert [row[0] for row in office.rows()] == ["S0001"]


def test_a_query_that_is_refused_says_so_in_its_own_answer(office):
    told = office.hip("S0004", sample_message(S0004, institution="H002", message_id="Q-1"))
    assert (told.name, told.verdict, told.query) == ("PRPA_IN201306UV02", "AE", ("QE", "0"))
    assert office.rows() == []


def test_a_document_in_a_message_is_the_record_of_one_uploaded(office):
    told = office.hip("S0014", paper("M-1", "D-1", clinical(1)))
    assert (told.verdict, "回执号" in told.said) == ("AA", True), told.said
    assert office.rows() == [("S0014", "M-1", "ROUTED", "0"), ("C0002", "D-1", "ROUTED", "0")]
    assert office.hip("S0014", paper("M-1", "D-1", clinical(1))).said.startswith("重复提交")
    again = office.hip("S0014", paper("M-2", "D-1", clinical(1)))
    assert again.verdict == "AA"
    assert [row[0] for row in office.rows()].count("C0002") == 1
    noted = [entry for asked, _ in office.ward.asked for entry in asked.values["entry"]]
    assert [(one["documentId"], one["receipt"] in told.said) for one in noted] == [("D-1", True)] * 2


def test_a_refused_document_refuses_its_message_and_both_are_kept(office):
    bad = sample("C0002", 1, institution="H001", fault="patient.gender-code")
    told = office.hip("S0014", paper("M-1", "D-1", bad))
    assert (told.verdict, told.said[:7]) == ("AE", "SND-408")
    assert "administrativeGenderCode" in told.said
    assert sorted(office.rows()) == [("C0002", "D-1", "INVALID", "SND-408"), ("S0014", "M-1", "INVALID", "SND-408")]
    conflict = [office.hip("S0014", paper(f"M-{n}", "D-2", clinical(n))) for n in (2, 3)]
    assert [one.verdict for one in conflict] == ["AA", "AE"]
    assert conflict[1].said.startswith("SND-501")
    assert office.hip("S0014", paper("M-4", "D-3", b"x").replace(b"eA==", b"!!")).said[:7] == "SND-347"


def test_ids_of_messages_and_of_documents_do_not_meet(office):
    assert office.hip("S0001", person("D-1")).verdict == "AA"
    assert office.hip("S0014", paper("M-1", "D-1", clinical(1))).verdict == "AA"


def test_a_regional_operation_is_answered_in_its_own_style(office):
    operation = REGIONAL["addPatientRegistry"]
    told = office.regional("addPatientRegistry", sample_message(operation, institution="H001", message_id="M-1"))
    assert (told.name, told.verdict) == ("PRPA_IN201312UV02", "AA"), told.text
    told = office.regional("addPatientRegistry", "<a/>")
    assert (told.name, told.verdict) == ("PRPA_IN201313UV02", "AE")
    assert [row[0] for row in office.rows()] == ["addPatientRegistry"] * 2


def test_reconcile_and_completeness_count_documents_alone(office):
    office.hip("S0001", person())
    office.hip("S0014", paper("M-2", "D-1", clinical(1)))
    with office.database.read() as connection:
        today = office.ward.asked[0][0].received.astimezone(SHANGHAI).date()
        rows = office.journal.reconcile(connection, "H001", today)
        counted = set(connection.execute(sa.select(day_delta.c.document_type)).scalars())
    assert {row.document_type for row in rows} == counted == {"C0002"}
