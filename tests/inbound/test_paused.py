"""A paused route takes nothing in, whichever door it comes by; its sender is asked to come again, and other routes go on."""

from datetime import UTC, datetime

import pytest

from engine.app.house import load_house
from engine.documents.hl7.sample import sample_message
from engine.documents.hl7.services import HIP
from engine.documents.packing import pack_gzip
from engine.documents.sample import sample
from engine.errors import Paused
from engine.inbound.calls import Call
from engine.inbound.faults import refuse
from engine.inbound.interaction_reading import read_message
from engine.inbound.judge import Judge, Upload
from engine.settings import load_settings


@pytest.fixture(scope="module")
def house():
    return load_house(load_settings({}, {}))


@pytest.fixture
def paused():
    return set()


@pytest.fixture
def judge(house, paused):
    return Judge(house.press, house.book, lambda *_: None, paused=lambda: paused)


def upload(kind):
    return Upload(institution="H1", document_type=kind, document_id="D1", payload=pack_gzip(sample(kind, 1, "H1")))


def test_a_document_is_judged_until_its_route_is_paused_and_again_afterwards(judge, paused):
    assert judge.judge(upload("C0002")).entry.state == "ROUTED"
    paused.add("outpatient-record")
    with pytest.raises(Paused, match="outpatient-record"):
        judge.judge(upload("C0002"))
    assert judge.judge(upload("C0004")).entry.state == "ROUTED"
    assert judge.judge(Upload(institution="H1", document_type="C9999", document_id="D", payload=b"")).entry.state == "INVALID"
    paused.clear()
    assert judge.judge(upload("C0002")).entry.state == "ROUTED"


def test_what_was_kept_is_replayed_along_a_paused_route(judge, paused):
    entry = judge.judge(upload("C0002")).entry
    paused.add("outpatient-record")
    assert judge.judge_stored(entry, sample("C0002", 1, "H1")).entry.state == "ROUTED"


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_the_fault_names_the_route_and_when_to_come_again(version):
    said = refuse(Paused("consents"), version, "trace")
    assert (said.status, said.party, said.issue.code) == (503, "Server", "ENG-503")
    assert "暂停" in said.issue.message
    assert "consents" in said.issue.message
    assert said.headers == (("Retry-After", "60"),)


def call():
    return Call(service="HIPMessageServer", operation="HIPMessageServer", institution="H1", received=datetime.now(UTC))


@pytest.mark.parametrize("action", ["S0002", "S0004"])
def test_a_message_of_an_interaction_and_a_query_are_turned_away_alike(judge, paused, action):
    text = sample_message(HIP[action]).decode()
    assert read_message(judge, call(), HIP[action], text, {}).interaction is not None
    paused.add("hip-residents")
    with pytest.raises(Paused, match="hip-residents"):
        read_message(judge, call(), HIP[action], text, {})
