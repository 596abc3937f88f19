"""Once a day the hospital's book is compared with ours: its word is taken over, what cannot be is left for a person."""

import pytest

from engine.services.appointments import figures, reconciliation
from tests.support.booking import HOSPITAL, PORTAL, Office
from tests.support.house_hospital import DAY, MemoryHospital, Seats


@pytest.fixture
def office(database):
    made = Office(database, MemoryHospital(slots={"S1": Seats(150)}))
    made.pull()
    return made


def reconcile(office):
    return reconciliation.reconcile(office.service.counter, HOSPITAL, DAY)


def left(office):
    with office.database.read() as connection:
        return [(each.order, each.kind, each.ours, each.theirs) for each in figures.open_differences(connection)]


def test_two_books_that_agree_leave_nothing(office):
    for place in range(3):
        office.book(f"r{place}", place=place)
    office.pay(office.book("r9", place=9).order)
    done = reconcile(office)
    assert (done.compared, done.adopted, done.differences) == (4, 0, 0)


def test_a_day_of_more_than_a_page_is_read_whole(office):
    for place in range(120):
        office.hospital.f2007({"ORDER_ID": f"X{place:03}", "REG_ID": "S1", "REG_DATE": DAY})
    assert reconcile(office).differences == 120
    assert len(left(office)) == 120
    office.hospital.orders.clear()
    assert reconcile(office).differences == 0
    assert left(office) == [], "what is no more is settled"


def test_the_hospitals_word_is_taken_over(office):
    cancelled, window, fetched = (office.book(f"r{place}", place=place) for place in range(3))
    office.pay(fetched.order)
    for one, status in ((cancelled, "4"), (window, "6"), (fetched, "3")):
        office.hospital.orders[one.order]["STATUS"] = status
    assert reconcile(office).adopted == 3
    states = office.states()
    assert [states[one.order][0] for one in (cancelled, window, fetched)] == ["cancelled", "paid", "fetched"]
    assert left(office) == []
    office.agree()


def test_what_we_have_ended_and_the_hospital_has_not_is_ended_there_again(office):
    one = office.book()
    office.service.cancel(PORTAL, one.order, "")
    office.hospital.orders[one.order]["STATUS"] = "2"
    assert reconcile(office).differences == 0
    assert office.hospital.orders[one.order]["STATUS"] == "4"


def test_a_payment_that_the_hospital_has_lost_is_told_again(office):
    one = office.book()
    office.pay(one.order)
    office.hospital.orders[one.order]["STATUS"] = "2"
    assert reconcile(office).differences == 0
    assert office.hospital.orders[one.order]["STATUS"] == "6"


def test_what_a_person_must_look_at_is_kept_with_both_sides(office):
    lost, unknown = office.book("r1"), office.book("r2", place=2)
    office.service.cancel(PORTAL, lost.order, "")
    office.hospital.orders[lost.order]["STATUS"] = "6"
    del office.hospital.orders[unknown.order]
    reconcile(office)
    assert sorted(left(office)) == sorted([(lost.order, "state", "cancelled", "6"), (unknown.order, "state", "booked", "1")])


def test_bills_are_compared_where_the_hospital_lists_them(database):
    hospital = MemoryHospital(slots={"S1": Seats(3)})
    bills = []
    hospital.f9003 = lambda _values: ("0", {"COUNT": str(len(bills)), "RECORD_LIST": tuple(bills)})
    office = Office(database, hospital, functions=frozenset({"2001", "2003", "2007", "2008", "2012", "9003"}))
    office.pull()
    one = office.book()
    office.pay(one.order)
    bills.append({"TRADE_TYPE": "1", "ORDER_ID": one.order, "TRADE_FEE": "2000", "TRADE_TIME": f"{DAY} 10:00:00"})
    assert reconcile(office).differences == 0
    bills.append({"TRADE_TYPE": "2", "ORDER_ID": one.order, "TRADE_FEE": "2000", "TRADE_TIME": f"{DAY} 10:00:00"})
    reconcile(office)
    assert left(office) == [(one.order, "refund", "0", "2000")]
