"""A started engine that hears of a report by S0063 asks the hospital for it by itself, and follows it to its withdrawal."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest
import requests

from engine.services.appointments.model import Page
from engine.services.reports.desk import Reports
from engine.services.reports.model import Reader, ResidentClaim
from engine.services.reports.rules import ReportRules
from engine.simulator.adapter import Terms, describe
from engine.simulator.hospital import SimulatedHospital
from engine.store.database import Database
from tests.support.databases import STORES
from tests.support.hospital import PASSWORD
from tests.support.project import Project
from tests.support.simulated import simulated
from tests.support.stores import new_engine, opened, seal_of, until

HOSPITAL = "HOSP-A"
WHO = {"name": "测试患者甲", "identity": "220102199003078517"}
CLAIM = ResidentClaim(identity=WHO["identity"], name=WHO["name"])
READER = Reader(portal="PORTAL-1", reason="查看报告")
pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("appointments")]


@dataclass
class Here:
    """The engine's store and its hospital."""

    hospital: SimulatedHospital
    database: Database
    reports: Reports

    def command(self, act="report", **wanted):
        reply = requests.post(self.hospital.control_address, json={"act": act, **wanted}, timeout=30)
        assert reply.status_code == 200, reply.text
        return reply.json()

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


@contextmanager
def here(store, folder):
    data = folder / "data"
    data.mkdir()
    project = Project.copy(folder / "project")
    with ExitStack() as stack:
        hospital = stack.enter_context(simulated(HOSPITAL, password=PASSWORD))
        describe(hospital.wanted, hospital.address, project.root, data / "secrets", Terms(reports=0.2))
        engine = stack.enter_context(new_engine(store, data, *project.option, hospitals=(HOSPITAL,))).start()
        hospital.meet(engine.services)
        database = stack.enter_context(opened(engine))
        yield Here(hospital, database, Reports(database, seal_of(engine, database), rules=ReportRules()))


@pytest.mark.parametrize("store", STORES)
def test_a_report_is_followed_from_its_specimen_to_its_withdrawal(store, tmp_path):
    with here(store, tmp_path) as made:
        one = made.command(card="C1", step="sampled", times=2, **WHO)
        assert one["told"] == ["AA", "AA"]
        number = one["number"]
        calls = made.hospital.service.calls
        until(lambda: calls["8003"] == 1, 120.0)
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
        assert calls["8002"] == 3, "the report that every patient has, the released one and the amended one"

        with made.database.write() as connection:
            listed = made.reports.list(connection, READER, CLAIM, None, None, Page()).items
            (report,) = [one.report for one in listed if one.status == 80]
        made.step(number, "withdrawn")
        assert made.shown() == []
        assert made.history(report)[:3] == [20, 30, 70]
        assert made.history(report)[-1] == 90
