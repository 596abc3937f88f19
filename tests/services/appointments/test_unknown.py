"""An answer that did not come is never taken for a refusal: it is asked after until the hospital has said what is so."""

import pytest

from engine.errors import SenderError, TryAgain, Unavailable
from engine.services.appointments.model import BookWish, Page
from tests.support.booking import PORTAL, Office
from tests.support.house_hospital import FUNCTIONS, MemoryHospital, Seats, lost


@pytest.fixture(params=["asks 2012", "only repeats"])
def office(database, request):
    functions = FUNCTIONS if request.param == "asks 2012" else FUNCTIONS - {"2012"}
    made = Office(database, MemoryHospital(slots={"S1": Seats(2)}), functions=functions)
    made.pull()
    return made


def lose(office, function, *, answer):
    """Lose the next question of a function, or its answer."""

    def once(asked):
        if asked == function:
            office.hospital.before = office.hospital.after = lambda _function: None
            raise lost(unknown=True)

    setattr(office.hospital, "after" if answer else "before", once)


def kinds(office):
    return [each.kind for each in office.service.notices(PORTAL, 0, Page()).items]


@pytest.mark.parametrize("answer", [True, False], ids=["answer lost", "question lost"])
def test_a_booking_is_found_or_asked_for_again(office, answer):
    lose(office, "2007", answer=answer)
    one = office.book()
    assert (one.state, one.pending) == ("booking", "")
    assert one.message
    assert office.seats() == (1, 1, 0, 1)
    assert office.book().state == "booking", "the same request waits too"
    office.tend(one.order)
    assert office.states()[one.order] == ("booked", "")
    assert len(office.hospital.orders) == 1
    assert office.seats() == (1, 0, 1, 0)
    assert kinds(office) == ["booking-confirmed"]
    office.agree()


@pytest.mark.parametrize("answer", [True, False], ids=["answer lost", "question lost"])
def test_payment_cancellation_and_refund_are_repeated_with_the_same_numbers(office, answer):
    one = office.book()
    lose(office, "2008", answer=answer)
    assert office.pay(one.order).pending == "pay"
    with pytest.raises(SenderError) as refused:
        office.service.cancel(PORTAL, one.order, "")
    assert refused.value.first.code == "SND-723"
    office.tend(one.order)
    assert office.states()[one.order] == ("paid", "")
    lose(office, "2010", answer=answer)
    assert office.service.cancel(PORTAL, one.order, "").pending == "refund"
    assert office.service.cancel(PORTAL, one.order, "").pending == "refund"
    assert office.seats() == (1, 0, 1, 1)
    office.tend(one.order)
    assert office.states()[one.order] == ("refunded", "")
    assert office.hospital.orders[one.order]["STATUS"] == "5"
    other = office.book("r2", place=2)
    lose(office, "2009", answer=answer)
    assert office.service.cancel(PORTAL, other.order, "").pending == "cancel"
    office.tend(other.order)
    assert office.states()[other.order] == ("cancelled", "")
    assert office.seats() == (2, 0, 0, 0)
    office.agree()


def test_a_fetch_is_repeated(office):
    one = office.book()
    office.pay(one.order)
    lose(office, "2011", answer=True)
    assert office.service.fetch(PORTAL, one.order).pending == "fetch"
    office.tend(one.order)
    assert office.states()[one.order] == ("fetched", "")


@pytest.mark.parametrize("answer", [True, False], ids=["answer lost", "question lost"])
def test_a_lost_lock_is_unlocked_again_until_the_hospital_has_said_so(office, answer):
    lose(office, "2005", answer=answer)
    one = office.lock()
    assert (one.state, one.pending) == ("locked", "unlock")
    assert "释放" in one.message
    with pytest.raises(SenderError):
        office.service.book(PORTAL, "r1", BookWish(order=one.order))
    lose(office, "2006", answer=answer)
    with pytest.raises(TryAgain):
        office.tend(one.order)
    assert office.seats() == (1, 1, 0, 1), "held until the hospital has let go"
    office.tend(one.order)
    assert office.states()[one.order] == ("cancelled", "")
    assert office.hospital.locks == {}
    assert office.seats() == (2, 0, 0, 0)


