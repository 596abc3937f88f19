"""Book, pay, cancel, refund and fetch: what the hospital decides is what stands, on both stores."""

import pytest

from engine.errors import SenderError
from engine.services.appointments.model import BookWish, OrderQuery, Page, Patient
from engine.services.appointments.rules import Block, BookingRules
from tests.support.booking import HOSPITAL, PORTAL, Office, patient
from tests.support.house_hospital import DAY, FUNCTIONS, MemoryHospital, Seats, lost


@pytest.fixture
def office(database):
    made = Office(database, MemoryHospital(slots={"S1": Seats(2), "S2": Seats(1)}))
    made.pull()
    return made


def refused(code, act):
    with pytest.raises(SenderError) as problem:
        act()
    assert problem.value.first.code == code
    assert problem.value.first.message
    return problem.value.first


def test_a_booking_takes_one_seat_and_keeps_what_the_hospital_said(office):
    one = office.book()
    assert (one.state, one.pending, one.payable, one.queue_number) == ("booked", "", 2000, "7")
    assert one.hospital_order == f"H{one.order}"
    assert one.patient_name == "测****"
    assert (one.department_name, one.doctor_name, one.date) == ("内科", "测试医生", DAY)
    assert office.seats() == (1, 0, 1, 0)
    office.agree()


def test_the_same_request_is_answered_with_the_order_as_it_is_and_asks_the_hospital_nothing(office):
    first = office.book()
    asked = list(office.hospital.asked)
    assert office.book().order == first.order
    assert office.hospital.asked == asked
    refused("SND-712", lambda: office.book(name="S2"))
    assert office.service.order(PORTAL, request_id="r1").order == first.order
    refused("SND-713", lambda: office.service.order("PORTAL-B", order=first.order))


def test_a_full_slot_is_refused_here_before_the_hospital_is_asked(office):
    office.book("r1", "S2", 1)
    refused("SND-704", lambda: office.book("r2", "S2", 2))
    assert office.hospital.asked.count("2007") == 1
    assert office.seats("S2") == (0, 0, 1, 0)


def test_a_hospital_that_says_full_has_the_last_word_and_the_slot_shows_none_free(office):
    office.hospital.slots["S1"].others = 2
    refused("SND-704", office.book)
    assert office.seats() == (0, 0, 0, 0)
    refused("SND-704", office.book)
    assert office.hospital.asked.count("2007") == 1, "a repeat is refused as the first time, without asking"
    office.hospital.slots["S1"].others = 1
    office.pull()
    assert office.seats() == (1, 0, 0, 0)
    office.agree()


def test_pay_fetch_and_the_same_serial_again(office):
    one = office.book()
    refused("SND-716", lambda: office.pay(one.order, paid=1))
    assert office.pay(one.order).state == "paid"
    assert office.pay(one.order).state == "paid"
    assert office.hospital.asked.count("2008") == 1
    refused("SND-716", lambda: office.pay(one.order, serial="s2"))
    fetched = office.service.fetch(PORTAL, one.order)
    assert (fetched.state, fetched.queue_number) == ("fetched", "8")
    refused("SND-714", lambda: office.service.cancel(PORTAL, one.order, "不去了"))
    assert office.seats() == (1, 0, 1, 0)


def test_cancel_gives_the_seat_back_and_a_repeat_is_a_success(office):
    one = office.book()
    assert office.service.cancel(PORTAL, one.order, "不去了").state == "cancelled"
    assert office.service.cancel(PORTAL, one.order, "不去了").state == "cancelled"
    assert office.hospital.asked.count("2009") == 1
    assert office.seats() == (2, 0, 0, 0)
    refused("SND-714", lambda: office.pay(one.order))
    office.agree()


def test_cancel_of_a_paid_order_refunds_it(office):
    one = office.book()
    office.pay(one.order)
    back = office.service.cancel(PORTAL, one.order, "不去了")
    assert (back.state, back.refund) == ("refunded", 2000)
    assert office.seats() == (2, 0, 0, 0)


def test_a_refund_that_the_hospital_does_not_allow_leaves_the_order_paid(office):
    one = office.book()
    office.pay(one.order)
    office.hospital.orders[one.order]["STATUS"] = "3"
    refused("SND-722", lambda: office.service.cancel(PORTAL, one.order, "不去了"))
    assert office.states()[one.order] == ("paid", "")


