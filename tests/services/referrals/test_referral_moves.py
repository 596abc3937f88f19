"""A referral goes from state to state as the contract says, moved by whose move it is, and tells what happened."""

from datetime import timedelta

import pytest

from engine.errors import SenderError
from engine.services.referrals.model import STATES, Mover
from engine.store.database import Database
from tests.support.booking import HOSPITAL, NOON
from tests.support.databases import migrated_file
from tests.support.ward import CLINIC, LEAD, ORIGIN, RECEIVER, REVIEWED, REVIEWER, STRANGER, Ward

MOVES = {
    "approve": (REVIEWER, "reviewing", "applied", lambda desk, by, one: desk.review(by, one, "approve")),
    "refuse": (REVIEWER, "reviewing", "rejected", lambda desk, by, one: desk.review(by, one, "refuse", "资料不全")),
    "accept": (RECEIVER, "applied", "accepted", lambda desk, by, one: desk.accept(by, one)),
    "reject": (RECEIVER, "applied", "rejected", lambda desk, by, one: desk.reject(by, one, "无床位")),
    "withdraw": (ORIGIN, "reviewing applied accepted", "withdrawn", lambda desk, by, one: desk.withdraw(by, one, "不去了")),
    "arrive": (RECEIVER, "accepted", "arrived", lambda desk, by, one: desk.arrive(by, one)),
    "complete": (RECEIVER, "arrived", "completed", lambda desk, by, one: desk.complete(by, one, "已治疗")),
    "back": (RECEIVER, "arrived", "returned", lambda desk, by, one: desk.refer_back(by, "b1", one, "病情稳定")),
}


@pytest.fixture
def in_a_file(tmp_path):
    """Open referrals in a file alone: what a move may start from does not lie with the store."""
    database = Database(migrated_file(tmp_path / "moves.db"))
    yield Ward(database, **REVIEWED)
    database.close()


@pytest.mark.parametrize("state", STATES)
def test_each_move_starts_where_it_may_and_nowhere_else(in_a_file, state):
    reviewed = in_a_file
    own = {"rejected": "reject", "withdrawn": "withdraw", "completed": "complete", "accepted": "accept", "arrived": "arrive"}
    for name, (whose, sources, to, move) in MOVES.items():
        one = reviewed.at(state, f"r{name}")
        if state in sources.split():
            move(reviewed.referrals, whose, one)
            assert reviewed.referrals.whole(one).state == to
        elif own.get(state) == name or (state == "applied" and name == "approve"):
            move(reviewed.referrals, whose, one)
            assert reviewed.referrals.whole(one).state == state
        else:
            assert reviewed.refused(move, reviewed.referrals, whose, one) == "SND-763"
            assert reviewed.referrals.whole(one).state == state
        reviewed.clock.turn(days=1)


@pytest.mark.parametrize("name", MOVES)
def test_a_move_is_made_only_by_whose_it_is(database, name):
    ward = Ward(database, **REVIEWED)
    whose, sources, _, move = MOVES[name]
    one = ward.at(sources.split()[0])
    for other in {ORIGIN, RECEIVER, REVIEWER} - {whose}:
        assert ward.refused(move, ward.referrals, other, one) == "SND-763"
    assert ward.refused(move, ward.referrals, STRANGER, one) == "SND-760"
    assert ward.refused(move, ward.referrals, whose, "nothing") == "SND-760"
    assert ward.referrals.whole(one).state == sources.split()[0]


def test_the_refusal_names_the_state_that_now_is(ward):
    one = ward.at("accepted")
    with pytest.raises(SenderError, match=r"已接收.*accepted"):
        ward.referrals.reject(RECEIVER, one, "晚了")


def test_a_move_repeated_by_its_maker_is_answered_as_the_first_time(ward):
    one = ward.at("applied")
    first = ward.referrals.reject(RECEIVER, one, "无床位")
    assert ward.referrals.reject(RECEIVER, one, "再次") == first
    assert ward.told(one) == ["Apply", "Reject"]


def test_the_history_tells_who_when_why_and_by_which_call(reviewed):
    one = reviewed.at("arrived")
    reviewed.referrals.complete(RECEIVER, one, "已治疗")
    history = reviewed.referrals.history(ORIGIN, one)
    assert [(entry.what, entry.state, entry.by) for entry in history] == [
        ("Apply", "reviewing", CLINIC), ("Review", "applied", LEAD), ("Accept", "accepted", HOSPITAL),
        ("Arrive", "arrived", HOSPITAL), ("Complete", "completed", HOSPITAL),
    ]  # fmt: skip
    assert {entry.operator for entry in history} == {"经办人甲"}
    assert {entry.trace for entry in history} == {"T1"}
    assert [entry.at for entry in history] == sorted(entry.at for entry in history)
    assert reviewed.refused(reviewed.referrals.history, STRANGER, one) == "SND-760"


