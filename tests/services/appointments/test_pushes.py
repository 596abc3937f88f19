"""Hospitals call: stop, cancel, refund, print, pay at the window, ask after refunds; a repeat is answered as the first time."""

import pytest
from sqlalchemy import func, select

from engine.services.appointments.model import Page
from engine.services.appointments.tables import event
from tests.support.booking import HOSPITAL, PORTAL, Office
from tests.support.house_hospital import DAY, MemoryHospital, Seats

STOP = {"HOS_ID": "H1", "DEPT_ID": "D1", "DOCTOR_ID": "-1", "REG_DATE": DAY, "TIME_FLAG": "1", "STOP_REMARK": "停诊"}


@pytest.fixture
def office(database):
    made = Office(database, MemoryHospital(slots={"S1": Seats(3), "S2": Seats(1)}))
    made.pull()
    return made


def call(office, function, **values):
    return office.service.answer(HOSPITAL, function, {"HOS_ID": "H1", **values}, "trace-1")


def notices(office):
    return [(each.kind, each.order) for each in office.service.notices(PORTAL, 0, Page()).items]


def events(office):
    with office.database.read() as connection:
        return connection.execute(select(func.count()).select_from(event)).scalar_one()


def test_a_stopped_clinic_sells_nothing_and_ends_its_orders(office):
    unpaid, paid, fetched = office.book("r1"), office.book("r2", place=2), office.book("r3", place=3)
    lock = office.lock("r4", "S2", 4)
    office.pay(paid.order)
    office.pay(fetched.order, "s3")
    office.service.fetch(PORTAL, fetched.order)
    assert call(office, "5001", **STOP)[0] == "0"
    with pytest.raises(Exception, match="SND-705"):
        office.book("r5", place=5)
    office.tend_all()
    states = office.states()
    assert [states[one.order][0] for one in (unpaid, paid, fetched, lock)] == ["cancelled", "refunded", "fetched", "cancelled"]
    assert office.hospital.orders[unpaid.order]["STATUS"] == "4"
    assert office.hospital.orders[paid.order]["STATUS"] == "5"
    assert office.hospital.locks == {}
    told = [order for kind, order in notices(office) if kind == "clinic-stopped"]
    assert sorted(told) == sorted([unpaid.order, paid.order, fetched.order])
    assert office.due() == {}
    office.agree()


def test_a_stop_without_orders_says_so_and_flags_are_kept(office):
    assert call(office, "5001", **STOP)[0] == "500101"
    other = Office(office.database, office.hospital, clock=office.clock)
    for one in office.hospital.slots.values():
        one.status = "1"
    other.pull()
    unpaid, paid = other.book("r1"), other.book("r2", place=2)
    other.pay(paid.order)
    assert call(other, "5001", **STOP, IS_REFUND="0", IS_CANCEL="0")[0] == "0"
    asked = list(office.hospital.asked)
    other.tend_all()
    assert other.states()[unpaid.order][0] == "cancelled"
    assert other.states()[paid.order][0] == "paid"
    assert not {"2009", "2010"} & set(office.hospital.asked[len(asked) :])


def test_a_stop_again_after_the_clinic_was_open_again_is_a_new_one(office):
    assert call(office, "5001", **STOP)[0] == "500101"
    assert call(office, "5001", **STOP)[0] == "500101"
    office.pull()
    office.book("r1")
    assert call(office, "5001", **STOP)[0] == "0"


def test_a_pull_asked_before_a_stop_does_not_open_the_clinic_again(office):
    def stop_meanwhile(function):
        if function == "2003":
            office.hospital.after = lambda _function: None
            call(office, "5001", **STOP)

    office.hospital.after = stop_meanwhile
    office.pull()
    assert {row.status for row in office.slot_rows()} == {"stopped"}


CALLS = {
    "5001": (STOP, "0"),
    "5002": ({"CANCEL_DATE": DAY, "CANCEL_REMARK": "改期"}, "0"),
    "5003": ({"HOSP_ORDER_ID": "H", "HOSP_REFUND_ID": "R9", "REFUND_TYPE": "1", "REFUND_DATE": DAY, "TOTAL_FEE": "2000",
              "REFUND_FEE": "2000"}, "0"),
    "5004": ({"HOSP_SERIAL_NUM": "12", "PRINT_DATE": f"{DAY} 08:00:00"}, "0"),
    "5005": ({"PAY_FEE": "2000", "PAY_DATE": DAY, "HOSP_SERIAL_NUM": "12"}, "0"),
    "7001": ({"DATA_INFO": ({"PUSH_TYPE": "3", "PUSH_ID": "B1", "PUSH_CONTENT": "检验报告已出"},)}, "0"),
}  # fmt: skip


