"""Hospitals are asked soon after news of a report, ever more seldom while there is none, within their minute, and only for what is new."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.errors import TryAgain, Unavailable
from engine.hospital import HospitalReply
from engine.report import ReportPerson
from engine.services.reports.asking import PollTerms
from engine.services.reports.polling import POLL, Polling, plan_polls
from engine.store.errands import errand
from tests.services.reports.counter import NOON, Counter
from tests.support.seals import SEAL

WHO = ReportPerson(identity="220102199003078517", name="测试患者甲", gender="1", birth="19900307", numbers=("patient^P1",))
TERMS = PollTerms(functions=frozenset({"8001", "8002", "8003", "8004"}))
PERSON = {"HOSP_PATIENT_ID": "P1", "PATIENT_NAME": WHO.name, "PATIENT_IDCARD_NO": WHO.identity}


class Ward:
    """A hospital's answers: its reports by number as REPORT_TIME and result; `asked` notes every question."""

    def __init__(self, clock):
        self.reports = {}
        self.hidden = set()
        self.asked = []
        self.clock = clock
        self.fails = None
        self.patient = "P1"

    def __call__(self, institution, function, values):
        self.asked.append((function, values.get("REPORT_ID", values["HOSP_PATIENT_ID"])))
        if self.fails:
            raise self.fails
        code, found = self._answer(function, values)
        return HospitalReply(code=code, message="", values=found, asked=self.clock(), answered=self.clock())

    def _answer(self, function, values):
        if function == "8001":
            lines = tuple(
                {"REPORT_ID": name, "REPORT_TYPE": "0", "REPORT_TIME": time}
                for name, (time, _) in self.reports.items()
                if name not in self.hidden
            )
            return ("0", {"REPORT_LIST": ({"REPORT_INFO": lines},)}) if lines else ("800101", {})
        if values["REPORT_ID"] not in self.reports:
            return "800201", {}
        time, result = self.reports[values["REPORT_ID"]]
        info = {**PERSON, "HOSP_PATIENT_ID": self.patient, "ITEM_NAME": "血常规", "REPORT_TIME": time}
        return "0", {"REPORT_INFO": (info,), "CHECK_LIST": ({"DETAIL": ({"CHECK_NAME": "白细胞计数", "RESULT": result},)},)}

    def since(self):
        asked, self.asked = self.asked, []
        return asked


class Office:
    """The reports of a store that polls one hospital."""

    def __init__(self, database, terms=TERMS):
        self.terms = terms
        self.counter = Counter(
            database, news=plan_polls(lambda code: self.terms if code == "H1" else None, lambda: self.counter.now)
        )
        self.ward = Ward(lambda: self.counter.now)
        self.polling = Polling(
            database, SEAL, self.counter.reports, self.ward, lambda _code: self.terms, now=lambda: self.counter.now
        )

    def tell(self, status=10, when=0, **more):
        return self.counter.tell(status, when, person=more.pop("person", WHO), **more)

    def errands(self):
        with self.counter.database.read() as connection:
            return [(row.subject, row.due) for row in connection.execute(select(errand).where(errand.c.kind == POLL))]

    def poll(self):
        ((subject, _),) = self.errands()
        return self.polling.poll(subject)

    def turn(self, **time):
        self.counter.now += timedelta(**time)

    def shown(self):
        self.counter.consent()
        return {
            self.counter.get(one.report).content.items[0].value: one.status for one in self.counter.list().items if one.version
        }


@pytest.fixture
def office(database):
    return Office(database)


def test_news_of_a_report_asks_for_one_errand_soon_and_names_nobody(office):
    office.tell(10, form="F1")
    office.tell(20, 1, form="F2")
    ((subject, due),) = office.errands()
    assert due == NOON + timedelta(seconds=30)
    assert subject.startswith("H1 ")
    assert "P1" not in subject.split()[1]
    assert WHO.identity not in subject


def test_a_hospital_without_a_list_or_without_connection_is_not_asked(office):
    office.tell(institution="H2")
    office.terms = PollTerms(functions=frozenset({"8002"}))
    office.tell(form="F2")
    assert office.errands() == []


def test_what_the_list_names_is_fetched_once_and_shown(office):
    office.tell(form="F1")
    office.ward.reports = {"R1": ("2026-03-02 11:30:00", "6.1"), "R2": ("2026-03-02 11:40:00", "7.2")}
    office.poll()
    assert office.ward.since() == [("8001", "P1"), ("8002", "R1"), ("8002", "R2")]
    assert office.shown() == {"6.1": 70, "7.2": 70}
    office.poll()
    assert office.ward.since() == [("8001", "P1")]


