"""Hold the rehearsal of interaction messages: every stage without asking a register, by route, by action or by root."""

import shutil
from xml.sax.saxutils import escape

import pytest

from engine.channels.book import load_book
from engine.channels.rehearsal_text import as_text
from engine.documents.hl7.sample import sample_message
from engine.documents.hl7.services import HIP
from engine.documents.press import Press
from engine.inbound.limits import FrontLimits
from engine.inbound.rehearsal import Rehearsal, Trial
from engine.settings import ROOT

SHEET = """\
about: 个人信息
receive:
  service: hip
  actions: [S0002]
check:
  - nodes: message
send:
  - to: residents
"""


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory):
    top = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "xsd", top / "xsd")
    (top / "routes" / "persons").mkdir(parents=True)
    (top / "routes" / "persons" / "route.yaml").write_text(SHEET, encoding="utf-8")
    press = Press(top)
    return Rehearsal(press, load_book(top, press, (), ()), FrontLimits())


@pytest.mark.parametrize("more", [{"route": "persons"}, {"document_type": "PatientInfoUpdate"}, {}])
def test_a_message_is_taken_along_its_route(rehearsal, more):
    said = rehearsal.rehearse(Trial(content=sample_message(HIP["S0002"]), **more))
    assert (said.state, said.code, said.document_type, said.route) == ("ROUTED", "0", "S0002", "persons")
    assert [stage.verb or stage.name for stage in said.stages] == ["xml", "type", "route", "nodes"]
    assert [(target.name, target.own, target.wanted) for target in said.targets] == [("residents", True, True)]
    assert "residents: our own service" in as_text(said)


def test_what_a_node_table_refuses_is_shown_at_its_line(rehearsal):
    text = sample_message(HIP["S0002"]).replace(b"<part value", b"<port value")
    said = rehearsal.rehearse(Trial(content=text))
    assert (said.state, said.code) == ("INVALID", "SND-342")
    shown = as_text(said)
    assert "姓名" in shown
    assert "^" in shown


def test_a_message_of_another_action_is_refused_when_it_is_opened(rehearsal):
    said = rehearsal.rehearse(Trial(content=sample_message(HIP["S0001"]), route="persons"))
    assert (said.state, said.code) == ("INVALID", "SND-341")


def envelope(action, message, space="urn:hl7-org:v3"):
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>'
        '<Credentials xmlns="urn:hl7-org:v3"><institution>H7</institution><password>x</password></Credentials></s:Header>'
        f'<s:Body><HIPMessageServer xmlns="{space}"><action>{action}</action><message>{escape(message.decode())}</message>'
        "</HIPMessageServer></s:Body></s:Envelope>"
    ).encode()


@pytest.mark.parametrize("space", ["urn:hl7-org:v3", "http://tempuri.org/"])
def test_an_envelope_of_hip_is_opened_and_its_message_taken_along(rehearsal, space):
    said = rehearsal.rehearse(Trial(content=envelope("patientinfoupdate", sample_message(HIP["S0002"]), space)))
    assert (said.form, said.state, said.operation, said.institution) == ("envelope", "ROUTED", "HIPMessageServer", "H7")
    assert [stage.verb or stage.name for stage in said.stages] == ["envelope", "xml", "type", "route", "nodes"]


def test_an_envelope_with_an_action_that_nobody_knows_is_told(rehearsal):
    said = rehearsal.rehearse(Trial(content=envelope("S0999", b"<a/>")))
    assert (said.state, said.code) == ("INVALID", "SND-340")


def test_an_envelope_of_an_interaction_without_route_says_so(rehearsal):
    said = rehearsal.rehearse(Trial(content=envelope("S0001", sample_message(HIP["S0001"]))))
    assert said.stages[-1].result == "failed"


def test_a_regional_envelope_that_its_service_refuses_is_a_fault(rehearsal):
    wrong = envelope("S0001", b"<a/>").replace(b"HIPMessageServer", b"addProvider")
    said = rehearsal.rehearse(Trial(content=wrong.replace(b"s:Body", b"s:Bodies")))
    assert (said.state, said.code) == ("", "SND-307")
