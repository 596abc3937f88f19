"""Of two who move one referral at once, one wins and the other learns the state that now is; repeats get the first answer."""

import itertools
import threading
from dataclasses import replace
from functools import partial

import pytest

from engine.errors import SenderError
from tests.support.booking import HOSPITAL
from tests.support.ward import ORIGIN, RECEIVER, REVIEWED, REVIEWER, Ward, said

MOVES = {
    "approve": ("applied", lambda ward, one: ward.referrals.review(REVIEWER, one, "approve")),
    "refuse": ("rejected", lambda ward, one: ward.referrals.review(REVIEWER, one, "refuse", "资料不全")),
    "accept": ("accepted", lambda ward, one: ward.referrals.accept(RECEIVER, one)),
    "reject": ("rejected", lambda ward, one: ward.referrals.reject(RECEIVER, one, "无床位")),
    "withdraw": ("withdrawn", lambda ward, one: ward.referrals.withdraw(ORIGIN, one, "不去了")),
    "arrive": ("arrived", lambda ward, one: ward.referrals.arrive(RECEIVER, one)),
    "complete": ("completed", lambda ward, one: ward.referrals.complete(RECEIVER, one, "已治疗")),
    "back": ("returned", lambda ward, one: ward.referrals.refer_back(RECEIVER, f"b1 {one}", one, "病情稳定")),
    "other back": ("returned", lambda ward, one: ward.referrals.refer_back(RECEIVER, f"b2 {one}", one, "另一份小结")),
    "expire": ("expired", lambda ward, one: ward.due(one)),
}
AT_ONCE = {
    "reviewing": ("approve", "refuse", "withdraw", "expire"), "applied": ("accept", "reject", "withdraw", "expire"),
    "accepted": ("arrive", "withdraw", "expire"), "arrived": ("complete", "back", "other back"),
}  # fmt: skip
THEN = {("approve", "withdraw"): "withdrawn", ("accept", "withdraw"): "withdrawn"}
"""Pairs of which the second may follow the first: both can succeed, and the second's state stands."""


def at_once(*acts):
    """Run acts on threads that start together; gives what each came to: its answer or the code of its refusal."""
    came, ready = [None] * len(acts), threading.Barrier(len(acts))

    def run(place, act):
        ready.wait(20)
        try:
            came[place] = act()
        except SenderError as refusal:
            came[place] = refusal.code

    threads = [threading.Thread(target=run, args=each) for each in enumerate(acts)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
        assert not each.is_alive()
    return came


def moves_of(ward, one):
    return [entry.what for entry in ward.referrals.whole_history(one) if entry.what not in ("Apply", "remind", "book", "release")]


@pytest.mark.parametrize("state", AT_ONCE)
def test_of_two_moves_at_once_one_wins(database, state):
    ward = Ward(database, **REVIEWED)
    for place, (first, second) in enumerate(itertools.combinations(AT_ONCE[state], 2)):
        one = ward.at(state, f"r{place}")
        before = len(moves_of(ward, one))
        if "expire" in (first, second):
            ward.clock.at = ward.referrals.whole(one).due_at
        came = at_once(*(partial(MOVES[name][1], ward, one) for name in (first, second)))
        stands, made = ward.referrals.whole(one).state, len(moves_of(ward, one)) - before
        lost = [name for name, what in zip((first, second), came, strict=True) if what == "SND-763"]
        both = THEN.get((first, second))
        if made == 2:
            assert (stands, lost) == (both, []), (first, second)
        else:
            assert made == 1, (first, second, came)
            assert stands in {MOVES[first][0], MOVES[second][0]}
            assert lost or "expire" in (first, second), (first, second, came)
        if "back" in (first, second):
            rows = [row for row in ward.rows() if row.return_of == one]
            assert len(rows) == (stands == "returned")
        ward.clock.turn(days=40)
        ward.hospital.orders.clear()


def test_the_same_move_twice_at_once_is_one_move_and_one_answer(ward):
    for name, state in (("accept", "applied"), ("withdraw", "applied"), ("back", "arrived")):
        one = ward.at(state, f"r {name}")
        before = len(moves_of(ward, one))
        first, second = at_once(*[partial(MOVES[name][1], ward, one)] * 2)
        assert first.referral == second.referral
        assert first.state == second.state
        assert len(moves_of(ward, one)) - before == 1
        ward.clock.turn(days=1)


def test_the_same_application_twice_at_once_is_one_referral_with_one_slot(ward):
    first, second = at_once(*[lambda: ward.apply("r1", slot="S1")] * 2)
    assert first.referral == second.referral
    assert ward.office.seats() == (1, 0, 1, 0)
    assert len(ward.hospital.orders) == len(ward.rows()) == 1


def test_one_person_applied_for_twice_at_once_is_referred_once_and_the_other_seat_goes_back(ward):
    came = at_once(lambda: ward.apply("r1", slot="S1"), lambda: ward.apply("r2", slot="S1"))
    assert [what for what in came if what == "SND-764"] == ["SND-764"]
    assert ward.office.seats() == (1, 0, 1, 0)
    assert len(ward.rows()) == 1
    ward.office.agree()


def test_the_last_seat_goes_to_one_of_many(database):
    ward = Ward(database, persons=4)
    came = at_once(*(partial(ward.apply, f"r{place}", place, "S2") for place in range(1, 5)))
    assert came.count("SND-704") == 3
    assert ward.office.seats("S2") == (0, 0, 1, 0)
    assert len(ward.rows()) == 1


def test_an_acceptance_and_a_rejection_never_both_free_and_keep_the_seat(ward):
    for place in range(3):
        one = ward.apply(f"r{place}", slot="S1", patient=replace(said(1), mobile=f"1380000000{place}"))
        at_once(*(partial(MOVES[name][1], ward, one.referral) for name in ("accept", "reject")))
        seen = ward.referrals.whole(one.referral)
        assert seen.booking.state == ("booked" if seen.state == "accepted" else "cancelled")
        ward.office.agree()
        if seen.state == "accepted":
            ward.referrals.withdraw(ORIGIN, one.referral, "改期")
        assert ward.office.seats() == (2, 0, 0, 0)
        assert seen.to.hospital == HOSPITAL
