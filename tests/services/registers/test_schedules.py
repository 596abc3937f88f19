"""Schedules that hospitals send go into the one pool of seats, and what is left there is told out of it."""

import pytest

from engine.errors import TryAgain
from engine.services.appointments.model import BookWish, Page
from tests.services.registers.office import Office
from tests.support.booking import HOSPITAL, PORTAL, patient
from tests.support.booking import Office as Booking
from tests.support.house_hospital import DAY, MemoryHospital, Seats

DIGITS = DAY.replace("-", "")


def frame(begins, ends, total="5", remain="5", kind="1"):
    return {"type": kind, "since": f"{DIGITS}{begins}00", "until": f"{DIGITS}{ends}00", "total": total, "remain": remain}


def schedule(*frames, name="HL7-1", **values):
    head = {
        "scheduleId": name,
        "department": "D7",
        "departmentName": "测试科",
        "doctor": "A7",
        "doctorName": "测试医生",
        "level": "2",
    }
    return {**head, "total": "10", "timeFrame": frames or (frame("0800", "0900"), frame("0900", "1000")), **values}


@pytest.fixture
def booking(database):
    made = Booking(database, MemoryHospital(slots={"S1": Seats(3)}))
    made.pull()
    return made


@pytest.fixture
def office(booking):
    """Open the registers beside the pool of one hospital that is connected for booking."""
    made = Office(booking.database, orders=booking.service.told)
    made.clock = booking.clock
    return made


def ask(office, act, **values):
    return office.ask("schedules", act, HOSPITAL, received=office.clock(), **values)


def test_a_schedule_that_was_sent_can_be_booked_and_shows_what_is_left(office, booking):
    assert ask(office, "add", **schedule()).text == "排班已登记，共 1 个"
    listed = booking.service.schedules(HOSPITAL, "D7", "", DAY, DAY, Page())
    assert [one.schedule for one in listed.items] == ["HL7-1"]
    slots = booking.service.slots(HOSPITAL, "HL7-1")
    assert [one.slot for one in slots] == ["HL7-1@08:00", "HL7-1@09:00"]
    booking.hospital.slots["HL7-1"] = Seats(10)
    booking.service.book(PORTAL, "r1", BookWish(hospital=HOSPITAL, slot="HL7-1@08:00", patient=patient()))
    (item,) = ask(office, "query", scheduleId="HL7-1").items
    assert [one["remain"] for one in item["timeFrame"]] == ["4", "5"]
    assert item["departmentName"] == "测试科"
    booking.agree()


def test_a_slot_that_was_pulled_is_told_as_well(office):
    (item,) = ask(office, "query", scheduleId="S1").items
    assert (item["department"], item["total"]) == ("D1", "3")
    assert [one["remain"] for one in item["timeFrame"]] == ["3"]


def test_the_same_again_is_fine_other_content_wants_an_update(office, booking):
    ask(office, "add", **schedule())
    assert ask(office, "add", **schedule()).text == "已登记过，内容相同"
    other = schedule(frame("0800", "0900", "8", "6"))
    assert office.refused("schedules", "add", HOSPITAL, received=office.clock(), **other) == "SND-731"
    assert ask(office, "update", **other).text == "排班已更新，共 1 个"
    assert [(one.slot, one.free) for one in booking.service.slots(HOSPITAL, "HL7-1")] == [("HL7-1@08:00", 6)]
    (item,) = ask(office, "query", department="D7").items
    assert [(one["total"], one["remain"]) for one in item["timeFrame"]] == [("8", "6")]
    unknown = schedule(name="HL7-2")
    assert office.refused("schedules", "update", HOSPITAL, received=office.clock(), **unknown) == "SND-732"


def test_a_frame_without_seats_is_stopped_and_comes_back(office, booking):
    ask(office, "add", **schedule())
    ask(office, "update", **schedule(frame("0800", "0900", "0", "0"), frame("0900", "1000")))
    assert {row.slot: row.status for row in booking.slot_rows() if row.schedule == "HL7-1"} == {
        "HL7-1@08:00": "stopped", "HL7-1@09:00": "open",
    }  # fmt: skip
    with pytest.raises(Exception, match="SND-705"):
        booking.service.book(PORTAL, "r1", BookWish(hospital=HOSPITAL, slot="HL7-1@08:00", patient=patient()))
    ask(office, "update", **schedule())
    assert {row.status for row in booking.slot_rows() if row.schedule == "HL7-1"} == {"open"}


