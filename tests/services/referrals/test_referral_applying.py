"""Applying checks particulars, rules, patient and day; the slot is booked at the hospital itself before anything is written."""

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.errors import EngineError
from engine.services.appointments.holding import hold
from engine.services.appointments.model import Page
from engine.services.appointments.orders import Move
from engine.services.institutions import Institutions
from engine.services.merging import Said, merge_people
from engine.services.referrals.model import Clinical, Diagnosis, Mover, ReferralQuery, Target
from tests.services.people import owners
from tests.support.booking import HOSPITAL, identity
from tests.support.house_hospital import MemoryHospital, Seats, lost
from tests.support.seals import SEAL
from tests.support.ward import LEAD, ORIGIN, OTHER, RECEIVER, REVIEWED, REVIEWER, Ward, said, wish

GRACE = timedelta(hours=1)
LONG = "很" * 2001
CASE = wish().clinical
BAD = {
    "no reason": {"clinical": replace(CASE, reason=" ")},
    "no diagnosis": {"clinical": replace(CASE, diagnoses=())},
    "a diagnosis without name": {"clinical": replace(CASE, diagnoses=(Diagnosis(name="", code="E11"),))},
    "a text too long": {"clinical": replace(CASE, treatment=LONG)},
    "no doctor": {"origin": replace(wish().origin, doctor_name="")},
    "no receiver": {"to": Target(hospital="")},
    "an urgency that is none": {"urgency": 3},
    "a wrong check digit": {"patient": replace(said(), id_number="220104198001010118")},
    "no number": {"patient": replace(said(), id_number="")},
    "a birthday of somebody else": {"patient": replace(said(), birthday="1990-01-01")},
    "no telephone": {"patient": replace(said(), mobile="")},
}


@pytest.mark.parametrize("more", BAD.values(), ids=BAD)
def test_particulars_that_are_missing_or_wrong_are_refused(ward, more):
    assert ward.refused(ward.apply, **more) == "SND-767"
    assert ward.rows() == []


def test_the_request_number_has_a_length(ward):
    for number in ("", "x" * 65):
        assert ward.refused(ward.apply, number) == "SND-767"


def test_entries_afterwards_need_a_reason_and_have_a_limit(ward):
    old = ward.clock.at - timedelta(days=2)
    assert ward.refused(ward.apply, occurred_at=old) == "SND-768"
    assert ward.refused(ward.apply, occurred_at=ward.clock.at - timedelta(days=31), late_entry="停电") == "SND-767"
    assert ward.refused(ward.apply, occurred_at=ward.clock.at + timedelta(hours=1)) == "SND-767"
    seen = ward.apply(occurred_at=old, late_entry="停电")
    assert (seen.occurred_at, seen.late_entry) == (old, "停电")


def test_only_what_a_rule_allows_between_approved_institutions_is_taken(ward):
    assert ward.refused(ward.apply, hospital=OTHER) == "SND-761"
    assert ward.refused(ward.apply, direction="down") == "SND-761"
    assert ward.refused(ward.referrals.apply, Mover(institution=OTHER), "r1", wish()) == "SND-761"
    Institutions(ward.database, SEAL).disable(HOSPITAL)
    assert ward.refused(ward.apply) == "SND-761"
    assert [one.hospital for one in ward.referrals.partners(ORIGIN, None, Page()).items] == [LEAD]


def test_the_patient_is_exactly_one_resident(ward):
    assert ward.refused(ward.apply, patient=said(9)) == "SND-762"
    assert ward.refused(ward.apply, patient=replace(said(1), name="测试患者二")) == "SND-762"
    assert ward.apply(patient=replace(said(1), id_number=identity(1).lower())).patient.id_number == identity(1)


def test_one_person_one_receiver_one_day(ward):
    first = ward.apply("r1")
    assert ward.refused(ward.apply, "r2") == "SND-764"
    assert ward.apply("r3", hospital=LEAD).state == "applied"
    assert ward.apply("r4", place=2).state == "applied"
    ward.referrals.withdraw(ORIGIN, first.referral, "改期")
    assert ward.apply("r5").state == "applied"
    ward.clock.turn(days=1)
    assert ward.apply("r6").state == "applied"


def test_residents_that_were_merged_are_one(ward):
    ward.apply("r1")
    whose = owners(ward.database)
    with ward.database.write() as connection:
        saying = Said(by="管理员", reason="核实", at=ward.clock.at)
        merge_people(connection, SEAL, whose["KNOWN-1"], whose["KNOWN-2"], saying)
    assert ward.refused(ward.apply, "r2", patient=replace(said(2), name="测试患者1")) == "SND-764"
    assert len(ward.referrals.list(ORIGIN, ReferralQuery(id_number=identity(2))).items) == 1


