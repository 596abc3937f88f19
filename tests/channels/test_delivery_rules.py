"""What is tried again, when, and when it is given up: the rules by themselves."""

import time
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue
from types import SimpleNamespace

import pytest

from engine.breaker import Breaker
from engine.channels.backoff import pause, spent
from engine.channels.language import Retry
from engine.channels.outlet import Outlet, Parcel, Tried
from engine.channels.verdict import settle
from engine.errors import Rejected, Unavailable
from engine.outbound.connector import Reply
from engine.store.queue import Claimed

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
RETRY = Retry.model_validate({"first": "5s", "longest": "10m", "give-up": "3d"})


def test_the_wait_doubles_up_to_the_longest_and_chance_spreads_its_upper_half():
    assert [pause(RETRY, n, 1.0).total_seconds() for n in (1, 2, 3, 7, 8, 500)] == [5, 10, 20, 320, 600, 600]
    assert pause(RETRY, 3, 0.0).total_seconds() == 10


def test_a_delivery_is_given_up_after_the_time_of_its_route():
    assert not spent(RETRY, NOW, NOW + timedelta(days=3, seconds=-1))
    assert spent(RETRY, NOW, NOW + timedelta(days=3))


def test_the_breaker_opens_after_failures_in_a_row_and_lets_one_probe_through():
    breaker = Breaker(trips=3, first=1, longest=4)
    assert [breaker.failed(0), breaker.failed(0), breaker.allows(0)] == [False, False, None]
    assert breaker.failed(0)
    assert [breaker.allows(0.9), breaker.allows(1.0)] == [0, 1]
    breaker.failed(1.0)
    assert [breaker.allows(2.9), breaker.allows(3.0)] == [0, 1]
    for _ in range(5):
        breaker.failed(100.0)
    assert [breaker.allows(103.9), breaker.allows(104.0)] == [0, 1]
    assert breaker.answered()
    assert breaker.allows(0) is None


def test_an_answer_in_between_starts_the_count_anew():
    breaker = Breaker(trips=2)
    breaker.failed(0)
    breaker.answered()
    assert not breaker.failed(0)
    assert breaker.allows(0) is None


def test_what_was_claimed_before_the_breaker_opened_is_no_probe_after_it():
    sends, tried = [], SimpleQueue()
    outlet = Outlet("his", SimpleNamespace(send=sends.append), parallel=1, batch=8, longest_send=1.0)
    assert outlet.room(0.0) > 1
    for _ in range(5):
        outlet.breaker.failed(0.0)
    outlet.take(Parcel(claimed(), None, time.monotonic() + 60), lambda stored: stored, tried.put)
    assert (tried.get(timeout=5).reply, sends) == (None, [])
    outlet.held -= 1
    assert outlet.room(60.0) == 1
    outlet.take(Parcel(claimed(), None, time.monotonic() + 60), lambda stored: stored, tried.put)
    tried.get(timeout=5)
    assert len(sends) == 1
    outlet.leave()


def claimed(state="QUEUED", attempts=0, first_due=NOW):
    return Claimed(
        id=1,
        receipt="r",
        destination="d",
        key="k",
        attempts=attempts,
        lane="live",
        state=state,
        lease_token="t",
        first_due=first_due,
    )


@pytest.mark.parametrize(
    ("before", "error", "after", "code"),
    [
        ("QUEUED", Unavailable("DST-101", "away"), "QUEUED", "DST-101"),
        ("QUEUED", Unavailable("DST-102", "late", unknown=True), "UNKNOWN", "DST-102"),
        ("UNKNOWN", Unavailable("DST-101", "away"), "UNKNOWN", "DST-101"),
        ("UNKNOWN", Rejected("DST-203", "no"), "DEAD", "DST-203"),
        ("QUEUED", Rejected("DST-201", "no"), "DEAD", "DST-201"),
        ("QUEUED", KeyError("测试患者"), "QUEUED", "ENG-000"),
    ],
)
def test_each_failure_has_its_state(before, error, after, code):
    settled = settle(Tried(Parcel(claimed(before), ValueError(), 0), error=error), RETRY, NOW, 1.0)
    assert (settled.state, settled.error_code, settled.attempted) == (after, code, True)
    assert "测试患者" not in settled.error_text
    assert settled.state == "DEAD" or settled.due == NOW + timedelta(seconds=5)


def test_what_failed_until_its_time_was_spent_is_dead():
    old = claimed("UNKNOWN", attempts=400, first_due=NOW - timedelta(days=3))
    settled = settle(Tried(Parcel(old, ValueError(), 0), error=Unavailable("DST-102", "late", unknown=True)), RETRY, NOW, 1.0)
    assert (settled.state, settled.error_code) == ("DEAD", "DST-102")


def test_a_pause_that_the_destination_asked_for_is_kept():
    busy = Unavailable("DST-103", "HTTP 429", retry_after=90)
    assert settle(Tried(Parcel(claimed(), ValueError(), 0), error=busy), RETRY, NOW, 1.0).due == NOW + timedelta(seconds=90)


def test_a_reply_is_sent_and_one_never_started_goes_back_uncounted():
    sent = settle(Tried(Parcel(claimed(), ValueError(), 0), reply=Reply("ok", "N-7")), RETRY, NOW, 1.0)
    assert (sent.state, sent.remote_id, sent.error_code) == ("SENT", "N-7", "")
    back = settle(Tried(Parcel(claimed("UNKNOWN"), ValueError(), 0)), RETRY, NOW, 1.0)
    assert (back.state, back.due, back.attempted) == ("UNKNOWN", NOW, False)
