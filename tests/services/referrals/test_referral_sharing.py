"""The shared record is open in three states, closed at once in any other, and every reading is audited."""

import threading

import pytest

from engine.errors import SenderError
from engine.services.appointments.model import Page
from engine.services.audit import Audit
from engine.services.referrals.model import Bed, Mover, ReferralQuery
from engine.services.reports.model import Reader, ResidentClaim
from tests.support.booking import HOSPITAL, identity
from tests.support.statements import statements
from tests.support.ward import CLINIC, LEAD, ORIGIN, OTHER, RECEIVER, REVIEWED, REVIEWER, STRANGER, Ward

PORTAL = Reader(portal="P1", reason="ListResidentReferrals")


def shown(ward, one, by=RECEIVER):
    return [(each.document, each.attached) for each in ward.referrals.shared_documents(by, one)]


def papers(ward):
    ward.paper("A1", document_type="C0004")
    ward.paper("A2", document_type="C0007")
    ward.paper("A3", document_type="C0007", confidentiality="R")
    ward.paper("B1", place=2)
    ward.paper("D1", institution=OTHER)


def test_the_receiver_reads_what_is_attached_and_what_is_shared_by_type(ward):
    papers(ward)
    one = ward.apply(share=("C0007",)).referral
    assert shown(ward, one) == [("A2", False)]
    seen = ward.referrals.attach(ORIGIN, one, "DOC-A1")
    assert [each.document for each in seen.attached] == ["A1"]
    assert set(shown(ward, one)) == {("A1", True), ("A2", False)}
    found = ward.referrals.shared_document(RECEIVER, one, "A1")
    assert (found.content, found.document.hospital) == (b"<ClinicalDocument>A1</ClinicalDocument>", CLINIC)
    ward.referrals.attach(ORIGIN, one, "A1")
    ward.referrals.detach(ORIGIN, one, "A1")
    assert shown(ward, one, ORIGIN) == [("A2", False)]
    assert ward.told(one) == ["Apply", "attach", "detach"]


@pytest.mark.parametrize("document", ["A3", "B1", "D1", "nothing", "KNOWN-1", ""])
def test_what_is_closed_or_not_the_origins_of_this_patient_is_not_attached_and_not_read(ward, document):
    papers(ward)
    one = ward.apply(share=("C0007", "C0004")).referral
    assert ward.refused(ward.referrals.attach, ORIGIN, one, document) == "SND-767"
    assert ward.refused(ward.referrals.shared_document, RECEIVER, one, document) == "SND-765"


def test_a_document_that_was_withdrawn_or_closed_since_is_no_longer_read(ward):
    papers(ward)
    one = ward.apply(share=("C0004",)).referral
    ward.referrals.exchange(ward.referrals._office.rules, ("R", "V", ""))
    assert ward.refused(ward.referrals.shared_document, RECEIVER, one, "A1") == "SND-765"


@pytest.mark.parametrize("state", ["reviewing", "completed", "returned", "rejected", "withdrawn", "expired"])
def test_in_any_other_state_it_is_closed_for_both(database, state):
    ward = Ward(database, **REVIEWED)
    papers(ward)
    one = ward.apply("r0", place=2).referral
    one = ward.at(state)
    for by in (RECEIVER, ORIGIN, REVIEWER):
        assert ward.refused(ward.referrals.shared_documents, by, one) == "SND-765"
        assert ward.refused(ward.referrals.shared_document, by, one, "A1") == "SND-765"
    assert ward.refused(ward.referrals.shared_documents, STRANGER, one) == "SND-760"


@pytest.mark.parametrize("state", ["applied", "accepted", "arrived"])
def test_in_these_states_both_sides_read_and_the_reviewer_does_not(database, state):
    ward = Ward(database, **REVIEWED)
    papers(ward)
    one = ward.at(state)
    ward.referrals.attach(ORIGIN, one, "A1")
    assert shown(ward, one) == shown(ward, one, ORIGIN) == [("A1", True)]
    assert ward.refused(ward.referrals.shared_documents, REVIEWER, one) == "SND-765"
    assert ward.refused(ward.referrals.attach, RECEIVER, one, "A2") == "SND-763"


def test_every_reading_is_audited(ward):
    papers(ward)
    one = ward.apply(share=("C0004",)).referral
    ward.referrals.shared_documents(RECEIVER, one)
    ward.referrals.shared_document(RECEIVER, one, "A1")
    with ward.database.read() as connection:
        rows = {(row.institution, row.service, row.subject) for row in Audit().rows(connection, verdict="read")}
    assert {(HOSPITAL, "referral-documents", one), (HOSPITAL, "medical-record", "A1")} <= rows


def test_a_withdrawal_waits_for_a_reading_under_way_and_none_comes_after_its_answer(ward):
    papers(ward)
    one = ward.apply(share=("C0004",)).referral
    reading, go = threading.Event(), threading.Event()

    def slow(receipt):
        reading.set()
        assert go.wait(20)
        return receipt.encode()

    ward.read = slow
    got, ended = [], []
    reader = threading.Thread(target=lambda: got.append(ward.referrals.shared_document(RECEIVER, one, "A1").content))
    reader.start()
    assert reading.wait(20)
    ender = threading.Thread(target=lambda: ended.append(ward.referrals.withdraw(ORIGIN, one, "不去了").state))
    ender.start()
    ender.join(0.3)
    assert ended == []
    go.set()
    reader.join(20)
    ender.join(20)
    assert (got, ended) == ([b"A1"], ["withdrawn"])
    assert ward.refused(ward.referrals.shared_document, RECEIVER, one, "A1") == "SND-765"


