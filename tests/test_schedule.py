"""One clock of all nodes leads, and no turn of a job is done twice."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Condition, Event, Thread

from sqlalchemy import select, update

from engine.schedule import Clock, Job
from engine.steady import Jumps
from engine.store.duework import DueWork, due_work
from engine.store.leadership import leadership
from tests.store.conftest import database  # noqa: F401 - the two stores, SQLite and PostgreSQL
from tests.support.databases import url  # noqa: F401 - the fixture that `database` asks for


@contextmanager
def running(clock):
    thread = Thread(target=clock.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        clock.stop()
        thread.join(10)


class Ticks:
    """Count the turns of each clock, and let a test wait for them."""

    def __init__(self):
        self.done, self.changed = [], Condition()

    def job(self, name):
        return Job(name="tick", action=lambda: self.tick(name), every=0.2)

    def tick(self, name):
        with self.changed:
            self.done.append(name)
            self.changed.notify_all()

    def wait(self, sure):
        with self.changed:
            return self.changed.wait_for(lambda: sure(self.done), 15)

    def wait_still(self, seconds, within):
        """Wait until there was no turn for so long; true when there never was such a pause."""
        until = time.monotonic() + within
        with self.changed:
            while time.monotonic() < until:
                if not self.changed.wait(seconds):
                    self.still = len(self.done)
                    return False
        return True


def test_two_clocks_do_each_turn_once_and_the_second_takes_over(database, url, tmp_path):  # noqa: F811 - fixtures by name
    ticks, due = Ticks(), DueWork(database)
    first, second = (Clock([ticks.job(n)], leadership=leadership(url, tmp_path), claim=due.claim) for n in "ab")
    with running(first):
        assert ticks.wait(lambda done: len(done) >= 2)
        with running(second):
            assert ticks.wait(lambda done: len(done) >= 5)
            assert "b" not in ticks.done, "the second clock waits while the first leads"
            first.stop()
            assert ticks.wait(lambda done: "b" in done), "the second clock leads when the first is gone"


def test_a_job_that_fails_is_told_and_its_next_turn_comes(database, url, tmp_path, capsys):  # noqa: F811 - fixtures by name
    ticks = Ticks()

    def fail():
        ticks.tick("failed")
        raise OSError("no room")

    with running(Clock([Job(name="tick", action=fail, every=0.2)], leadership=leadership(url, tmp_path), claim=lambda *_: True)):
        assert ticks.wait(lambda done: len(done) >= 2)
    assert '"event":"job failed"' in capsys.readouterr().err


def test_a_turn_is_claimed_by_one_only(database):  # noqa: F811 - the fixture by name
    due = DueWork(database)
    assert [due.claim("fold", "1"), due.claim("fold", "1"), due.claim("fold", "2")] == [True, False, True]


def test_old_turns_are_forgotten(database):  # noqa: F811 - the fixture by name
    due = DueWork(database)
    for slot in ("1", "2", "3"):
        due.claim("fold", slot)
    with database.write() as connection:
        connection.execute(update(due_work).where(due_work.c.slot != "3").values(at=datetime(2026, 1, 5, tzinfo=UTC)))
    assert not due.claim("fold", "2"), "a turn is not done twice, however old"
    due.claim("fold", "4")
    with database.read() as connection:
        assert sorted(connection.execute(select(due_work.c.slot)).scalars()) == ["3", "4"]


def test_two_clocks_name_a_turn_alike():
    every = Job(name="x", action=lambda: None, every=5)
    daily = Job(name="y", action=lambda: None, daily_at=4)
    one, other = datetime(2026, 1, 5, 1, 0, 1, tzinfo=UTC), datetime(2026, 1, 5, 1, 0, 4, tzinfo=UTC)
    assert every.slot(one) == every.slot(other)
    assert daily.slot(datetime(2026, 1, 5, 20, tzinfo=UTC)) == "2026-01-06", "a day is a day of Shanghai"


def test_a_failing_turn_does_not_end_the_clock(tmp_path):
    turns, thrice = [], Event()

    def fail():
        turns.append(1)
        if len(turns) >= 3:
            thrice.set()
        raise ValueError("broken")

    clock = Clock(
        [Job(name="bad", action=fail, every=0.1)], leadership=leadership("sqlite:///x.db", tmp_path), claim=lambda *_: True
    )
    with running(clock):
        assert thrice.wait(10)


def test_a_clock_that_cannot_prove_its_lead_does_nothing_any_more(monkeypatch):
    """A node that is cut off hangs in its question while another one takes the lead."""

    class CutOff:
        asked = 0

        def lead(self):
            self.asked += 1
            if self.asked > 1:
                healed.wait(10)
            return True

        def close(self):
            healed.set()

    monkeypatch.setattr("engine.schedule._SURE", 1.5)
    healed, ticks = Event(), Ticks()
    with running(Clock([ticks.job("a")], leadership=CutOff(), claim=lambda *_: True)):
        assert ticks.wait(lambda done: len(done) >= 2)
        assert not ticks.wait_still(0.6, 10), "it went on"
        healed.set()
        assert ticks.wait(lambda done: len(done) >= ticks.still + 2), "it goes on when its lead is proven"


def test_a_clock_whose_store_never_answers_is_unwell_after_a_while(monkeypatch):
    class Stuck:
        def lead(self):
            stuck.wait(10)

        def close(self):
            stuck.set()

    stuck = Event()
    clock = Clock([], leadership=Stuck(), claim=lambda *_: True)
    with running(clock):
        assert clock.well()
        monkeypatch.setattr("engine.schedule._PATIENCE", 0.2)
        time.sleep(0.3)
        assert not clock.well()
        stuck.set()


def test_turns_of_an_hour_that_comes_again_are_done_again(database):  # noqa: F811 - the fixture by name
    due, now = DueWork(database), datetime.now(UTC)
    for slot in ("1", "2"):
        due.claim("fold", slot)
    with database.write() as connection:
        connection.execute(update(due_work).where(due_work.c.slot == "2").values(at=now + timedelta(hours=1)))
    assert due.forget_later(now + timedelta(seconds=5)) == 1
    assert [due.claim("fold", "1"), due.claim("fold", "2")] == [False, True]


def test_a_clock_that_was_set_tells_by_how_much_and_goes_on(tmp_path):
    moved, told, apart = Event(), [], [0.0]
    ticks, jumps = Ticks(), Jumps(lambda: time.time() + apart[0], time.monotonic)

    def was_set(seconds):
        told.append(round(seconds))
        moved.set()
        raise ValueError("the store is away")

    clock = Clock(
        [ticks.job("a")], leadership=leadership("sqlite:///x.db", tmp_path), claim=lambda *_: True, was_set=was_set, jumps=jumps
    )
    with running(clock):
        assert ticks.wait(lambda done: len(done) >= 2)
        apart[0] = -3600.0
        assert moved.wait(15)
        before = len(ticks.done)
        assert ticks.wait(lambda done: len(done) >= before + 2), "the clock goes on though nothing could be moved along"
    assert told == [-3600]
