"""Read the page of appointments from a store in which orders were really made, and ask for errands there."""

from datetime import timedelta

import pytest

from engine.errors import SenderError
from engine.hospital import HospitalCall
from engine.monitor.bookingarchive import BookingArchive
from engine.services.audit import Audit
from engine.services.hospitalhealth import HospitalHealth
from engine.store.database import Database
from engine.store.errands import Errands
from engine.store.migrations import migrate
from tests.support.booking import HOSPITAL, Office
from tests.support.house_hospital import DAY, MemoryHospital, Seats, lost
from tests.support.seals import SEAL


@pytest.fixture
def database(tmp_path):
    opened = Database(f"sqlite:///{tmp_path / 'page.db'}")
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def office(database):
    made = Office(database, MemoryHospital(slots={"S1": Seats(4), "S2": Seats(1)}))
    made.pull()
    return made


@pytest.fixture
def archive(database):
    return BookingArchive(database, SEAL, lambda: {HOSPITAL: "测试医院"})


def _silent(_function):
    raise lost(unknown=True)


def test_pool_orders_and_the_unsure_ones_are_as_the_store_has_them(office, archive):
    first = office.book("r1")
    office.pay(first.order)
    office.book("r2", place=1)
    office.hospital.after = _silent
    unsure = office.book("r3", place=2)
    page = archive.read(office.clock())
    (card,) = page.hospitals
    assert (card.name, card.places, card.free, card.held, card.sold, card.unsure) == ("测试医院", 2, 2, 1, 2, 1)
    assert card.orders == {"paid": 1, "booked": 1, "booking": 1}
    assert [(one.order, one.pending) for one in page.unsure] == [(unsure.order, "")]
    assert [(day.day.isoformat(), day.free, day.held, day.sold) for day in card.days] == [(DAY, 2, 1, 2)]
    assert "order" in {line.kind for line in page.work}


def test_an_order_is_told_event_by_event_with_its_patient_masked(office, archive):
    one = office.book("r1")
    office.pay(one.order)
    sheet = archive.order(one.order)
    assert (sheet.state, sheet.patient, sheet.hospital, sheet.payable) == ("paid", "测****", "测试医院", 2000)
    assert [move.state for move in sheet.moves][-1] == "paid"
    assert len(sheet.moves) >= 3
    assert archive.order("unknown") is None


def test_a_test_and_a_sync_are_errands_due_at_once_with_an_audit_row(archive, database):
    acts = archive.source().acts
    assert acts["test"](HOSPITAL, by="operator-1", peer="127.0.0.1")
    assert acts["sync"](HOSPITAL, by="operator-1", peer="127.0.0.1")
    assert not acts["sync"]("OTHER", by="operator-1", peer="127.0.0.1")
    with database.read() as connection:
        kinds = {line.kind: line.open for line in Errands(database).lines(connection, archive.read().now)}
        audited = [row.reason for row in Audit().rows(connection)]
    assert kinds == {"test": 1, "sync-full": 1}
    assert audited == ["hospital sync", "hospital test"]


def test_a_hospital_without_a_pool_is_shown_and_a_refused_order_leaves_the_sum(office, archive):
    office.book("r1", "S2")
    with pytest.raises(SenderError):
        office.book("r2", "S2", 1)
    two = BookingArchive(archive.database, SEAL, lambda: {HOSPITAL: "测试医院", "NEW": "新医院"}).read(office.clock())
    assert [(card.code, card.sold, card.places) for card in two.hospitals] == [(HOSPITAL, 1, 2), ("NEW", 0, 0)]


def test_a_hospital_that_did_not_answer_last_counts_as_away_and_its_refusals_as_answers(office, archive, database):
    health = HospitalHealth(database)
    at = office.clock()
    for number, outcome in enumerate(("0", "200709", "0", "DST-102")):
        health.observe(
            HospitalCall(institution=HOSPITAL, function="2007", outcome=outcome, seconds=0.08, at=at + timedelta(seconds=number))
        )
    health.close()
    (card,) = archive.read(at + timedelta(minutes=1)).hospitals
    assert not card.reachable
    assert (card.health.calls, card.health.errors, card.health.last_code) == (4, {"DST-102": 1}, "DST-102")
    assert (card.health.last_good, card.health.last_bad) == (at + timedelta(seconds=2), at + timedelta(seconds=3))


def test_the_card_of_one_hospital_is_the_one_of_the_page(archive, office):
    (whole,) = archive.read().hospitals
    assert archive.card(HOSPITAL) == whole
    assert archive.card("H-NOBODY") is None


def test_the_orders_that_moved_last_are_listed_by_hospital_and_state(office, archive):
    first, second = office.book("r1"), office.book("r2", place=1)
    office.pay(first.order)
    assert {one.order for one in archive.latest("", "")} == {first.order, second.order}
    assert [one.order for one in archive.latest(HOSPITAL, "paid")] == [first.order]
    assert list(archive.latest("OTHER", "")) == []
