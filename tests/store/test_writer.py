"""One thread commits for all: together, one by one when that fails, bounded, and drained at the end."""

import asyncio
import threading
import time

import pytest
import sqlalchemy as sa

from engine.errors import SenderError, TryAgain
from engine.store.journal import Journal
from engine.store.tables import message
from engine.store.troubles import StoreAway
from engine.store.writer import Writer
from tests.store.samples import ERROR, entry
from tests.support.seals import SEAL


@pytest.fixture
def journal(database):
    return Journal(database, SEAL)


@pytest.fixture
def writer(database):
    opened = Writer(database)
    yield opened
    opened.stop()


def stored(journal):
    with journal.database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(message)).scalar_one()


class Gate:
    """A handler that holds the writer until it is opened, so that others gather behind it."""

    def __init__(self):
        self.entered, self.opened = threading.Event(), threading.Event()

    def __call__(self, connection, units):
        self.entered.set()
        assert self.opened.wait(20)
        return units


def hold(writer):
    gate = Gate()
    future = writer.submit(gate, "gate")
    assert gate.entered.wait(20)
    return gate, future


def test_what_gathers_behind_a_commit_goes_into_the_next_one_together(writer, journal):
    sizes = []

    def handler(connection, units):
        sizes.append(len(units))
        return journal.file(connection, units)

    gate, held = hold(writer)
    futures = [writer.submit(handler, entry(f"D{n}")) for n in range(20)]
    gate.opened.set()
    assert held.result(20) == "gate"
    assert all(future.result(20).fresh for future in futures)
    assert sizes == [20]


def test_a_bad_row_fails_alone(writer, journal):
    gate, _ = hold(writer)
    good = [writer.submit(journal.file, entry(f"D{n}")) for n in range(5)]
    bad = writer.submit(journal.file, entry("D9", route=None))
    more = [writer.submit(journal.file, entry(f"E{n}")) for n in range(5)]
    gate.opened.set()
    assert all(future.result(20).fresh for future in good + more)
    with pytest.raises(Exception, match=r"(?i)null"):
        bad.result(20)
    assert stored(journal) == 10


def test_a_refusal_of_one_unit_reaches_its_own_caller_only(writer, journal):
    def handler(connection, units):
        if "no" in units:
            raise SenderError(ERROR)
        return units

    gate, _ = hold(writer)
    futures = [writer.submit(handler, word) for word in ("yes", "no", "yes")]
    gate.opened.set()
    assert (futures[0].result(20), futures[2].result(20)) == ("yes", "yes")
    with pytest.raises(SenderError):
        futures[1].result(20)


def test_a_commit_whose_reply_got_lost_is_found_again(writer, journal, monkeypatch):
    real = journal.database.write
    lost = []

    class LostReply:
        def __init__(self):
            self.inner = real()

        def __enter__(self):
            return self.inner.__enter__()

        def __exit__(self, *failure):
            self.inner.__exit__(*failure)
            if failure[0] is None and not lost:
                lost.append(True)
                raise StoreAway("the connection broke at COMMIT")

    gate, _ = hold(writer)
    monkeypatch.setattr(journal.database, "write", LostReply)
    entries = [entry(f"D{n}") for n in range(4)]
    futures = [writer.submit(journal.file, one) for one in entries]
    gate.opened.set()
    filed = [future.result(20) for future in futures]
    assert [f.receipt for f in filed] == [one.receipt for one in entries]
    assert not any(f.duplicate for f in filed)
    assert stored(journal) == 4
    assert lost


def test_when_the_store_is_away_everyone_hears_try_again_and_the_thread_lives_on(writer, journal, monkeypatch):
    def away():
        raise StoreAway("down")

    gate, held = hold(writer)
    monkeypatch.setattr(journal.database, "write", away)
    futures = [writer.submit(journal.file, entry(f"D{n}")) for n in range(5)]
    gate.opened.set()
    held.result(20)
    for future in futures:
        with pytest.raises(TryAgain):
            future.result(20)
    monkeypatch.undo()
    assert writer.submit(journal.file, entry()).result(20).fresh


def test_a_full_queue_says_try_again(database):
    writer = Writer(database, queue_limit=3, queue_bytes=100)
    gate, _ = hold(writer)
    futures = [writer.submit(gate, "a", size=10) for _ in range(2)]
    with pytest.raises(TryAgain):
        writer.submit(gate, "large", size=90)
    futures.append(writer.submit(gate, "b"))
    with pytest.raises(TryAgain):
        writer.submit(gate, "c")
    assert writer.waiting == 3
    gate.opened.set()
    writer.stop()
    assert [future.result(0) for future in futures] == ["a", "a", "b"]


def test_stopping_commits_what_waits_and_takes_nothing_more(database, journal):
    writer = Writer(database)
    gate, _ = hold(writer)
    futures = [writer.submit(journal.file, entry(f"D{n}")) for n in range(300)]
    gate.opened.set()
    writer.stop()
    assert all(future.result(0).fresh for future in futures)
    with pytest.raises(TryAgain):
        writer.submit(journal.file, entry())


def test_an_event_loop_is_woken_once_for_a_batch(writer, journal, monkeypatch):
    woken = []

    async def story():
        loop = asyncio.get_running_loop()
        real = loop.call_soon_threadsafe
        monkeypatch.setattr(loop, "call_soon_threadsafe", lambda *args: (woken.append(threading.get_ident()), real(*args))[1])
        gate, _ = hold(writer)
        tasks = [asyncio.ensure_future(writer.write(journal.file, entry(f"D{n}"))) for n in range(30)]
        await asyncio.sleep(0)
        gate.opened.set()
        return await asyncio.gather(*tasks)

    filed = asyncio.run(story())
    assert all(one.fresh for one in filed)
    assert len([ident for ident in woken if ident != threading.get_ident()]) == 1


def test_a_caller_who_hangs_up_does_not_undo_the_row(writer, journal):
    async def story():
        gate, _ = hold(writer)
        task = asyncio.ensure_future(writer.write(journal.file, entry("D1")))
        await asyncio.sleep(0)
        task.cancel()
        other = asyncio.ensure_future(writer.write(journal.file, entry("D2")))
        await asyncio.sleep(0)
        gate.opened.set()
        return await other

    assert asyncio.run(story()).fresh
    assert stored(journal) == 2


def test_a_lone_caller_does_not_wait_for_company(database, journal):
    writer = Writer(database, linger=1.0)
    began = time.monotonic()
    for n in range(3):
        writer.submit(journal.file, entry(f"D{n}")).result(20)
    writer.stop()
    assert time.monotonic() - began < 1.0
