"""AppointmentService hands a portal's wishes to the service and its answers back, and no hospital holds up another."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import requests
import zeep
from zeep.wsse.username import UsernameToken

from engine.errors import TryAgain
from engine.inbound.appointment import APPOINTMENT
from engine.services.appointments.model import (
    BookWish,
    Department,
    Doctor,
    Guardian,
    Hospital,
    Listing,
    LockWish,
    Notice,
    OrderQuery,
    Page,
    Patient,
    Payment,
    Schedule,
    Slot,
)
from tests.support.front import PASSWORD
from tests.support.portal import AT, PATIENT, Portal, an_order, refusal

PERSON = Patient(
    name="测试患者", sex="2", birthday="1990-01-01", id_type="1", id_number="110101199001010023", mobile="13800000000",
    health_card="CARD-1", guardian=Guardian(name="测试监护人", id_type="1", id_number="110101196001010011"),
)  # fmt: skip
FAULT = ".//{urn:changbai:fault:1}"


@pytest.fixture
def portal():
    made = Portal()
    yield made
    made.close()


def service(portal, query="wsdl"):
    return zeep.Client(f"{portal.address}?{query}", wsse=UsernameToken("H001", PASSWORD)).service


def fault(call, *arguments, **named):
    with pytest.raises(zeep.exceptions.Fault) as caught:
        call(*arguments, **named)
    return caught.value.detail.findtext(f"{FAULT}code"), caught.value.detail.findtext(f"{FAULT}path")


def test_every_operation_is_answered(portal):
    assert set(portal.door.handlers) == set(APPOINTMENT.operations)


@pytest.mark.parametrize("query", ["wsdl", "wsdl12"])
def test_a_booking_carries_every_word_to_the_service_and_the_order_back(portal, query):
    answer = service(portal, query).Book(
        requestId="W-1", hospital="HOSP-1", slot="S-1", patient=PATIENT, account="A-1", bookedFor="2"
    )
    ((name, arguments, named, thread),) = portal.hand.asked
    wish = BookWish(hospital="HOSP-1", slot="S-1", patient=PERSON, account="A-1", channel="3", booked_for="2")
    assert (name, arguments) == ("book", ("H001", "W-1", wish))
    assert len(named["trace"]) == 16
    assert thread.startswith("hospital-call")
    assert (answer.code, answer.order.order, answer.order.state, answer.order.payable) == ("0", "20261120-abc", "booked", "1500")
    assert (answer.order.payBy, answer.order.lockedUntil, answer.order.refund) == ("2026-11-20T09:30:00+08:00", None, None)


def test_a_lock_is_booked_by_its_order_alone_at_its_own_hospital(portal):
    own = service(portal)
    assert own.Lock(requestId="W-1", hospital="HOSP-1", slot="S-1", patient=PATIENT, channel="1").code == "0"
    assert own.Book(requestId="W-1", order="20261120-abc").code == "0"
    names = [(name, arguments) for name, arguments, *_ in portal.hand.asked]
    assert names == [
        ("lock", ("H001", "W-1", LockWish(hospital="HOSP-1", slot="S-1", patient=PERSON, channel="1"))),
        ("order", ("H001",)),
        ("book", ("H001", "W-1", BookWish(order="20261120-abc"))),
    ]


def test_the_moves_of_an_order_reach_the_service(portal):
    own = service(portal)
    own.Unlock(order="O-1")
    own.NotifyPayment(
        order="O-1", payment={"serial": "T-1", "paidAt": "2026-11-20T10:00:00+08:00", "channel": "2", "paid": "1500"}
    )
    own.Cancel(order="O-1", reason="不去了")
    own.FetchNumber(order="O-1")
    moved = [(name, arguments) for name, arguments, *_ in portal.hand.asked if name != "order"]
    paid_at = datetime(2026, 11, 20, 2, tzinfo=UTC)
    assert moved == [
        ("unlock", ("H001", "O-1")),
        ("pay", ("H001", "O-1", Payment(serial="T-1", paid_at=paid_at, channel="2", total=1500, payable=1500, paid=1500))),
        ("cancel", ("H001", "O-1", "不去了")),
        ("fetch", ("H001", "O-1")),
    ]


def test_lists_carry_every_value_and_the_token_of_the_next_page(portal):
    page = Page(size=2, token="next")
    portal.hand.answers |= {
        "hospitals": Listing(
            items=(Hospital(
                hospital="HOSP-1", name="某医院", short_name="", level="3", address="某路", telephone="", horizon_days=7,
                opens_at="07:00", closes_at="", reachable=False, as_of=None,
            ),),
            token="more",
        ),
        "departments": Listing(items=(Department(
            department="D1", name="内科", parent="", level="", description="", expertise="", address="",
        ),)),
        "doctors": Listing(items=(Doctor(
            doctor="DR1", department="D1", name="测试医生", title="主任医师", speciality="", description="", registration_fee=500,
        ),)),
        "schedules": Listing(items=(Schedule(
            schedule="R-1", department="D1", doctor="DR1", doctor_name="测试医生", title="", date="2026-11-21", half="1",
            clinic_level="2", status="open", total=20, free=-1, unlimited=False, registration_fee=0, treatment_fee=1000, timed=True,
            as_of=AT,
        ),)),
        "slots": (Slot(
            slot="S-1", schedule="R-1", department="D1", doctor="DR1", date="2026-11-21", half="1", begin="08:00", end="08:30",
            status="open", total=5, free=3, unlimited=True, registration_fee=0, treatment_fee=1000, as_of=AT,
        ),),
        "orders": Listing(items=(an_order(), an_order(order="20261120-abd"))),
        "notices": Listing(items=(Notice(number=41, kind="clinic-stopped", hospital="HOSP-1", order="O", at=AT, text="停诊"),)),
    }  # fmt: skip
    own = service(portal)
    given = own.ListHospitals(page={"size": 2, "token": "next"})
    assert (given.code, given.page.size, given.page.token) == ("0", 1, "more")
    assert (given.hospitals.hospital[0].reachable, given.hospitals.hospital[0].horizonDays) == (False, 7)
    assert own.ListDepartments(hospital="HOSP-1").departments.department[0].name == "内科"
    assert own.ListDoctors(hospital="HOSP-1", department="D1").doctors.doctor[0].registrationFee == "500"
    (half,) = own.ListSchedules(hospital="HOSP-1", **{"from": "2026-11-20", "to": "2026-11-27"}).schedules.schedule
    assert (half.free, half.registrationFee, half.timed, half.asOf) == (0, "0", True, "2026-11-20T09:30:00+08:00")
    (slot,) = own.ListSlots(hospital="HOSP-1", schedule="R-1").slots.slot
    assert (slot.slot, slot.begin, slot.unlimited, slot.free) == ("S-1", "08:00", True, 3)
    orders = own.ListOrders(account="A-1", states={"state": ["paid", "booked"]}, page={"size": 200})
    assert [each.order for each in orders.orders.order] == ["20261120-abc", "20261120-abd"]
    (notice,) = own.ListNotices(after="40").notices.notice
    assert (notice.notice, notice.kind, notice.text) == ("41", "clinic-stopped", "停诊")
    asked = {name: arguments for name, arguments, *_ in portal.hand.asked}
    assert asked["hospitals"] == (page,)
    assert asked["schedules"] == ("HOSP-1", "", "", "2026-11-20", "2026-11-27", Page())
    assert asked["orders"] == ("H001", OrderQuery(account="A-1", states=("booked", "paid"), page=Page(size=200)))
    assert asked["notices"] == ("H001", 40, Page())
    assert {thread.partition("_")[0] for *_, thread in portal.hand.asked} == {"appointments"}


def test_a_patient_is_checked_at_the_hospital(portal):
    answer = service(portal).CheckPatient(hospital="HOSP-1", patient=PATIENT)
    assert (answer.code, answer.hospitalPatientId, answer.healthCard) == ("0", "P-9", "CARD-1")
    assert portal.hand.asked[0][1] == ("HOSP-1", PERSON)


def test_a_business_refusal_is_a_result_and_an_unknown_outcome_says_so(portal):
    portal.hand.answers["book"] = refusal("SND-704", "号源已约满。", "请改选其他时段。")
    answer = service(portal).Book(requestId="W-1", hospital="HOSP-1", slot="S-1", patient=PATIENT)
    assert (answer.code, answer.message, answer.hint, answer.order) == ("SND-704", "号源已约满。", "请改选其他时段。", None)
    portal.hand.answers["book"] = an_order(state="booking", message="医院尚未答复，请稍后查询。")
    answer = service(portal).Book(requestId="W-1", hospital="HOSP-1", slot="S-1", patient=PATIENT)
    assert (answer.code, answer.message, answer.order.state) == ("0", "医院尚未答复，请稍后查询。", "booking")


def test_an_order_of_another_portal_is_unknown_before_any_hospital_is_asked(portal):
    portal.hand.answers["order"] = refusal("SND-713")
    assert service(portal).Cancel(order="O-9").code == "SND-713"
    assert [name for name, *_ in portal.hand.asked] == ["order"]


def test_what_is_missing_or_ill_formed_is_a_fault_that_names_its_place(portal):
    own, body = service(portal), "/Envelope/Body"
    assert fault(own.Book, requestId="W-1", hospital="HOSP-1") == ("SND-310", f"{body}/Book/order")
    nobody = {**PATIENT, "name": " "}
    assert fault(own.CheckPatient, hospital="H", patient=nobody) == ("SND-310", f"{body}/CheckPatient/patient/name")
    wrong = {**PATIENT, "birthday": "1990-13-01"}
    assert fault(own.CheckPatient, hospital="H", patient=wrong) == ("SND-311", f"{body}/CheckPatient/patient/birthday")
    payment = {"serial": "1", "channel": "2", "paid": "15.00"}
    assert fault(own.NotifyPayment, order="O", payment=payment) == ("SND-311", f"{body}/NotifyPayment/payment/paid")
    assert fault(own.NotifyPayment, order="O", payment=payment | {"paid": None})[0] == "SND-310"
    assert fault(own.NotifyPayment, order="O", payment=payment | {"paid": "1", "channel": "9"})[0] == "SND-311"
    assert fault(own.NotifyPayment, order="O", payment=payment | {"paid": "1", "paidAt": "today"})[0] == "SND-311"
    assert fault(own.ListNotices, after="-1")[0] == "SND-311"
    assert fault(own.ListSlots, hospital="H", schedule="x" * 65) == ("SND-311", f"{body}/ListSlots/schedule")
    assert portal.hand.asked == []


def test_a_page_or_a_question_that_cannot_be_is_a_verdict(portal):
    own = service(portal)
    for answer in (
        own.ListHospitals(page={"size": 201}),
        own.ListHospitals(page={"size": 0}),
        own.ListOrders(states={"state": ["lost"]}),
        own.ListOrders(**{"from": "2026-11-21", "to": "2026-11-20"}),
        own.ListSchedules(hospital="H", **{"from": "2026-11-21", "to": "2026-11-20"}),
    ):
        assert (answer.code, bool(answer.message), bool(answer.hint)) == ("SND-721", True, True)
    assert portal.hand.asked == []


def test_a_store_that_is_away_is_503_with_the_time_to_wait(portal):
    portal.hand.answers["hospitals"] = TryAgain("the store is down", retry_after=7)
    body = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><ListHospitals/></s:Body></s:Envelope>'
    reply = requests.post(portal.address, body, auth=("H001", PASSWORD), headers={"Content-Type": "text/xml"}, timeout=10)
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "7")


class Slow:
    """A hospital that does not answer until it is let go."""

    def __init__(self):
        self.inside, self.go = threading.Semaphore(0), threading.Event()

    def __call__(self, portal, request, wish, *, trace):
        if wish.hospital != "QUICK":
            self.inside.release()
            assert self.go.wait(20)
        return an_order(hospital=wish.hospital)


def book(portal, hospital):
    return service(portal).Book(requestId="W-1", hospital=hospital, slot="S-1", patient=PATIENT)


def test_a_hospital_that_does_not_answer_holds_up_no_other_and_its_own_queue_is_told():
    portal, slow = Portal(each=2, together=3, patience=0.5), Slow()
    portal.hand.answers["book"] = slow
    try:
        with ThreadPoolExecutor(4) as pool:
            held = [pool.submit(book, portal, "SLOW") for _ in range(2)]
            assert all(slow.inside.acquire(timeout=10) for _ in range(2))
            began = time.monotonic()
            assert book(portal, "QUICK").code == "0"
            assert service(portal).ListHospitals().code == "0"
            crowded = book(portal, "SLOW")
            assert (crowded.code, "过多" in crowded.message) == ("SND-719", True)
            other = pool.submit(book, portal, "SLOWER")
            assert slow.inside.acquire(timeout=10)
            assert book(portal, "QUICK").code == "SND-719", "all shared turns are taken"
            assert service(portal).ListHospitals().code == "0", "reads have threads of their own"
            assert time.monotonic() - began < 8
            slow.go.set()
            assert [each.result().code for each in (*held, other)] == ["0"] * 3
        assert book(portal, "SLOW").code == "0"
        assert portal.calls._turns == {}
    finally:
        slow.go.set()
        portal.close()