def test_a_word_that_is_older_than_a_seat_that_moved_is_to_be_sent_again(office, booking):
    ask(office, "add", **schedule())
    booking.hospital.slots["HL7-1"] = Seats(10)
    sent = office.clock()
    booking.service.book(PORTAL, "r1", BookWish(hospital=HOSPITAL, slot="HL7-1@08:00", patient=patient()))
    with pytest.raises(TryAgain):
        office.ask("schedules", "update", HOSPITAL, received=sent, **schedule())
    assert booking.seats("HL7-1@08:00") == (4, 0, 1, 0)
    ask(office, "update", **schedule(frame("0800", "0900", "5", "4"), frame("0900", "1000")))
    assert booking.seats("HL7-1@08:00") == (4, 0, 1, 0)
    booking.agree()


def test_queries_narrow_down_by_day_type_and_doctor(office):
    ask(office, "add", entry=(schedule(), schedule(frame("1400", "1500", kind="2"), name="HL7-2", doctor="A8")))

    def found(**query):
        return [item["scheduleId"] for item in ask(office, "query", **query).items]

    assert found(department="D7") == ["HL7-1", "HL7-2"]
    assert found(doctor="A8") == ["HL7-2"]
    assert found(type="2") == ["HL7-2"]
    assert found(since=f"{DIGITS}12", until=DIGITS) == ["HL7-2"]
    assert found(since="20270101") == []
    assert ask(office, "query", department="D7", limit="1").total == 2
    assert office.ask("schedules", "query", "H9").total == 0


@pytest.mark.parametrize(
    "frames",
    [
        (frame("0800", "0900", "5", "6"),),
        (frame("0900", "0800"),),
        (frame("0800", "0900", "many"),),
        (frame("0800", "0900"), frame("0800", "0930")),
    ],
)
def test_a_schedule_that_contradicts_itself_is_refused_and_leaves_nothing(office, booking, frames):
    before = len(booking.slot_rows())
    values = {**schedule(), "timeFrame": frames}
    assert office.refused("schedules", "add", HOSPITAL, received=office.clock(), **values) == "SND-738"
    assert office.refused("schedules", "add", HOSPITAL, received=office.clock(), **{**values, "timeFrame": ()}) == "SND-738"
    assert len(booking.slot_rows()) == before
    assert ask(office, "query", scheduleId="HL7-1").total == 0


def status(office, number, name, *, hour=10, **values):
    at = f"{DIGITS}{hour:02}0000"
    return office.ask("appointment-status", "status", HOSPITAL, number=number, status=name, statusName=name, at=at, **values)


def test_the_status_of_one_of_our_orders_moves_it(office, booking):
    first, second = booking.book("r1"), booking.book("r2", place=2)
    assert status(office, first.order, "已预约").text == "状态已登记"
    assert booking.states()[first.order] == ("booked", "")
    assert status(office, first.order, "已取消", hour=11).text == "状态已登记；平台预约订单已取消"
    assert booking.states()[first.order] == ("cancelled", "")
    booking.pay(second.order)
    assert status(office, second.order, "已取号", hour=12).text == "状态已登记；平台预约订单已取号"
    assert booking.states()[second.order] == ("fetched", "")
    assert office.ask("appointment-status", "query", HOSPITAL, number=first.order).total == 2
    booking.agree()


def test_a_status_that_our_order_cannot_take_is_refused_and_not_filed(office, booking):
    one = booking.book("r1")
    booking.pay(one.order)
    values = {"number": one.order, "statusName": "已取消", "status": "3", "at": f"{DIGITS}100000"}
    assert office.refused("appointment-status", "status", HOSPITAL, **values) == "SND-739"
    assert booking.states()[one.order] == ("paid", "")
    assert office.ask("appointment-status", "query", HOSPITAL, number=one.order).total == 0


def test_a_status_that_comes_late_or_from_another_hospital_moves_no_order(office, booking):
    one = booking.book("r1")
    status(office, one.order, "已预约", hour=12)
    assert "不改变当前状态" in status(office, one.order, "已取消", hour=11).text
    assert (
        office.ask("appointment-status", "status", "H9", number=one.order, statusName="已取消", at=f"{DIGITS}13").text
        == "状态已登记"
    )
    assert booking.states()[one.order] == ("booked", "")