def test_a_repeat_gets_the_referral_as_it_now_is_and_another_wish_is_refused(ward):
    first = ward.apply("r1")
    assert ward.apply("r1") == first
    ward.referrals.accept(RECEIVER, first.referral)
    assert ward.apply("r1").state == "accepted"
    assert ward.refused(ward.apply, "r1", urgency=2) == "SND-766"
    assert ward.referrals.query(ORIGIN, request_id="r1").referral == first.referral
    assert ward.refused(ward.referrals.query, RECEIVER, request_id="r1") == "SND-760"


def test_what_is_personal_or_clinical_is_sealed(ward):
    one = ward.apply(clinical=Clinical(reason="需进一步检查", diagnoses=(Diagnosis(name="糖尿病"),), condition="血糖控制不佳"))
    ward.referrals.reject(RECEIVER, one.referral, "无床位")
    raw = ward.raw()
    for word in ("测试患者", identity(1), "13800000000", "糖尿病", "血糖", "检查", "测试医师", "无床位", "经办人"):
        assert word.encode() not in raw


def test_the_patient_is_whole_for_both_sides_and_masked_for_the_reviewer(database):
    ward = Ward(database, **REVIEWED)
    one = ward.apply()
    assert one.patient.id_number == identity(1)
    assert ward.referrals.query(RECEIVER, referral=one.referral).patient == one.patient
    seen = ward.referrals.query(REVIEWER, referral=one.referral)
    assert seen.patient.name == "测****"
    assert identity(1) not in repr(seen)
    assert seen.clinical == one.clinical
    assert one.reviewer == LEAD


def test_the_slot_is_booked_at_the_hospital_and_held_until_the_next_move_is_due(ward):
    one = ward.apply(slot="S1")
    assert ward.office.seats() == (1, 0, 1, 0)
    assert (one.booking.state, one.booking.slot, one.booking.queue_number) == ("booked", "S1", "7")
    assert (one.to.department, one.to.doctor) == ("D1", "Y1")
    assert ward.office.due() == {one.booking.order: one.due_at + GRACE}
    seen = ward.referrals.accept(RECEIVER, one.referral)
    assert ward.office.due() == {one.booking.order: seen.due_at + GRACE}
    ward.clock.turn(hours=5)
    ward.office.tend_all()
    assert ward.referrals.arrive(RECEIVER, one.referral).booking.state == "booked"
    assert ward.office.due() == {}
    ward.office.agree()
    assert ward.told(one.referral) == ["Apply", "book", "Accept", "Arrive"]


@pytest.mark.parametrize("state", ["rejected", "withdrawn", "expired"])
def test_the_slot_goes_back_at_the_hospital_too(ward, state):
    one = ward.at(state, slot="S2")
    assert ward.office.seats("S2") == (1, 0, 0, 0)
    assert [order["STATUS"] for order in ward.hospital.orders.values()] == ["4"]
    assert ward.told(one)[-1] == "release"
    assert ward.errands("referral-release") == []
    ward.office.agree()
    assert ward.referrals.whole(one).booking.state == "cancelled"


def test_a_hospital_that_is_full_leaves_no_referral(ward):
    ward.hospital.slots["S2"].others = 1
    assert ward.refused(ward.apply, "r1", slot="S2") == "SND-704"
    assert ward.rows() == []
    ward.hospital.slots["S2"].others = 0
    ward.office.pull()
    assert ward.apply("r1", slot="S2").booking.state == "booked"


def test_a_slot_of_another_department_is_refused(ward):
    for to in (Target(hospital=HOSPITAL, department="D9"), Target(hospital=HOSPITAL, doctor="Y9")):
        assert ward.refused(ward.apply, slot="S1", to=to) == "SND-767"
    assert ward.hospital.orders == {}


def test_an_answer_that_did_not_come_is_asked_after_and_the_referral_stands(ward):
    def silent(function):
        if function == "2007":
            raise lost(unknown=True)

    ward.hospital.after = silent
    one = ward.apply(slot="S1")
    assert (one.state, one.booking.state) == ("applied", "booking")
    ward.hospital.after = lambda _function: None
    ward.clock.turn(seconds=30)
    ward.office.tend_all()
    seen = ward.referrals.query(ORIGIN, referral=one.referral)
    assert (seen.booking.state, seen.booking.message) == ("booked", "")
    assert ward.office.tend(one.booking.order) == one.due_at + GRACE