@pytest.mark.parametrize("function", sorted(CALLS))
def test_a_repeat_is_answered_as_the_first_time_and_does_nothing(office, function):
    one = office.book()
    if function == "5003":
        office.pay(one.order)
    values, code = CALLS[function]
    if function == "7001":
        values = {"DATA_INFO": tuple({**item, "ORDER_ID": one.order} for item in values["DATA_INFO"])}
    values = {**values, "ORDER_ID": one.order} if function not in ("5001", "7001") else values
    first = call(office, function, **values)
    assert first[0] == code
    before = events(office), notices(office), office.seats()
    office.clock.turn(hours=1)
    assert call(office, function, **values) == first
    assert (events(office), notices(office), office.seats()) == before
    office.agree()


def test_what_hospitals_do_moves_the_order(office):
    cancelled, refunded, printed, window = (office.book(f"r{n}", place=n) for n in range(3)), None, None, None
    cancelled, refunded, printed = cancelled
    window = office.book("r9", "S2", 9)
    for one in (refunded, printed):
        office.pay(one.order, f"s{one.order[-4:]}")
    assert call(office, "5002", ORDER_ID=cancelled.order, CANCEL_DATE=DAY)[0] == "0"
    assert call(office, "5002", ORDER_ID=refunded.order, CANCEL_DATE=DAY)[0] == "500202"
    assert call(office, "5002", ORDER_ID="nobody", CANCEL_DATE=DAY)[0] == "500201"
    wrong = {"ORDER_ID": refunded.order, "HOSP_REFUND_ID": "R", "REFUND_TYPE": "1", "TOTAL_FEE": "2000", "REFUND_FEE": "9999"}
    assert call(office, "5003", **wrong)[0] == "500303"
    code, _words, told = call(office, "5003", **{**wrong, "REFUND_FEE": "1500"})
    assert (code, bool(told["REFUND_ID"])) == ("0", True)
    assert call(office, "5003", **{**wrong, "ORDER_ID": cancelled.order, "REFUND_FEE": "1"})[0] == "500302"
    assert call(office, "5004", ORDER_ID=printed.order, HOSP_SERIAL_NUM="31", PRINT_DATE=DAY)[0] == "0"
    assert call(office, "5005", ORDER_ID=window.order, PAY_FEE="2000", PAY_DATE=DAY)[0] == "0"
    assert call(office, "5004", ORDER_ID=cancelled.order, PRINT_DATE=DAY)[0] == "500401"
    states = {one: state for one, (state, _) in office.states().items()}
    assert [states[one.order] for one in (cancelled, refunded, printed, window)] == [
        "cancelled",
        "refunded",
        "fetched",
        "fetched",
    ]
    assert office.service.order(PORTAL, order=refunded.order).refund == 1500
    assert office.service.order(PORTAL, order=printed.order).queue_number == "31"
    assert office.seats() == (2, 0, 1, 0)
    assert office.seats("S2") == (0, 0, 1, 0)
    assert [kind for kind, _ in notices(office)] == ["cancelled-by-hospital", "refunded", "printed", "paid-at-window"]
    office.agree()


def test_a_refund_can_be_asked_after_at_any_time(office):
    one = office.book()
    office.pay(one.order)
    asked = {"ORDER_ID": one.order, "HOSP_REFUND_ID": "R1"}
    assert call(office, "5006", **asked)[2]["REFUND_COUNT"] == "0"
    office.service.cancel(PORTAL, one.order, "")
    code, _words, told = call(office, "5006", **asked)
    assert (code, told["REFUND_STATUS"], told["REFUND_FEE"]) == ("0", "1", "2000")
    assert call(office, "5006", ORDER_ID="nobody")[0] == "500601"
    assert (call(office, "6001")[0], call(office, "6002")[0], call(office, "7001", DATA_INFO=())[0]) == (
        "600101",
        "600201",
        "700101",
    )


def test_another_hospital_moves_no_order_of_this_one(office):
    one = office.book()
    answer = office.service.answer("HOSP-B", "5002", {"ORDER_ID": one.order, "CANCEL_DATE": DAY})
    assert answer[0] == "500201"
    assert office.states()[one.order] == ("booked", "")


def test_a_cancellation_there_while_a_payment_is_under_way_stands(office):
    one = office.book()

    def cancelled_meanwhile(function):
        if function == "2008":
            office.hospital.orders[one.order]["STATUS"] = "4"
            assert call(office, "5002", ORDER_ID=one.order, CANCEL_DATE=DAY)[0] == "0"

    office.hospital.before = cancelled_meanwhile
    assert office.pay(one.order).state == "cancelled"
    assert office.seats() == (3, 0, 0, 0)
    office.agree()


def test_notices_are_numbered_without_holes_and_none_is_shown_twice(office):
    for place in range(3):
        one = office.book(f"r{place}", place=place)
        call(office, "5002", ORDER_ID=one.order, CANCEL_DATE=DAY)
    first = office.service.notices(PORTAL, 0, Page(size=2))
    second = office.service.notices(PORTAL, first.items[-1].number, Page(size=2))
    assert [each.number for each in (*first.items, *second.items)] == [1, 2, 3]
    assert first.token == "2"
    assert office.service.notices(PORTAL, 0, Page(size=2, token=first.token)).items == second.items
    assert office.service.notices("PORTAL-B", 0, Page()).items == ()