def test_while_the_hospital_is_down_nothing_is_assumed(office):
    def down(_function):
        raise lost(unknown=True)

    office.hospital.before = down
    one = office.book()
    for _ in range(3):
        office.clock.turn(days=1)
        with pytest.raises((Unavailable, TryAgain)):
            office.tend(one.order)
    assert office.states()[one.order][0] == "booking"
    assert office.seats() == (1, 1, 0, 1)
    office.hospital.before = lambda _function: None
    office.tend(one.order)
    assert office.states()[one.order] == ("failed", ""), "nobody waits for it any more: it was cancelled there first"
    assert "2009" in office.hospital.asked
    assert office.seats() == (2, 0, 0, 0)
    assert kinds(office) == ["booking-failed"]
    office.agree()


def test_a_wish_to_cancel_what_is_not_known_to_be_booked_is_kept_and_done(office):
    lose(office, "2007", answer=True)
    one = office.book()
    office.service.cancel(PORTAL, one.order, "不去了")
    office.tend_all()
    assert office.states()[one.order][0] in ("cancelled", "failed")
    assert office.hospital.orders[one.order]["STATUS"] == "4"
    assert office.seats() == (2, 0, 0, 0)


def test_an_unpaid_order_is_cancelled_at_the_hospital_when_its_time_is_over(office):
    one = office.book()
    assert office.due()[one.order] == one.pay_by
    assert office.tend(one.order) == one.pay_by, "before its time nothing happens"
    office.clock.turn(minutes=31)
    office.tend(one.order)
    assert office.states()[one.order] == ("cancelled", "")
    assert office.hospital.orders[one.order]["STATUS"] == "4"
    assert kinds(office) == ["expired"]
    assert office.due() == {}
    with pytest.raises(SenderError) as refused:
        office.pay(one.order)
    assert refused.value.first.code == "SND-714"


def test_a_lock_ends_by_itself(office):
    one = office.lock()
    office.clock.turn(minutes=11)
    office.tend(one.order)
    assert office.states()[one.order] == ("cancelled", "")
    assert office.hospital.locks == {}
    assert office.seats() == (2, 0, 0, 0)


def test_a_payment_under_way_is_not_overtaken_by_the_end_of_its_time(office):
    one = office.book()
    lose(office, "2008", answer=True)
    office.pay(one.order)
    office.clock.turn(minutes=40)
    office.tend(one.order)
    assert office.states()[one.order] == ("paid", "")


def test_a_refusal_of_a_booking_from_a_lock_gives_the_lock_back(office):
    one = office.lock()
    answers = office.hospital.f2007
    office.hospital.f2007 = lambda values: ("200711", {})
    with pytest.raises(SenderError) as refused:
        office.service.book(PORTAL, "r1", BookWish(order=one.order))
    assert refused.value.first.code == "SND-707"
    assert office.states()[one.order] == ("booking", "unlock")
    office.hospital.f2007 = answers
    office.tend(one.order)
    assert office.states()[one.order] == ("failed", "")
    assert office.hospital.locks == {}
    with pytest.raises(SenderError):
        office.service.book(PORTAL, "r1", BookWish(order=one.order))
    assert office.seats() == (2, 0, 0, 0)


def test_a_booking_from_a_lock_that_nobody_waits_for_any_more_gives_the_lock_back(office):
    one = office.lock()

    def never(function):
        if function == "2007":
            raise lost(unknown=True)

    office.hospital.before = never
    assert office.service.book(PORTAL, "r1", BookWish(order=one.order)).state == "booking"
    office.clock.turn(days=1)
    office.tend_all()
    assert office.states()[one.order] == ("failed", "")
    assert office.hospital.asked[-2:] == ["2009", "2006"]
    assert office.hospital.locks == {}
    assert office.seats() == (2, 0, 0, 0)
    assert kinds(office) == ["booking-failed"]
    office.agree()


@pytest.mark.parametrize("code", ["99", "13", "12"])
def test_a_hospital_that_failed_is_asked_what_is_so(database, code):
    office = Office(database, MemoryHospital(slots={"S1": Seats(2)}))
    office.pull()
    done = office.hospital.f2007

    def fails_after(values):
        done(values)
        return code, {}

    office.hospital.f2007 = fails_after
    assert office.book().state == "booked", "it had done it all the same"
    office.hospital.f2007 = lambda _values: (code, {})
    with pytest.raises(SenderError) as refused:
        office.book("r2", place=2)
    assert refused.value.first.code == "SND-718"
    assert office.seats() == (1, 0, 1, 0)
