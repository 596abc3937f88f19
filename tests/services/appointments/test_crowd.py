"""Many at once: two engines on one store sell every seat once, and the limits of a person hold."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest

from engine.errors import SenderError, TryAgain
from engine.services.appointments.model import BookWish
from engine.services.appointments.rules import BookingRules
from tests.support.booking import HOSPITAL, PORTAL, Clock, Office
from tests.support.house_hospital import MemoryHospital, Seats

SEATS, ASKED = 10, 40
ROUNDS = 12


def crowd(offices, act):
    """Let each office do its share at the same moment; gives the codes of refusals and the orders."""
    begin = threading.Barrier(8)
    shares = [range(place, ASKED, 8) for place in range(8)]

    def share(numbers, office):
        found = []
        begin.wait(20)
        for number in numbers:
            try:
                found.append(act(office, number).state)
            except SenderError as refused:
                found.append(refused.first.code)
        return found

    with ThreadPoolExecutor(8) as pool:
        runs = [pool.submit(share, numbers, offices[place % len(offices)]) for place, numbers in enumerate(shares)]
        return [each for run in runs for each in run.result(60)]


def two(database, other, hospital, **more):
    clock = Clock()
    offices = [Office(each, hospital, clock=clock, **more) for each in (database, other)]
    offices[0].pull()
    return offices


def test_two_engines_never_oversell_one_slot(database, other):
    hospital = MemoryHospital(slots={"S1": Seats(SEATS)})
    offices = two(database, other, hospital)
    found = crowd(offices, lambda office, number: office.book(f"r{number}", place=number))
    assert sorted(set(found)) == ["SND-704", "booked"]
    assert found.count("booked") == SEATS
    assert hospital.taken("S1") == SEATS
    assert hospital.asked.count("2007") == SEATS, "the hospital is not asked for what the pool has not"
    assert offices[0].seats() == (0, 0, SEATS, 0)
    offices[0].agree()


def test_the_same_request_at_the_same_moment_is_one_order(database, other):
    hospital = MemoryHospital(slots={"S1": Seats(SEATS)})
    offices = two(database, other, hospital)
    found = crowd(offices, lambda office, number: office.book(f"r{number % 5}", place=number % 5))
    assert set(found) <= {"booked", "booking"}
    assert len(hospital.orders) == 5
    assert offices[0].seats() == (SEATS - 5, 0, 5, 0)


def test_one_person_does_not_pass_the_limit_by_asking_twice_at_once(database, other):
    hospital = MemoryHospital(slots={"S1": Seats(SEATS), "S2": Seats(SEATS)})
    offices = two(database, other, hospital, rules=BookingRules(per_person_day=1))
    found = crowd(offices, lambda office, number: office.book(f"r{number}", f"S{number % 2 + 1}", 7))
    assert found.count("booked") == 1
    assert set(found) == {"booked", "SND-710"}


def test_bookings_and_cancellations_at_once_leave_every_seat_where_it_belongs(database, other):
    hospital = MemoryHospital(slots={"S1": Seats(SEATS)})
    offices = two(database, other, hospital)

    def act(office, number):
        one = office.book(f"r{number}", place=number)
        return office.service.cancel("PORTAL-A", one.order, "") if number % 2 else one

    crowd(offices, act)
    taken = hospital.taken("S1")
    assert taken <= SEATS
    assert offices[0].seats() == (SEATS - taken, 0, taken, 0)
    offices[0].agree()


@pytest.mark.parametrize("deed", ["confirm", "pay"])
def test_a_hold_that_ends_at_the_instant_of_its_confirmation_has_one_outcome(database, other, deed):
    """BI-246: whichever is first, the platform, the hospital and what the portal was told agree."""
    hospital = MemoryHospital(slots={"S1": Seats(ROUNDS)})
    portal, clock = two(database, other, hospital)[0], Clock()
    worker = Office(other, hospital, clock=clock)
    for number in range(ROUNDS):
        one = portal.lock(f"r{number}", place=number) if deed == "confirm" else portal.book(f"r{number}", place=number)
        ends = portal.due()[one.order]
        # The portal's node looked at its clock just before the end, the worker's just after.
        portal.clock.at, clock.at = ends - timedelta(seconds=1), ends
        said = at_once(
            lambda number=number, order=one.order: confirmed(portal, deed, number, order),
            lambda order=one.order: worker.tend(order),
        )
        worker.tend_all()
        theirs, (ours, pending) = hospital.orders.get(one.order, {}).get("STATUS"), worker.states()[one.order]
        assert pending == ""
        if ours == "cancelled":
            assert said in ({"SND-717"} if deed == "confirm" else {"SND-714", "SND-723"})
            assert theirs in {None, "4"}
        else:
            assert (said, ours, theirs) == (("booked", "booked", "2") if deed == "confirm" else ("paid", "paid", "6"))
    sold = sum(state != "cancelled" for state, _ in worker.states().values())
    assert hospital.taken("S1") == sold
    assert hospital.locks == {}
    assert worker.seats() == (ROUNDS - sold, 0, sold, 0)
    worker.agree()


def confirmed(office, deed, number, order):
    """Confirm or pay; gives the state, or the code of the refusal."""
    try:
        if deed == "pay":
            return office.pay(order, f"s{number}").state
        return office.service.book(PORTAL, f"r{number}", BookWish(hospital=HOSPITAL, order=order)).state
    except SenderError as refused:
        return refused.first.code


def at_once(one, another):
    """Do both at the same moment, each on a thread; gives what the first one said."""
    begin = threading.Barrier(2)

    def run(act):
        begin.wait(20)
        return act()

    with ThreadPoolExecutor(2) as pool:
        said, also = pool.submit(run, one), pool.submit(run, another)
        with suppress(TryAgain):
            also.result(60)
        return said.result(60)
