"""Hold the rehearsal of interaction messages: every stage without asking a register, by route, by action or by root."""

import shutil

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
