"""ReportService gives a portal what it may see of a resident, in every word, and audits what was asked."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
import zeep
from zeep.wsse.username import UsernameToken

from engine.documents.press import Press
from engine.documents.reportpage import REPORT_STYLESHEET, render_report
from engine.inbound.calling import Service
from engine.inbound.limits import FrontLimits
from engine.inbound.report import REPORT
from engine.inbound.report_door import ReportDoor
from engine.report import DrugResult, ReportArrival, ReportContent, ReportItem, ReportPerson, Susceptibility
from engine.services.audit import Audit
from engine.services.reports.desk import Reports
from engine.services.reports.model import IN_PROGRESS, WITHDRAWN, ReportEvent
from engine.services.reports.rules import ReportRules
from engine.store.database import Database
from tests.support.front import PASSWORD, ROOT, Echo, Running
from tests.support.seals import SEAL

NOW = datetime.now(UTC).replace(microsecond=0)
WHO = ReportPerson(identity="220102199003078517", name="测试患者甲", gender="1", birth="19900307")
RESIDENT = {"idType": "1", "idNumber": WHO.identity, "name": WHO.name}
BLOOD = ReportContent(
    title="血常规", items=(ReportItem(code="WBC", name="白细胞计数", value="5.6", unit="10^9/L", range="4-10", flag="H"),),
    susceptibility=(Susceptibility(organism="大肠埃希菌", drugs=(DrugResult(name="头孢", mic="<=1", sensitivity="S"),)),),
    findings="所见", conclusion="结论", complaint="主诉", diagnosis="诊断", specimen="全血", department="检验科", doctor="测试医师甲",
    remark="备注", reviewer="测试医师乙", reported=NOW, reviewed=NOW,
)  # fmt: skip
FAULT = ".//{urn:changbai:fault:1}"


class Portal:
    """A front with ReportService over a store in which a hospital keeps its reports."""

    def __init__(self, database, rules=None):
        self.database, self.refused = database, []
        self.reports = Reports(database, SEAL, rules=rules or ReportRules())
        stylesheet = Press(ROOT).stylesheet(ROOT / REPORT_STYLESHEET)

        async def draw(view, head):
            return render_report(stylesheet, view.content, view.person, head)

        async def put_down(note):
            self.refused.append((note.institution, note.reason, note.verdict))

        self.door = ReportDoor(self.reports, database, draw, {"HOSP-A": "某医院"}.get, put_down)
        services = {"/services/report": Service(contract=REPORT, handlers=self.door.handlers)}
        self.front = Running(Echo(), FrontLimits(), services=services)

    def service(self, query="wsdl"):
        address = f"http://127.0.0.1:{self.front.port}/services/report?{query}"
        return zeep.Client(address, wsse=UsernameToken("H001", PASSWORD)).service

    def keep(self, said=BLOOD, minutes=0, **keys):
        arrival = ReportArrival(
            institution="HOSP-A", keys=keys or {"report": "R-1", "form": "F-1", "specimen": "S-1"}, kind="laboratory", content=said,
            at=NOW + timedelta(minutes=minutes - 60), source="C0007", person=WHO,
        )  # fmt: skip
        with self.database.write() as connection:
            return self.reports.keep(connection, arrival)

    def tell(self, status, minutes=0, **more):
        event = ReportEvent(
            institution="HOSP-A", keys={"form": "F-1"}, kind="laboratory", status=status, at=NOW + timedelta(minutes=minutes - 60),
            source="S0063", person=WHO, **more,
        )  # fmt: skip
        with self.database.write() as connection:
            return self.reports.tell(connection, event)

    def readings(self):
        with self.database.read() as connection:
            return [(row.institution, row.service, row.reason) for row in Audit().rows(connection, verdict="read")]

    def close(self):
        self.front.close()
        self.door.close()


@pytest.fixture
def database(url):
    with closing(Database(url)) as opened:
        yield opened


@pytest.fixture
def portal(database):
    with closing(Portal(database)) as made:
        yield made


def fault(call, **named):
    with pytest.raises(zeep.exceptions.Fault) as caught:
        call(**named)
    return caught.value.detail.findtext(f"{FAULT}code"), caught.value.detail.findtext(f"{FAULT}path")


def test_every_operation_is_answered(portal):
    assert set(portal.door.handlers) == set(REPORT.operations)


@pytest.mark.parametrize("query", ["wsdl", "wsdl12"])
def test_a_report_is_listed_and_given_in_every_word(portal, query):
    number, own = portal.keep(), portal.service(query)
    assert own.GiveConsent(resident=RESIDENT).code == "0"
    listed = own.ListReports(resident=RESIDENT)
    (one,) = listed.reports.report
    assert (listed.code, listed.page.size, listed.page.token) == ("0", 1, None)
    said = (one.report, one.hospital, one.hospitalName, one.kind, one.status, one.statusName, one.version, one.title)
    assert said == (number, "HOSP-A", "某医院", "laboratory", "70", "已发布", 1, "血常规")
    got = own.GetReport(report=number).report
    assert (got.reportNumber, got.requestForm, got.specimenNumber, got.document) == ("R-1", "F-1", "S-1", None)
    assert (got.patientName, got.sex, got.birthday) == (WHO.name, "1", "1990-03-07")
    assert (got.complaint, got.diagnosis, got.findings, got.conclusion, got.remark) == ("主诉", "诊断", "所见", "结论", "备注")
    assert (got.specimen, got.department, got.doctor, got.reviewer) == ("全血", "检验科", "测试医师甲", "测试医师乙")
    assert datetime.fromisoformat(got.reportedAt) == datetime.fromisoformat(got.reviewedAt) == NOW
    (item,), (finding,) = got["items"].item, got.susceptibility.finding
    assert (item.code, item.name, item.value, item.unit, item.range, item.flag) == (
        "WBC",
        "白细胞计数",
        "5.6",
        "10^9/L",
        "4-10",
        "H",
    )
    (drug,) = finding.drugs.drug
    assert (finding.organism, drug.name, drug.mic, drug.sensitivity) == ("大肠埃希菌", "头孢", "<=1", "S")
    assert portal.readings() == [("H001", "report", "GetReport"), ("H001", "reports", "ListReports")]


def test_the_page_of_a_report_is_whole_and_runs_nothing(portal):
    number, own = portal.keep(), portal.service()
    own.GiveConsent(resident=RESIDENT)
    page = own.RenderReport(report=number)
    assert (page.report, page.version, page.mediaType) == (number, 1, "text/html; charset=utf-8")
    for words in ("某医院", "已发布", WHO.name, "白细胞计数", "R-1", "&lt;=1"):
        assert words in page.html
    assert "<script" not in page.html


def test_what_is_amended_takes_the_place_and_what_is_withdrawn_is_gone_with_its_page(portal):
    number, own = portal.keep(), portal.service()
    own.GiveConsent(resident=RESIDENT)
    portal.keep(ReportContent(title="血常规（更正）"), 5)
    got = own.GetReport(report=number).report
    assert (got.status, got.version, got.title, got["items"]) == ("80", 2, "血常规（更正）", None)
    portal.tell(WITHDRAWN, 6, reason="样本混淆", operator="测试医师乙", their_code="5", their_name="报告删除")
    assert own.ListReports(resident=RESIDENT).reports is None
    assert {own.GetReport(report=number).code, own.RenderReport(report=number).code} == {"SND-755"}
    portal.tell(IN_PROGRESS, -9)
    history = own.ReportHistory(report=number).history.entry
    assert [(one.status, one.late) for one in history] == [("40", True), ("70", False), ("80", False), ("90", False)]
    last = history[-1]
    assert (last.statusName, last.source, last.theirCode, last.theirName) == ("已撤回", "S0063", "5", "报告删除")
    assert (last.operator, last.reason) == ("测试医师乙", "样本混淆")
    assert datetime.fromisoformat(last.at) == NOW - timedelta(minutes=54)


def test_who_has_no_consent_or_names_another_is_refused_and_audited(portal):
    number, own = portal.keep(), portal.service()
    asked = own.ListReports(resident=RESIDENT)
    assert (asked.code, asked.reports, asked.page) == ("SND-754", None, None)
    assert asked.message
    assert asked.hint
    assert {own.GetReport(report=number).code, own.Subscribe(resident=RESIDENT).code} == {"SND-754"}
    assert own.GiveConsent(resident=RESIDENT | {"name": "测试患者乙"}).code == "SND-753"
    assert own.GiveConsent(resident=RESIDENT | {"idNumber": "220102199003078518"}).code == "SND-753"
    own.GiveConsent(resident=RESIDENT)
    assert own.ListReports(resident=RESIDENT).code == "0"
    own.WithdrawConsent(resident=RESIDENT)
    assert own.GetReport(report=number).code == "SND-754"
    assert own.GetReport(report="no-such-report").code == "SND-755"
    assert portal.refused[0] == ("H001", "ListReports SND-754", "refused")
    assert [reason for _, reason, _ in portal.refused[-2:]] == ["GetReport SND-754", "GetReport SND-755"]


def test_a_consent_ends_when_it_says_and_not_in_the_past(portal):
    own = portal.service()
    portal.keep()
    assert own.GiveConsent(resident=RESIDENT, until="2020-01-01T00:00:00+08:00").code == "SND-757"
    assert own.GiveConsent(resident=RESIDENT, until=(NOW + timedelta(days=1)).isoformat()).code == "0"
    assert own.ListReports(resident=RESIDENT).code == "0"


def test_a_list_comes_in_pages_and_periods(portal):
    own = portal.service()
    numbers = [portal.keep(ReportContent(title="血常规"), minute, report=f"R-{minute}") for minute in (1, 2, 3)]
    own.GiveConsent(resident=RESIDENT)
    first = own.ListReports(resident=RESIDENT, page={"size": 2})
    second = own.ListReports(resident=RESIDENT, page={"size": 2, "token": first.page.token})
    assert [one.report for page in (first, second) for one in page.reports.report] == numbers[::-1]
    assert second.page.token is None
    (since, until) = ((NOW + timedelta(minutes=minute - 60)).isoformat() for minute in (2, 3))
    assert [one.report for one in own.ListReports(resident=RESIDENT, since=since, until=until).reports.report] == [numbers[1]]
    assert own.ListReports(resident=RESIDENT, since=until, until=since).code == "SND-756"
    assert own.ListReports(resident=RESIDENT, page={"size": 201}).code == "SND-721"
    assert own.ListReports(resident=RESIDENT, page={"token": "what"}).code == "SND-721"


def test_a_subscriber_is_told_of_every_status_until_it_has_enough(portal):
    number, own = portal.keep(), portal.service()
    own.GiveConsent(resident=RESIDENT)
    assert own.ListNotices().notices is None
    assert own.Subscribe(resident=RESIDENT).code == "0"
    portal.keep(ReportContent(title="更正"), 5)
    portal.tell(WITHDRAWN, 6)
    told = own.ListNotices().notices.notice
    assert [(one.report, one.hospital, one.kind, one.status, one.statusName) for one in told] == [
        (number, "HOSP-A", "laboratory", "80", "已修订"), (number, "HOSP-A", "laboratory", "90", "已撤回"),
    ]  # fmt: skip
    assert [one.notice for one in own.ListNotices(after=told[0].notice).notices.notice] == [told[1].notice]
    own.Unsubscribe(resident=RESIDENT)
    portal.keep(ReportContent(title="再次更正"), 7)
    assert own.ListNotices(after=told[1].notice).notices is None


@pytest.mark.parametrize(
    ("operation", "given", "said"),
    [
        ("ListReports", {}, ("SND-310", "/Envelope/Body/ListReports/resident")),
        ("ListReports", {"resident": {"idNumber": "1"}}, ("SND-310", "/Envelope/Body/ListReports/resident/name")),
        ("GiveConsent", {"resident": {"name": "某"}}, ("SND-310", "/Envelope/Body/GiveConsent/resident/idNumber")),
        ("Subscribe", {"resident": RESIDENT | {"idType": "4"}}, ("SND-311", "/Envelope/Body/Subscribe/resident/idType")),
        ("ListReports", {"resident": RESIDENT, "since": "yesterday"}, ("SND-311", "/Envelope/Body/ListReports/since")),
        ("GetReport", {}, ("SND-310", "/Envelope/Body/GetReport/report")),
        ("ListNotices", {"after": "-1"}, ("SND-311", "/Envelope/Body/ListNotices/after")),
    ],
)
def test_what_is_missing_or_ill_formed_is_a_fault_that_names_it(portal, operation, given, said):
    assert fault(getattr(portal.service(), operation), **given) == said


def test_no_consent_is_asked_for_where_the_rules_need_none(database):
    with closing(Portal(database, ReportRules(consent="not-required"))) as portal:
        number = portal.keep()
        assert [one.report for one in portal.service().ListReports(resident=RESIDENT).reports.report] == [number]


def test_the_calls_of_many_portals_at_once_are_all_answered(portal):
    number, own = portal.keep(), portal.service()
    own.GiveConsent(resident=RESIDENT)

    async def all_of_them():
        return await asyncio.gather(*(asyncio.to_thread(lambda: own.GetReport(report=number).code) for _ in range(16)))

    assert set(asyncio.run(all_of_them())) == {"0"}
