"""Contents of reports: one model for every way, the latest is shown, the older are history, what is taken back disappears."""

from datetime import timedelta

from engine.report import DrugResult, ReportContent, Susceptibility
from engine.services.reports.contents import content_text, read_content
from tests.services.reports.counter import at, content


def test_a_content_is_written_and_read_again_as_it_was():
    drugs = (DrugResult(name="头孢曲松", mic="≤1", sensitivity="S"),)
    whole = content(reported=at(0), reviewed=at(5), susceptibility=(Susceptibility(organism="大肠埃希菌", drugs=drugs),))
    assert read_content(content_text(whole)) == whole
    assert read_content(content_text(ReportContent())) == ReportContent()


def test_the_first_content_releases_a_report_and_a_later_other_one_amends_it(counter):
    report = counter.keep(content("5.6"), 0)
    counter.consent()
    assert counter.shown() == [(report, 70)]
    counter.keep(content("6.5"), 10)
    view = counter.get(report)
    assert (view.summary.status, view.summary.version, view.content.items[0].value) == (80, 2, "6.5")
    assert [status for status, *_ in counter.history(report)] == [70, 80]


def test_an_older_content_that_comes_late_is_history_and_ends_as_in_order(counter):
    report = counter.keep(content("6.5"), 10)
    counter.keep(content("5.6"), 0)
    counter.consent()
    view = counter.get(report)
    assert (view.summary.status, view.content.items[0].value) == (80, "6.5")


def test_the_same_report_by_document_by_8002_and_by_status_is_one(counter):
    report = counter.tell(20, -10, form="F1", specimen="S1")
    assert counter.keep(content("5.6", doctor="医生甲"), 0, form="F1", document="1.2.3^D1") == report
    fetched = content("5.6", reviewer="医生乙")
    assert counter.keep(fetched, 2, source="8002", report="R1", specimen="S1") == report
    counter.consent()
    view = counter.get(report)
    assert (view.summary.status, view.summary.version, view.content.doctor) == (70, 1, "医生甲")
    assert view.keys == {"form": "F1", "specimen": "S1", "document": "1.2.3^D1", "report": "R1"}


def test_a_content_that_comes_again_changes_nothing(counter):
    report = counter.keep()
    counter.keep()
    counter.consent()
    assert counter.get(report).summary.version == 1
    assert len(counter.history(report)) == 1


def test_joined_reports_keep_every_content_and_show_the_latest(counter):
    first = counter.keep(content("1"), 0, form="F1")
    counter.now += timedelta(seconds=1)
    counter.keep(content("2"), 5, specimen="S1")
    counter.tell(60, -5, form="F1", specimen="S1")
    counter.consent()
    assert [one for one, _ in counter.shown()] == [first]
    assert counter.get(first).content.items[0].value == "2"


def test_a_revoked_document_hides_its_report_at_once(counter):
    report = counter.keep(receipt="M1")
    counter.consent()
    counter.write(counter.reports.withdraw, ["M1"])
    assert counter.shown() == []
    assert counter.refused(counter.get, report) == "SND-755"
    assert [status for status, *_ in counter.history(report)] == [70, 90]


def test_a_document_that_another_took_the_place_of_leaves_the_report_shown(counter):
    report = counter.keep(content("1"), 0, receipt="M1")
    counter.keep(content("2"), -5, receipt="M2")
    counter.write(counter.reports.withdraw, ["M1"])
    counter.consent()
    assert counter.get(report).content.items[0].value == "2"


def test_a_withdrawn_report_stays_hidden_until_a_later_word(counter):
    report = counter.keep(content("1"), 0)
    counter.tell(90, 10)
    counter.keep(content("2"), 5)
    counter.consent()
    assert counter.shown() == []
    counter.keep(content("3"), 20)
    assert counter.shown() == [(report, 80)]


def test_it_is_known_of_when_the_latest_content_of_a_report_number_is(counter):
    assert counter.write(counter.reports.content_time, "H1", "R1") is None
    counter.keep(content("1"), 0, source="8002", report="R1")
    assert counter.write(counter.reports.content_time, "H1", "R1") == at(0)
    assert counter.write(counter.reports.content_time, "H2", "R1") is None


def test_a_document_that_is_sent_again_after_it_was_revoked_is_shown_again(counter):
    report = counter.keep(content("1"), 0, receipt="M1")
    counter.consent()
    counter.write(counter.reports.withdraw, ["M1"])
    assert counter.shown() == []
    counter.keep(content("1"), 0, receipt="M2")
    assert counter.shown() == [(report, 80)]
    counter.tell(90, 130)
    counter.now += timedelta(minutes=20)
    counter.write(counter.reports.withdraw, ["M2"])
    counter.keep(content("2"), 5, receipt="M3")
    assert counter.shown() == [(report, 80)]


def test_what_a_status_withdrew_is_not_shown_again_by_an_old_document(counter):
    counter.keep(content("1"), 0, receipt="M1")
    counter.consent()
    counter.tell(90, 60)
    counter.keep(content("1"), 0, receipt="M2")
    counter.keep(content("2"), 5, receipt="M3")
    assert counter.shown() == []


def test_the_conclusion_of_a_document_makes_no_other_report_of_what_8002_brought(counter):
    report = counter.keep(content("5.6"), 0, source="8002", report="R1", specimen="S1")
    assert counter.keep(content("5.6", conclusion="未见异常"), -5, form="F1", specimen="S1", report="R1", receipt="M1") == report
    counter.consent()
    view = counter.get(report)
    assert (view.summary.status, view.summary.version, view.content.conclusion) == (70, 1, "未见异常")
    assert counter.sources(report) == [("C0007", 70, True), ("8002", 70, False)]
    counter.write(counter.reports.withdraw, ["M1"])
    assert counter.shown() == []


def test_the_figures_of_a_document_make_no_other_report_of_what_8004_brought(counter):
    words = {"findings": "双肺纹理清晰", "conclusion": "未见异常"}
    report = counter.keep(content("5.6", **words), 0, source="C0006", kind="examination", report="R1", form="F1", receipt="M1")
    counter.keep(ReportContent(title="胸片", **words), 5, source="8004", kind="examination", report="R1")
    counter.consent()
    assert counter.shown() == [(report, 70)]
    assert set(counter.sources(report)) == {("C0006", 70, False), ("8004", 70, False)}
    counter.keep(ReportContent(title="胸片", findings="右肺结节"), 9, source="8004", kind="examination", report="R1")
    assert counter.shown() == [(report, 80)]


def test_another_way_to_the_same_content_shows_no_report_that_was_withdrawn(counter):
    report = counter.keep(content("5.6"), 0, report="R1")
    counter.consent()
    counter.tell(90, 5, report="R1")
    counter.keep(content("5.6"), 20, source="8002", report="R1")
    assert counter.shown() == []
    assert [status for status, *_ in counter.history(report)] == [70, 70, 90]
