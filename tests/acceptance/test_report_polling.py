"""A started engine asks the hospital for a report it hears of, and what comes of it in all ways is one report, to its withdrawal."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

import pytest
import requests
from lxml import etree

from engine.message import SHANGHAI
from engine.services.appointments.model import Page
from engine.services.reports.desk import Reports
from engine.services.reports.model import Reader, ResidentClaim
from engine.services.reports.rules import ReportRules
from engine.simulator.adapter import Terms, describe
from engine.simulator.hospital import SimulatedHospital
from engine.store.database import Database
from tests.support.databases import STORES
from tests.support.engine import Engine
from tests.support.hospital import PASSWORD, Paper
from tests.support.project import Project
from tests.support.reporting import report_paper, report_portal, tell_status
from tests.support.simulated import simulated
from tests.support.stores import enrol, hospital, new_engine, opened, seal_of, until

HOSPITAL = "HOSP-A"
WHO = {"name": "测试患者甲", "identity": "220102199003078517"}
CLAIM = ResidentClaim(identity=WHO["identity"], name=WHO["name"])
SEED = 4711
PUSHED = {
    "HEALTH_CARD_ID": "C2",
    "PATIENT_NAME": "测试患者",
    "PATIENT_SEX": "1",
    "PATIENT_AGE": "40",
    "DEPT_NAME": "检验科",
    "DOCTOR_NAME": "测试医生甲",
}
READER = Reader(portal="PORTAL-1", reason="查看报告")
pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("appointments")]


@dataclass
class Here:
    """The engine with its store, and its hospital."""

    engine: Engine
    hospital: SimulatedHospital
    database: Database
    reports: Reports

    def command(self, act="report", **wanted):
        reply = requests.post(self.hospital.control_address, json={"act": act, **wanted}, timeout=30)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def calls(self, before, function):
        return self.hospital.service.calls[function] - before[function]

    def step(self, number, step, **more):
        assert set(self.command(report=number, step=step, **more)["told"]) <= {"AA"}

    def shown(self):
        """Give what a portal is shown: status and haemoglobin of each laboratory report, the examinations' findings."""
        with self.database.write() as connection:
            found = self.reports.list(connection, READER, CLAIM, None, None, Page()).items
            views = [self.reports.get(connection, READER, one.report) for one in found if one.version]
        return [
            (view.summary.status, view.content.items[1].value) for view in views if view.keys.get("report", "").startswith("R")
        ]

    def history(self, report):
        with self.database.write() as connection:
            return [entry.status for entry in self.reports.history(connection, READER, report)]


