"""Deliveries are handed out by lease, the head of each key first, and settled once."""

import random
import threading
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from engine.store.counts import verify
from engine.store.entries import Order
from engine.store.journal import Journal
from engine.store.queue import Queue, Settlement
from tests.store.samples import NOON, entry, later
from tests.support.seals import SEAL


@pytest.fixture
def queue(database):
    yield Queue(database, SEAL)
    with database.read() as connection:
        assert verify(connection) == []


def file(queue, *entries):
    with queue.database.write() as connection:
        Journal(queue.database, queue.seal).file(connection, entries)


def to(destination="archive", key="", number=0, **changes):
    return entry(f"D{number}", str(number), orders=(Order(destination=destination, key=key),), **changes)


def claim(queue, now=NOON, limit=10, lease=30, destinations=None):
    with queue.database.write() as connection:
        return queue.claim(connection, worker="w", now=now, lease=lease, limit=limit, destinations=destinations)


def settle(queue, claimed, state="SENT", now=NOON, **changes):
    with queue.database.write() as connection:
        return queue.settle(connection, [Settlement(claimed=claimed, state=state, now=now, **changes)])


def find(queue, receipt):
    with queue.database.read() as connection:
        return Journal(queue.database, queue.seal).find(connection, None, receipt=receipt)


def test_a_claimed_delivery_is_handed_out_once_with_its_body(queue):
    one = to()
    file(queue, one)
    (claimed,) = claim(queue)
    assert (claimed.receipt, claimed.destination, claimed.attempts, claimed.state) == (one.receipt, "archive", 0, "QUEUED")
    assert claim(queue) == []
    with queue.database.read() as connection:
        assert queue.bodies(connection, [claimed])[one.receipt].original == one.original


def test_a_sent_delivery_shows_when_it_was_sent_and_as_what(queue):
    one = to()
    file(queue, one)
    (claimed,) = claim(queue)
    assert settle(queue, claimed, remote_id="R-7", now=later(2)) == [claimed.id]
    stored = find(queue, one.receipt)
    (line,) = stored.deliveries
    assert (line.state, line.attempts, line.remote_id, line.at) == ("SENT", 1, "R-7", later(2))
    assert stored.events[-1].what == "sent"
    assert claim(queue, later(9999)) == []


def test_only_the_head_of_a_key_is_handed_out_and_the_next_follows_at_once(queue):
    entries = [to(key="K", number=n) for n in range(3)]
    file(queue, *entries)
    for one in entries:
        claimed = claim(queue)
        assert [c.receipt for c in claimed] == [one.receipt]
        assert claim(queue) == []
        settle(queue, claimed[0])


def test_without_a_key_there_is_no_order(queue):
    file(queue, *[to(number=n) for n in range(3)])
    assert len(claim(queue)) == 3


def test_a_key_counts_for_each_destination_by_itself(queue):
    file(queue, to("a", "K", 1), to("b", "K", 2))
    assert len(claim(queue)) == 2


def test_a_dead_delivery_stops_its_key_until_it_is_revived(queue):
    first, second, other = to(key="K", number=1), to(key="K", number=2), to(key="L", number=3)
    file(queue, first, second, other)
    heads = {c.receipt: c for c in claim(queue)}
    assert set(heads) == {first.receipt, other.receipt}
    settle(queue, heads[first.receipt], "DEAD", error_code="DST-201", error_text="refused")
    assert claim(queue, later(7200)) == []
    with queue.database.write() as connection:
        assert queue.revive(connection, heads[first.receipt].id, "admin", later(7200))
        assert not queue.revive(connection, heads[first.receipt].id, "admin", later(7200))
    (again,) = claim(queue, later(7200))
    assert (again.receipt, again.attempts, again.first_due) == (first.receipt, 0, later(7200))


def test_a_discarded_delivery_lets_its_key_go_on(queue):
    first, second = to(key="K", number=1), to(key="K", number=2)
    file(queue, first, second)
    (head,) = claim(queue)
    with queue.database.write() as connection:
        assert not queue.discard(connection, head.id, "in flight", "admin", NOON)
    settle(queue, head, "DEAD", error_code="DST-201")
    assert claim(queue) == []
    with queue.database.write() as connection:
        assert queue.discard(connection, head.id, "不需要了", "admin", NOON)
    assert [c.receipt for c in claim(queue)] == [second.receipt]


