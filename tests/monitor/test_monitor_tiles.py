"""Count the tiles on real messages, on both stores: what they say is what the pages behind them list, and institutions see their own only."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.hospital import HospitalCall
from engine.message import SHANGHAI
from engine.monitor.hospitals import read_hospitals
from engine.monitor.tiles import TileArchive
from engine.services.completeness import Statement, keep_statements
from engine.services.hospitalhealth import HospitalHealth
from engine.services.institutions import Institutions
from engine.store.entries import Order
from engine.store.journal import Journal
from engine.store.queue import Queue, Settlement
from tests.store.conftest import database, url  # noqa: F401 # the same empty databases as the store's own tests
from tests.store.samples import entry
from tests.support.seals import SEAL

NOW = datetime(2026, 3, 14, 7, 20, 41, tzinfo=UTC)
OURS, OTHERS, PORTAL = "H22010001", "H22010002", "PORTAL"


@pytest.fixture
def store(database):  # noqa: F811 # the fixture of that name is meant
    institutions = Institutions(database, SEAL)
    for code, kind in ((OURS, "hospital"), (OTHERS, "hospital"), (PORTAL, "portal")):
        institutions.add(code, f"测试机构 {code}", kind)
    return TileArchive(database, institutions, clock=lambda: NOW)


def file(store, number, *, minutes=1, institution=OURS, orders=(), **changes):
    received = NOW - timedelta(minutes=minutes)
    receipt = f"{received.astimezone(SHANGHAI):%Y%m%d}-{number:012d}"
    made = entry(f"D{number}", f"content {number}", receipt=receipt, received=received, institution=institution, orders=orders)
    with store.database.write() as connection:
        Journal(store.database, SEAL).file(connection, [replace(made, **changes)])


def refuse(store, number, **changes):
    file(store, number, state="INVALID", code="SND-331", **changes)


def settle(store, state, code="", *, only):
    queue = Queue(store.database, SEAL)
    with store.database.write() as connection:
        claimed = queue.claim(connection, worker="w", now=NOW, lease=60, limit=50, destinations=[only])
        queue.settle(connection, [Settlement(claimed=c, state=state, now=NOW, error_code=code, due=NOW) for c in claimed])


def numbers(store, institution=""):
    return {tile.name: tile.number for tile in store.read(institution)}


def test_an_empty_store_counts_nothing(store):
    assert set(numbers(store).values()) == {0}
    assert len(store.read()) == 6
    assert set(numbers(store, OURS).values()) == {0}
    assert len(store.read(OURS)) == 6


def test_each_tile_counts_what_its_page_lists(store):
    for number, name in enumerate(("lab", "ward", "records")):
        file(store, number, orders=(Order(destination=name, key=""),))
    file(store, 8, minutes=60 * 20)
    refuse(store, 9)
    refuse(store, 10, minutes=60 * 20)
    settle(store, "QUEUED", "DST-101", only="lab")
    settle(store, "DEAD", "DST-201", only="ward")
    assert numbers(store) == {"received": 4, "waiting": 2, "retrying": 1, "dead": 1, "invalid": 1, "trouble": 0}
    addresses = {tile.name: tile.address for tile in store.read()}
    assert addresses["received"] == "/messages?from=2026-03-14"
    assert addresses["invalid"] == "/messages?state=INVALID&from=2026-03-14"
    assert addresses["retrying"] == "/waiting?show=retrying"


def test_an_institution_counts_its_own_documents_and_no_others(store):
    file(store, 1, orders=(Order(destination="lab", key=""),))
    file(store, 2)
    refuse(store, 3)
    refuse(store, 4, minutes=60 * 30)
    for number in range(20, 27):
        refuse(store, number, institution=OTHERS)
    yesterday = (NOW - timedelta(days=1)).astimezone(SHANGHAI).date()
    with store.database.write() as connection:
        stated = Statement(institution=OURS, lane="live", day=yesterday, sent={"C0002": 5}, at=NOW)
        keep_statements(connection, [stated, replace(stated, institution=OTHERS, sent={"C0002": 900})])
    found = numbers(store, OURS)
    assert found == {"received": 3, "accepted": 2, "moving": 1, "invalid": 1, "refused-week": 2, "missing-week": 5}
    for tile in store.read(OURS):
        assert f"institution={OURS}" in tile.address
        assert tile.address.startswith(("/completeness?", "/quality?"))
    settle(store, "SENT", only="lab")
    assert numbers(store, OURS)["moving"] == 0


def troubles(store, now=NOW):
    with store.database.read() as connection:
        return {one.code: list(one.troubles) for one in read_hospitals(connection, {OURS: "甲", OTHERS: "乙"}, now)}


def called(store, outcomes):
    """Note calls of just now, one after the other: calls of long ago are forgotten."""
    with closing(HospitalHealth(store.database)) as health:
        for outcome in outcomes:
            at = datetime.now(UTC)
            health.observe(
                HospitalCall(institution=OURS, function="1001", outcome=outcome, seconds=0.2, at=at, certificate_until=None)
            )


def test_a_hospital_that_cannot_be_reached_comes_first(store):
    called(store, ["0", "DST-101"])
    assert list(troubles(store).items()) == [(OURS, ["away"]), (OTHERS, [])]
    assert numbers(store)["trouble"] == 1


def test_a_hospital_whose_breaker_is_open_is_told_as_paused(store):
    called(store, ["DST-101", "DST-106"])
    assert troubles(store)[OURS] == ["paused"]


def test_many_failed_calls_are_trouble_although_the_last_went_well(store):
    called(store, ["DST-102", "0", "0", "0"])
    assert troubles(store, datetime.now(UTC))[OURS] == []
    called(store, ["DST-102", "0"])
    assert troubles(store, datetime.now(UTC))[OURS] == ["failing"]


def test_a_refusal_by_the_hospital_is_an_answer(store):
    called(store, ["0", *["20103"] * 9])
    assert troubles(store, datetime.now(UTC))[OURS] == []


def test_many_refused_documents_are_trouble_from_ten_on(store):
    for number in range(9):
        refuse(store, number)
    assert troubles(store)[OURS] == []
    refuse(store, 9)
    assert troubles(store)[OURS] == ["refused"]
    for number in range(10, 51):
        file(store, number)
    assert troubles(store)[OURS] == []


def test_silence_is_trouble_only_after_something_was_sent(store):
    file(store, 1, minutes=60 * 25)
    assert troubles(store) == {OURS: ["silent"], OTHERS: []}
    file(store, 2, minutes=60 * 23)
    assert troubles(store)[OURS] == []
