"""One status log for each report: by the hospital's time, late events kept, never applied backwards."""

from datetime import timedelta

from engine.report import ReportPerson
from tests.services.reports.counter import NOON, OTHER, READER, WHO, at


def test_the_latest_by_the_hospitals_time_is_so_now_and_a_late_one_is_kept(counter):
    report = counter.tell(10, 0)
    counter.tell(70, 30)
    assert counter.tell(20, 10) == report
    counter.consent()
    assert counter.shown() == [(report, 70)]
    assert counter.history(report) == [(10, at(0), False), (20, at(10), True), (70, at(30), False)]


def test_at_one_moment_the_further_status_stands_whichever_came_first(counter):
    first = counter.tell(70, form="F1")
    counter.tell(60, form="F1")
    second = counter.tell(60, form="F2")
    counter.tell(70, form="F2")
    counter.consent()
    assert sorted(counter.shown()) == sorted([(first, 70), (second, 70)])


def test_a_repeated_event_is_one_event_and_moves_nothing(counter):
    report = counter.tell(70, operator="检验师甲")
    counter.tell(70, operator="检验师甲")
    counter.consent()
    assert len(counter.history(report)) == 1
    assert len(counter.news) == 1


def test_a_status_that_no_table_knows_is_kept_and_moves_nothing(counter):
    report = counter.tell(70, 0)
    counter.tell(0, 30, their_code="Z9", their_name="待复核")
    counter.consent()
    assert counter.shown() == [(report, 70)]
    told = counter.write(counter.reports.history, READER, report)[-1]
    assert (told.status, told.their_code, told.their_name) == (0, "Z9", "待复核")


def test_a_clock_that_is_far_ahead_does_not_make_a_status_stand_for_ever(counter):
    report = counter.tell(70, 60 * 24 * 365)
    counter.now = NOON + timedelta(minutes=1)
    counter.tell(90, 121)
    counter.consent()
    assert counter.shown() == []
    assert [status for status, *_ in counter.history(report)] == [70, 90]


def test_forms_of_two_hospitals_are_two_reports_and_specimens_find_the_form(counter):
    one = counter.tell(10, form="F1", specimen="S1")
    assert counter.tell(20, 5, specimen="S1") == one
    assert counter.tell(10, form="F1", institution="H2") != one


def test_keys_that_lead_to_two_reports_make_them_one_and_the_older_stays(counter):
    older = counter.tell(20, 0, form="F1")
    counter.now += timedelta(seconds=1)
    younger = counter.tell(70, 30, report="R1", operator="检验师甲")
    counter.now += timedelta(seconds=1)
    assert counter.tell(60, 20, form="F1", report="R1") == older
    counter.consent()
    assert counter.shown() == [(older, 70)]
    assert [status for status, *_ in counter.history(older)] == [20, 60, 70]
    assert counter.history(younger) == counter.history(older)
    assert counter.tell(80, 40, report="R1") == older


def test_one_form_with_two_report_numbers_is_two_reports(counter):
    first = counter.tell(70, 0, form="F1", report="R1")
    counter.now += timedelta(seconds=1)
    second = counter.tell(70, 0, form="F1", report="R2")
    assert first != second
    counter.consent()
    assert counter.tell(80, 5, form="F1") == first
    assert sorted(counter.shown()) == sorted([(first, 80), (second, 70)])


def test_a_withdrawal_by_the_form_alone_hides_every_report_of_the_form(counter):
    counter.tell(70, 0, form="F1", report="R1")
    counter.tell(70, 0, form="F1", report="R2")
    counter.consent()
    assert len(counter.shown()) == 2
    counter.tell(90, 10, form="F1")
    assert counter.shown() == []


def test_a_report_is_of_the_resident_who_is_known_later_and_stays_so(counter):
    report = counter.tell(70, person=ReportPerson())
    counter.tell(20, -5, person=WHO)
    counter.tell(30, -4, person=OTHER)
    counter.consent()
    assert counter.shown() == [(report, 70)]


def test_an_event_that_we_asked_for_is_no_news(counter):
    counter.tell(70, source="8001", report="R1")
    assert counter.news == []
    counter.tell(80, 5, report="R1")
    assert [event.status for _, event in counter.news] == [80]