def test_lock_book_and_unlock(office):
    lock = office.lock()
    assert lock.state == "locked"
    assert lock.locked_until is not None
    assert office.seats() == (1, 1, 0, 0)
    booked = office.service.book(PORTAL, "r9", BookWish(order=lock.order))
    assert (booked.order, booked.state) == (lock.order, "booked")
    assert office.service.order(PORTAL, request_id="r9").order == lock.order
    assert office.service.book(PORTAL, "r9", BookWish(order=lock.order)).state == "booked"
    other = office.lock("r2", "S1", 2)
    assert office.service.unlock(PORTAL, other.order).state == "cancelled"
    assert office.hospital.locks == {}
    assert office.seats() == (1, 0, 1, 0)
    refused("SND-717", lambda: office.service.book(PORTAL, "r10", BookWish(order=other.order)))
    office.agree()


def test_a_hospital_without_locks_is_asked_only_when_booked(database):
    functions = frozenset({"1004", "2001", "2002", "2003", "2007", "2009", "2012"})
    office = Office(database, MemoryHospital(slots={"S1": Seats(1)}), functions=functions)
    office.pull()
    lock = office.lock()
    assert office.seats() == (0, 1, 0, 1), "the hospital does not know of it"
    office.pull()
    assert office.seats() == (0, 1, 0, 1)
    assert office.service.book(PORTAL, "r1", BookWish(order=lock.order)).state == "booked"
    refused("SND-720", lambda: office.pay(lock.order))


def test_particulars_are_checked_before_anything_else(office):
    def wish(**changed):
        values = {"name": "测试患者", "id_number": patient().id_number, "mobile": "13800000000"} | changed
        return lambda: office.service.book(PORTAL, "r5", BookWish(hospital=HOSPITAL, slot="S1", patient=Patient(**values)))

    refused("SND-706", wish(name=""))
    refused("SND-706", wish(mobile=""))
    refused("SND-706", wish(id_number=patient().id_number[:17] + "?"))
    refused("SND-706", wish(birthday="1999-01-01"))
    refused("SND-706", wish(sex="2"))
    refused("SND-708", wish(id_number="", birthday="2024-01-01", sex="1"))
    refused("SND-701", lambda: office.service.book(PORTAL, "r", BookWish(hospital="NOBODY", slot="S1", patient=patient())))
    refused("SND-703", lambda: office.book("r6", "S9"))
    assert office.seats() == (2, 0, 0, 0)
    assert "2007" not in office.hospital.asked


def test_rules_are_applied_only_when_they_are_set(database):
    rules = BookingRules(per_person_day=1, horizon_days=10, cancel_days=0, cancel_until="23:00",
                         cancels=Block(count=1, within=30, length=30))  # fmt: skip
    office = Office(database, MemoryHospital(slots={"S1": Seats(5), "S2": Seats(5)}), rules=rules)
    office.pull()
    one = office.book("r1", "S1", 1)
    refused("SND-710", lambda: office.book("r2", "S2", 1))
    office.book("r3", "S2", 2)
    office.service.cancel(PORTAL, one.order, "")
    refused("SND-711", lambda: office.book("r4", "S1", 1))
    strict = Office(database, office.hospital, rules=BookingRules(horizon_days=2), clock=office.clock)
    refused("SND-709", lambda: strict.book("r7", "S1", 3))
    stale = Office(database, office.hospital, rules=BookingRules().of({"stale-after": "1h"}), clock=office.clock)
    office.clock.turn(hours=2)
    refused("SND-719", lambda: stale.book("r8", "S1", 4))


def test_lists_for_portals(office):
    one = office.book("r1", "S1", 1)
    office.book("r2", "S2", 2)
    service = office.service
    assert [each.name for each in service.hospitals(Page()).items] == ["测试医院"]
    assert [each.department for each in service.departments(HOSPITAL, Page()).items] == ["D1"]
    assert [each.doctor for each in service.doctors(HOSPITAL, "", Page()).items] == ["Y1"]
    first = service.schedules(HOSPITAL, "D1", "", "", "", Page(size=1))
    second = service.schedules(HOSPITAL, "D1", "", "", "", Page(size=1, token=first.token))
    assert [(each.schedule, each.free) for each in (*first.items, *second.items)] == [("S1", 1), ("S2", 0)]
    assert second.token == ""
    assert [each.slot for each in service.slots(HOSPITAL, "S1")] == ["S1"]
    mine = service.orders(PORTAL, OrderQuery(id_number=patient(1).id_number))
    assert [each.order for each in mine.items] == [one.order]
    assert service.orders("PORTAL-B", OrderQuery()).items == ()


