"""Read the overview from a real store, SQLite and PostgreSQL, and press its buttons."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.message import SHANGHAI
from engine.metrics import StoreFigures
from engine.monitor.overview import ENDS
from engine.monitor.reading import Archive
from engine.services.audit import Audit
from engine.store.dead import blocked, dead, is_dead
from engine.store.entries import Order
from engine.store.errands import put
from engine.store.journal import Journal
from engine.store.queue import Queue, Settlement
from engine.store.traffic import hourly
from tests.store.conftest import database, url  # noqa: F401 # the same empty databases as the store's own tests
from tests.store.samples import entry
from tests.support.seals import SEAL

NOW = datetime(2026, 3, 14, 7, 20, 41, tzinfo=UTC)


@pytest.fixture
def archive(database):  # noqa: F811 # the fixture of that name is meant
    seal = SEAL
    return Archive(database, Journal(database, seal), Queue(database, seal))


def file(archive, *entries):
    with archive.database.write() as connection:
        return archive.journal.file(connection, entries)


def at(number, *, minutes=0, state="ROUTED", code="0", orders=()):
    """Invent an entry received `minutes` before NOW."""
    received = NOW - timedelta(minutes=minutes)
    receipt = f"{received.astimezone(SHANGHAI):%Y%m%d}-{number:012d}"
    made = entry(f"D{number}", f"content {number}")
    return replace(made, receipt=receipt, received=received, state=state, code=code, orders=orders)


def settle(archive, state, code="", text="", *, now=NOW, only=None):
    """Claim what may be sent and settle it all the same way; gives the receipts."""
    with archive.database.write() as connection:
        claimed = archive.queue.claim(connection, worker="w", now=now, lease=60, limit=50, destinations=only)
        done = [Settlement(claimed=c, state=state, now=now, error_code=code, error_text=text, due=now) for c in claimed]
        archive.queue.settle(connection, done)
    return [one.receipt for one in claimed]


def test_an_empty_store_is_a_calm_overview(archive):
    overview = archive.overview(NOW)
    assert overview.taken == overview.accounted == 0
    assert overview.destinations == overview.messages == overview.problems == overview.dead == ()
    assert len(overview.hours) == 24
    assert archive.waiting() == StoreFigures(held=dict.fromkeys(ENDS, 0))


def test_counts_of_today_and_of_all_time_are_told_apart(archive):
    file(
        archive,
        at(1, minutes=5),
        at(2, minutes=10, state="INVALID", code="SND-331"),
        at(3, minutes=9, state="ERROR", code="ENG-000"),
    )
    file(archive, at(4, minutes=16 * 60), at(5, minutes=15 * 60, state="FILTERED"), at(6, minutes=60 * 24 * 40))
    overview = archive.overview(NOW)
    assert overview.taken == overview.accounted == 6
    assert overview.difference == 0
    assert overview.total == {"ROUTED": 3, "INVALID": 1, "FILTERED": 1, "ERROR": 1, "DISCARDED": 0}
    # Midnight in Shanghai was 15 h 20 min before NOW.
    assert overview.today == {"ROUTED": 1, "INVALID": 1, "FILTERED": 1, "ERROR": 1, "DISCARDED": 0}
    assert overview.taken_today == 4


def test_hours_are_counted_by_state_and_cover_a_day(archive):
    file(archive, at(1, minutes=1), at(2, minutes=2, state="INVALID", code="SND-331"), at(3, minutes=70), at(4, minutes=60 * 30))
    hours = archive.overview(NOW).hours
    assert [(hour.start, hour.good, hour.invalid, hour.error) for hour in hours[-2:]] == [
        (datetime(2026, 3, 14, 6, tzinfo=UTC), 1, 0, 0),
        (datetime(2026, 3, 14, 7, tzinfo=UTC), 1, 1, 0),
    ]
    assert sum(hour.total for hour in hours) == 3
    assert hours[0].start == datetime(2026, 3, 13, 8, tzinfo=UTC)


def test_hourly_counts_leave_out_what_came_before_and_after(archive):
    file(archive, at(1, minutes=30), at(2, minutes=90), at(3, minutes=1), at(4, minutes=31, state="FILTERED"))
    first = datetime(2026, 3, 14, 5, tzinfo=UTC)
    with archive.database.read() as connection:
        assert hourly(connection, first, 2) == {
            first: {"ROUTED": 1},
            first + timedelta(hours=1): {"ROUTED": 1, "FILTERED": 1},
        }


def test_latest_messages_and_problems_come_newest_first_and_name_nobody(archive):
    file(archive, *(at(n, minutes=n) for n in range(1, 26)))
    file(archive, at(30, minutes=40, state="INVALID", code="SND-331"), at(31, minutes=3, state="ERROR", code="ENG-000"))
    overview = archive.overview(NOW)
    assert len(overview.messages) == 20
    assert [row.received for row in overview.messages] == sorted((row.received for row in overview.messages), reverse=True)
    assert [(row.state, row.code) for row in overview.problems] == [("ERROR", "ENG-000"), ("INVALID", "SND-331")]
    assert not hasattr(overview.messages[0], "resident")


def test_a_destination_tells_what_waits_since_when_and_its_last_error(archive):
    orders = (Order(destination="lab", key="k1"), Order(destination="records", key=""))
    file(archive, at(1, minutes=4, orders=orders), at(2, minutes=2, orders=orders))
    settle(archive, "SENT", only=["records"])
    settle(archive, "QUEUED", "DST-101", "连接被拒绝", only=["lab"])
    lab, records = archive.overview(NOW).destinations
    assert (lab.name, lab.waiting, lab.dead) == ("lab", 2, 0)
    assert lab.oldest == NOW - timedelta(minutes=4)
    assert (lab.trouble.code, lab.trouble.text, lab.trouble.at) == ("DST-101", "连接被拒绝", NOW)
    assert (records.waiting, records.counts["SENT"], records.oldest, records.trouble) == (0, 2, None, None)
    told = archive.waiting()
    assert (told.taken, told.held["ROUTED"], told.dead) == (2, 2, {"lab": 0, "records": 0})
    assert {place: number for place, number in told.waiting.items() if number} == {("lab", "live"): 2}
    assert told.waiting["records", "history"] == 0
    assert (told.oldest["lab"] > 0, told.oldest["records"]) == (True, 0.0)


def test_errands_are_told_by_kind_with_the_age_of_the_oldest_due(archive):
    now = datetime.now(UTC)
    with archive.database.write() as connection:
        for hospital, seconds in (("H1", 90), ("H2", 30), ("H3", -600)):
            put(connection, "sync-full", hospital, hospital, now - timedelta(seconds=seconds))
    told = archive.waiting()
    assert told.errands == {"sync-full": 3}
    assert 90 <= told.errands_oldest["sync-full"] < 120


@pytest.fixture
def stuck(archive):
    """Give a store in which one delivery is dead and two of its key wait behind it."""
    orders = (Order(destination="lab", key="same-order"),)
    file(
        archive,
        *(at(n, minutes=9 - n, orders=orders) for n in range(1, 4)),
        at(4, orders=(Order(destination="lab", key="other"),)),
    )
    with archive.database.write() as connection:
        (first, second) = archive.queue.claim(connection, worker="w", now=NOW, lease=60, limit=9)
        archive.queue.settle(
            connection, [Settlement(claimed=first, state="DEAD", now=NOW, error_code="DST-201", error_text="缺少科室")]
        )
        archive.queue.settle(connection, [Settlement(claimed=second, state="SENT", now=NOW)])
    return archive


def test_a_dead_delivery_is_listed_with_what_waits_behind_it(stuck):
    overview = stuck.overview(NOW)
    (line,) = overview.dead
    assert (line.destination, line.attempts, line.behind) == ("lab", 1, 2)
    assert (line.trouble.code, line.trouble.text, line.trouble.at) == ("DST-201", "缺少科室", NOW)
    assert line.receipt.endswith("-000000000001")
    assert overview.destinations[0].blocked == 1
    assert overview.dead_unlisted == 0


def test_retrying_puts_a_dead_delivery_back_once_with_one_audit_row(stuck):
    line = stuck.overview(NOW).dead[0]
    assert stuck.retry(line.id, by="operator-1", peer="10.0.0.9") is True
    assert stuck.retry(line.id, by="operator-1", peer="10.0.0.9") is False
    overview = stuck.overview(NOW)
    assert overview.dead == ()
    assert overview.destinations[0].counts == {"QUEUED": 3, "SENT": 1}
    assert [(row.reason, row.actor, row.peer, row.subject, row.count) for row in audited(stuck)] == [
        ("delivery retry", "operator-1", "10.0.0.9", str(line.id), 1)
    ]


def test_discarding_frees_the_key_and_keeps_the_reason_with_the_message(stuck):
    line = stuck.overview(NOW).dead[0]
    assert stuck.discard(line.id, by="operator-1", peer="10.0.0.9", reason="已电话更正") is True
    assert stuck.discard(line.id, by="operator-1", peer="10.0.0.9", reason="again") is False
    assert stuck.retry(line.id, by="operator-1", peer="10.0.0.9") is False
    with stuck.database.read() as connection:
        found = stuck.journal.find(connection, None, receipt=line.receipt)
    assert any("已电话更正" in event.detail and "operator-1" in event.detail for event in found.events)
    assert [row.reason for row in audited(stuck)] == ["delivery discard"]
    assert settle(stuck, "SENT", now=datetime.now(UTC) + timedelta(seconds=1))[0].endswith("-000000000002")


def test_only_a_dead_delivery_can_be_discarded_here(stuck):
    line = stuck.overview(NOW).dead[0]
    stuck.retry(line.id, by="operator-1", peer="")
    assert stuck.discard(line.id, by="operator-2", peer="", reason="stale page") is False
    with stuck.database.write() as connection:
        assert not is_dead(connection, line.id)
        assert not is_dead(connection, 987_654)


def audited(archive):
    with archive.database.read() as connection:
        return Audit().rows(connection, verdict="changed")


def test_dead_deliveries_of_several_destinations_are_listed_newest_first_up_to_the_limit(archive):
    for number, name in enumerate(("lab", "ward", "lab", "file")):
        file(archive, at(number, orders=(Order(destination=name, key=""),)))
        settle(archive, "DEAD", "DST-201", "no", now=NOW + timedelta(seconds=number))
    with archive.database.read() as connection:
        lines = dead(connection, SEAL, ["file", "lab", "ward"], limit=3)
        assert [line.destination for line in lines] == ["file", "lab", "ward"]
        assert blocked(connection, "lab") == 0
