"""The clock plans each pull once, spread over the hospital's jitter, and the comparisons of the books once a day."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.services.appointments import planning
from engine.store.errands import Errands, errand
from tests.support.booking import HOSPITAL, Office
from tests.support.house_hospital import MemoryHospital, Seats


@pytest.fixture
def office(database):
    return Office(database, MemoryHospital(slots={"S1": Seats(2)}), slots_every=600.0, full_every=86400.0, jitter=60.0)


def waiting(office):
    with office.database.read() as connection:
        return {(row.kind, row.subject): row.due for row in connection.execute(select(errand))}


def plan(office):
    return planning.plan_pulls(office.database, {HOSPITAL: office.terms}, office.clock(), lambda: 0.5)


def test_a_hospital_that_was_never_pulled_is_pulled_whole_and_only_once(office):
    assert (plan(office), plan(office)) == (1, 0)
    due = waiting(office)["sync-full", HOSPITAL]
    assert timedelta(seconds=29) < due - office.clock() < timedelta(seconds=31)


def test_slots_are_pulled_when_their_time_is_over(office):
    office.pull()
    with office.database.write() as connection:
        connection.execute(errand.delete())
    assert plan(office) == 0
    office.clock.turn(seconds=601)
    assert plan(office) == 1
    assert list(waiting(office)) == [("sync-slots", f"{HOSPITAL} D1")]
    office.clock.turn(days=1)
    assert plan(office) == 1, "and the whole hospital once a day"


def test_the_books_are_compared_once_a_day(office):
    office.pull()
    office.book()

    def comparisons():
        return planning.plan_reconciliation(office.database, {HOSPITAL: office.terms}, office.clock())

    assert comparisons() == 2, "yesterday, and the day that has an order"
    assert comparisons() == 0
    store = Errands(office.database)
    office.clock.turn(minutes=1)
    for one in store.claim(now=office.clock(), lease=60, room=9, limit=lambda _: 9, kinds=["reconcile"]):
        store.done(one, office.clock())
    assert comparisons() == 0
    office.clock.turn(hours=21)
    assert comparisons() == 2