def test_under_many_readers_nothing_is_read_that_began_after_the_withdrawal(ward):
    papers(ward)
    one = ward.apply(share=("C0004",)).referral
    over, late, early, codes = threading.Event(), [], [], []
    started = threading.Barrier(5)

    def read():
        started.wait(20)
        while True:
            after = over.is_set()
            try:
                ward.referrals.shared_document(RECEIVER, one, "A1")
            except SenderError as refusal:
                codes.append(refusal.code)
                return
            (late if after else early).append(1)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for each in readers:
        each.start()
    started.wait(20)
    ward.referrals.withdraw(ORIGIN, one, "不去了")
    over.set()
    for each in readers:
        each.join(30)
        assert not each.is_alive()
    assert (late, codes) == ([], ["SND-765"] * 4)


def test_lists_are_by_role_state_person_and_page(database):
    ward = Ward(database, **REVIEWED)
    numbers = []
    for place in (1, 2, 3):
        ward.clock.turn(minutes=1)
        numbers.append(ward.apply(f"r{place}", place).referral)
    ward.referrals.review(REVIEWER, numbers[0], "approve")
    desk = ward.referrals

    def listed(by, **query):
        return [each.referral for each in desk.list(by, ReferralQuery(**query)).items]

    assert listed(ORIGIN) == numbers[::-1]
    assert listed(RECEIVER, states=("applied",)) == numbers[:1]
    assert listed(REVIEWER, roles=("reviewer",), states=("reviewing",)) == numbers[:0:-1]
    assert listed(ORIGIN, roles=("receiver",)) == []
    assert listed(RECEIVER, id_number=identity(2)) == numbers[1:2]
    assert listed(STRANGER) == []
    first = desk.list(ORIGIN, ReferralQuery(page=Page(size=2)))
    second = desk.list(ORIGIN, ReferralQuery(page=Page(size=2, token=first.token)))
    assert [each.referral for each in (*first.items, *second.items)] == numbers[::-1]
    assert second.token == ""
    assert ward.refused(desk.list, ORIGIN, ReferralQuery(page=Page(token="x"))) == "SND-721"
    assert {each.patient.name for each in desk.every(ReferralQuery()).items} == {"测****"}


def test_a_list_asks_the_store_no_more_often_for_many_than_for_one(ward):
    for place in (1, 2, 3):
        ward.clock.turn(minutes=1)
        ward.apply(f"r{place}", place)
    asked = []
    for size in (1, 3):
        with statements() as seen:
            assert len(ward.referrals.every(ReferralQuery(page=Page(size=size))).items) == size
        asked.append(len(seen))
    assert 0 < asked[0] == asked[1]


def test_a_portal_sees_referrals_of_who_consented_and_masked(ward):
    claim = ResidentClaim(identity=identity(1), name="测试患者1")
    one = ward.apply().referral
    assert ward.refused(ward.referrals.of_resident, PORTAL, claim, Page()) == "SND-754"
    with ward.database.write() as connection:
        ward.reports.give_consent(connection, PORTAL, claim, None)
    seen = ward.referrals.of_resident(PORTAL, claim, Page()).items
    assert [(each.referral, each.patient.name) for each in seen] == [(one, "测****")]
    wrong = ResidentClaim(identity=identity(1), name="测试患者2")
    assert ward.refused(ward.referrals.of_resident, PORTAL, wrong, Page()) == "SND-753"


def test_partners_specialists_and_beds_are_shown(ward):
    desk = ward.referrals
    assert [(each.hospital, each.direction, each.level) for each in desk.partners(ORIGIN, None, Page()).items] == [
        (HOSPITAL, "up", "三级医院"), (LEAD, "up", "二级医院"),
    ]  # fmt: skip
    assert [each.direction for each in desk.partners(Mover(institution=LEAD), "down", Page()).items] == ["down"]
    first = desk.partners(ORIGIN, None, Page(size=1))
    assert [each.hospital for each in desk.partners(ORIGIN, None, Page(size=1, token=first.token)).items] == [LEAD]
    (doctor,) = desk.specialists(HOSPITAL, "D1", Page()).items
    assert (doctor.name, doctor.next_free, doctor.registration_fee) == ("测试医生", "2026-12-01", 500)
    for name in ("S1", "S2"):
        ward.hospital.slots[name].others = 2
    ward.office.pull()
    assert desk.specialists(HOSPITAL, "", Page()).items[0].next_free == ""
    desk.report_beds(
        RECEIVER,
        [
            Bed(department="D1", department_name="内科", total=20, free=3),
            Bed(department="D2", department_name="外科", total=9, free=0),
        ],
    )
    assert [(each.department, each.free) for each in desk.beds(HOSPITAL)] == [("D1", 3), ("D2", 0)]
    assert all(each.at is not None for each in desk.beds(HOSPITAL))
    desk.report_beds(RECEIVER, [Bed(department="D1", department_name="内科", total=20, free=2)])
    assert [(each.department, each.free) for each in desk.beds(HOSPITAL)] == [("D1", 2)]
    for bad in (
        Bed(department="", department_name="", total=1, free=1),
        Bed(department="D1", department_name="", total=1, free=2),
    ):
        assert ward.refused(desk.report_beds, RECEIVER, [bad]) == "SND-767"
    assert desk.beds(LEAD) == ()
