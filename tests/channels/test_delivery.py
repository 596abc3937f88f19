"""The courier over a real store: everything arrives, in order, once settled never again, and nobody waits for the dead."""

import os
import random
import signal
import threading
import time
from datetime import UTC, datetime

import pytest

from engine.channels.language import Retry
from engine.errors import Rejected, TryAgain, Unavailable
from engine.outbound.connector import Reply
from engine.store import counts
from tests.store.conftest import database, url  # noqa: F401  the two stores, SQLite and PostgreSQL
from tests.support.office import Hand, Office, away, open_plain


@pytest.fixture
def office(database):  # noqa: F811  the fixture imported above
    made = Office(database)
    yield made
    made.close()
    with database.read() as connection:
        assert counts.verify(connection) == []


def test_what_is_filed_while_the_courier_is_idle_arrives_within_a_moment(office):
    hand = Hand()
    office.courier({"archive": hand}, poll=0.2)
    time.sleep(0.6)  # the courier has nothing to do and looks rarely now
    waits = []
    for _ in range(3):
        filed = time.monotonic()
        receipt = office.file(("archive", ""))
        office.until(lambda: receipt in hand.sends)  # noqa: B023  read at once
        waits.append(time.monotonic() - filed)
    assert sorted(waits)[1] < 0.4
    office.until(lambda: office.states() == {("archive", "SENT"): 3})
    assert office.deliveries(receipt)[0].remote_id == "N-2"


def test_the_order_of_each_key_is_kept_through_failures_and_threads(office):
    chance = random.Random(7)

    def stumble():
        if chance.random() < 0.25:
            raise Unavailable("DST-102", "late", unknown=chance.random() < 0.5)

    taken = []
    carrier = Hand(lambda message, _number: (stumble(), taken.append(message.id)))
    keys = {office.file(("his", f"K{n % 5}")): n % 5 for n in range(60)}
    office.courier({"his": carrier}, parallel=lambda _: 8)
    office.until(lambda: office.states() == {("his", "SENT"): 60}, 30)
    assert len(taken) == len(set(taken)) == 60
    for key in range(5):
        mine = [receipt for receipt in taken if keys[receipt] == key]
        assert mine == sorted(mine)


def test_a_dead_destination_slows_no_other(office):
    hang = threading.Event()
    for n in range(40):
        office.file(("dead", ""), ("slow", ""), ("quick", f"K{n}"))
    quick = Hand()
    started = time.monotonic()
    office.courier({"dead": Hand(away), "slow": Hand(lambda *_: hang.wait(20)), "quick": quick})
    office.until(lambda: office.states()["quick", "SENT"] == 40, 5)
    assert time.monotonic() - started < 5
    assert office.states()["dead", "SENT"] == office.states()["slow", "SENT"] == 0
    hang.set()


def test_which_destinations_count_as_away_is_told_when_it_changes(office):
    told, hand = [], Hand(away)
    office.courier({"his": hand}, away=lambda _connection, names: told.append(sorted(names)))
    for _ in range(6):
        office.file(("his", ""))
    office.until(lambda: told == [[], ["his"]], 20)
    hand.act = lambda *_: None
    office.until(lambda: told == [[], ["his"], []], 20)
    office.until(lambda: office.states() == {("his", "SENT"): 6}, 20)
    assert len(told) == 3


def test_the_breaker_spares_a_destination_that_is_away_and_finds_it_when_it_is_back(office):
    hand = Hand(away)
    for _ in range(30):
        office.file(("his", ""))
    began = time.monotonic()
    office.courier({"his": hand}, parallel=lambda _: 2)
    time.sleep(0.8)
    knocks = len(hand.sends)
    # A machine that stood still lets more probes come due: at most two threads at each second.
    assert 5 <= knocks <= 8 + 2 * (time.monotonic() - began)
    hand.act = lambda *_: None
    office.until(lambda: office.states() == {("his", "SENT"): 30}, 8)


