"""The simulated hospital keeps its own book: it decides who has a seat, and never gives one away twice."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from threading import Thread

import pytest

from engine.message import SHANGHAI
from engine.simulator.answers import ANSWERS
from engine.simulator.book import Book
from engine.simulator.bookfile import keep_book, open_book
from engine.simulator.clinic import Plan, lay_out
from engine.simulator.orders import Refusal
from engine.simulator.site import Site

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def site(clock):
    return Site("H1", "测试医院", Book(lay_out(Plan(departments=2, days=3, seats=2), NOW.date()), clock))


def ask(site, function, **values):
    return ANSWERS[function](site, values)


def order(site, number, place=None, patient=None):
    place = place or site.book.clinics.places[0].id
    patient = patient or ask(site, "1002", HEALTH_CARD_ID=f"card-{number}")["HOSP_PATIENT_ID"]
    return ask(site, "2007", ORDER_ID=number, REG_ID=place, HOSP_PATIENT_ID=patient, REG_FEE="200", TREAT_FEE="2800")


def refused(code, act, *args, **values):
    with pytest.raises(Refusal) as refusal:
        act(*args, **values)
    assert refusal.value.code == code


def state(site, number):
    return ask(site, "2012", ORDER_ID=number)["ORDER_LIST"][0]["ORDER_STATUS"]


def test_what_is_listed_can_be_booked_down_to_the_last_seat(site):
    department = ask(site, "2001", DEPT_ID="-1")["DEPT_LIST"][0]["DEPT_ID"]
    doctor = ask(site, "2002", DEPT_ID=department, DOCTOR_ID="-1")["DOCTOR_LIST"][0]
    week = {"DEPT_ID": department, "DOCTOR_ID": doctor["DOCTOR_ID"], "START_DATE": "2026-03-02", "END_DATE": "2026-03-03"}
    days = ask(site, "2003", **week)["REG_DOCTOR_LIST"][0]["REG_LIST"]
    assert [day["REG_DATE"] for day in days] == ["2026-03-02", "2026-03-03"]
    assert (days[0]["REG_WEEKDAY"], days[0]["REG_TIME_LIST"][0]["TOTAL"], days[0]["REG_TIME_LIST"][0]["ISTIME"]) == (
        "星期一",
        "6",
        "1",
    )
    half = {"DEPT_ID": department, "DOCTOR_ID": doctor["DOCTOR_ID"], "REG_DATE": "2026-03-02", "TIME_FLAG": "1"}
    first = ask(site, "2004", **half)["TIME_REG_LIST"][0]
    assert (first["BEGIN_TIME"], first["END_TIME"], first["OVER_COUNT"]) == ("08:00", "08:30", "2")
    order(site, "A1", first["REG_ID"])
    order(site, "A2", first["REG_ID"])
    assert ask(site, "2004", **half)["TIME_REG_LIST"][0]["OVER_COUNT"] == "0"
    refused("200709", order, site, "A3", first["REG_ID"])


def test_an_order_number_is_taken_once(site):
    order(site, "A1")
    refused("200708", order, site, "A1")
    assert site.book.left(site.book.clinics.places[0].id) == 1


def test_pay_then_fetch_and_no_way_back_but_the_window(site):
    order(site, "A1")
    refused("200804", ask, site, "2008", ORDER_ID="A1", SERIAL_NUM="S1", PAY_FEE="1")
    assert ask(site, "2008", ORDER_ID="A1", SERIAL_NUM="S1", PAY_FEE="3000")["HOSP_PAY_ID"] == "PAYH00000001"
    refused("200802", ask, site, "2008", ORDER_ID="A1", SERIAL_NUM="S1", PAY_FEE="3000")
    refused("200902", ask, site, "2009", ORDER_ID="A1", CANCEL_DATE="2026-03-02")
    assert ask(site, "2011", ORDER_ID="A1") == ask(site, "2011", ORDER_ID="A1")
    refused("200807", ask, site, "2010", ORDER_ID="A1", REFUND_ID="R1", REFUND_FEE="3000")
    assert (state(site, "A1"), site.book.refund_here("A1").state) == ("3", "5")


def test_a_cancelled_or_refunded_order_gives_its_seat_back_and_a_repeat_gives_the_same_answer(site):
    place = site.book.clinics.places[0].id
    order(site, "A1")
    order(site, "A2")
    ask(site, "2008", ORDER_ID="A2", SERIAL_NUM="S", PAY_FEE="3000")
    for _ in range(2):
        ask(site, "2009", ORDER_ID="A1", CANCEL_DATE="2026-03-02")
        assert ask(site, "2010", ORDER_ID="A2", REFUND_ID="R1", REFUND_FEE="3000")["REFUND_FLAG"] == "1"
    refused("200806", ask, site, "2010", ORDER_ID="A2", REFUND_ID="R2", REFUND_FEE="3000")
    assert (state(site, "A1"), state(site, "A2"), site.book.left(place)) == ("4", "5", 2)


def test_a_lock_keeps_a_seat_for_ten_minutes_and_becomes_the_order(site, clock):
    place = site.book.clinics.places[0].id
    ask(site, "2005", LOCK_ID="L1", REG_ID=place)
    ask(site, "2005", LOCK_ID="L2", REG_ID=place)
    refused("200504", ask, site, "2005", LOCK_ID="L1", REG_ID=place)
    refused("200505", ask, site, "2005", LOCK_ID="L3", REG_ID=place)
    order(site, "L1", place)
    assert site.book.left(place) == 0
    clock.at += timedelta(minutes=10)
    assert site.book.left(place) == 1
    refused("200601", ask, site, "2006", LOCK_ID="L2")


def test_a_stopped_clinic_shows_as_stopped_and_sells_nothing_more(site):
    place = site.book.clinics.places[0]
    order(site, "A1", place.id)
    site.book.stop(p for p in site.book.clinics.places if p.clinic == place.clinic)
    half = {"DEPT_ID": "0301", "DOCTOR_ID": place.doctor.id, "START_DATE": "2026-03-02", "END_DATE": "2026-03-02"}
    shown = ask(site, "2003", **half)["REG_DOCTOR_LIST"][0]["REG_LIST"][0]["REG_TIME_LIST"][0]
    assert (shown["REG_STATUS"], shown["OVER_COUNT"]) == ("0", "0")
    refused("200705", order, site, "A2", place.id)
    assert state(site, "A1") == "2"


def test_orders_are_listed_page_by_page_by_the_day_of_the_visit(site):
    places = [p for p in site.book.clinics.places if p.day == NOW.date()][:5]
    for number, place in enumerate(places):
        site.book.order(f"A{number}", place.id, "P", "c", place.doctor.fee + place.doctor.treat_fee)
    later = next(p for p in site.book.clinics.places if p.day != NOW.date())
    site.book.order("B", later.id, "P", "c", later.doctor.fee + later.doctor.treat_fee)
    day = {"BEGIN_DATE": "2026-03-02", "END_DATE": "2026-03-02", "HOSP_PATIENT_ID": "", "PAGE_SIZE": "2"}
    pages = [ask(site, "2012", **day, PAGE_CURRENT=str(page)) for page in (1, 2, 3)]
    assert [line["ORDER_ID"] for page in pages for line in page["ORDER_LIST"]] == ["A0", "A1", "A2", "A3", "A4"]
    assert {page["COUNT"] for page in pages} == {"5"}
    refused("201201", ask, site, "2012", ORDER_ID="unknown")


def test_many_at_once_never_get_more_seats_than_there_are(site):
    place = site.book.clinics.places[0]
    won, said = [], set()

    def rush(first):
        for number in range(first, first + 50):
            try:
                won.append(site.book.order(f"R{number}", place.id, "P", "c", 3000).id)
            except Refusal as refusal:
                said.add(refusal.code)

    threads = [Thread(target=rush, args=(50 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), said) == (place.total, {"200709"})


@pytest.mark.parametrize("seed", range(5))
def test_after_any_walk_the_seats_taken_are_the_orders_and_locks_that_hold_one(site, clock, seed):
    chance, book = random.Random(seed), site.book
    acts = [
        lambda n, p: book.order(n, p, "P", "c", 3000), book.lock, lambda n, _: book.unlock(n),
        lambda n, _: book.pay(n, "S", 3000), lambda n, _: book.cancel(n, ""), lambda n, _: book.refund(n, f"R{n}", 3000),
        lambda n, _: book.fetch(n), lambda n, _: book.refund_here(n), lambda n, _: book.pay_here(n),
    ]  # fmt: skip
    for _ in range(2000):
        clock.at += timedelta(seconds=chance.randrange(60))
        try:
            chance.choice(acts)(f"N{chance.randrange(40)}", book.clinics.places[chance.randrange(4)].id)
        except Refusal:
            continue
    told = book.dump()
    held = [order["place"] for order in told["orders"] if order["state"] in "236"]
    locks = [book.locks[number].place for number in told["locks"]]
    assert all(place["taken"] == (held + locks).count(place["id"]) <= place["total"] for place in told["places"])


def test_a_book_kept_in_a_file_is_the_same_book_the_next_time(tmp_path):
    path, plan = tmp_path / "book.json", Plan(departments=1, days=2)
    book = open_book(plan, path)
    one, two = book.clinics.places[0].id, book.clinics.places[-1].id
    book.order("A1", one, book.patient("card"), "card", 3000)
    book.pay("A1", "S1", 3000)
    book.lock("L1", two)
    book.stop(place for place in book.clinics.places if place.id == two)
    keep_book(book, path)
    again = open_book(plan, path)
    assert again.dump() == book.dump()
    assert (again.knows("P0000001"), again.is_stopped(two), again.trades) == (True, True, book.trades)
