"""Count what stands still by its cause on both stores, and keep the jobs that act on it."""

from collections import Counter

import pytest

from engine.store import causes, jobs
from engine.store.deliveries import revive
from engine.store.entries import Order
from engine.store.journal import Journal
from engine.store.queue import Queue, Settlement
from engine.store.tables import message
from tests.store.samples import NOON, entry, invalid, later
from tests.support.seals import SEAL


@pytest.fixture
def journal(database):
    return Journal(database, SEAL)


def settle(database, state, code, limit=50, now=NOON, only=None):
    queue = Queue(database, SEAL)
    with database.write() as connection:
        claimed = queue.claim(connection, worker="w", now=now, lease=60, limit=limit, destinations=only)
        queue.settle(
            connection, [Settlement(claimed=c, state=state, now=now, error_code=code, error_text="x", due=later(900)) for c in claimed]
        )  # fmt: skip
    return len(claimed)


@pytest.fixture
def troubled(database, journal):
    """Leave 3 dead of one cause, 2 of another, 4 to be retried, 1 sent; 5 INVALID of two codes, 2 ERROR."""
    made = [entry(f"D{n}", f"t{n}", orders=(Order(destination="a" if n < 6 else "b", key=f"k{n}"),)) for n in range(10)]
    refused = [invalid(f"I{n}", f"i{n}", received=later(n), code="SND-414" if n < 3 else "SND-331") for n in range(5)]
    held = [entry(f"E{n}", f"e{n}", state="ERROR", code="ENG-000", orders=(), received=later(n)) for n in range(2)]
    with database.write() as connection:
        journal.file(connection, [*made, *refused, *held])
    assert settle(database, "DEAD", "DST-201", 3, only=["a"]) == 3
    assert settle(database, "DEAD", "DST-101", 2, only=["b"]) == 2
    assert settle(database, "SENT", "", 1) == 1
    assert settle(database, "QUEUED", "DST-101", 9) == 4
    return database


def test_deliveries_are_counted_by_destination_state_and_error(troubled):
    with troubled.read() as connection:
        found = causes.delivery_causes(connection)
    told = {(c.destination, c.state, c.code): c.count for c in found}
    assert sum(told.values()) == 9
    assert Counter(c.state for c in found for _ in range(c.count)) == {"DEAD": 5, "QUEUED": 4}
    assert {c.due for c in found if c.state == "QUEUED"} == {later(900)}
    assert all(c.oldest == NOON for c in found)


def test_messages_are_counted_by_state_and_code_and_those_replaced_are_left_out(troubled, journal):
    with troubled.read() as connection:
        found = {(c.state, c.code): (c.count, c.oldest, c.newest) for c in causes.message_causes(connection)}
    assert found == {
        ("INVALID", "SND-414"): (3, later(0), later(2)), ("INVALID", "SND-331"): (2, later(3), later(4)),
        ("ERROR", "ENG-000"): (2, later(0), later(1)),
    }  # fmt: skip
    with troubled.write() as connection:
        (one,) = journal.search(connection, document_id="I0")
        filed = journal.correct(
            connection, one.receipt, entry("I0", "right", received=later(60), orders=()), "engineer: 已与医院确认"
        )
    assert filed.state == "ROUTED"
    with troubled.read() as connection:
        counts = {(c.state, c.code): c.count for c in causes.message_causes(connection)}
        old, new = journal.find(connection, None, receipt=one.receipt), journal.find(connection, None, receipt=filed.receipt)
    assert counts["INVALID", "SND-414"] == 2
    assert (old.facts.mark, old.facts.replaced_by) == ("replaced", filed.receipt)
    assert [e.what for e in old.events][-1] == "corrected"
    assert "已与医院确认" in new.events[-1].detail