def test_a_report_whose_time_changed_is_fetched_again_and_amends(office):
    office.tell(form="F1")
    office.ward.reports = {"R1": ("2026-03-02 11:30:00", "6.1"), "R2": ("2026-03-02 11:30:00", "7.2")}
    office.poll()
    office.ward.since()
    office.ward.reports["R1"] = ("2026-03-02 11:50:00", "5.9")
    office.poll()
    assert office.ward.since() == [("8001", "P1"), ("8002", "R1")]
    assert office.shown() == {"5.9": 80, "7.2": 70}


def test_a_report_that_the_hospital_denies_is_hidden_at_once(office):
    office.tell(form="F1")
    office.ward.reports = {"R1": ("2026-03-02 11:30:00", "6.1")}
    office.poll()
    office.ward.since()
    office.ward.reports = {}
    office.turn(minutes=1)
    office.poll()
    assert office.ward.since() == [("8001", "P1"), ("8002", "R1")]
    assert office.shown() == {}


def test_a_report_that_only_left_the_list_stays(office):
    office.tell(form="F1")
    office.ward.reports = {"R1": ("2026-03-02 11:30:00", "6.1")}
    office.poll()
    office.ward.hidden = {"R1"}
    office.poll()
    assert office.shown() == {"6.1": 70}


def test_each_pause_is_as_long_as_the_news_is_old_up_to_the_rarest(office):
    office.terms = PollTerms(functions=TERMS.functions, rarest=600.0)
    office.tell(form="F1")
    pauses = []
    for _ in range(6):
        after = office.poll()
        pauses.append((after - office.counter.now).total_seconds())
        office.counter.now = after
    assert pauses == [30, 30, 60, 120, 240, 480]
    assert (office.poll() - office.counter.now).total_seconds() == 600


def test_after_long_without_news_nobody_asks(office):
    office.tell(form="F1")
    office.turn(days=15)
    assert office.poll() is None
    assert office.ward.since() == []


def test_fresh_content_is_news(office):
    office.tell(form="F1")
    office.turn(hours=4)
    office.ward.reports = {"R1": ("2026-03-02 13:30:00", "6.1")}
    assert office.poll() == office.counter.now + timedelta(seconds=30)


def test_the_hospitals_minute_is_kept_and_the_rest_is_fetched_later(office):
    office.terms = PollTerms(functions=TERMS.functions, per_minute=3)
    office.tell(form="F1")
    office.ward.reports = {f"R{number}": (f"2026-03-02 11:0{number}:00", f"{number}.0") for number in range(4)}
    office.turn(seconds=30)
    assert office.poll() == office.counter.now + timedelta(minutes=1)
    assert len(office.ward.since()) == 3
    office.turn(minutes=1)
    office.poll()
    assert office.ward.since() == [("8001", "P1"), ("8002", "R2"), ("8002", "R3")]
    assert len(office.shown()) == 4


def test_the_hospitals_minute_is_one_for_all_workers(office):
    office.terms = PollTerms(functions=TERMS.functions, per_minute=3)
    other = Polling(
        office.counter.database, SEAL, office.counter.reports, office.ward, lambda _code: office.terms,
        now=lambda: office.counter.now,
    )  # fmt: skip
    office.tell(form="F1")
    ((subject, _),) = office.errands()
    office.ward.reports = {"R1": ("2026-03-02 11:30:00", "6.1")}
    assert office.polling.poll(subject) > office.counter.now
    assert office.ward.since() == [("8001", "P1"), ("8002", "R1")]
    office.turn(seconds=20)
    other.poll(subject)
    assert other.poll(subject) == office.counter.now + timedelta(seconds=40)
    assert office.polling.poll(subject) == office.counter.now + timedelta(seconds=40)
    assert office.ward.since() == [("8001", "P1")]


def test_another_patients_report_is_not_kept(office):
    office.tell(form="F1")
    office.ward.reports = {"R1": ("2026-03-02 11:30:00", "6.1")}
    office.ward.patient = "P9"
    office.poll()
    assert office.shown() == {}


def test_a_report_of_nobody_whom_the_hospital_can_find_is_not_asked_for(office):
    office.tell(form="F1", person=ReportPerson(identity=WHO.identity, name=WHO.name))
    assert office.poll() is None
    assert office.ward.since() == []


def test_a_hospital_that_is_away_is_tried_again(office):
    office.tell(form="F1")
    office.ward.fails = Unavailable("DST-101", "没有应答")
    with pytest.raises(Unavailable):
        office.poll()


def test_an_answer_that_says_nothing_is_tried_again(office):
    office.tell(form="F1")
    office.ward._answer = lambda _function, _values: ("99", {})
    with pytest.raises(TryAgain):
        office.poll()


def test_the_list_is_asked_from_the_day_before_the_first_news(office):
    said = {}
    office.tell(form="F1")
    answer = office.ward._answer
    office.ward._answer = lambda function, values: (said.update(values), answer(function, values))[1]
    office.poll()
    assert said["BEGIN_DATE"] == "2026-03-01 00:00:00"
    assert said["END_DATE"] == "2026-03-02 23:59:59"
