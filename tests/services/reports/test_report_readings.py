"""What portals read and want: identity, consent, months, pages, the audit; who is told of a status, and in which order."""

from datetime import timedelta

from sqlalchemy import select

from engine.report import ReportPerson
from engine.services.appointments.model import Page
from engine.services.merging import Said, merge_people, unmerge_people
from engine.services.reports.model import Reader, ResidentClaim
from engine.services.reports.rules import ReportRules
from engine.services.reports.tables import report
from tests.services.reports.counter import CLAIM, NOON, READER, WHO, Counter, at, content
from tests.support.seals import SEAL

ELSEWHERE = Reader(portal="P2", reason="查看报告")


def notices(counter, portal="P1", after=0, size=50):
    return [(one.number, one.report, one.status) for one in counter.reports.notices(portal, after, Page(size=size)).items]


def test_number_and_name_must_be_one_residents(counter):
    counter.keep()
    counter.consent()
    assert counter.refused(counter.list, claim=ResidentClaim(identity=WHO.identity, name="测试患者丙")) == "SND-753"
    assert counter.refused(counter.list, claim=ResidentClaim(identity=WHO.identity, name=" ")) == "SND-753"
    assert counter.refused(counter.list, claim=ResidentClaim(identity="220102198001010011", name=WHO.name)) == "SND-753"
    assert len(counter.list(claim=ResidentClaim(identity=f" {WHO.identity} ", name=WHO.name)).items) == 1


def test_without_consent_a_portal_sees_nothing(counter):
    report = counter.keep()
    assert counter.refused(counter.list) == "SND-754"
    counter.consent()
    assert counter.refused(counter.list, reader=ELSEWHERE) == "SND-754"
    assert counter.refused(counter.get, report, reader=ELSEWHERE) == "SND-754"
    assert counter.refused(counter.history, report, reader=ELSEWHERE) == "SND-754"


def test_a_consent_ends_at_its_time_or_when_it_is_taken_back(counter):
    counter.keep()
    assert counter.refused(counter.consent, until=NOON) == "SND-757"
    counter.consent(until=NOON + timedelta(hours=1))
    assert len(counter.list().items) == 1
    counter.now = NOON + timedelta(hours=1)
    assert counter.refused(counter.list) == "SND-754"
    counter.consent()
    assert len(counter.list().items) == 1
    counter.write(counter.reports.withdraw_consent, READER, CLAIM)
    assert counter.refused(counter.list) == "SND-754"


def test_where_no_consent_is_wanted_a_resident_is_enough(database):
    counter = Counter(database, rules=ReportRules(consent="not-required"))
    report = counter.keep()
    assert counter.get(report).person.name == WHO.name


def test_only_released_and_amended_reports_are_seen_while_their_history_always_is(counter):
    report = counter.tell(40)
    counter.consent()
    assert counter.shown() == []
    assert counter.refused(counter.get, report) == "SND-755"
    assert counter.history(report) == [(40, at(0), False)]
    assert counter.refused(counter.get, "nothing") == "SND-755"


def test_a_report_of_nobody_is_not_shown(counter):
    report = counter.keep(person=ReportPerson())
    assert counter.refused(counter.get, report) == "SND-755"


def test_reports_are_listed_by_time_within_the_months_that_are_shown(counter):
    day = 24 * 60
    old = counter.keep(content("1"), -200 * day, form="F0")
    first, second, third = (counter.keep(content("1"), -place * day, form=f"F{place}") for place in (3, 2, 1))
    counter.consent()
    assert [one for one, _ in counter.shown()] == [third, second, first]
    assert counter.refused(counter.get, old) == "SND-755"
    assert [one.report for one in counter.list(since=at(-2 * day), until=at(-day)).items] == [second]
    assert counter.refused(counter.list, since=at(0), until=at(0)) == "SND-756"
    page = counter.list(page=Page(size=2))
    assert [one.report for one in page.items] == [third, second]
    rest = counter.list(page=Page(size=2, token=page.token))
    assert ([one.report for one in rest.items], rest.token) == ([first], "")
    assert counter.refused(counter.list, page=Page(token="later")) == "SND-721"


def test_every_reading_is_audited_with_who_whose_and_why(counter):
    report = counter.keep()
    counter.consent()
    counter.list()
    counter.get(report)
    counter.history(report)
    read = counter.readings()
    assert [(who, what, why) for who, what, why, _ in read].count(("P1", "report", "查看报告")) == 1
    assert {what: subject for _, what, _, subject in read}["report"] == report
    assert {what for _, what, _, _ in read} == {"reports", "report"}


def test_a_subscriber_is_told_of_every_change_of_status_by_numbers_without_gaps(counter):
    report = counter.tell(10)
    assert counter.refused(counter.write, counter.reports.subscribe, READER, CLAIM) == "SND-754"
    counter.consent()
    counter.write(counter.reports.subscribe, READER, CLAIM)
    counter.write(counter.reports.subscribe, READER, CLAIM)
    counter.tell(20, 5)
    counter.tell(10, 2)
    counter.keep(content(), 10)
    counter.tell(90, 20)
    assert notices(counter) == [(1, report, 20), (2, report, 70), (3, report, 90)]
    assert notices(counter, after=1, size=1) == [(2, report, 70)]
    assert notices(counter, "P2") == []
    counter.write(counter.reports.unsubscribe, READER, CLAIM)
    counter.tell(70, 30)
    assert len(notices(counter)) == 3


def test_a_subscriber_without_consent_any_more_is_told_nothing(counter):
    counter.tell(10)
    counter.consent()
    counter.write(counter.reports.subscribe, READER, CLAIM)
    counter.write(counter.reports.withdraw_consent, READER, CLAIM)
    counter.tell(20, 5)
    assert notices(counter) == []


def test_a_portal_with_a_destination_has_its_notices_delivered(database):
    sent = []
    counter = Counter(
        database,
        rules=ReportRules(notices={"P1": "portal-news"}),
        send=lambda _connection, to, told: sent.append((to, told.status)),
    )
    counter.tell(10)
    for reader in (READER, ELSEWHERE):
        counter.consent(reader=reader)
        counter.write(counter.reports.subscribe, reader, CLAIM)
    counter.tell(70, 5)
    assert sent == [({"P1": "portal-news"}, 70)]
    assert len(notices(counter, "P2")) == 1


def test_a_merged_residents_reports_and_wishes_are_one_persons_until_it_is_undone(counter):
    card = ReportPerson(name=WHO.name, gender=WHO.gender, birth=WHO.birth, card="CARD-77")
    mine = counter.keep(content("1"), 0, form="F1")
    theirs = counter.keep(content("2"), 5, form="F2", institution="H2", person=card)
    counter.consent()
    counter.write(counter.reports.subscribe, READER, CLAIM)
    assert [one for one, _ in counter.shown()] == [mine]
    assert counter.refused(counter.get, theirs) == "SND-754"
    with counter.database.write() as connection:
        residents = {row.report: row.resident for row in connection.execute(select(report.c.report, report.c.resident))}
        merged = merge_people(
            connection, SEAL, residents[theirs], residents[mine], Said(by="admin", reason="同一人", at=counter.now)
        )
    assert [one for one, _ in counter.shown()] == [theirs, mine]
    assert counter.get(theirs).content.items[0].value == "2"
    counter.tell(80, 20, form="F2", institution="H2", person=card)
    assert notices(counter) == [(1, theirs, 80)]
    with counter.database.write() as connection:
        unmerge_people(connection, SEAL, merged, by="admin", reason="并错了", at=counter.now)
    assert [one for one, _ in counter.shown()] == [mine]
