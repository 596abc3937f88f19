"""Documents are counted day by day in the transaction that changes them, and the counts equal the rows whatever happens."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from engine.store import days
from engine.store.entries import Order
from engine.store.journal import Journal
from engine.store.queue import Queue, Settlement
from engine.store.tables import message
from tests.store.samples import NOON, entry, invalid, later
from tests.support.seals import SEAL

DAY = date(2026, 3, 2)
WRITTEN = datetime(2025, 5, 6, 1, tzinfo=UTC)


@pytest.fixture
def journal(database):
    return Journal(database, SEAL)


def file(journal, *entries):
    with journal.database.write() as connection:
        return journal.file(connection, list(entries))


def counted(journal, basis="sent", day=DAY, lane="live", kind="C0002"):
    with journal.database.read() as connection:
        found = days.counted(connection, "H1", lane, basis, day, day)
    return found.get((day, kind), (0, 0, 0))


def deliver(journal, limit=50, state="SENT", now=None):
    queue = Queue(journal.database, SEAL)
    at = now or later(60)
    with journal.database.write() as connection:
        claimed = queue.claim(connection, worker="w", now=at, lease=60, limit=limit, destinations=["archive", "lab"])
    with journal.database.write() as connection:
        queue.settle(connection, [Settlement(claimed=one, state=state, now=at) for one in claimed])
    return len(claimed)


def test_received_accepted_and_delivered_are_counted_by_the_day_of_sending(journal):
    file(journal, entry("D1", "a"), entry("D2", "b", orders=()), invalid("D3"))
    assert counted(journal) == (3, 2, 1)
    assert deliver(journal) == 1
    assert counted(journal) == (3, 2, 2)


def test_one_document_id_counts_once_a_day_however_often_it_is_sent(journal):
    file(journal, invalid("D1"), invalid("D1", "worse"))
    file(journal, invalid("D1", "still bad"))
    file(journal, entry("D1"), entry("D1"), entry("D1"))
    assert counted(journal) == (1, 1, 0)
    file(journal, entry("D1", "corrected", replaces="D1", received=later(30)))
    deliver(journal)
    deliver(journal, now=later(120))
    assert counted(journal) == (1, 1, 1)


def test_the_same_id_on_another_day_lane_or_type_is_another_document(journal):
    file(journal, invalid("D1"), invalid("D1", received=NOON + timedelta(days=1)), invalid("D1", lane="history"))
    file(journal, invalid("D1", document_type="C0004"))
    assert counted(journal) == counted(journal, day=DAY + timedelta(days=1)) == counted(journal, lane="history") == (1, 0, 0)
    assert counted(journal, kind="C0004") == (1, 0, 0)


@pytest.mark.parametrize(("hour", "day"), [(15, date(2026, 3, 2)), (16, date(2026, 3, 3))])
def test_a_day_begins_at_midnight_in_shanghai(journal, hour, day):
    file(journal, entry("D1", received=datetime(2026, 3, 2, hour, 30, tzinfo=UTC)))
    assert counted(journal, day=day)[0] == 1


def test_history_is_counted_by_the_day_it_was_written_as_well(journal):
    file(journal, *(entry(f"D{n}", f"{n}", lane="history", written=WRITTEN) for n in range(3)), invalid("D9", written=WRITTEN))
    assert counted(journal, "written", date(2025, 5, 6), "history") == (0, 3, 0)
    assert counted(journal, lane="history") == (3, 3, 0)


def test_what_is_revoked_or_replaced_leaves_the_day_it_was_written(journal):
    file(journal, *(entry(f"D{n}", f"{n}", written=WRITTEN) for n in range(3)))
    with journal.database.write() as connection:
        journal.revoke(connection, "H1", "C0002", "D0", "wrong", later(5))
    file(journal, entry("D4", "new", replaces="D1", written=WRITTEN + timedelta(days=1)))
    assert counted(journal, "written", date(2025, 5, 6)) == (0, 1, 0)
    assert counted(journal, "written", date(2025, 5, 7)) == (0, 1, 0)
    assert counted(journal) == (4, 4, 0)


def test_a_version_replaced_in_its_own_commit_does_not_count_as_written(journal):
    file(journal, entry("D1", "a", written=WRITTEN), entry("D1", "b", replaces="D1", written=WRITTEN))
    assert counted(journal, "written", date(2025, 5, 6)) == (0, 1, 0)


def test_a_message_is_delivered_when_its_last_destination_has_it(journal):
    file(journal, entry("D1", orders=(Order(destination="archive"), Order(destination="lab"))))
    assert deliver(journal, limit=1) == 1
    assert counted(journal)[2] == 0
    assert deliver(journal) == 1
    assert counted(journal)[2] == 1


def test_what_is_dead_is_not_delivered(journal):
    file(journal, entry("D1"))
    deliver(journal, state="DEAD")
    assert counted(journal) == (1, 1, 0)


def test_a_replay_counts_what_it_changes_and_nothing_else(journal):
    (refused,) = file(journal, invalid("D1"))
    with journal.database.write() as connection:
        journal.judge_again(connection, refused.receipt, entry("D1", received=later(90), written=WRITTEN, orders=()))
    assert counted(journal) == (1, 1, 1)
    assert counted(journal, "written", date(2025, 5, 6)) == (0, 1, 0)
    with journal.database.write() as connection:
        journal.judge_again(connection, refused.receipt, entry("D1", received=later(95), written=WRITTEN))
    assert counted(journal) == (1, 1, 0)
    deliver(journal, now=later(200))
    assert counted(journal) == (1, 1, 1)


def test_folding_changes_no_count(journal):
    file(journal, *(entry(f"D{n}", f"{n}", written=WRITTEN) for n in range(5)), invalid("D9"))
    before = counted(journal), counted(journal, "written", date(2025, 5, 6))
    assert days.fold(journal.database) > 0
    file(journal, entry("D7", "x"))
    days.fold(journal.database)
    assert days.fold(journal.database) == 0
    assert (counted(journal), counted(journal, "written", date(2025, 5, 6))) == ((7, 6, 0), before[1])


def test_a_recount_agrees_and_mends_what_does_not(journal):
    file(journal, entry("D1", "a"), invalid("D2"), invalid("D2", "again"), entry("D3", "h", lane="history"))
    days.fold(journal.database)
    assert days.recount(journal.database, DAY) == 0
    with journal.database.write() as connection:
        connection.execute(sa.update(days.day_count).where(days.day_count.c.lane == "live").values(received=9))
    assert days.recount(journal.database, DAY) == 1
    assert counted(journal) == (2, 1, 0)


def test_the_span_is_that_of_anything_counted_until_then(journal):
    file(journal, entry("D1"), entry("D2", "b", received=NOON + timedelta(days=3)))
    with journal.database.read() as connection:
        assert days.span(connection, "H1", "live", "sent", date(2026, 12, 1)) == (DAY, date(2026, 3, 5))
        assert days.span(connection, "H1", "live", "sent", date(2026, 3, 4)) == (DAY, DAY)
        assert days.span(connection, "H2", "live", "sent", date(2026, 12, 1)) is None
        assert connection.scalar(sa.select(sa.func.count()).select_from(message)) == 2


@pytest.mark.parametrize("folded", [False, True])
def test_what_was_accepted_is_summed_by_type_and_by_institution_over_both_lanes(journal, folded):
    file(journal, entry("D1", "a"), entry("D2", "b", lane="history"), invalid("D3"), entry("D4", "d", document_type="C0004"))
    file(journal, entry("D5", "e", received=NOON - timedelta(days=9)), entry("D1", "f", institution="H2"))
    if folded:
        days.fold(journal.database)
    with journal.database.read() as connection:
        assert days.accepted_by_type(connection, "H1", DAY, DAY) == {"C0002": 2, "C0004": 1}
        week = days.sent_by_institution(connection, ["H1", "H3"], DAY - timedelta(days=6), DAY)
        assert week == {"H1": (4, 3)}
        assert days.sent_by_institution(connection, ["H1", "H2"], DAY - timedelta(days=9), DAY) == {"H1": (5, 4), "H2": (1, 1)}
