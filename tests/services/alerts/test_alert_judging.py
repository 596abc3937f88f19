"""One trouble is one row and one notice at either end, whoever judges, whatever restarts, however it flickers."""

import threading
from contextlib import closing
from datetime import timedelta

import pytest

from engine.services.alerts.evidence import Outside
from engine.services.alerts.rules import QuietHours
from engine.store.database import Database
from tests.support.watch import MORNING, rule

FULL, ROOMY = Outside(disk_free=1, disk_total=100), Outside(disk_free=50, disk_total=100)


def test_what_does_not_hold_for_as_long_as_its_rule_wants_is_no_alert(watch):
    watch.by(disk=rule("disk", for_="1m", to=["duty"]))
    watch.outside = FULL
    watch.keep_judging(50)
    assert (watch.open, len(watch.rows())) == ([], 1)
    watch.outside = ROOMY
    watch.keep_judging(10)
    assert (watch.rows(), watch.told()) == ([], [])


def test_it_opens_after_that_time_and_closes_after_as_long_a_calm(watch):
    watch.by(disk=rule("disk", for_="1m", to=["duty"]))
    watch.outside = FULL
    watch.keep_judging(70)
    (line,) = watch.open
    assert line.opened == MORNING + timedelta(seconds=70)
    watch.outside = ROOMY
    watch.keep_judging(60)
    (line,) = watch.open
    assert line.calm == MORNING + timedelta(seconds=80)
    watch.keep_judging(10)
    (over,) = watch.closed
    assert (over.number, watch.open, watch.told()) == (line.number, [], [("start", "duty"), ("end", "duty")])


def test_one_that_flickers_is_one_alert(watch):
    watch.by(disk=rule("disk", for_="1m", to=["duty"]))
    watch.outside = FULL
    watch.keep_judging(70)
    for _ in range(5):
        watch.outside = ROOMY
        watch.keep_judging(50)
        watch.outside = FULL
        watch.keep_judging(10)
    assert (len(watch.rows()), len(watch.open), watch.told()) == (1, 1, [("start", "duty")])


def test_a_restart_in_the_middle_changes_nothing(watch):
    watch.by(disk=rule("disk", for_="1m", to=["duty"]))
    watch.outside = FULL
    watch.keep_judging(30)
    watch.judge(20)
    watch.judge(20)
    assert watch.open, "a process that had just started counts the time before it too"
    watch.judge(1)
    watch.outside = ROOMY
    watch.judge(30)
    watch.judge(30)
    watch.judge(31)
    assert (len(watch.closed), watch.told()) == (1, [("start", "duty"), ("end", "duty")])


def test_what_was_seen_before_a_long_stop_does_not_count(watch):
    watch.by(disk=rule("disk", for_="10m"))
    watch.outside = FULL
    watch.keep_judging(30)
    watch.judge(8 * 3600)
    assert (watch.open, len(watch.rows())) == ([], 1)
    watch.keep_judging(600)
    assert len(watch.open) == 1


def test_two_processes_that_judge_at_once_open_and_close_one_alert(watch, url):
    watch.by(disk=rule("disk", to=["duty"]), books=rule("conservation", to=["duty"]))
    watch.count(taken__H1=1)
    watch.outside = FULL

    def both_judge():
        meeting = threading.Barrier(2)
        failures = []

        def judge():
            with closing(Database(url)) as own:
                process = watch.process(own)
                meeting.wait(10)
                try:
                    for _ in range(10):
                        process.judge(watch.now)
                except Exception as problem:  # noqa: BLE001 - the test tells it
                    failures.append(problem)

        threads = [threading.Thread(target=judge) for _ in range(2)]
        for one in threads:
            one.start()
        for one in threads:
            one.join(30)
        assert failures == []

    both_judge()
    assert sorted(watch.told()) == [("start", "duty"), ("start", "duty")]
    assert len(watch.rows()) == 2
    watch.outside = ROOMY
    watch.count(message__H1__ROUTED=1)
    watch.now += timedelta(seconds=10)
    both_judge()
    assert sorted(watch.told()) == [("end", "duty"), ("end", "duty"), ("start", "duty"), ("start", "duty")]
    assert (len(watch.rows()), watch.open) == (2, [])


def test_a_judgement_of_before_changes_nothing(watch):
    watch.by(disk=rule("disk"))
    watch.outside = FULL
    watch.judge()
    watch.outside = ROOMY
    watch.judge(-30)
    assert len(watch.open) == 1
    watch.judge(40)
    watch.outside = FULL
    watch.judge(-5)
    assert watch.open == [], "who looked before it was closed opens no other"
    watch.judge(10)
    assert len(watch.open) == 1


def test_the_same_trouble_later_is_another_alert(watch):
    watch.by(disk=rule("disk"))
    for state in (FULL, ROOMY, FULL, ROOMY):
        watch.outside = state
        watch.judge(10)
    assert [line.number for line in watch.closed] == sorted((row.seq for row in watch.rows()), reverse=True)
    assert len(watch.closed) == 2


@pytest.mark.parametrize("other", [{}, {"disk": rule("conservation")}])
def test_a_rule_that_is_taken_away_or_becomes_another_ends_its_alerts(watch, other):
    watch.by(disk=rule("disk", to=["duty"]))
    watch.outside = FULL
    watch.judge()
    watch.by(**other)
    watch.judge(10)
    assert [line.ended for line in watch.closed] == ["rule"]
    assert watch.told() == [("start", "duty"), ("end", "duty")]