def test_a_message_that_may_have_arrived_is_sent_again_as_the_same(office):
    def first_unknown(_message, number):
        if number == 0:
            raise Unavailable("DST-102", "没有应答", unknown=True)

    hand = Hand(first_unknown)
    receipt = office.file(("his", "K"))
    slow = Retry.model_validate({"first": "300ms", "longest": "1s", "give-up": "1m"})
    office.courier({"his": hand}, retry_of=lambda *_: slow)
    office.until(lambda: office.states() == {("his", "UNKNOWN"): 1})
    office.until(lambda: office.states() == {("his", "SENT"): 1})
    assert hand.sends == [receipt, receipt]
    assert office.deliveries(receipt)[0].attempts == 2


def test_a_refused_message_is_a_dead_letter_and_holds_its_key_until_someone_acts(office):
    def refuse_first(_message, number):
        if number == 0:
            raise Rejected("DST-201", "不收")

    hand = Hand(refuse_first)
    first, second, other = office.file(("his", "K")), office.file(("his", "K")), office.file(("his", "L"))
    office.courier({"his": hand}, parallel=lambda _: 1)
    office.until(lambda: office.states() == {("his", "DEAD"): 1, ("his", "QUEUED"): 1, ("his", "SENT"): 1})
    assert hand.sends == [first, other]
    dead = office.deliveries(first)[0]
    assert (dead.error_code, dead.error_text) == ("DST-201", "不收")
    with office.database.write() as connection:
        office.queue.revive(connection, dead.id, "admin")
    office.until(lambda: office.states() == {("his", "SENT"): 3})
    assert hand.sends == [first, other, first, second]


def test_what_fails_until_the_route_gives_up_is_a_dead_letter(office):
    office.file(("his", ""))
    short = Retry.model_validate({"first": "20ms", "longest": "50ms", "give-up": "300ms"})
    office.courier({"his": Hand(away)}, retry_of=lambda *_: short)
    office.until(lambda: office.states() == {("his", "DEAD"): 1})


def test_what_a_killed_worker_had_claimed_is_delivered_by_the_next(office):
    receipt = office.file(("his", "K"))
    with office.database.write() as connection:
        claimed = office.queue.claim(connection, worker="killed", now=datetime.now(UTC), lease=-1, limit=5, destinations=["his"])
    assert [one.receipt for one in claimed] == [receipt]
    hand = Hand()
    office.courier({"his": hand})
    office.until(lambda: office.states() == {("his", "SENT"): 1})
    assert hand.sends == [receipt]


def test_stopping_finishes_what_is_under_way_and_gives_back_what_is_not(office):
    under_way, go_on = threading.Event(), threading.Event()

    def wait(_message, _number):
        under_way.set()
        go_on.wait(10)

    hand = Hand(wait)
    for _ in range(10):
        office.file(("his", ""))
    courier = office.courier({"his": hand}, parallel=lambda _: 2, batch=10)
    under_way.wait(5)
    office.until(lambda: office.states()["his", "SENDING"] >= 2)
    threading.Timer(0.2, go_on.set).start()
    courier.stop()
    sent = len(set(hand.sends))
    assert 2 <= sent <= 4
    assert office.states() == {("his", "SENT"): sent, ("his", "QUEUED"): 10 - sent}


def test_what_is_not_started_before_its_lease_runs_short_goes_back_uncounted(office):
    office.file(("his", ""))
    hand = Hand()
    courier = office.courier({"his": hand}, lease=5.01, longest_send=5.0)
    courier._outlets["his"].longest_send = 6.0  # as if it had waited for a thread for a second
    time.sleep(0.5)
    assert hand.sends == []
    courier._outlets["his"].longest_send = 1.0
    office.until(lambda: office.states() == {("his", "SENT"): 1})


def test_a_body_that_cannot_be_opened_harms_no_other_and_shows_nothing_of_itself(office):
    poison = office.file(("his", ""), content="<病历>毒</病历>".encode())
    office.file(("his", ""))

    def open_body(stored):
        if stored.facts.receipt == poison:
            raise KeyError("毒")
        return open_plain(stored)

    office.courier({"his": Hand()}, open_body=open_body)
    office.until(lambda: office.states()["his", "SENT"] == 1)
    office.until(lambda: office.deliveries(poison)[0].error_code == "ENG-000")
    assert "毒" not in office.deliveries(poison)[0].error_text