def test_a_retry_waits_until_it_is_due_and_holds_its_key(queue):
    first, second = to(key="K", number=1), to(key="K", number=2)
    file(queue, first, second)
    (head,) = claim(queue)
    settle(queue, head, "QUEUED", due=later(60), error_code="DST-101", error_text="no route")
    assert claim(queue, later(59)) == []
    (again,) = claim(queue, later(60))
    assert (again.receipt, again.attempts) == (first.receipt, 1)


def test_what_may_have_arrived_is_handed_out_as_unknown(queue):
    file(queue, to())
    (head,) = claim(queue)
    settle(queue, head, "UNKNOWN", due=later(5), error_code="DST-102")
    (again,) = claim(queue, later(5))
    assert (again.state, again.attempts) == ("UNKNOWN", 1)


def test_an_attempt_that_was_none_is_not_counted(queue):
    file(queue, to())
    (head,) = claim(queue)
    settle(queue, head, "QUEUED", due=NOON, attempted=False)
    assert claim(queue)[0].attempts == 0


def test_live_goes_before_history(queue):
    file(queue, to(number=1, lane="history"), to(number=2), to(number=3, lane="history"), to(number=4))
    assert [c.lane for c in claim(queue, limit=3)] == ["live", "live", "history"]


def test_one_destination_does_not_starve_another(queue):
    file(queue, *[to("busy", number=n) for n in range(20)], *[to("quiet", number=n) for n in range(20, 22)])
    names = [c.destination for c in claim(queue, limit=8)]
    assert (names.count("busy"), names.count("quiet")) == (6, 2)


def test_a_flood_of_one_institution_leaves_the_others_their_share(queue):
    flood = [to("shared", number=number, institution="LOUD") for number in range(60)]
    file(queue, *flood)
    file(
        queue,
        to("shared", number=98, institution="QUIET-1", received=later(5)),
        to("shared", number=99, institution="QUIET-2", received=later(6)),
    )
    claimed = claim(queue, later(9), limit=4)
    with queue.database.read() as connection:
        owners = sorted(stored.facts.institution for stored in queue.bodies(connection, claimed).values())
    assert owners == ["LOUD", "LOUD", "QUIET-1", "QUIET-2"]
    assert len(claim(queue, later(9), limit=100)) == 58, "who is alone has all the room"


def test_more_institutions_than_room_have_their_turns(queue):
    file(queue, *[to("shared", number=number, institution=f"HOSP-{number:03}") for number in range(100)])
    seen = [one.receipt for _ in range(25) for one in claim(queue, limit=4)]
    assert len(set(seen)) == 100


def test_an_institution_that_waits_for_its_next_try_takes_no_room(queue):
    file(queue, to("shared", number=1, institution="AWAY"))
    (one,) = claim(queue)
    settle(queue, one, "QUEUED", due=later(500))
    file(queue, *[to("shared", number=number, institution="HERE") for number in range(2, 5)])
    assert len(claim(queue, limit=3)) == 3


def test_only_the_named_destinations_are_served(queue):
    file(queue, to("a", number=1), to("b", number=2))
    assert [c.destination for c in claim(queue, destinations=["b", "c"])] == ["b"]
    assert claim(queue, destinations=[]) == []


def test_a_lease_is_judged_by_the_time_that_is_given(queue):
    file(queue, to())
    claim(queue, lease=30)
    with queue.database.write() as connection:
        assert queue.release_expired(connection, later(86_400), later(29)) == 0
        assert queue.release_expired(connection, later(86_402), later(31)) == 1
    (again,) = claim(queue, later(86_402))
    assert again.state == "UNKNOWN"


def test_tries_are_brought_forward_and_what_is_due_stays(queue):
    file(queue, to("a", number=1), to("b", number=2))
    (first,) = claim(queue, destinations=["a"])
    settle(queue, first, "QUEUED", due=later(3700))
    with queue.database.write() as connection:
        assert queue.bring_forward(connection, later(0), timedelta(hours=1)) == 1
    assert claim(queue, later(99), destinations=["a"]) == []
    assert [one.destination for one in claim(queue, later(100), destinations=["a"])] == ["a"]
    assert [one.destination for one in claim(queue, later(0), destinations=["b"])] == ["b"]


def test_a_lease_that_ran_out_is_taken_back_and_counted(queue):
    one = to()
    file(queue, one)
    (lost,) = claim(queue, lease=30)
    with queue.database.write() as connection:
        assert queue.release_expired(connection, later(29)) == 0
        assert queue.release_expired(connection, later(31)) == 1
    (again,) = claim(queue, later(31))
    assert (again.attempts, again.state) == (1, "UNKNOWN"), "the lost worker may have sent it"
    assert find(queue, one.receipt).events[-1].what == "lease-expired"
    assert settle(queue, lost, now=later(32)) == []
    assert find(queue, one.receipt).deliveries[0].state == "SENDING"
    assert settle(queue, again, now=later(33)) == [again.id]
    assert settle(queue, again, "DEAD", now=later(34)) == []


