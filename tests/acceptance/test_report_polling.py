"""A started engine that hears of a report asks the hospital for it by itself, and keeps what it gives."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from engine.report import ReportPerson
from engine.services.reports.asking import PollTerms
from engine.services.reports.desk import Reports
from engine.services.reports.model import RELEASED, SAMPLED, ReportEvent
from engine.services.reports.polling import plan_polls
from engine.services.reports.rules import ReportRules
from engine.services.reports.tables import report
from engine.simulator.adapter import Terms, describe
from tests.support.databases import STORES
from tests.support.project import Project
from tests.support.simulated import simulated
from tests.support.stores import new_engine, opened, seal_of, until

HOSPITAL = "HOSP-A"
pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("appointments")]


@pytest.mark.parametrize("store", STORES)
def test_a_report_that_was_heard_of_is_fetched_from_the_hospital(store, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    project = Project.copy(tmp_path / "project")
    with ExitStack() as stack:
        hospital = stack.enter_context(simulated(HOSPITAL))
        describe(hospital.wanted, hospital.address, project.root, data / "secrets", Terms(reports=0.1))
        engine = stack.enter_context(new_engine(store, data, *project.option, hospitals=(HOSPITAL,))).start()
        database = stack.enter_context(opened(engine))
        patient = hospital.book.patient("card")
        person = ReportPerson(identity="220102199003078517", name="测试患者甲", numbers=(f"patient^{patient}",))
        terms = PollTerms(functions=frozenset({"8001"}), soonest=0.1)
        told = Reports(database, seal_of(engine, database), rules=ReportRules(), news=plan_polls(lambda _code: terms))
        event = ReportEvent(
            institution=HOSPITAL, keys={"form": "SQ1"}, kind="laboratory", status=SAMPLED, at=datetime.now(UTC), source="S0063",
            person=person,
        )  # fmt: skip
        with database.write() as connection:
            told.tell(connection, event)

        def found():
            with database.read() as connection:
                return sorted(connection.execute(select(report.c.kind, report.c.status).where(report.c.version > 0)).all())

        until(lambda: len(found()) == 3, 60.0)
        assert found() == [("examination", RELEASED), ("laboratory", RELEASED), ("susceptibility", RELEASED)]
        assert hospital.service.calls["8001"] >= 1
        assert [hospital.service.calls[function] for function in ("8002", "8003", "8004")] == [1, 1, 1]