def test_a_booking_of_unknown_result_goes_back_too_once_the_hospital_answers(ward):
    def silent(function):
        raise lost(unknown=True)

    ward.hospital.after = silent
    one = ward.apply(slot="S1").referral
    ward.referrals.reject(RECEIVER, one, "无床位")
    assert ward.errands("referral-release") == [one]
    with pytest.raises(EngineError):
        ward.referrals.handlers()["referral-release"](one)
    ward.hospital.after = lambda _function: None
    ward.clock.turn(seconds=60)
    ward.office.tend_all()
    ward.referrals.handlers()["referral-release"](one)
    assert ward.office.seats() == (2, 0, 0, 0)
    assert ward.told(one)[-1] == "release"
    ward.office.agree()


@pytest.mark.parametrize("step", ["booked-before-written", "written-before-released"])
def test_who_ends_in_between_leaves_no_seat_behind(database, step):
    def end(at):
        if at == step:
            raise KeyboardInterrupt

    ward = Ward(database, MemoryHospital(slots={"S1": Seats(2)}), steps=end)
    if step == "booked-before-written":
        with pytest.raises(KeyboardInterrupt):
            ward.apply(slot="S1")
        assert ward.rows() == []
        assert ward.office.seats() == (1, 0, 1, 0)
        ward.clock.turn(minutes=31)
        ward.office.tend_all()
    else:
        one = ward.apply(slot="S1").referral
        with pytest.raises(KeyboardInterrupt):
            ward.referrals.reject(RECEIVER, one, "无床位")
        assert ward.errands("referral-release") == [one]
        ward.referrals.handlers()["referral-release"](one)
        assert ward.told(one)[-1] == "release"
    assert ward.office.seats() == (2, 0, 0, 0)
    ward.office.agree()


def test_who_asks_again_after_an_end_in_between_gets_the_same_seat(database):
    ended = []

    def end(at):
        if at == "booked-before-written" and not ended:
            ended.append(at)
            raise KeyboardInterrupt

    ward = Ward(database, steps=end)
    with pytest.raises(KeyboardInterrupt):
        ward.apply(slot="S2")
    one = ward.apply(slot="S2")
    assert one.booking.state == "booked"
    assert len(ward.hospital.orders) == 1
    ward.clock.turn(minutes=40)
    ward.office.tend_all()
    assert ward.referrals.query(ORIGIN, referral=one.referral).booking.state == "booked"


def test_a_referral_that_is_refused_after_its_booking_gives_the_slot_back(database):
    def overtaken(at):
        if at == "booked-before-written" and len(ward.hospital.orders) == 1 and not others:
            others.append(at)
            others.append(ward.apply("r0"))

    ward, others = Ward(database, steps=overtaken), []
    assert ward.refused(ward.apply, "r1", slot="S1") == "SND-764"
    assert ward.office.seats() == (2, 0, 0, 0)
    assert [row.request_id for row in ward.rows()] == ["r0"]


def test_a_paid_slot_is_refunded(ward):
    one = ward.apply(slot="S1")
    counter = ward.office.service.counter
    with ward.database.write() as connection:
        order = counter.orders.read(connection, one.booking.order)
        paid = Move(what="paid-at-window", who="hospital", to="paid", values={"paid": 2000})
        counter.orders.move(connection, order, paid, ward.clock())
    ward.hospital.orders[one.booking.order].update(STATUS="6", PAID=2000)
    assert ward.referrals.withdraw(ORIGIN, one.referral, "不去了").booking.state == "refunded"
    assert ward.office.seats() == (2, 0, 0, 0)


def test_a_number_that_was_fetched_cannot_go_back_and_the_history_says_so(ward):
    one = ward.apply(slot="S1")
    counter = ward.office.service.counter
    with ward.database.write() as connection:
        order = counter.orders.read(connection, one.booking.order)
        counter.orders.move(connection, order, Move(what="printed", who="hospital", to="fetched"), ward.clock())
    ward.referrals.withdraw(ORIGIN, one.referral, "不去了")
    last = ward.referrals.history(ORIGIN, one.referral)[-1]
    assert (last.what, last.why) == ("release", "患者已取号，请到医院窗口退号。")
    assert ward.errands("referral-release") == []


def test_an_order_that_is_held_for_longer_while_its_hospital_answers_is_booked_all_the_same(ward):
    until = ward.clock.at + timedelta(days=2)

    def meanwhile(function):
        if function == "2007":
            (order,) = ward.hospital.orders
            with ward.database.write() as connection:
                hold(ward.office.service.counter, connection, order, "a referral", until, ward.clock(), "")

    ward.hospital.after = meanwhile
    seen = ward.office.book()
    assert seen.state == "booked"
    assert ward.office.due() == {seen.order: until}
