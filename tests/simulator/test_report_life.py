"""Reports of the simulated hospital live on command: told by status, given out, amended, withdrawn, doubled and out of order."""

from __future__ import annotations

import re
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import requests

from engine.documents.jilin.reports import listed_reports, read_report
from engine.simulator.adapter import Terms, describe
from tests.support.simulated import asking, simulated

WHO = {"name": "测试患者甲", "identity": "220102199003078517"}


class Quiet(WSGIRequestHandler):
    def log_message(self, *_args):
        """Say nothing."""


@pytest.fixture
def platform():
    """Be a platform that notes each S0063 it is told and accepts it."""
    told = []

    def answer(environ, start):
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()
        told.append((environ["PATH_INFO"], environ["HTTP_AUTHORIZATION"][:5], body))
        start("200 OK", [("Content-Type", "text/xml")])
        return [b"<r>&lt;acknowledgement typeCode=&quot;AA&quot;/&gt;</r>"]

    server = make_server("127.0.0.1", 0, answer, handler_class=Quiet)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", told
    server.shutdown()
    server.server_close()


def command(hospital, act, **wanted):
    reply = requests.post(hospital.control_address, json={"act": act, **wanted}, timeout=30)
    return reply.json() if reply.status_code == 200 else reply.status_code


def steps(told):
    return [
        re.search(r"modeCode code=.*?displayName value=.(.+?).\/", body.replace("&quot;", '"'), re.DOTALL)[1]
        for _, _, body in told
    ]


def test_a_report_is_given_out_from_its_release_to_its_withdrawal(tmp_path):
    with simulated("HOSP-A") as hospital, asking(tmp_path, hospital) as client:
        one = command(hospital, "report", card="C1", **WHO)
        patient = {"HOSP_PATIENT_ID": one["patient"], "BEGIN_DATE": "2026-01-01 00:00:00", "END_DATE": "2030-01-01 00:00:00"}

        def listed():
            found = listed_reports(client.ask("HOSP-A", "8001", patient).values)
            return {each.report: each.time for each in found if each.report == one["number"]}

        def read():
            asked = {"HOSP_PATIENT_ID": one["patient"], "REPORT_ID": one["number"]}
            return client.ask("HOSP-A", "8002", asked)

        assert listed() == {}
        assert read().code == "800201"
        command(hospital, "report", report=one["number"], step="released")
        released = listed()
        assert list(released) == [one["number"]]
        reply = read()
        arrival = read_report("8002", "HOSP-A", one["number"], one["patient"], reply.values, reply.answered)
        assert (arrival.person.identity, arrival.person.name) == (WHO["identity"], WHO["name"])
        assert arrival.keys == {"report": one["number"], "specimen": one["specimen"]}
        assert arrival.content.items[1].value == "110"
        command(hospital, "report", report=one["number"], step="amended")
        assert read().values["CHECK_LIST"][0]["DETAIL"][1]["RESULT"] == "120"
        command(hospital, "report", report=one["number"], step="withdrawn")
        assert listed() == {}
        assert read().code == "800201"


def test_each_step_is_told_as_a_status_that_opens_by_its_table(platform):
    address, told = platform
    with simulated("HOSP-A", password="a-password-of-tests") as hospital:
        hospital.meet(address)
        one = command(hospital, "report", card="C1", step="sampled", **WHO)
        assert one["told"] == ["AA"]
        assert command(hospital, "report", report=one["number"], step="rejected", reason="标本溶血")["told"] == ["AA"]
        assert [path for path, _, _ in told] == ["/services/hip"] * 2
        assert {scheme for _, scheme, _ in told} == {"Basic"}
        assert steps(told) == ["标本采集", "标本拒收"]
        assert "标本溶血" in told[1][2]
        assert one["form"] in told[0][2]
        assert one["specimen"] in told[0][2]
        assert "a-password-of-tests" not in repr(hospital.wanted)


def test_a_status_is_told_twice_or_held_back_and_told_in_reverse(platform):
    address, told = platform
    with simulated("HOSP-A", password="a-password-of-tests") as hospital:
        hospital.meet(address)
        one = command(hospital, "report", card="C1", step="sampled", times=2)
        assert told[0][2] == told[1][2]
        for step in ("received", "released"):
            assert command(hospital, "report", report=one["number"], step=step, hold=True)["told"] == []
        assert command(hospital, "held")["told"] == ["AA", "AA"]
        assert steps(told[2:]) == ["报告发布", "标本接收"]
        assert command(hospital, "held")["told"] == []


def test_without_a_password_nothing_is_told_and_an_unknown_report_is_refused():
    with simulated("HOSP-A") as hospital:
        assert command(hospital, "report", card="C1", step="sampled")["told"] == []
        assert command(hospital, "report", report="R0", step="released") == 409
        assert command(hospital, "held") == 502


def test_its_adapter_says_when_reports_are_asked_for(tmp_path):
    with simulated("HOSP-A") as hospital:
        describe(hospital.wanted, hospital.address, tmp_path, tmp_path / "secrets", Terms(reports=2.0))
    sheet = (tmp_path / "config/institutions/HOSP-A/adapter.yaml").read_text(encoding="utf-8")
    assert "reports:\n  soonest: 2s" in sheet
