"""ReferralService hands every word of a hospital to the service and every word of its answer back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import zeep
from zeep.wsse.username import UsernameToken

from engine.inbound.referral import REFERRAL
from engine.services.appointments.model import Listing, Page
from engine.services.referrals.model import (
    Bed,
    Clinical,
    HistoryEntry,
    Mover,
    Partner,
    PatientSaid,
    ReferralQuery,
    ReferralWish,
    Sender,
    SharedContent,
    Specialist,
    Target,
)
from engine.services.reports.model import Reader, ResidentClaim
from tests.support.front import PASSWORD
from tests.support.portal import refusal
from tests.support.referral import AT, CASE, DOCUMENT, PERSON, Desk, a_referral

FAULT = ".//{urn:changbai:fault:1}"
PATIENT = {
    "name": "测试患者", "sex": "2", "birthday": "1990-01-01", "idType": "1", "idNumber": "110101199001010023", "mobile": "13800000000",
    "address": "测试街1号", "healthCard": "CARD-1",
}  # fmt: skip
WISH = {
    "direction": "up", "kind": "outpatient", "urgency": "2", "to": {"hospital": "HOSP-1", "department": "D1", "doctor": "DR1"}, "patient": PATIENT,
    "origin": {"department": "01", "departmentName": "内科", "doctor": "7", "doctorName": "测试医师甲", "telephone": "0431-1"},
    "reason": "需要冠脉造影", "diagnoses": {"diagnosis": [{"code": "I20.000", "name": "不稳定性心绞痛"}, {"name": "待查"}]}, "condition": "胸痛3天",
    "pastHistory": "高血压", "allergies": "青霉素", "treatment": "抗凝", "plan": "造影", "precautions": "吸氧", "share": {"type": ["C0002", "C0006"]},
    "lateEntry": "补录", "occurredAt": "2026-11-20T09:30:00+08:00",
}  # fmt: skip
READ = ReferralWish(
    direction="up", kind="outpatient", urgency=2, to=Target(hospital="HOSP-1", department="D1", doctor="DR1"), patient=PERSON,
    origin=Sender(department="01", department_name="内科", doctor="7", doctor_name="测试医师甲", telephone="0431-1"), clinical=CASE,
    share=("C0002", "C0006"), late_entry="补录", occurred_at=AT,
)  # fmt: skip


@pytest.fixture(scope="module")
def running():
    made = Desk()
    yield made
    made.close()


@pytest.fixture(scope="module")
def services(running):
    def service(query):
        return zeep.Client(f"{running.address}?{query}", wsse=UsernameToken("H001", PASSWORD)).service

    return {query: service(query) for query in ("wsdl", "wsdl12")}


@pytest.fixture
def desk(running):
    for kept in (running.hand.asked, running.hand.answers, running.notes):
        kept.clear()
    return running


@pytest.fixture
def own(services):
    return services["wsdl"]


def asked(desk):
    ((name, arguments, named, thread),) = desk.hand.asked
    desk.hand.asked.clear()
    mover = arguments[0] if arguments and isinstance(arguments[0], Mover) else None
    return name, mover, arguments[1:] if mover else arguments, named, thread


def fault(call, **named):
    with pytest.raises(zeep.exceptions.Fault) as caught:
        call(**named)
    return caught.value.detail.findtext(f"{FAULT}code"), caught.value.detail.findtext(f"{FAULT}path")


def test_every_operation_is_answered(desk):
    assert set(desk.door.handlers) == set(REFERRAL.operations)


@pytest.mark.parametrize("query", ["wsdl", "wsdl12"])
def test_an_application_carries_every_word_to_the_service_and_the_referral_back(desk, services, query):
    answer = services[query].Apply(requestId="W-1", referral=WISH, slot="S-1")
    name, mover, arguments, _, thread = asked(desk)
    assert (name, mover.institution, arguments) == ("apply", "H001", ("W-1", READ, "S-1"))
    assert mover.trace
    assert thread.startswith("hospital-call"), "what books waits for its turn at the hospital"
    assert answer.code == "0"
    told = answer.referral
    assert (told.referral, told.requestId, told.state, told.stateName) == ("20261120-ref", "W-1", "applied", "待接收")
    assert (told.direction, told.kind, told.urgency, told.reviewer) == ("up", "outpatient", "2", "OFFICE")
    assert zeep.helpers.serialize_object(told["from"], dict) == {
        "hospital": "H001", "hospitalName": "测试县医院", "department": "01", "departmentName": "内科", "doctor": "7", "doctorName": "测试医师甲",
        "telephone": "0431-1",
    }  # fmt: skip
    assert (told.to.hospital, told.to.hospitalName, told.to.departmentName, told.to.doctorName) == (
        "HOSP-1", "测试省医院", "心内科", "测试医师乙",
    )  # fmt: skip
    assert zeep.helpers.serialize_object(told.patient, dict) == PATIENT
    assert [(one.code, one.name) for one in told.diagnoses.diagnosis] == [("I20.000", "不稳定性心绞痛"), (None, "待查")]
    for element in ("reason", "condition", "pastHistory", "allergies", "treatment", "plan", "precautions", "lateEntry"):
        assert getattr(told, element) == WISH[element]
    assert told.share.type == ["C0002"]
    (attached,) = told.attached.document
    assert (attached.document, attached.documentType, attached.title, attached.attached) == (
        "20261119-doc",
        "C0002",
        "门诊病历",
        True,
    )
    assert (told.summary, told.note, told.why, told.returnOf, told.returnedBy) == ("小结", "请空腹", None, "R-0", "R-2")
    assert (told.booking.order, told.booking.registrationFee, told.booking.treatmentFee) == ("20261120-ord", "500", "1000")
    assert (told.booking.begin, told.booking.queueNumber, told.booking.message) == ("08:00", "7", "请提前取号")
    assert (told.record, told.notice, told.overdue) == ("20261120-rec", "delivered", True)
    assert {told.occurredAt, told.createdAt, told.changedAt, told.dueAt} == {"2026-11-20T09:30:00+08:00"}


def test_what_is_left_out_is_empty_and_nobody_waits_for_a_hospital_without_a_slot(desk, own):
    desk.hand.answers["apply"] = a_referral(booking=None, due_at=None, attached=())
    bare = {
        "direction": "down",
        "kind": "inpatient",
        "to": {"hospital": "HOSP-1"},
        "patient": {"name": "测试患者", "idNumber": "1"},
    }
    told = own.Apply(requestId="W-1", referral=bare).referral
    wish = ReferralWish(
        direction="down", kind="inpatient", to=Target(hospital="HOSP-1"), patient=PatientSaid(name="测试患者", id_number="1"),
        origin=Sender(), clinical=Clinical(),
    )  # fmt: skip
    name, _, arguments, _, thread = asked(desk)
    assert (name, arguments) == ("apply", ("W-1", wish, ""))
    assert thread.startswith("referral-moves")
    assert (told.booking, told.dueAt, told.attached) == (None, None, None)


@pytest.mark.parametrize(
    ("operation", "given", "name", "expected"),
    [
        ("Review", {"decision": "refuse", "reason": "不需要"}, "review", ("refuse", "不需要")),
        ("Accept", {"department": "D2", "doctor": "DR2", "note": "空腹"}, "accept", ("D2", "DR2", "空腹")),
        ("Reject", {"reason": "无床"}, "reject", ("无床",)),
        ("Withdraw", {"reason": "好转"}, "withdraw", ("好转",)),
        ("Arrive", {"at": "2026-11-20T09:30:00+08:00"}, "arrive", (AT,)),
        ("Arrive", {}, "arrive", (None,)),
        ("Complete", {"summary": "好转出院"}, "complete", ("好转出院",)),
        ("AttachDocument", {"document": "D-1"}, "attach", ("D-1",)),
        ("DetachDocument", {"document": "D-1"}, "detach", ("D-1",)),
    ],
)
def test_a_move_carries_its_words_and_its_operator(desk, own, operation, given, name, expected):
    who = {} if operation.endswith("Document") else {"operator": "测试护士"}
    answer = getattr(own, operation)(referral="R-1", **given, **who)
    called, mover, arguments, _, _ = asked(desk)
    assert (called, mover.operator, arguments) == (name, who.get("operator", ""), ("R-1", *expected))
    assert answer.referral.referral == "20261120-ref"


def test_a_patient_is_referred_back_with_a_number_of_its_own(desk, own):
    own.ReferBack(requestId="B-1", referral="R-1", summary="小结", operator="测试护士", advice="复查")
    assert asked(desk)[2] == ("B-1", "R-1", "小结", "复查")


def test_partners_specialists_and_beds_are_given_in_every_word(desk, own):
    partner = Partner(
        hospital="HOSP-1", name="测试省医院", level="三级医院", network="医联体", direction="up", reviewer="OFFICE", address="路1号", telephone="1",
        reachable=True, as_of=AT,
    )  # fmt: skip
    desk.hand.answers["partners"] = Listing(items=(partner,), token="T")
    found = own.ListPartners(direction="up", page={"size": 1})
    assert asked(desk)[2] == ("up", Page(size=1, token=""))
    (one,) = found.partners.partner
    assert (one.hospital, one.level, one.network, one.direction, one.review) == ("HOSP-1", "三级医院", "医联体", "up", "OFFICE")
    assert (one.reachable, one.asOf, found.page.size, found.page.token) == (True, "2026-11-20T09:30:00+08:00", 1, "T")
    doctor = Specialist(
        doctor="DR1", department="D1", name="测试医师乙", title="主任医师", speciality="冠心病", description="介绍", registration_fee=500,
        next_free="2026-11-21",
    )  # fmt: skip
    desk.hand.answers["specialists"] = Listing(items=(doctor,))
    (one,) = own.ListSpecialists(hospital="HOSP-1", department="D1").specialists.specialist
    assert asked(desk)[2][:2] == ("HOSP-1", "D1")
    assert (one.name, one.title, one.registrationFee, one.nextFree) == ("测试医师乙", "主任医师", "500", "2026-11-21")
    desk.hand.answers["beds"] = (Bed(department="D1", department_name="心内科", total=40, free=0, at=AT),)
    (one,) = own.ListBeds(hospital="HOSP-1").beds.bed
    assert (one.departmentName, one.total, one.free, one.at) == ("心内科", 40, 0, "2026-11-20T09:30:00+08:00")
    desk.hand.asked.clear()
    beds = {"bed": [{"department": "D1", "departmentName": "心内科", "total": 40, "free": 0}]}
    assert own.ReportBeds(beds=beds).code == "0"
    assert asked(desk)[2] == ((Bed(department="D1", department_name="心内科", total=40, free=0, at=None),),)


def test_a_query_asks_by_role_state_direction_person_and_whole_days_of_shanghai(desk, own):
    desk.hand.answers["list"] = Listing(items=(a_referral(),), token="T")
    found = own.ListReferrals(
        role="receiver", states={"state": ["accepted", "applied"]}, direction="up", idNumber="1", **{"from": "2026-11-19", "to": "2026-11-20"}
    )  # fmt: skip
    first = datetime(2026, 11, 18, 16, tzinfo=UTC)
    assert asked(desk)[2] == (
        ReferralQuery(
            roles=("receiver",), states=("applied", "accepted"), direction="up", id_number="1", since=first, until=first + timedelta(days=2)
        ),
    )  # fmt: skip
    assert (found.page.size, found.page.token, found.referrals.referral[0].referral) == (1, "T", "20261120-ref")
    own.ListReferrals()
    assert asked(desk)[2] == (ReferralQuery(),)


def test_shared_documents_and_the_history_are_given_in_every_word(desk, own):
    desk.hand.answers["shared_documents"] = (DOCUMENT,)
    (one,) = own.ListSharedDocuments(referral="R-1").documents.document
    assert (one.document, one.writtenAt, one.hospital) == ("20261119-doc", "2026-11-20T09:30:00+08:00", "H001")
    desk.hand.answers["shared_document"] = SharedContent(document=DOCUMENT, content=b"<x>\xe7\x97\x85</x>")
    assert own.GetSharedDocument(referral="R-1", document="20261119-doc").document.content == "<x>病</x>".encode()
    entry = HistoryEntry(at=AT, what="Reject", state="rejected", by="HOSP-1", operator="测试护士", why="无床", trace="t1")
    desk.hand.answers["history"] = (entry,)
    (one,) = own.ReferralHistory(referral="R-1").history.entry
    assert (one.what, one.state, one.stateName, one.by) == ("Reject", "rejected", "已拒绝", "HOSP-1")
    assert (one.operator, one.why, one.trace) == ("测试护士", "无床", "t1")


def test_a_portal_names_the_resident(desk, own):
    desk.hand.answers["of_resident"] = Listing(items=())
    assert own.ListResidentReferrals(resident={"idNumber": "1", "name": "测试患者"}).code == "0"
    (_, (reader, claim, page), _, _) = desk.hand.asked[0]
    assert (reader.portal, reader.reason, claim, page) == (
        "H001",
        "ListResidentReferrals",
        ResidentClaim(identity="1", name="测试患者"),
        Page(),
    )
    assert isinstance(reader, Reader)


def test_a_referral_is_asked_for_by_either_number(desk, own):
    own.QueryReferral(requestId="W-1")
    assert asked(desk)[3] == {"referral": "", "request_id": "W-1"}
    assert fault(own.QueryReferral)[0] == "SND-310"


@pytest.mark.parametrize(
    ("operation", "given", "expected"),
    [
        ("ListPartners", {"direction": "sideways"}, ("SND-311", "/Envelope/Body/ListPartners/direction")),
        ("Review", {"referral": "R", "decision": "perhaps"}, ("SND-311", "/Envelope/Body/Review/decision")),
        ("ListReferrals", {"states": {"state": ["gone"]}}, ("SND-311", "/Envelope/Body/ListReferrals/states")),
        ("Apply", {"requestId": "W", "referral": {**WISH, "urgency": "3"}}, ("SND-311", "/Envelope/Body/Apply/referral/urgency")),
        ("Apply", {"requestId": "W", "referral": {**WISH, "to": {}}}, ("SND-310", "/Envelope/Body/Apply/referral/to/hospital")),
        ("Apply", {"requestId": "W", "referral": {**WISH, "kind": None}}, ("SND-310", "/Envelope/Body/Apply/referral/kind")),
        (
            "Apply",
            {"requestId": "W", "referral": {**WISH, "patient": {**PATIENT, "birthday": "1990-02-30"}}},
            ("SND-311", "/Envelope/Body/Apply/referral/patient/birthday"),
        ),
        (
            "ReportBeds",
            {"beds": {"bed": [{"department": "D1", "total": 1}]}},
            ("SND-310", "/Envelope/Body/ReportBeds/beds/bed[1]/free"),
        ),
        (
            "ReportBeds",
            {"beds": {"bed": [{"department": "D1", "total": 1, "free": -1}]}},
            ("SND-311", "/Envelope/Body/ReportBeds/beds/bed[1]/free"),
        ),
    ],
)
def test_ill_formed_parameters_are_faults_that_name_their_place(desk, own, operation, given, expected):
    assert fault(getattr(own, operation), **given) == expected
    assert desk.hand.asked == []


@pytest.mark.parametrize(("code", "noted"), [("SND-760", True), ("SND-765", True), ("SND-763", False)])
def test_a_refusal_is_a_result_and_one_of_a_reading_is_audited(desk, own, code, noted):
    desk.hand.answers["shared_document"] = refusal(code)
    answer = own.GetSharedDocument(referral="R-1", document="D-1")
    assert (answer.code, answer.message, answer.hint, answer.document) == (code, "不行。", "换一个。", None)
    assert [note.reason for note in desk.notes] == ([f"GetSharedDocument {code}"] if noted else [])
