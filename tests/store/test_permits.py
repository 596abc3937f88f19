"""Permits hold over all who take them: never more than the limit in any minute, whoever asks."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from engine.store.permits import take_permit

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def take(database, seconds=0.0, institution="H1", limit=2, what="reports"):
    now = NOON + timedelta(seconds=seconds)
    with database.write() as connection:
        return take_permit(connection, what, institution, limit=limit, span=MINUTE, now=now).total_seconds()


def test_each_permit_is_good_once_a_minute_and_the_wait_is_told(database):
    assert [take(database), take(database, 10), take(database, 20)] == [0, 0, 40]
    assert take(database, 60) == 0
    assert take(database, 61) == 9
    assert take(database, 70) == 0


def test_hospitals_and_things_have_permits_of_their_own(database):
    assert take(database, limit=1) == 0
    assert take(database, limit=1, institution="H2") == 0
    assert take(database, limit=1, what="bills") == 0
    assert take(database, limit=1) == 60


def test_a_limit_that_was_lowered_holds_at_once(database):
    assert [take(database, second, limit=3) for second in (0, 1, 2)] == [0, 0, 0]
    assert take(database, 30, limit=1) == 32
    assert take(database, 61, limit=1) == 1
    assert take(database, 62, limit=1) == 0


def test_of_many_at_once_only_so_many_get_one(database):
    with ThreadPoolExecutor(8) as crowd:
        waits = list(crowd.map(lambda _: take(database, limit=5), range(16)))
    assert sorted(waits) == [0] * 5 + [60] * 11