def test_a_revoked_message_is_not_sent_and_its_key_goes_on(queue):
    first, second, third = (to(key="K", number=n) for n in (1, 2, 3))
    file(queue, first, second, third)
    (head,) = claim(queue)
    journal = Journal(queue.database, queue.seal)
    with queue.database.write() as connection:
        journal.revoke(connection, "H1", "C0002", "D2", "误传", NOON)
    assert claim(queue) == []
    settle(queue, head)
    assert [c.receipt for c in claim(queue)] == [third.receipt]


@pytest.mark.parametrize(("came", "becomes"), [("QUEUED", "CANCELLED"), ("UNKNOWN", "UNKNOWN"), ("SENT", "SENT")])
def test_what_is_revoked_while_it_is_tried_is_not_tried_again_unless_in_doubt(queue, came, becomes):
    one, behind = to(key="K", number=1), to(key="K", number=2)
    file(queue, one, behind)
    (claimed,) = claim(queue)
    assert claim(queue) == []
    with queue.database.write() as connection:
        Journal(queue.database, queue.seal).revoke(connection, "H1", "C0002", "D1", "误传", NOON)
    settle(queue, claimed, came, due=later(9), error_code="" if came == "SENT" else "DST-101")
    assert find(queue, one.receipt).deliveries[0].state == becomes
    free = [] if becomes == "UNKNOWN" else [behind.receipt]
    assert [c.receipt for c in claim(queue, later(1))] == free


def test_a_dead_delivery_of_a_revoked_message_is_not_revived(queue):
    one = to()
    file(queue, one)
    settle(queue, claim(queue)[0], "DEAD", error_code="DST-201")
    with queue.database.write() as connection:
        Journal(queue.database, queue.seal).revoke(connection, "H1", "C0002", "D0", "误传", NOON)
        dead = find(queue, one.receipt).deliveries[0].id
        assert not queue.revive(connection, dead, "admin", NOON)
        assert queue.discard(connection, dead, "已撤销", "admin", NOON)


def test_equal_failures_are_one_event(queue):
    one = to()
    file(queue, one)
    for n in range(4):
        (claimed,) = claim(queue, later(n))
        settle(queue, claimed, "QUEUED", now=later(n), due=later(n), error_code="DST-101" if n < 3 else "DST-103")
    assert [event.what for event in find(queue, one.receipt).events] == ["received", "retry", "retry"]


def test_the_waiting_line_tells_counts_oldest_and_last_error(queue):
    file(queue, to(key="K", number=1), to(key="K", number=2, received=later(9)), to("other", number=3))
    for claimed in claim(queue, destinations=["archive"]):
        settle(queue, claimed, "DEAD", now=later(20), error_code="DST-201", error_text="对方拒收")
    with queue.database.read() as connection:
        archive, other = queue.waiting(connection)
    assert (archive.destination, dict(archive.counts)) == ("archive", {"DEAD": 1, "QUEUED": 1})
    assert (archive.oldest, archive.error_code, archive.error_text, archive.error_at) == (NOON, "DST-201", "对方拒收", later(20))
    assert (other.oldest, other.error_code) == (NOON, "")


def test_four_workers_at_once_never_break_the_order_of_a_key(queue):
    keys, each = 6, 10
    numbers = list(range(keys * each))
    for n in numbers:
        file(queue, to(key=f"K{n % keys}", number=n))
    seen: dict[str, list[int]] = defaultdict(list)
    lock = threading.Lock()
    errors: list[Exception] = []

    def work():
        dice = random.Random(threading.get_ident())
        try:
            while sum(map(len, seen.values())) < len(numbers):
                for claimed in claim(queue, datetime.now(UTC) + timedelta(days=999), limit=4, lease=600):
                    with lock:
                        seen[claimed.key].append(claimed.id)
                    state = "QUEUED" if dice.random() < 0.2 else "SENT"
                    if state == "QUEUED":
                        with lock:
                            seen[claimed.key].pop()
                    settle(queue, claimed, state, attempted=False)
        except Exception as error:  # noqa: BLE001 - shown by the test after the threads have ended
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert sum(map(len, seen.values())) == len(numbers)
    assert all(ids == sorted(ids) and len(set(ids)) == each for ids in seen.values())