@pytest.fixture(scope="module", params=STORES)
def made(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    data = folder / "data"
    data.mkdir()
    project = Project.copy(folder / "project")
    with ExitStack() as stack:
        hospital = stack.enter_context(simulated(HOSPITAL, password=PASSWORD))
        describe(hospital.wanted, hospital.address, project.root, data / "secrets", Terms(reports=0.2, questions=600))
        engine = stack.enter_context(new_engine(request.param, data, *project.option, hospitals=(HOSPITAL,)))
        enrol(engine, {"PORTAL-1": "portal"})
        engine.start(wait=300.0)
        hospital.meet(engine.services)
        database = stack.enter_context(opened(engine))
        yield Here(engine, hospital, database, Reports(database, seal_of(engine, database), rules=ReportRules()))


def test_a_report_is_followed_from_its_specimen_to_its_withdrawal(made):
    calls = Counter(made.hospital.service.calls)
    one = made.command(card="C1", step="sampled", times=2, **WHO)
    assert one["told"] == ["AA", "AA"]
    number = one["number"]
    until(lambda: made.calls(calls, "8003") == 1, 120.0)
    with made.database.write() as connection:
        made.reports.give_consent(connection, READER, CLAIM, None)
    assert made.shown() == []

    made.step(number, "received", hold=True)
    made.step(number, "released", hold=True)
    made.command("held")
    until(lambda: made.shown() == [(70, "110")], 120.0)

    # REPORT_TIME counts seconds: an amendment is told from the release when its second is another.
    clock, released = made.hospital.book.clock, made.hospital.service.site.shelf.reports[number].at
    until(lambda: clock().replace(microsecond=0) > released)
    made.step(number, "amended")
    until(lambda: made.shown() == [(80, "120")], 120.0)
    assert made.calls(calls, "8002") == 3, "the report that every patient has, the released one and the amended one"

    with made.database.write() as connection:
        listed = made.reports.list(connection, READER, CLAIM, None, None, Page()).items
        (report,) = [one.report for one in listed if one.status == 80]
    made.step(number, "withdrawn")
    assert made.shown() == []
    assert made.history(report)[:3] == [20, 30, 70]
    assert made.history(report)[-1] == 90


def results(xml, values):
    """Let a laboratory document say these results and no others."""
    root = etree.fromstring(xml)
    items = root.xpath(
        "//*[local-name()='component'][*[local-name()='observation']/*[local-name()='code'][@code='DE04.30.019.00']]"
    )
    for item, (name, value) in zip(items, values.items(), strict=False):
        item.xpath("*[local-name()='observation']/*[local-name()='value']")[0].text = name
        item.xpath(".//*[local-name()='code'][@code='DE04.30.015.00']/../*[local-name()='value']")[0].set("value", value)
    for item in items[len(values) :]:
        item.getparent().remove(item)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def numbers(one):
    return {"report": one["number"], "form": one["form"], "specimen": one["specimen"]}


def told(made, report):
    """Give the sources that a portal finds in the history of a report."""
    history = report_portal(made.engine).ReportHistory(report=report).history.entry
    return [(entry.source, entry.status) for entry in history]


def test_by_status_by_push_by_polling_and_by_document_it_is_one_report_with_one_history(made):
    portal = report_portal(made.engine)
    who = report_paper("C0007", SEED, HOSPITAL)[1].person
    one = made.command(card="C2", step="sampled", name=who.name, identity=who.identity)
    whose = {"idNumber": who.identity, "name": who.name}
    assert portal.GiveConsent(resident=whose).code == "0"
    made.step(one["number"], "released", hold=True)
    pushed = {
        "PUSH_TYPE": "3",
        "PUSH_ID": one["number"],
        "PUSH_CONTENT": "报告已出",
        "DATA_TIME": f"{datetime.now(SHANGHAI):%Y-%m-%d %H:%M:%S}",
    }
    answer = made.command("call", function="7001", values={"HOS_ID": HOSPITAL, "DATA_INFO": [PUSHED | pushed]})
    assert answer["code"] == "0", answer

    def mine():
        listed = portal.ListReports(resident=whose).reports
        return [report for report in (listed.report if listed else []) if report.title == "血常规" and report.specimen == "全血"]

    until(mine, 120.0)
    (found,) = mine()
    assert (found.status, found.version) == ("70", 1)
    assert {source for source, _ in told(made, found.report)} == {"S0063", "7001", "8002"}

    xml, _ = report_paper("C0007", SEED, HOSPITAL, **numbers(one))
    paper = Paper("C0007", "D-WAYS-1", results(xml, {"白细胞计数": "6.1", "血红蛋白": "110"}))
    hospital(made.engine, HOSPITAL).accepted(paper)
    assert {source for source, _ in told(made, found.report)} == {"S0063", "7001", "8002", "C0007"}
    got = portal.GetReport(report=found.report).report
    assert (got.status, got.version, got.reportNumber, got.requestForm) == ("70", 1, one["number"], one["form"])
    assert [(item.name, item.value) for item in got["items"].item] == [("白细胞计数", "6.1"), ("血红蛋白", "110")]
    everything = portal.ListReports(resident=whose).reports.report
    assert len([each for each in everything if each.report == found.report or each.title == got.title]) == 1

    hospital(made.engine, HOSPITAL).call("Revoke", documentType="C0007", documentId=paper.number, reason="测试撤销")
    assert portal.GetReport(report=found.report).code == "SND-755"


def test_an_examination_is_one_report_by_the_numbers_of_its_document(made):
    """S0061 names the request form alone and 8004 the report alone; C0006 names both."""
    portal = report_portal(made.engine)
    _, invented = report_paper("C0006", SEED, HOSPITAL)
    who, words = invented.person, invented.content
    calls = Counter(made.hospital.service.calls)
    one = made.command(card="C3", kind="2", name=who.name, identity=who.identity)
    status = {
        "processStep/code/displayName/@value": "检查完成",
        "performer/time/low/@value": f"{datetime.now(SHANGHAI):%Y%m%d%H%M%S}",
    }
    person = {"patient_id": one["patient"], "patientPerson/name/item/part/@value": who.name}
    made.step(one["number"], "released")
    tell_status(made.engine, "S0061", message_id="WAYS-1", form=one["form"], **status, **person)
    until(lambda: made.calls(calls, "8004") == 2, 120.0)

    xml, _ = report_paper("C0006", SEED, HOSPITAL, **numbers(one))
    for said, wanted in ((words.findings, "双肺纹理清晰，心影不大"), (words.conclusion, "胸部未见明显异常")):
        xml = xml.replace(said.encode(), wanted.encode())
    hospital(made.engine, HOSPITAL).accepted(Paper("C0006", "D-WAYS-2", xml))
    whose = {"idNumber": who.identity, "name": who.name}
    assert portal.GiveConsent(resident=whose).code == "0"
    listed = [portal.GetReport(report=each.report).report for each in portal.ListReports(resident=whose).reports.report]
    (got,) = [each for each in listed if each.reportNumber == one["number"]]
    assert {source for source, _ in told(made, got.report)} == {"S0061", "8004", "C0006"}
    assert (got.kind, got.status, got.version, got.reportNumber) == ("examination", "70", 1, one["number"])
    assert (got.requestForm, got.conclusion) == (one["form"], "胸部未见明显异常")
