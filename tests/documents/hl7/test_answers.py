"""Hold the replies of HIPMessageServer to the tables of answers: the frame of all, and the content of every query's route test."""

import pytest

from engine.documents.hl7.framing import frame
from engine.documents.hl7.nodes import check_answer
from engine.documents.hl7.opening import open_message
from engine.documents.hl7.sample import sample_message
from engine.documents.hl7.services import HIP
from engine.documents.reading import open_document
from engine.settings import ROOT

TESTS = sorted((ROOT / "routes").glob("hip-*/tests/*/expect-answer.xml"))

NOT_TOLD = {
    "S0031": "S0029 and S0030 bring neither the patient's name nor the doctor in charge nor when the visit began",
    "S0034": "S0032 and S0033 bring no doctor in charge",
}
"""Answers that want what no message of their register has, and what is missing."""


def framed(service, content=None):
    opened = open_message(None, service, sample_message(service))
    reads = service.act in ("query", "get")
    said = frame(service, "hospital", opened, "AA", "查到 1 条", content, "OK" if reads else "", 1)
    return open_document(said.encode())


@pytest.mark.parametrize("service", HIP.values(), ids=HIP)
def test_header_acknowledgement_and_query_result_have_every_node_of_the_table(service):
    outside = [one for one in check_answer(service, framed(service)) if "业务内容" not in one.message]
    assert [(one.message, one.path) for one in outside if "/controlActProcess/subject" not in one.path] == []


@pytest.mark.parametrize("path", TESTS, ids=lambda path: f"{path.parts[-4]}/{path.parts[-2]}")
def test_what_a_route_answers_has_every_required_node_of_the_table(path):
    action = open_document((path.parent / "answer.xml").read_bytes()).root.get("action")
    errors = [
        one for one in check_answer(HIP[action], framed(HIP[action], open_document(path.read_bytes()))) if one.severity == "error"
    ]
    if action in NOT_TOLD:
        assert errors
        return
    assert [(one.message, one.path) for one in errors] == []
