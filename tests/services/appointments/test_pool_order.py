"""In whatever order pulls, pushes and orders arrive, the pool never shows more than the hospital has left."""

import itertools

import pytest

from engine.services.appointments import pool
from engine.services.appointments.model import Terms
from tests.support.booking import HOSPITAL, PORTAL, Office
from tests.support.house_hospital import DAY, MemoryHospital, Seats, lost

TOTAL = 5


@pytest.fixture
def office(database):
    made = Office(database, MemoryHospital(slots={"S1": Seats(TOTAL)}))
    made.pull()
    return made


class Held:
    """A pull of one slot in two halves: what was read and answered, and what is then written."""

    def __init__(self, office, name="S1"):
        self.office, self.name = office, name
        with office.database.read() as connection:
            self.seen = pool.versions(connection, HOSPITAL, "D1", DAY, DAY)
        self.asked = office.clock()
        self.remaining = None

    def answer(self):
        self.remaining = TOTAL - self.office.hospital.taken(self.name)

    def write(self):
        word = pool.Word(
            slot=self.name, reg_id=self.name, schedule=self.name, department="D1", doctor="Y1", date=DAY, half="1", begins="",
            ends="", level="1", status="open", registration_fee=500, treatment_fee=1500, total=TOTAL, remaining=self.remaining,
            unlimited=False,
        )  # fmt: skip
        with self.office.database.write() as connection:
            return pool.pull(connection, HOSPITAL, [word], self.seen, self.asked)


STEPS = ("ask", "answer", "write", "book", "cancel", "push")
ORDERS = [one for one in itertools.permutations(STEPS) if one.index("ask") < one.index("answer") < one.index("write")]


def test_every_order_of_pull_push_and_orders_ends_where_the_hospital_is(database):
    names = {f"S{place:03}": order for place, order in enumerate(ORDERS)}
    office = Office(database, MemoryHospital(slots={name: Seats(TOTAL) for name in names}))
    office.pull()
    for name, order in names.items():
        walk(office, name, order)
        assert office.seats(name) == (TOTAL - 1, 0, 1, 0), order
    office.agree()


def walk(office, name, order):
    """Do the steps in this order; at none of them may more be free than the hospital has left."""
    first, second = office.book(f"1{name}", name, 1), office.book(f"2{name}", name, 2)
    held = None
    for step in order:
        if step == "ask":
            held = Held(office, name)
        elif step == "answer":
            held.answer()
        elif step == "write":
            held.write()
        elif step == "book":
            office.book(f"3{name}", name, 3)
        elif step == "cancel":
            office.service.cancel(PORTAL, first.order, "")
        else:
            office.hospital.orders[second.order]["STATUS"] = "4"
            office.service.answer(HOSPITAL, "5002", {"ORDER_ID": second.order, "CANCEL_DATE": DAY})
        assert office.seats(name)[0] <= TOTAL - office.hospital.taken(name), (order, step)


def test_what_the_hospital_may_not_have_counted_is_taken_off(office):
    def lose(function):
        if function == "2007":
            raise lost(unknown=True)

    office.hospital.after = lose
    one = office.book()
    assert office.seats() == (4, 1, 0, 1)
    office.pull()
    assert office.seats() == (3, 1, 0, 1), "remaining 4, one of them perhaps ours"
    office.pull()
    assert office.seats() == (3, 1, 0, 1), "asked again, it is not taken off again"
    office.hospital.after = lambda _function: None
    office.tend(one.order)
    assert office.seats() == (4, 0, 1, 0), "the answer gives back what the pull had taken off twice"
    office.pull()
    assert office.seats() == (4, 0, 1, 0)


def test_what_the_hospital_had_not_counted_is_not_given_back(office):
    def lose(function):
        if function == "2007":
            raise lost(unknown=True)

    office.hospital.before = lose
    one = office.book()
    office.pull()
    assert office.seats() == (4, 1, 0, 1), "remaining 5, one of them surely ours"
    office.hospital.before = lambda _function: None
    office.tend(one.order)
    assert office.seats() == (4, 0, 1, 0)


def test_a_cancellation_that_a_pull_came_between_gives_back_one_seat(office):
    one = office.book()

    def lose(function):
        if function == "2009":
            raise lost(unknown=True)

    for place in ("before", "after"):
        setattr(office.hospital, place, lose)
        office.service.cancel(PORTAL, one.order, "")
        office.pull()
        setattr(office.hospital, place, lambda _function: None)
        office.tend(one.order)
        assert office.seats() == (5, 0, 0, 0)
        one = office.book("again" + place)
        assert office.seats() == (4, 0, 1, 0)


def test_seats_sold_by_others_are_seen_and_never_raise_what_is_free(office):
    office.hospital.slots["S1"].others = 3
    office.book()
    office.pull()
    assert office.seats() == (1, 0, 1, 0)
    office.hospital.slots["S1"].others = 0
    office.pull()
    assert office.seats() == (4, 0, 1, 0)


def test_a_pull_that_another_pull_overtook_is_dropped(office):
    old = Held(office)
    old.answer()
    office.hospital.slots["S1"].others = 2
    office.pull()
    assert old.write() == 1
    assert office.seats()[0] == TOTAL - 2


def test_99_is_unlimited_only_where_the_adapter_says_so(database):
    office = Office(database, MemoryHospital(slots={"S1": Seats(99)}))
    office.pull()
    assert office.seats()[0] == 99
    office.terms = Terms(functions=office.terms.functions, unlimited_is_99=True)
    office.pull()
    assert office.seats()[0] == 0
    for place in range(3):
        assert office.book(f"r{place}", place=place).state == "booked"
    assert office.service.slots(HOSPITAL, "S1")[0].unlimited
    assert office.seats() == (0, 0, 3, 0)


def test_a_schedule_that_is_no_longer_there_is_not_sold(office):
    one = office.book()
    office.hospital.slots["S2"] = Seats(1)
    gone = office.hospital.slots.pop("S1")
    office.hospital.taken = lambda _name: 0
    office.pull()
    with pytest.raises(Exception, match="SND-703"):
        office.book("r2", place=2)
    assert office.states()[one.order] == ("booked", "")
    office.hospital.slots["S1"] = gone
    office.pull()
    assert {row.slot: row.status for row in office.slot_rows()} == {"S1": "open", "S2": "open"}


def test_the_times_of_a_half_day_are_asked_for_again_when_a_slot_moved_meanwhile(database):
    hospital = MemoryHospital(slots={"S1": Seats(TOTAL, begins="08:00", ends="08:30")})
    office = Office(database, hospital, full_every=60.0)
    office.pull()
    office.clock.turn(seconds=61)
    hospital.slots["S1"].others = 2
    hospital.after = lambda function: office.book("meanwhile", "S1@08:00") if function == "2004" else None
    office.pull()
    hospital.after = lambda _function: None
    assert office.seats("S1@08:00")[0] == TOTAL - 1, "what was asked before the order says nothing of the slot"
    office.pull()
    assert office.seats("S1@08:00") == (TOTAL - 3, 0, 1, 0)
    office.pull()
    assert hospital.asked.count("2004") == 3, "and then no more"