def test_timed_half_days_are_pulled_by_slot(database):
    slots = {"T1": Seats(1, begins="08:00", ends="08:30"), "T2": Seats(3, begins="08:30", ends="09:00")}
    office = Office(database, MemoryHospital(slots=slots))
    office.pull()
    shown = office.service.slots(HOSPITAL, "TIMED")
    assert [(each.slot, each.begin, each.free) for each in shown] == [("T1@08:00", "08:00", 1), ("T2@08:30", "08:30", 3)]
    assert office.book("r1", "T1@08:00").begin == "08:00"
    assert office.seats("T1@08:00") == (0, 0, 1, 0)


def test_nothing_personal_stands_open_in_the_store(office, tmp_path):
    office.book()
    with office.database.read() as connection:
        from sqlalchemy import text

        for table in ("booking_order", "booking_event", "booking_notice", "booking_call", "errand"):
            for row in connection.execute(text(f"SELECT * FROM {table}")):  # noqa: S608 - names of our own tables
                shown = repr(tuple(row))
                assert "测试患者" not in shown
                assert patient().id_number not in shown


def test_an_unheard_hospital_gives_the_seat_back_when_it_surely_was_not_asked(office):
    def away(_function):
        raise lost(unknown=False)

    office.hospital.before = away
    refused("SND-719", office.book)
    assert office.seats() == (2, 0, 0, 0)
    office.agree()


def test_a_wish_whose_question_never_left_is_asked_anew_by_its_number(office):
    office.hospital.before = lambda _function: (_ for _ in ()).throw(lost(unknown=False))
    refused("SND-719", office.book)
    refused("SND-719", lambda: office.lock("l1"))
    refused("SND-719", office.book)
    failed = office.service.order(PORTAL, request_id="r1")
    assert failed.state == "failed"
    office.hospital.before = lambda _function: None
    one = office.book()
    assert one.state == "booked"
    assert office.service.order(PORTAL, request_id="r1").order == one.order != failed.order
    assert office.service.order(PORTAL, order=failed.order).request_id == f"r1 {failed.order}"
    assert office.book().order == one.order
    assert list(office.hospital.orders) == [one.order]
    assert office.lock("l1").state == "locked"
    refused("SND-712", lambda: office.book("r1", place=2))
    office.agree()


def test_a_booking_that_may_have_arrived_keeps_its_seat_while_its_hospital_cannot_be_asked(database):
    office = Office(database, MemoryHospital(slots={"S1": Seats(2)}), functions=FUNCTIONS - {"2012"})
    office.pull()
    office.hospital.before = lambda _function: (_ for _ in ()).throw(lost(unknown=True))
    assert office.book().state == "booking"
    office.hospital.before = lambda _function: (_ for _ in ()).throw(lost(unknown=False))
    office.clock.turn(minutes=1)
    office.tend_all(1)
    assert set(office.states().values()) == {("booking", "")}
    assert office.seats() == (1, 1, 0, 1)
    office.hospital.before = lambda _function: None
    office.clock.turn(minutes=1)
    office.tend_all()
    assert set(office.states().values()) == {("booked", "")}
    office.agree()


@pytest.mark.parametrize("functions", [FUNCTIONS, FUNCTIONS - {"2005", "2006"}])
def test_a_lock_is_one_still_when_its_booking_never_left(database, functions):
    office = Office(database, MemoryHospital(slots={"S1": Seats(2)}), functions=functions)
    office.pull()
    lock = office.lock()
    office.hospital.before = lambda _function: (_ for _ in ()).throw(lost(unknown=False))
    refused("SND-719", lambda: office.service.book(PORTAL, "b1", BookWish(order=lock.order)))
    again = office.service.order(PORTAL, order=lock.order)
    assert (again.state, again.locked_until) == ("locked", lock.locked_until)
    assert office.due()[lock.order] == lock.locked_until
    office.hospital.before = lambda _function: None
    assert office.service.book(PORTAL, "b1", BookWish(order=lock.order)).state == "booked"
    assert office.hospital.locks == {}
    office.agree()


def test_a_lock_whose_booking_never_left_ends_at_its_time(office):
    lock = office.lock()
    office.hospital.before = lambda _function: (_ for _ in ()).throw(lost(unknown=False))
    refused("SND-719", lambda: office.service.book(PORTAL, "b1", BookWish(order=lock.order)))
    office.hospital.before = lambda _function: None
    office.clock.turn(minutes=11)
    office.tend_all()
    refused("SND-717", lambda: office.service.book(PORTAL, "b1", BookWish(order=lock.order)))
    assert office.hospital.locks == {}
    assert office.seats() == (2, 0, 0, 0)