def test_only_what_was_refused_is_corrected_and_a_correction_that_is_refused_replaces_nothing(troubled, journal):
    with troubled.read() as connection:
        (held,) = journal.search(connection, document_id="E0")
        (refused,) = journal.search(connection, document_id="I1")
    with troubled.write() as connection:
        with pytest.raises(LookupError, match="was not refused"):
            journal.correct(connection, held.receipt, entry("E0", "x", orders=()), "x")
        filed = journal.correct(connection, refused.receipt, entry("D1", "other text", orders=()), "x")
    assert filed.state == "INVALID"
    with troubled.read() as connection:
        assert journal.find(connection, None, receipt=refused.receipt).facts.mark == ""


def test_a_count_ends_at_its_bound(troubled, monkeypatch):
    monkeypatch.setattr(causes, "COUNTED", 2)
    with troubled.read() as connection:
        assert {c.count for c in causes.message_causes(connection)} == {2}


def test_dead_ones_of_a_cause_are_walked_in_order_and_those_revived_are_gone(troubled):
    with troubled.read() as connection:
        total = causes.dead_count(connection, "a", "DST-201")
        first = causes.dead_of(connection, "a", "DST-201", 0, 2)
        rest = causes.dead_of(connection, "a", "DST-201", first[-1][0], 50)
    assert total == 3
    assert [number for number, _ in (*first, *rest)] == sorted(number for number, _ in (*first, *rest))
    with troubled.write() as connection:
        assert revive(connection, SEAL, first[0][0], "me", NOON)
    with troubled.read() as connection:
        assert causes.dead_count(connection, "a", "DST-201") == 2


def test_stopped_ones_of_a_cause_are_walked_in_the_order_they_came(troubled):
    with troubled.read() as connection:
        assert causes.stopped_count(connection, "INVALID", "SND-414", later(1)) == 2
        first = causes.stopped_of(connection, "INVALID", "SND-414", 0, later(9), 2)
        rest = causes.stopped_of(connection, "INVALID", "SND-414", first[-1][0], later(9), 2)
    assert (len(first), len(rest)) == (2, 1)
    assert len({receipt for _, receipt in (*first, *rest)}) == 3
    with troubled.write() as connection:
        connection.execute(message.delete().where(message.c.seq == first[-1][0]))
        assert causes.stopped_of(connection, "INVALID", "SND-414", first[-1][0], later(9), 2) == rest


def begin(connection, **changes):
    wanted = {
        "kind": "retry",
        "place": "a",
        "code": "DST-201",
        "total": 3,
        "by": "operator-1",
        "reason": "医院已恢复",
        "now": NOON,
    }
    return jobs.begin(connection, SEAL, **wanted | changes)


def test_a_job_goes_on_until_it_is_over(database):
    with database.write() as connection:
        number = begin(connection)
        assert jobs.running(connection, "retry", "a", "DST-201")
        assert not jobs.running(connection, "retry", "b", "DST-201")
        jobs.advance(connection, number, done=2, passed=0, after=17, over=False, now=later(1))
        assert jobs.held(connection, SEAL, number).after == 17
        jobs.advance(connection, number, done=0, passed=1, after=19, over=True, now=later(2))
        assert jobs.held(connection, SEAL, number) is None
        (one,) = jobs.latest(connection, SEAL, 5)
    assert (one.state, one.done, one.passed, one.total, one.reason, one.changed) == ("done", 2, 1, 3, "医院已恢复", later(2))


def test_a_cancelled_job_stays_cancelled_and_tells_how_far_it_came(database):
    with database.write() as connection:
        number = begin(connection)
        assert jobs.cancel(connection, number, later(1))
        assert not jobs.cancel(connection, number, later(1))
        jobs.advance(connection, number, done=2, passed=0, after=17, over=True, now=later(2))
        assert jobs.state_of(connection, number) == "cancelled"
        assert jobs.latest(connection, SEAL, 5)[0].done == 2
        assert jobs.state_of(connection, number + 1) == ""


def test_a_reason_is_sealed_in_the_row(database):
    with database.write() as connection:
        begin(connection)
        (kept,) = connection.execute(jobs.bulk_job.select()).all()
    assert "医院".encode() not in kept.reason
