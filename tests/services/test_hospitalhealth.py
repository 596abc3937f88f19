"""A hospital's health card adds up what all processes saw, and an absent store delays nobody."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from engine.hospital import HospitalCall
from engine.services.hospitalhealth import HospitalHealth, cards

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def call(outcome="0", seconds=0.2, at=AT, institution="H001", function="2007", until=None):
    return HospitalCall(
        institution=institution, function=function, outcome=outcome, seconds=seconds, at=at, certificate_until=until
    )


def read(database, now=AT + timedelta(minutes=5), **more):
    with database.read() as connection:
        return {card.institution: card for card in cards(connection, now, **more)}


def test_calls_of_two_processes_add_up(database, other):
    here, there = HospitalHealth(database), HospitalHealth(other)
    for number in range(90):
        (here if number % 2 else there).observe(call(seconds=0.15))
    for _ in range(8):
        here.observe(call("200709", 0.9))
    there.observe(call("DST-102", 30.5, at=AT + timedelta(minutes=1)))
    there.observe(call("DST-102", 30.5, at=AT + timedelta(minutes=2)))
    here.close()
    there.close()
    card = read(database)["H001"]
    assert (card.calls, card.answered, dict(card.outcomes)) == (100, 98, {"0": 90, "200709": 8, "DST-102": 2})
    assert (card.p50, card.p95, card.p99) == (0.2, 1.0, 60.0), "each is the upper bound of its class"
    assert (card.last_outcome, card.last_call, card.last_answer) == ("DST-102", AT + timedelta(minutes=2), AT)


def test_a_late_writer_does_not_turn_the_last_call_back(database, other):
    here, there = HospitalHealth(database), HospitalHealth(other)
    here.observe(call("DST-101", at=AT))
    there.observe(call("0", at=AT + timedelta(seconds=30)))
    there.flush()
    here.flush()
    card = read(database)["H001"]
    assert (card.last_outcome, card.last_answer) == ("0", AT + timedelta(seconds=30))
    here.close()
    there.close()


def test_only_the_window_counts_and_old_figures_are_forgotten(database):
    health = HospitalHealth(database)
    now = datetime.now(UTC)
    health.observe(call(at=now - timedelta(days=40)))
    health.observe(call(at=now - timedelta(days=2)))
    health.observe(call(at=now))
    health.close()
    assert read(database, now)["H001"].calls == 1
    assert read(database, now, window=timedelta(days=60))["H001"].calls == 2


def test_the_certificate_and_the_wsdl_are_on_the_card(database):
    health = HospitalHealth(database)
    ends = AT + timedelta(days=20)
    health.observe(call(until=ends))
    health.observe(call())
    health.close()
    health.looked("H001", [], AT)
    card = read(database)["H001"]
    assert (card.certificate_until, card.wsdl_looked, card.wsdl_changed, card.wsdl_words) == (ends, AT, None, ())
    later = AT + timedelta(days=1)
    health.looked("H001", ["缺少操作 A", "新增操作 B"], later)
    health.looked("H001", ["缺少操作 A", "新增操作 B"], later + timedelta(days=1))
    card = read(database)["H001"]
    assert (card.wsdl_looked, card.wsdl_changed) == (later + timedelta(days=1), later)
    assert card.wsdl_words == ("缺少操作 A", "新增操作 B")


def test_a_hospital_never_called_but_looked_at_has_a_card_without_figures(database):
    HospitalHealth(database).looked("H009", [], AT)
    card = read(database)["H009"]
    assert (card.calls, card.p95, card.last_call) == (0, None, None)


def test_figures_are_written_without_being_asked_for(database):
    health = HospitalHealth(database)
    health.observe(call())
    end = time.monotonic() + 10
    while not read(database) and time.monotonic() < end:
        time.sleep(0.05)
    assert read(database)["H001"].calls == 1
    health.close()


def test_a_store_that_is_away_loses_nothing_and_fails_no_call(database, monkeypatch):
    from engine.errors import TryAgain

    health = HospitalHealth(database)
    write = database.write

    def away():
        raise TryAgain("away")

    monkeypatch.setattr(database, "write", away)
    for _ in range(3):
        health.observe(call())
    time.sleep(1.2)
    monkeypatch.setattr(database, "write", write)
    health.observe(call())
    health.close()
    assert read(database)["H001"].calls == 4
