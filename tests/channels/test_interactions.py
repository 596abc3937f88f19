"""Hold routes of hip and regional to the tables of services, and their tests to what a call would get."""

import pytest

from engine.channels.explain import explain
from engine.channels.trial import run_tests
from engine.documents.hl7.sample import sample_message
from engine.documents.hl7.services import HIP, REGIONAL

ROUTE = """\
about: 个人信息
receive:
  service: hip
  actions: [S0001, S0002, S0004]
check:
  - nodes: message
change:
  - xslt: xslt/canonical.xsl
send:
  - to: residents
answer: xsd/messages/hl7/xslt/test-answer.xsl
"""

CANONICAL = """\
<x:stylesheet version="1.0" xmlns:x="http://www.w3.org/1999/XSL/Transform" xmlns:h="urn:hl7-org:v3" xmlns="urn:changbai:canonical:1">
<x:param name="document-type"/>
<x:template match="/"><request><action><x:value-of select="$document-type"/></action>
<name><x:value-of select="//h:patientPerson/h:name/h:item/h:part/@value"/></name></request></x:template>
</x:stylesheet>
"""

ANSWER = """\
<x:stylesheet version="1.0" xmlns:x="http://www.w3.org/1999/XSL/Transform" xmlns:c="urn:changbai:canonical:1" xmlns="urn:hl7-org:v3">
<x:template match="/c:answer"><controlActProcess><x:for-each select="c:item"><subject name="{c:name}"/></x:for-each></controlActProcess></x:template>
</x:stylesheet>
"""

GIVEN = '<answer xmlns="urn:changbai:canonical:1" verdict="AA"><item><name>测试甲</name></item></answer>'
MADE = '<controlActProcess xmlns="urn:hl7-org:v3"><subject name="测试甲"/></controlActProcess>'


@pytest.fixture
def route(project):
    project.route(ROUTE)
    project.write("routes/visit/xslt/canonical.xsl", CANONICAL)
    project.write("xsd/messages/hl7/xslt/test-answer.xsl", ANSWER)
    return project


def test_a_route_of_interactions_builds_with_a_shared_stylesheet_and_sends_to_its_register(route):
    built = route.book().find("hip", "S0002")
    assert built.keys == ("S0001", "S0002", "S0004")
    assert (built.sends[0].to, built.sends[0].own) == ("residents", True)
    assert "xsd/messages/hl7/xslt/test-answer.xsl" in built.files
    assert "节点表" in explain(built, "zh")
    assert "node table" in explain(built, "en")


@pytest.mark.parametrize(
    ("change", "code", "line", "cure"),
    [
        (("S0004]", "S0099]"), "CFG-030", 4, 'no interaction "S0099"'),
        (("S0004]", "S0014]"), "CFG-011", 4, "one route for each"),
        (("residents", "records"), "CFG-031", 10, "residents"),
        (("send:\n  - to: residents\n", ""), "CFG-031", 4, "- to: residents"),
        (("  - to: residents\n", "  - to: residents\n  - to: archive\n"), "CFG-031", 10, "exactly one - to: residents"),
        (("answer: xsd/messages/hl7/xslt/test-answer.xsl\n", ""), "CFG-011", 4, "S0004 is a query; write answer"),
    ],
)
def test_what_does_not_fit_the_table_is_told_with_its_cure(route, change, code, line, cure):
    route.route(ROUTE.replace(*change))
    fault = next(one for one in route.faults() if one.code == code)
    assert fault.line == line
    assert cure in fault.message


def test_a_node_table_belongs_to_interactions_only(project):
    project.route(
        "about: x\nreceive:\n  service: collection\n  types: [C0002]\ncheck:\n  - nodes: message\nsend:\n  - to: records\n"
    )
    [fault] = project.faults()
    assert (fault.code, fault.line) == ("CFG-011", 6)


def test_one_interaction_belongs_to_one_route(route):
    route.route(ROUTE.replace("xslt/canonical.xsl", "xsd/messages/hl7/xslt/test-answer.xsl"), "second")
    assert {fault.code for fault in route.faults()} == {"CFG-033"}


def test_interactions_that_no_route_receives_are_warned_of_once_there_are_any(route):
    missing = [w.message for w in route.book().warnings if w.file == "xsd/messages/hl7/services.csv"]
    assert len(missing) == len(HIP) - 3
    assert not any(w.file.startswith("xsd/messages/regional") for w in route.book().warnings)
    assert len(REGIONAL) == 27


def test_a_test_opens_the_message_by_its_action_and_makes_the_answer(route):
    folder = route.root / "routes/visit/tests/update"
    route.write("routes/visit/tests/update/in.xml", sample_message(HIP["S0002"]).decode())
    route.write("routes/visit/tests/update/answer.xml", GIVEN)
    route.write("routes/visit/tests/update/expect-answer.xml", MADE)
    run_tests(route.book(), route.press, accept=True)
    [result] = run_tests(route.book(), route.press)
    assert result.passed
    assert "S0002" in (folder / "expect.xml").read_text(encoding="utf-8")
    route.write("routes/visit/tests/update/expect-answer.xml", MADE.replace("测试甲", "测试乙"))
    [result] = run_tests(route.book(), route.press)
    assert "测试乙" in result.differences[0]


def test_a_test_expects_the_refusals_of_opening_and_of_the_node_table(route):
    route.write("routes/visit/tests/wrong-message/in.xml", sample_message(HIP["S0003"]).decode())
    route.write("routes/visit/tests/wrong-message/expect-issues.txt", "error SND-341\n")
    broken = sample_message(HIP["S0001"]).decode().replace("part value", "part valve")
    route.write("routes/visit/tests/name/in.xml", broken)
    route.write("routes/visit/tests/name/expect-issues.txt", "error SND-342 nodes\n")
    assert [(r.test, r.differences) for r in run_tests(route.book(), route.press)] == [("name", ()), ("wrong-message", ())]