def test_accepting_may_name_another_department_and_doctor(ward):
    seen = ward.referrals.accept(RECEIVER, ward.at("applied"), "D1", "Y1", "请带既往片子")
    assert (seen.to.department_name, seen.to.doctor_name, seen.note) == ("内科", "测试医生", "请带既往片子")


def test_referring_back_ends_one_and_begins_the_other_in_one_step(ward):
    ward.paper("R1")
    one = ward.at("arrived")
    new = ward.referrals.refer_back(RECEIVER, "b1", one, "病情稳定", "社区随访")
    old = ward.referrals.whole(one)
    assert (old.state, old.returned_by, old.summary) == ("returned", new.referral, "病情稳定")
    assert (new.state, new.direction, new.return_of) == ("applied", "down", one)
    assert (new.origin.hospital, new.to.hospital, new.to.department) == (HOSPITAL, CLINIC, "K1")
    assert (new.clinical.condition, new.clinical.plan, new.patient) == ("病情稳定", "社区随访", old.patient)
    assert ward.referrals.refer_back(RECEIVER, "b1", one, "病情稳定", "社区随访") == new
    assert ward.refused(ward.referrals.refer_back, RECEIVER, "b2", one, "又一次") == "SND-763"
    assert ward.refused(ward.referrals.refer_back, RECEIVER, "b1", one, "另一份") == "SND-766"
    assert ward.referrals.accept(ORIGIN, new.referral).state == "accepted"


def test_the_clock_reminds_then_expires(ward):
    one = ward.at("applied")
    due = ward.referrals.whole(one).due_at
    assert due - NOON >= timedelta(days=2)
    first = ward.due(one)
    assert first < due
    ward.clock.at = first
    assert ward.due(one) == due
    seen = ward.referrals.query(RECEIVER, referral=one)
    assert (seen.state, seen.overdue) == ("applied", True)
    ward.due(one)
    assert ward.told(one) == ["Apply", "remind"]
    ward.clock.at = due
    assert ward.due(one) is None
    assert ward.told(one) == ["Apply", "remind", "expire"]
    assert ward.refused(ward.referrals.accept, RECEIVER, one) == "SND-763"
    assert ward.due(one) is None


def test_a_move_ends_the_reminder_and_sets_the_next_limit(ward):
    one = ward.at("applied")
    ward.clock.at = ward.due(one)
    ward.due(one)
    seen = ward.referrals.accept(RECEIVER, one)
    assert not seen.overdue
    assert seen.due_at - ward.clock.at > timedelta(days=13)
    assert ward.referrals.arrive(RECEIVER, one).due_at is None
    assert ward.errands("referral-due") == []


def test_each_side_is_told_of_what_the_other_did_and_the_record_is_asked_for(ward):
    one = ward.at("applied")
    assert ward.errands("referral-notice") == [f"{one} {HOSPITAL}"]
    due = ward.referrals.notice_due(one, HOSPITAL)
    assert (due.what, due.referral.state, due.tries) == ("Apply", "applied", 0)
    ward.referrals.noticed(due, "waiting", "医院没有应答")
    assert ward.referrals.notice_due(one, HOSPITAL).tries == 1
    ward.referrals.withdraw(ORIGIN, one, "不去了")
    ward.referrals.noticed(due, "delivered")
    again = ward.referrals.notice_due(one, HOSPITAL)
    assert (again.what, again.tries) == ("Withdraw", 0)
    ward.referrals.noticed(again, "delivered")
    assert ward.referrals.notice_due(one, HOSPITAL) is None
    assert ward.referrals.whole(one).notice == "delivered"
    assert ward.told(one) == ["Apply", "Withdraw", "notice"]


def test_the_record_is_made_after_acceptance_and_its_receipt_kept_once(ward):
    one = ward.at("accepted")
    assert ward.errands("referral-record") == [one]
    ward.referrals.recorded(one, "", "目录中没有该类型")
    for _ in range(2):
        ward.referrals.recorded(one, "RECEIPT-1")
    assert ward.referrals.query(ORIGIN, referral=one).record == "RECEIPT-1"
    assert ward.told(one) == ["Apply", "Accept", "record", "record"]


def test_arriving_in_the_future_is_refused(ward):
    one = ward.at("accepted")
    assert ward.refused(ward.referrals.arrive, RECEIVER, one, ward.clock.at + timedelta(hours=1)) == "SND-767"
    assert ward.refused(ward.referrals.review, Mover(institution=CLINIC), one, "perhaps") == "SND-767"
