"""What is past its time goes with all its rows and counts, and nothing else does; its space comes back."""

import itertools
import random
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.store import counts
from engine.store.entries import Order
from engine.store.journal import Journal
from engine.store.retention import Keep, past, reclaim, remove
from engine.store.tables import body, claim, count_delta, delivery, event, finding, message
from tests.store.samples import NOON, entry, invalid
from tests.support.seals import SEAL

DAY = timedelta(days=1)
_NUMBERS = itertools.count()
KEEP = Keep(ages={"INVALID": 30 * DAY, "FILTERED": 10 * DAY})
WAITING = (Order(destination="archive", key="K"),)


@pytest.fixture
def journal(database):
    return Journal(database, SEAL)


def file(database, journal, *entries):
    with database.write() as connection:
        journal.file(connection, entries)
    return [one.receipt for one in entries]


def of_age(days, number=1, make=invalid, **changes):
    return [make(f"{next(_NUMBERS)}", received=NOON - days * DAY - timedelta(minutes=n), **changes) for n in range(number)]


def filtered(document_id, **changes):
    return entry(document_id, **({"state": "FILTERED", "orders": ()} | changes))


def left(database, table):
    with database.read() as connection:
        return set(connection.execute(sa.select(table.c.receipt)).scalars())


def conserved(database):
    with database.read() as connection:
        return counts.verify(connection)


def gone(database, keep, now):
    return list(remove(database, past(database, keep, now).receipts))


def test_each_state_goes_after_its_own_time_with_all_that_is_its_own(database, journal):
    old = file(database, journal, *of_age(31, 3), *of_age(11, 2, filtered))
    kept = file(
        database,
        journal,
        *of_age(29, 3),
        *of_age(9, 2, filtered),
        *of_age(99, 2, entry),
        *of_age(99, 1, entry, state="DISCARDED", orders=()),
    )
    found = {(one.state, one.why): (one.messages, one.first, one.last) for one in past(database, KEEP, NOON).shares}
    assert found == {
        ("INVALID", "age"): (3, NOON - 31 * DAY - timedelta(minutes=2), NOON - 31 * DAY),
        ("FILTERED", "age"): (2, NOON - 11 * DAY - timedelta(minutes=1), NOON - 11 * DAY),
    }
    assert left(database, message) == {*old, *kept}
    assert gone(database, KEEP, NOON) == [5]
    assert left(database, message) == left(database, body) == {*kept}
    for table in (claim, delivery, event, finding):
        assert left(database, table) <= {*kept}
    assert conserved(database) == []
    assert past(database, KEEP, NOON).shares == []


def test_a_message_with_an_unfinished_delivery_stays_whatever_its_state_and_age(database, journal):
    (waiting,) = file(database, journal, *of_age(400, 1, filtered, orders=WAITING))
    (sent,) = file(database, journal, *of_age(400, 1, filtered, orders=(Order(destination="his", key="L"),)))
    with database.write() as connection:
        connection.execute(sa.update(delivery).where(delivery.c.receipt == sent).values(state="CANCELLED"))
        connection.execute(sa.insert(count_delta), [
            {"scope": "delivery", "owner": "his", "lane": "live", "state": state, "delta": number}
            for state, number in (("QUEUED", -1), ("CANCELLED", 1))
        ])  # fmt: skip
    assert conserved(database) == []
    assert [one.messages for one in past(database, KEEP, NOON).shares] == [1]
    assert gone(database, KEEP, NOON) == [1]
    assert left(database, message) == left(database, delivery) == {waiting}
    assert conserved(database) == []


def test_above_the_size_the_oldest_go_first_and_what_was_accepted_does_not_count(database, journal):
    file(database, journal, *of_age(1, 5, entry))
    receipts = file(database, journal, *of_age(5, 1), *of_age(4, 1), *of_age(3, 1, filtered))
    (share,) = past(database, Keep(ages={}, largest=0), NOON).shares[:1]
    one = share.size // share.messages
    assert gone(database, Keep(ages={}, largest=2 * one + one // 2), NOON) == [1]
    assert left(database, message) & {*receipts} == {*receipts[1:]}
    assert conserved(database) == []


def test_many_go_a_few_at_a_time_and_their_space_comes_back(database, journal, request):
    file(database, journal, *of_age(60, 250, text=random.Random(1).randbytes(10_000).hex()))
    size = size_of(database, request)
    assert gone(database, KEEP, NOON) == [100, 200, 250]
    assert reclaim(database)
    assert size_of(database, request) < size / 2
    assert conserved(database) == []


def size_of(database, request):
    """Give the size of the store: of its file, or of its table of bodies."""
    if database.dialect == "sqlite":
        while database.checkpoint() > 64 << 20:
            continue
        return Path(request.getfixturevalue("tmp_path") / "test.db").stat().st_size
    with database.read() as connection:
        return connection.execute(sa.text("SELECT pg_total_relation_size('body')")).scalar_one()


def test_what_changed_after_it_was_found_stays(database, journal):
    first, second = file(database, journal, *of_age(60, 2))
    found = past(database, KEEP, NOON)
    with database.write() as connection:
        connection.execute(sa.update(message).where(message.c.receipt == first).values(state="ROUTED"))
    assert {*found.receipts} == {first, second}
    assert list(remove(database, found.receipts)) == [1]
    assert left(database, message) == left(database, body) == {first}
