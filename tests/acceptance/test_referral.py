"""Hospitals refer patients to each other through the started engine: with a slot, with the record, and back again."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import requests
import zeep

from tests.support.hospital import PASSWORD
from tests.support.province import PORTAL
from tests.support.region import CLINIC, EXAMPLES, region
from tests.support.stores import hospital, until

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("referral")]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    with region("postgresql", tmp_path_factory.mktemp("region")) as made:
        yield made


def good(answer):
    assert answer.code == "0", f"{answer.code} {answer.message} {answer.hint}"
    return answer.referral


def test_partners_are_those_of_the_rules(here):
    found = here.own().ListPartners().partners.partner
    assert [(one.hospital, one.direction, one.network, one.reachable) for one in found] == [
        ("HOSP-A", "up", "测试医联体", True), ("HOSP-B", "up", "测试医联体", True),
    ]  # fmt: skip
    beds = {"bed": [{"department": "0301", "departmentName": "心血管内科", "total": 40, "free": 3}]}
    assert here.own("HOSP-A").ReportBeds(beds=beds).code == "0"
    (bed,) = here.own().ListBeds(hospital="HOSP-A").beds.bed
    assert (bed.total, bed.free) == (40, 3)
    (doctor,) = here.own().ListSpecialists(hospital="HOSP-A").specialists.specialist
    assert doctor.nextFree


@pytest.mark.parametrize(("query", "to"), [("wsdl", "HOSP-A"), ("wsdl12", "HOSP-B")])
def test_a_patient_is_referred_up_with_a_slot_and_back(here, query, to):
    clinic, receiver, person = here.own(CLINIC, query), here.own(to, query), here.person()
    slot = here.free_slot(clinic, to)
    before = here.free(to, slot)
    one = good(here.apply(clinic, person, to, slot=slot))
    assert (one.state, one.direction, one["from"].hospital, one.to.hospital) == ("applied", "up", CLINIC, to)
    assert (one.booking.state, one.booking.slot) == ("booked", slot)
    assert here.order_state(to, one.booking.order) == "2"
    assert here.free(to, slot) == before - 1
    until(lambda: clinic.QueryReferral(referral=one.referral).referral.notice == "delivered")
    (told,) = here.told(to, one.referral)
    assert (told["EVENT"], told["STATUS"], told["ROLE"], told["ORDER_ID"]) == ("Apply", "applied", "receiver", one.booking.order)
    assert person.name not in str(told)
    seen = receiver.ListReferrals(role="receiver", states={"state": ["applied"]}).referrals.referral
    assert one.referral in [each.referral for each in seen]
    (shared,) = receiver.ListSharedDocuments(referral=one.referral).documents.document
    content = receiver.GetSharedDocument(referral=one.referral, document=shared.document).document.content
    assert content == person.paper.xml
    accepted = good(receiver.Accept(referral=one.referral, operator="测试护士", note="请空腹"))
    assert (accepted.state, accepted.note, accepted.patient.name) == ("accepted", "请空腹", person.name)
    until(lambda: clinic.QueryReferral(referral=one.referral).referral.record)
    record = clinic.QueryReferral(referral=one.referral).referral.record
    kept = hospital(here.province.engine, CLINIC).call("QueryReceipt", receipt=record)
    assert kept["status"].startswith("accepted")
    assert good(receiver.Arrive(referral=one.referral)).state == "arrived"
    back = good(receiver.ReferBack(requestId=f"B-{one.referral}", referral=one.referral, summary="支架植入", advice="复查"))
    assert (back.direction, back["from"].hospital, back.to.hospital, back.returnOf) == ("down", to, CLINIC, one.referral)
    first = good(clinic.QueryReferral(referral=one.referral))
    assert (first.state, first.returnedBy, first.summary) == ("returned", back.referral, "支架植入")
    good(clinic.Accept(referral=back.referral))
    good(clinic.Arrive(referral=back.referral))
    assert good(clinic.Complete(referral=back.referral, summary="恢复良好")).state == "completed"
    until(lambda: good(clinic.QueryReferral(referral=back.referral)).notice == "delivered")
    assert here.told(to, back.referral)[-1]["STATUS"] == "completed"
    happened = [each.what for each in clinic.ReferralHistory(referral=one.referral).history.entry]
    assert [what for what in happened if what[0].isupper()] == ["Apply", "Accept", "Arrive", "ReferBack"]
    assert {"notice", "record"} <= set(happened)


def test_the_record_is_a_document_of_the_origin_that_says_what_the_referral_says(here):
    clinic, person = here.own(), here.person()
    one = good(here.apply(clinic, person))
    good(here.own("HOSP-A").Accept(referral=one.referral))
    until(lambda: good(clinic.QueryReferral(referral=one.referral)).record)
    record = good(clinic.QueryReferral(referral=one.referral)).record
    assert good(clinic.AttachDocument(referral=one.referral, document=record)).attached.document[0].document == record
    content = here.own("HOSP-A").GetSharedDocument(referral=one.referral, document=record).document.content.decode()
    for words in (person.name, person.number, "需要冠脉造影", "I20.900", "测试机构 HOSP-A", "测试医师甲", CLINIC):
        assert words in content
    listed = here.own("HOSP-A").ListSharedDocuments(referral=one.referral).documents.document
    assert {(each.documentType, each.attached) for each in listed} == {("C0002", None), ("HSDC00.05", True)}


def test_a_rejected_referral_frees_its_slot_in_the_pool_and_in_the_hospitals_own_book(here):
    clinic, receiver = here.own(), here.own("HOSP-A")
    slot = here.free_slot(clinic, "HOSP-A")
    before = here.free("HOSP-A", slot)
    one = good(here.apply(clinic, here.person(), slot=slot))
    assert here.free("HOSP-A", slot) == before - 1
    rejected = good(receiver.Reject(referral=one.referral, reason="没有床位"))
    assert (rejected.state, rejected.why) == ("rejected", "没有床位")
    until(lambda: here.order_state("HOSP-A", one.booking.order) == "4")
    until(lambda: here.free("HOSP-A", slot) == before)
    assert good(clinic.QueryReferral(referral=one.referral)).booking.state == "cancelled"
    late = receiver.Accept(referral=one.referral)
    assert (late.code, late.referral, "已拒绝" in late.message) == ("SND-763", None, True)


def test_a_withdrawn_referral_closes_the_shared_record_at_once(here):
    clinic, receiver = here.own(), here.own("HOSP-A")
    slot = here.free_slot(clinic, "HOSP-A")
    one = good(here.apply(clinic, here.person(), slot=slot))
    good(receiver.Accept(referral=one.referral))
    (shared,) = receiver.ListSharedDocuments(referral=one.referral).documents.document
    assert receiver.GetSharedDocument(referral=one.referral, document=shared.document).code == "0"
    assert good(clinic.Withdraw(referral=one.referral, reason="好转")).state == "withdrawn"
    assert receiver.GetSharedDocument(referral=one.referral, document=shared.document).code == "SND-765"
    assert receiver.ListSharedDocuments(referral=one.referral).code == "SND-765"
    until(lambda: here.order_state("HOSP-A", one.booking.order) == "4")
    until(lambda: [told["STATUS"] for told in here.told("HOSP-A", one.referral)][-1:] == ["withdrawn"])


def test_whom_no_rule_lets_refer_and_whose_referral_it_is_not_is_refused(here):
    person = here.person()
    assert here.apply(here.own("HOSP-B"), person).code == "SND-761"
    nobody = here.own().Apply(requestId="X-1", referral={**wish(person), "patient": {**person.said, "name": "测试别人"}})
    assert nobody.code == "SND-762"
    one = good(here.apply(here.own(), person))
    assert here.own("HOSP-B").QueryReferral(referral=one.referral).code == "SND-760"
    assert here.apply(here.own(), person).code == "SND-764"


def wish(person):
    return {
        "direction": "up", "kind": "outpatient", "to": {"hospital": "HOSP-A"}, "patient": person.said, "origin": {"doctorName": "测试医师甲"},
        "reason": "需要冠脉造影", "diagnoses": {"diagnosis": [{"name": "心绞痛"}]},
    }  # fmt: skip


def test_a_portal_sees_the_referrals_of_residents_who_consent_masked_and_nothing_else(here):
    person, portal = here.person(), here.own(PORTAL)
    one = good(here.apply(here.own(), person))
    whose = {"idNumber": person.number, "name": person.name}
    assert portal.ListResidentReferrals(resident=whose).code == "SND-754"
    reports = zeep.Client(
        f"{here.province.engine.services}/services/report?wsdl", wsse=zeep.wsse.UsernameToken(PORTAL, PASSWORD)
    ).service
    assert reports.GiveConsent(resident=whose).code == "0"
    (seen,) = portal.ListResidentReferrals(resident=whose).referrals.referral
    assert (seen.referral, seen.state) == (one.referral, "applied")
    assert person.name not in str(seen)
    assert person.number not in str(seen)
    assert portal.ListSpecialists(hospital="HOSP-A").code == "0"
    with pytest.raises(zeep.exceptions.Fault) as caught:
        portal.QueryReferral(referral=one.referral)
    assert caught.value.detail.findtext(".//{urn:changbai:fault:1}code") == "SND-103"


def test_the_service_is_on_the_page_of_services(here):
    body = requests.get(f"{here.province.engine.services}/services/", timeout=10).text
    assert '<a href="/services/referral?wsdl">' in body
    assert "双向转诊服务" in body


def test_the_example_in_python_refers_up_and_back(here, tmp_path):
    person = here.person()

    def step(code, command, *words):
        run = [sys.executable, str(EXAMPLES / "refer.py"), here.address, code, PASSWORD, command, *words]
        done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    first = step(CLINIC, "apply", "E-1", "HOSP-A", person.name, person.number, "13800000000")
    number = re.match(r"referral (\S+) applied up CLINIC-1 HOSP-A booked", first)[1]
    assert number in step("HOSP-A", "todo")
    step("HOSP-A", "accept", number)
    assert "C0002" in step("HOSP-A", "shared", number)
    assert person.paper.xml in [file.read_bytes() for file in tmp_path.glob("*.xml")]
    step("HOSP-A", "arrive", number)
    assert re.match(r"referral \S+ applied down HOSP-A CLINIC-1", step("HOSP-A", "back", "E-2", number, "好转"))
    assert step(CLINIC, "show", number).startswith(f"referral {number} returned")
