"""Errands are done once each, tried again with growing pauses, and never more at a time of one hospital than it allows."""

import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from engine.channels.errands import ErrandRunner, pause
from engine.errors import TryAgain, Unavailable
from engine.store.database import Database
from engine.store.errands import Errands, drop, offer, plan, put
from tests.support.databases import empty_url, url  # noqa: F401 - the fixtures that these tests ask for

NOW = datetime(2026, 11, 26, 4, tzinfo=UTC)
MANY = 99


@pytest.fixture
def database(url):  # noqa: F811 - pytest hands the fixture over by its name
    opened = Database(url, pool=10)
    yield opened
    opened.close()


def claimed(database, *, room=MANY, limit=MANY, now=NOW, kinds=("pull",)):
    return Errands(database).claim(now=now, lease=60, room=room, limit=lambda _: limit, kinds=kinds)


def ask(database, subject, institution="H1", due=NOW, how=put, kind="pull"):
    with database.write() as connection:
        return how(connection, kind, subject, institution, due)


def test_an_errand_is_open_once_and_the_earlier_time_holds(database):
    ask(database, "a", due=NOW + timedelta(hours=1))
    assert claimed(database) == []
    ask(database, "a", due=NOW)
    ask(database, "a", due=NOW + timedelta(hours=2))
    assert [one.subject for one in claimed(database)] == ["a"]
    assert claimed(database) == [], "it is leased"


def planned(database, subject, due):
    with database.write() as connection:
        plan(connection, "pull", subject, "H1", due, NOW)


def test_offering_says_whether_it_was_new_and_planning_may_put_off_but_not_what_is_overdue(database):
    later = NOW + timedelta(hours=1)
    assert ask(database, "a", due=later, how=offer) is True
    assert ask(database, "a", due=NOW, how=offer) is False
    planned(database, "a", later + timedelta(hours=1))
    assert claimed(database, now=later) == []
    ask(database, "a", due=NOW)
    planned(database, "a", later)
    assert len(claimed(database)) == 1


def test_one_that_is_asked_for_while_it_runs_is_run_once_more(database):
    store = Errands(database)
    ask(database, "a")
    (one,) = claimed(database)
    ask(database, "a")
    with database.write() as connection:
        drop(connection, "pull", "a")
    store.done(one, NOW)
    (again,) = claimed(database)
    store.done(again, NOW)
    assert claimed(database) == []


@pytest.mark.parametrize("after", [None, 600])
def test_one_that_is_planned_while_it_runs_keeps_that_time_whatever_its_worker_says(database, after):
    ask(database, "a")
    (one,) = claimed(database)
    planned(database, "a", NOW + timedelta(seconds=40))
    Errands(database).done(one, NOW, NOW + timedelta(seconds=after) if after else None)
    assert claimed(database, now=NOW + timedelta(seconds=39)) == []
    assert [one.subject for one in claimed(database, now=NOW + timedelta(seconds=40))] == ["a"]


def test_a_hospitals_limit_holds_over_all_workers_and_its_crowd_hides_nobody(database):
    for place in range(50):
        ask(database, f"a{place}")
    ask(database, "b", "H2", NOW)
    first = claimed(database, limit=2, room=10)
    assert sorted({one.institution for one in first}) == ["H1", "H2"]
    assert sum(1 for one in first if one.institution == "H1") == 2
    assert claimed(database, limit=2, room=10) == []
    Errands(database).done(next(one for one in first if one.institution == "H1"), NOW)
    assert len(claimed(database, limit=2, room=10)) == 1


def test_a_lease_that_ran_out_is_handed_on_and_its_old_holder_writes_nothing(database):
    store = Errands(database)
    ask(database, "a")
    (old,) = claimed(database)
    (new,) = claimed(database, now=NOW + timedelta(seconds=61))
    store.done(old, NOW)
    store.failed(old, NOW, NOW, "late")
    store.done(new, NOW)
    assert claimed(database, now=NOW + timedelta(days=1)) == []


def test_failures_are_counted_and_told_until_it_goes_well(database):
    store = Errands(database)
    ask(database, "a")
    (one,) = claimed(database)
    store.failed(one, NOW, NOW + timedelta(seconds=5), "DST-103 away")
    with database.read() as connection:
        (line,) = store.lines(connection, NOW)
    assert (line.open, line.failures, line.last_error, line.last_failed) == (1, 1, "DST-103 away", NOW)
    assert claimed(database) == []
    (again,) = claimed(database, now=NOW + timedelta(seconds=6))
    assert again.attempts == 1
    store.done(again, NOW + timedelta(seconds=7))
    with database.read() as connection:
        (line,) = store.lines(connection, NOW)
    assert (line.open, line.failures, line.last_done) == (0, 0, NOW + timedelta(seconds=7))