def test_the_end_is_told_to_those_who_were_told_of_the_start(watch):
    watch.by(disk=rule("disk", to=["duty", "hook", "duty"]))
    watch.outside = FULL
    watch.judge()
    watch.by(disk=rule("disk", to=["other"]))
    watch.outside = ROOMY
    watch.judge(10)
    assert watch.told() == [("start", "duty"), ("start", "hook"), ("end", "duty"), ("end", "hook")]


QUIET = QuietHours.model_validate({"from": "22:00", "until": "07:00", "severities": ["warning"]})


@pytest.mark.parametrize(
    ("at", "severity", "end"),
    [
        ("21:59", "warning", None),
        ("22:00", "warning", "2026-11-27 07:00"),
        ("23:30", "critical", None),
        ("06:59", "warning", "2026-11-26 07:00"),
        ("07:00", "warning", None),
    ],
)
def test_quiet_hours_end_in_the_morning_of_shanghai(at, severity, end):
    hour, minute = map(int, at.split(":"))
    found = QUIET.end(MORNING.replace(hour=hour, minute=minute), severity)
    assert (f"{found:%Y-%m-%d %H:%M}" if found else None) == end


def test_notices_of_quiet_hours_wait_for_their_end_and_come_together(watch):
    watch.by(QUIET, disk=rule("disk", to=["duty"]), books=rule("conservation", severity="critical", to=["duty"]))
    watch.now = MORNING.replace(hour=23)
    watch.outside = FULL
    watch.judge()
    assert [line.rule for line in watch.open] == ["disk"], "the page shows it"
    assert watch.notices.batch("duty", "", watch.now) is None
    watch.outside = ROOMY
    watch.judge(600)
    watch.count(taken__H1=1)
    watch.judge(10)
    grave = watch.notices.batch("duty", "", watch.now)
    assert [(one.rule, one.what) for one in grave.notices] == [("books", "start")]
    watch.notices.sent("duty", grave, watch.now)
    morning = MORNING.replace(day=27, hour=7)
    assert watch.notices.next_due("duty") == morning
    batch = watch.notices.batch("duty", "https://monitor.example", morning)
    assert [(one.rule, one.what) for one in batch.notices] == [("disk", "start"), ("disk", "end")]
    assert batch.notices[0].link == "https://monitor.example/settings"
    assert watch.notices.batch("duty", "", morning) == type(batch)(
        id=batch.id, at=morning, notices=watch.notices.batch("duty", "", morning).notices
    )
    assert (watch.errands()[0].kind, watch.errands()[0].subject) == ("alert-notice", "duty")


def test_a_batch_whose_sending_is_not_known_to_have_gone_well_is_repeated_as_it_was(watch):
    watch.by(disk=rule("disk", to=["duty"]), books=rule("conservation", to=["duty"]))
    watch.outside = FULL
    watch.judge()
    first = watch.notices.batch("duty", "", watch.now)
    watch.count(taken__H1=1)
    watch.judge(10)
    again = watch.notices.batch("duty", "", watch.now)
    assert (again.id, [one.rule for one in again.notices]) == (first.id, ["disk"])
    watch.notices.sent("duty", again, watch.now)
    then = watch.notices.batch("duty", "", watch.now)
    assert [one.rule for one in then.notices] == ["books"]
    watch.notices.sent("duty", then, watch.now)
    assert watch.notices.batch("duty", "", watch.now) is None
    assert [dict(line.told) for line in watch.open] == [{"duty": "sent"}, {"duty": "sent"}]


def test_open_ones_come_by_gravity_and_closed_ones_in_pages(watch):
    watch.by(disk=rule("disk", severity="information"), books=rule("conservation", severity="critical"))
    watch.outside = FULL
    watch.count(taken__H1=1)
    watch.judge()
    assert [line.severity for line in watch.open] == ["critical", "information"]
    watch.by(disk=rule("disk"))
    for _ in range(25):
        watch.outside = ROOMY
        watch.judge(10)
        watch.outside = FULL
        watch.judge(10)
    first = watch.book.read()
    second = watch.book.read(first.token)
    numbers = [line.number for line in (*first.closed, *second.closed)]
    assert (len(first.closed), second.token) == (20, "")
    assert len(numbers) == len(set(numbers)) == len(watch.rows()) - len(watch.open)
    assert [line.number for line in watch.book.read("not-a-token").closed] == [line.number for line in first.closed]


def test_an_open_one_is_acknowledged_with_a_note_that_is_sealed(watch):
    watch.by(disk=rule("disk"))
    watch.outside = FULL
    watch.judge()
    (line,) = watch.open
    assert watch.book.acknowledge(line.number, "已联系机房", by="op", peer="127.0.0.1", now=watch.now)
    (line,) = watch.open
    assert (line.acknowledged, line.acknowledged_by, line.note) == (watch.now, "op", "已联系机房")
    assert "已联系机房".encode() not in watch.rows()[0].note
    watch.outside = ROOMY
    watch.judge(10)
    assert not watch.book.acknowledge(line.number, "迟了", by="op", peer="", now=watch.now)
    assert watch.closed[0].note == "已联系机房"
