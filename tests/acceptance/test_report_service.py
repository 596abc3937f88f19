"""A portal reads at the started engine what hospitals told by document and by status, and nothing after its withdrawal."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

import pytest
import requests
import zeep

from engine.message import SHANGHAI, shanghai_text
from engine.services.audit import Audit
from tests.support.clients import need
from tests.support.databases import STORES
from tests.support.engine import ROOT, Engine
from tests.support.hospital import PASSWORD
from tests.support.project import Project
from tests.support.reporting import drawn, report_portal, tell_status
from tests.support.stores import enrol, hospital, new_engine, opened

PORTAL = "PORTAL-1"
EXAMPLES = ROOT / "docs" / "examples" / "portal"
NUMBERS = itertools.count(1)
pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("report-service")]


@dataclass
class Site:
    """The engine, a hospital that tells of reports, and the portal."""

    engine: Engine

    @property
    def address(self):
        return f"{self.engine.services}/services/report"

    def portal(self, query="wsdl", code=PORTAL):
        return report_portal(self.engine, query, code)

    def paper(self):
        """Invent a laboratory report; gives it with what is drawn of it."""
        paper = hospital(self.engine).invent("C0007")
        return paper, drawn("C0007", paper.xml, "HOSP-A")

    def upload(self, paper):
        own = hospital(self.engine)
        told = own.call("Upload", documentType=paper.kind, documentId=paper.number, payload=paper.packed)
        assert told["status"].startswith("accepted"), told

    def say(self, arrival, words, minutes):
        """Tell the status of the request form by S0063, so many minutes after the report."""
        at = (arrival.at + timedelta(minutes=minutes)).astimezone(SHANGHAI).strftime("%Y%m%d%H%M%S")
        values = {
            "modeCode/displayName/@value": words,
            "verifier/time/@value": at,
            "specimen/id/@extension": arrival.keys["specimen"],
        }
        tell_status(
            self.engine, "S0063", message_id=f"R-{next(NUMBERS)}", form=arrival.keys["form"], identity=arrival.person.identity,
            **values,
        )  # fmt: skip


def resident(arrival):
    return {"idType": "1", "idNumber": arrival.person.identity, "name": arrival.person.name}


@pytest.fixture(scope="module", params=STORES)
def here(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    project = Project.copy(folder / "project")
    (project.root / "config" / "reports.yaml").write_text("months: 1200\n", encoding="utf-8")
    (folder / "data").mkdir()
    with ExitStack() as stack:
        engine = stack.enter_context(new_engine(request.param, folder / "data", *project.option, hospitals=("HOSP-A",)))
        enrol(engine, {PORTAL: "portal"})
        yield Site(engine.start())


@pytest.mark.parametrize("query", ["wsdl", "wsdl12"])
def test_what_comes_by_document_and_by_status_is_one_report(here, query):
    paper, arrival = here.paper()
    own, whose = here.portal(query), resident(arrival)
    here.say(arrival, "标本采集", -60)
    here.upload(paper)
    assert own.ListReports(resident=whose).code == "SND-754"
    assert own.GiveConsent(resident=whose).code == own.Subscribe(resident=whose).code == "0"
    (one,) = own.ListReports(resident=whose).reports.report
    assert (one.hospital, one.hospitalName, one.kind, one.status) == ("HOSP-A", "测试机构 HOSP-A", "laboratory", "70")
    got = own.GetReport(report=one.report).report
    assert (got.reportNumber, got.requestForm) == (arrival.keys["report"], arrival.keys["form"])
    said = [(item.name, item.value, item.unit) for item in got["items"].item]
    assert said == [(item.name, item.value, item.unit or None) for item in arrival.content.items]
    assert got.reportedAt == shanghai_text(arrival.content.reported)
    page = own.RenderReport(report=one.report).html
    assert arrival.person.name in page
    assert arrival.content.items[0].name in page
    here.say(arrival, "报告已删除", 60)
    assert own.GetReport(report=one.report).code == "SND-755"
    assert own.ListReports(resident=whose).reports is None
    history = own.ReportHistory(report=one.report).history.entry
    assert [(entry.status, entry.source) for entry in history] == [("20", "S0063"), ("70", "C0007"), ("90", "S0063")]
    assert [(told.status, told.report) for told in own.ListNotices().notices.notice if told.report == one.report] == [
        ("90", one.report)
    ]


def test_hospitals_may_not_read_and_a_wrong_name_is_refused_with_its_audit(here):
    paper, arrival = here.paper()
    here.upload(paper)
    with pytest.raises(zeep.exceptions.Fault) as caught:
        here.portal(code="HOSP-A").ListReports(resident=resident(arrival))
    assert caught.value.detail.findtext(".//{urn:changbai:fault:1}code") == "SND-103"
    assert here.portal().GiveConsent(resident=resident(arrival) | {"name": "测试患者别人"}).code == "SND-753"
    with opened(here.engine) as database, database.read() as connection:
        rows = [(row.institution, row.service, row.reason) for row in Audit().rows(connection, verdict="refused")]
    assert (PORTAL, "ReportService", "GiveConsent SND-753") in rows


def test_the_page_of_services_names_it_and_nobodys_name_is_in_the_log(here):
    paper, arrival = here.paper()
    here.upload(paper)
    here.portal().GiveConsent(resident=resident(arrival))
    here.portal().ListReports(resident=resident(arrival))
    assert '<a href="/services/report?wsdl">' in requests.get(f"{here.engine.services}/services/", timeout=10).text
    log = (here.engine.data / "engine.log").read_text(encoding="utf-8")
    assert arrival.person.name not in log
    assert arrival.person.identity not in log


@pytest.mark.parametrize("language", [pytest.param("php", marks=pytest.mark.foreign), "python"])
def test_the_portals_examples_show_every_report(here, tmp_path, language):
    if language == "php":
        need("php")
    command = ["php", str(EXAMPLES / "reports.php")] if language == "php" else [sys.executable, str(EXAMPLES / "reports.py")]
    paper, arrival = here.paper()
    here.upload(paper)
    person = arrival.person

    def run(name):
        given = [here.address, PORTAL, PASSWORD, person.identity, name]
        return subprocess.run([*command, *given], capture_output=True, text=True, check=False, timeout=90, cwd=tmp_path)

    done = run(person.name)
    assert done.returncode == 0, done.stdout + done.stderr
    (number,) = re.findall(r"^report (\S+) 70 测试机构 HOSP-A ", done.stdout, re.MULTILINE)
    assert f"  {arrival.content.items[0].name} {arrival.content.items[0].value} " in done.stdout
    assert "已发布" in done.stdout
    assert person.name in (tmp_path / f"{number}.html").read_text(encoding="utf-8")
    wrong = run("测试患者别人")
    assert (wrong.returncode, "SND-753" in wrong.stderr) == (1, True), wrong.stdout + wrong.stderr