def test_two_workers_do_each_errand_once(database):
    done, guard, finished = [], threading.Lock(), threading.Event()

    def act(subject):
        with guard:
            done.append(subject)
            if len(done) == 40:
                finished.set()

    for place in range(40):
        ask(database, f"a{place}", f"H{place % 5}")
    runners = [ErrandRunner(Errands(database), {"pull": act}, threads=4, poll=0.05) for _ in range(2)]
    for one in runners:
        one.start()
    assert finished.wait(30)
    for one in runners:
        assert one.well()
        one.close()
    assert sorted(done) == sorted(f"a{place}" for place in range(40))
    assert claimed(database, now=datetime.now(UTC) + timedelta(days=1)) == []


def test_what_fails_is_tried_again_and_what_is_due_later_waits(database):
    tries, finished = [], threading.Event()

    def act(subject):
        tries.append(subject)
        if len(tries) == 1:
            raise Unavailable("DST-103", "away")
        finished.set()
        return datetime.now(UTC) + timedelta(hours=1)

    ask(database, "a")
    with closing(ErrandRunner(Errands(database), {"pull": act}, poll=0.05)) as runner:
        runner.start()
        assert finished.wait(20)
    assert len(tries) == 2
    assert len(claimed(database, now=datetime.now(UTC) + timedelta(hours=2))) == 1


@pytest.mark.parametrize("fails", [False, True])
def test_what_came_of_an_errand_is_written_down_once_the_store_is_back(database, monkeypatch, fails):
    away, written = [3], threading.Event()

    class Interrupted(Errands):
        def done(self, *said):
            self._at(super().done, *said)

        def failed(self, *said):
            self._at(super().failed, *said)

        def _at(self, write, *said):
            away[0] -= 1
            if away[0] >= 0:
                raise TryAgain("the store has no free connection")
            write(*said)
            written.set()

    def act(_subject):
        if fails:
            raise Unavailable("DST-103", "away")
        return datetime.now(UTC) + timedelta(hours=1)

    monkeypatch.setattr("engine.channels.errands._WRITES", (0.01,) * 4)
    ask(database, "a")
    with closing(ErrandRunner(Interrupted(database), {"pull": act}, poll=0.05)) as runner:
        runner.start()
        assert written.wait(20)
    with database.read() as connection:
        (line,) = Errands(database).lines(connection, datetime.now(UTC))
    assert (line.open, line.running, line.failures > 0) == (1, 0, fails)


def test_stopping_waits_for_what_is_under_way(database):
    begun, ended = threading.Event(), []

    def act(_subject):
        begun.set()
        time.sleep(0.3)
        ended.append(True)

    ask(database, "a")
    runner = ErrandRunner(Errands(database), {"pull": act}, poll=0.05)
    runner.start()
    assert begun.wait(10)
    runner.close()
    assert ended == [True]
    assert claimed(database, now=datetime.now(UTC) + timedelta(days=1)) == []


def test_pauses_grow_and_end_at_five_minutes():
    assert [pause(n, 1.0).total_seconds() for n in (0, 1, 2, 20)] == [2, 4, 8, 300]
    assert pause(0, 0.0).total_seconds() == 1


def test_a_lease_is_judged_by_the_time_that_is_given(database):
    """A clock that was set forward by a day makes what is due due, and ends no lease."""
    ask(database, "a")
    ask(database, "b", due=NOW + timedelta(hours=2))
    (one,) = claimed(database)
    tomorrow, store = NOW + timedelta(days=1), Errands(database)
    assert store.due(tomorrow, ("pull",), NOW)
    found = store.claim(now=tomorrow, judged=NOW, lease=60, room=MANY, limit=lambda _: MANY, kinds=("pull",))
    assert [each.subject for each in found] == ["b"]
    late = store.claim(
        now=tomorrow, judged=NOW + timedelta(seconds=61), lease=60, room=MANY, limit=lambda _: MANY, kinds=("pull",)
    )
    assert [each.subject for each in late] == [one.subject]