def test_a_store_that_is_away_for_a_while_loses_no_settlement(office, monkeypatch):
    whole = office.database.write
    gone = threading.Event()

    def write():
        if gone.is_set():
            raise TryAgain("the disk is full")
        return whole()

    hand = Hand(lambda *_: gone.set())
    receipt = office.file(("his", ""))
    monkeypatch.setattr(office.database, "write", write)
    office.courier({"his": hand})
    office.until(lambda: hand.sends == [receipt])
    time.sleep(0.3)
    assert office.states() == {("his", "SENDING"): 1}
    hand.act = lambda *_: None
    gone.clear()
    office.until(lambda: office.states() == {("his", "SENT"): 1})
    assert hand.sends == [receipt]


def test_two_couriers_on_one_queue_send_each_delivery_once(office):
    for n in range(80):
        office.file(("his", f"K{n % 10}"))
    hand = Hand()
    office.courier({"his": hand}, worker="one")
    office.courier({"his": hand}, worker="two")
    office.until(lambda: office.states() == {("his", "SENT"): 80}, 20)
    assert len(hand.sends) == 80


def test_what_has_no_connector_waits(office):
    office.file(("nobody", ""), ("his", ""))
    office.courier({"his": Hand()})
    office.until(lambda: office.states() == {("his", "SENT"): 1, ("nobody", "QUEUED"): 1})


def test_a_lease_shorter_than_a_send_is_refused(office):
    with pytest.raises(ValueError, match="outlast"):
        office.courier({}, lease=5.0, longest_send=5.0)


def test_a_signal_handler_may_stop_the_courier_that_runs_in_its_own_thread(office):
    office.file(("his", ""))
    hand = Hand()
    courier = office.courier({"his": hand}, start=False)
    before = signal.signal(signal.SIGUSR1, lambda *_: courier.stop())
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    courier.run()
    signal.signal(signal.SIGUSR1, before)
    assert office.states() == {("his", "SENT"): 1}


def test_a_send_that_hangs_for_longer_than_its_lease_makes_its_worker_unwell(office):
    hang = threading.Event()
    courier = office.courier({"stuck": Hand(lambda *_: hang.wait(20))}, longest_send=0.5, lease=1.5)
    assert courier.well()
    office.file(("stuck", ""))
    office.until(lambda: not courier.well())
    hang.set()
    office.until(courier.well)


def test_a_courier_that_turns_no_more_is_unwell(office, monkeypatch):
    courier = office.courier({}, start=False)
    assert courier.well()
    monkeypatch.setattr("engine.channels.delivery._PATIENCE", 0.2)
    office.until(lambda: not courier.well())


class Asked(Hand):
    """A carrier that loses the first answer, and that can be asked; `knows` says whether a message arrived."""

    def __init__(self, knows):
        super().__init__(lost)
        self.knows, self.questions = knows, 0

    def ask(self, _message):
        self.questions += 1
        return self.knows(self.questions)


def lost(_message, number):
    if number == 0:
        raise Unavailable("DST-102", "no answer", unknown=True)


def told_third_time(times):
    if times < 3:
        raise Unavailable("DST-107", "says neither", unknown=True)
    return Reply("arrived", "N-9")


@pytest.mark.parametrize(
    ("knows", "sends", "questions", "number"),
    [(lambda _: Reply("arrived", "N-9"), 1, 1, "N-9"), (lambda _: None, 2, 1, "N-1"), (told_third_time, 1, 3, "N-9")],
    ids=["arrived", "did not arrive", "told at last"],
)
def test_what_is_in_doubt_is_asked_after_before_it_is_sent_again(office, knows, sends, questions, number):
    hand = Asked(knows)
    receipt = office.file(("his", "K1"))
    office.courier({"his": hand})
    office.until(lambda: office.states() == {("his", "SENT"): 1})
    assert (len(hand.sends), hand.questions) == (sends, questions)
    assert office.deliveries(receipt)[0].remote_id == number
