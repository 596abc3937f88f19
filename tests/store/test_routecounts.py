"""Messages are counted route by route in the transaction that files them, with how long they took; deliveries when they end."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.store import routecounts
from engine.store.entries import Order
from engine.store.journal import Journal
from engine.store.queue import Queue, Settlement
from engine.store.routecounts import KEPT, SLOT, bucket_of, seconds_of, slot_of, start_of
from tests.store.samples import ERROR, entry, invalid
from tests.support.seals import SEAL


@pytest.fixture
def journal(database):
    return Journal(database, SEAL)


def file(journal, *entries):
    with journal.database.write() as connection:
        return journal.file(connection, list(entries))


def counted(journal, since=None, route=""):
    """Give what was counted as (route, state, name) -> number, folded and unfolded together."""
    since = since or datetime.now(UTC) - timedelta(hours=1)
    with journal.database.read() as connection:
        found = routecounts.by_slot(connection, since, route)
        (same,) = routecounts.sums(connection, since)
    sums = {}
    for key, number in found.items():
        sums[key[1:4]] = sums.get(key[1:4], 0) + number
    if not route:
        assert sums == sums_of(same), "slot by slot and all together are the same"
    return sums


def sums_of(found):
    sums = {}
    for key, number in found.items():
        assert key.slot == 0
        sums[key[1:4]] = sums.get(key[1:4], 0) + number
    return sums


def just_now(number, **changes):
    return entry(f"D{number}", f"text {number}", received=datetime.now(UTC), **changes)


def test_each_fresh_message_counts_once_under_its_route_state_and_code(journal):
    now = datetime.now(UTC)
    file(
        journal,
        just_now(1),
        just_now(2, route="laboratory-report"),
        invalid("D3", received=now),
        invalid("D4", "other", received=now),
    )
    file(journal, just_now(1))  # a duplicate of the first
    file(journal, invalid("D5", "third", received=now, route=""))  # refused before any route
    expected = {
        ("outpatient-record", "ROUTED", "0"): 1,
        ("laboratory-report", "ROUTED", "0"): 1,
        ("outpatient-record", "INVALID", ERROR.code): 2,
    }
    assert counted(journal) == expected
    assert counted(journal, route="laboratory-report") == {("laboratory-report", "ROUTED", "0"): 1}
    assert routecounts.fold(journal.database) == 3
    assert routecounts.fold(journal.database) == 0
    assert counted(journal) == expected
    file(journal, just_now(6))
    assert counted(journal)["outpatient-record", "ROUTED", "0"] == 2, "what is folded and what is not count together"


def test_what_is_rolled_back_counts_nothing(journal):
    def broken():
        with journal.database.write() as connection:
            journal.file(connection, [just_now(1)])
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        broken()
    assert counted(journal) == {}


def test_a_delivery_counts_when_it_ends_with_the_time_since_its_message_came(journal):
    received = datetime.now(UTC) - timedelta(seconds=30)
    orders = (Order(destination="archive", key="k"), Order(destination="lab", key="k"))
    file(journal, entry("D1", "a", received=received, orders=orders))
    queue, now = Queue(journal.database, SEAL), received + timedelta(seconds=30)
    with journal.database.write() as connection:
        claimed = queue.claim(connection, worker="w", now=now, lease=60, limit=10, destinations=["archive", "lab"])
    states = {"archive": ("SENT", ""), "lab": ("QUEUED", "DST-101")}
    with journal.database.write() as connection:
        queue.settle(connection, [_settled(one, *states[one.destination], now) for one in claimed])
    assert ("outpatient-record", "SENT", "archive") in counted(journal)
    assert not [key for key in counted(journal) if key[1] == "DEAD" or key[2] == "lab"], "what waits has not ended"
    with journal.database.read() as connection:
        (key,) = [key for key in routecounts.by_slot(connection, received) if key.state == "SENT"]
    assert seconds_of(key.bucket - 1) < 30 <= seconds_of(key.bucket)
    later = now + timedelta(seconds=60)
    with journal.database.write() as connection:
        claimed = queue.claim(connection, worker="w", now=later, lease=60, limit=10, destinations=["lab"])
    with journal.database.write() as connection:
        queue.settle(connection, [_settled(one, "DEAD", "DST-201", later) for one in claimed])
    assert counted(journal)["outpatient-record", "DEAD", "DST-201"] == 1


def _settled(one, state, code, now):
    return Settlement(claimed=one, state=state, now=now, due=now, error_code=code)


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(-5, 0), (0, 0), (0.0004, 0), (0.001, 0), (0.0011, 1), (0.002, 2), (1.024, 20), (1.025, 21)]
)
def test_a_bucket_holds_the_times_up_to_its_longest(seconds, bucket):
    assert bucket_of(seconds) == bucket
    assert seconds <= seconds_of(bucket) * 1.0001


def test_slots_begin_with_the_hour():
    noon = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    assert start_of(slot_of(noon)) == noon
    assert slot_of(noon + SLOT - timedelta(microseconds=1)) == slot_of(noon)
    assert slot_of(noon + timedelta(hours=1)) == slot_of(noon) + 12


def test_what_is_older_stands_in_the_first_slot_of_its_hour_and_nothing_is_lost(journal):
    now = datetime(2026, 3, 2, 12, 34, tzinfo=UTC)
    for minutes in range(0, 400, 4):
        at = now - timedelta(minutes=minutes)
        with journal.database.write() as connection:
            routecounts.filed(connection, [entry("D", "x", received=at), invalid("E", "y", received=at)], at)
    routecounts.fold(journal.database)
    before = by_hour(journal, now)
    assert routecounts.gather(journal.database, now) > 0
    assert routecounts.gather(journal.database, now) == 0
    assert by_hour(journal, now) == before
    with journal.database.read() as connection:
        slots = {key.slot for key in routecounts.by_slot(connection, now - timedelta(days=1))}
    bound = slot_of(datetime(2026, 3, 2, 10, 0, tzinfo=UTC))
    assert {slot for slot in slots if slot < bound} == {bound - 12 * hours for hours in range(1, 6)}
    assert len({slot for slot in slots if slot >= bound}) == 31, "the last two hours and more are left as they were"


def by_hour(journal, now):
    with journal.database.read() as connection:
        found = routecounts.by_slot(connection, now - timedelta(days=1))
    sums = {}
    for key, number in found.items():
        hour = (key.slot // 12, *key[1:])
        sums[hour] = sums.get(hour, 0) + number
    return sums


def test_what_is_past_its_time_is_forgotten_and_nothing_else(journal):
    now = datetime.now(UTC)
    with journal.database.write() as connection:
        for age in (timedelta(0), KEPT - SLOT, KEPT + SLOT, KEPT + timedelta(hours=2), KEPT + timedelta(days=3)):
            routecounts.filed(connection, [entry("D", "x", received=now - age)], now - age)
    routecounts.fold(journal.database)
    assert routecounts.forget(journal.database, now) == 3
    assert routecounts.forget(journal.database, now) == 0
    assert sum(counted(journal, now - timedelta(days=30)).values()) == 2
