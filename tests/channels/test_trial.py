"""Hold route tests, `explain` and the reference to what they promise the interface engineer."""

import json

import pytest

from engine.channels.explain import explain
from engine.channels.reference import PAGES, json_schema, page
from engine.channels.steps import STEPS
from engine.channels.trial import result_faults, results_text, run_tests
from tests.channels.conftest import ROOT

NOTE = '<note xmlns="urn:hl7-org:v3"><gender code="{}"/><time value="20260101"/></note>'

ROUTE = """\
about: 性别对照
receive:
  service: file
  types: [C0002]
change:
  - table: { at: "//hl7:gender/@code", use: institution/gender, unknown: hold }
  - xslt: xslt/copy.xsl
send:
  - to: records
  - to: archive
    when: "//hl7:gender/@code = '2'"
    in-order-by: visit
"""

COPY = """\
<x:stylesheet version="1.0" xmlns:x="http://www.w3.org/1999/XSL/Transform" xmlns:h="urn:hl7-org:v3">
<x:template match="@*|node()"><x:copy><x:apply-templates select="@*|node()"/></x:copy></x:template>
<x:template match="h:time"><time xmlns="urn:hl7-org:v3" value="now"/></x:template>
</x:stylesheet>
"""


@pytest.fixture
def route(project):
    """Put down a route that translates a gender code; the hospital H9 has a table of its own."""
    project.route(ROUTE)
    project.write("routes/visit/tables/gender.csv", "from,to\n1,1\n2,2\n男,1\n女,2\n")
    project.write("config/institutions/H9/gender.csv", "from,to\nF,2\n")
    project.write("routes/visit/xslt/copy.xsl", COPY)
    return project


def put(project, test, **files):
    for name, text in files.items():
        ending = "xml" if text.startswith("<") else "txt"
        project.write(f"routes/visit/tests/{test}/{name.replace('_', '-')}.{ending}", text)


def results(project, **more):
    return run_tests(project.book(), project.press, **more)


def test_a_test_passes_when_document_and_sends_come_out_as_expected(route):
    expect = NOTE.format(2).replace("20260101", "now").replace('code="2"', "code='2'")
    put(route, "good", **{"in": NOTE.format("女"), "expect": expect, "expect_sends": "# both\nrecords\narchive\n"})
    assert [(r.test, r.passed, r.differences) for r in results(route)] == [("good", True, ())]


def test_a_test_fails_with_the_place_of_each_difference(route):
    put(route, "bad", **{"in": NOTE.format("女"), "expect": NOTE.format(1), "expect_sends": "records\n"})
    [result] = results(route)
    text = results_text([result])
    assert not result.passed
    assert "code" in text
    assert "expected sends records, found records, archive" in text
    assert "FAIL visit/bad" in text
    [fault] = result_faults(route.book(), [result])
    assert (fault.file, fault.code) == ("routes/visit/tests/bad", "CFG-036")


def test_listed_places_are_not_compared(route):
    put(route, "time", **{"in": NOTE.format(1), "expect": NOTE.format(1), "ignore": "//hl7:time/@value\n"})
    assert results(route)[0].passed


def test_expected_issues_are_matched_by_severity_code_and_place(route):
    put(route, "unknown", **{"in": NOTE.format("X"), "expect_issues": "state ERROR\nwarning SND-416\n"})
    put(route, "wrong", **{"in": NOTE.format("X"), "expect_issues": "error SND-416\n"})
    unknown, wrong = results(route)
    assert unknown.passed
    assert "expected but not found: error SND-416" in wrong.differences
    assert any(line.startswith("found but not expected: warning SND-416") for line in wrong.differences)


def test_the_senders_own_table_comes_first(route):
    expect = NOTE.format(2).replace("20260101", "now")
    put(route, "own", **{"in": NOTE.format("F"), "institution": "H9\n", "expect": expect})
    put(route, "fallback", **{"in": NOTE.format("女"), "institution": "H9\n", "expect": expect})
    put(route, "other", **{"in": NOTE.format("F"), "institution": "H8\n", "expect_issues": "state ERROR\nwarning SND-416\n"})
    assert [r.differences for r in results(route)] == [(), (), ()]


def test_a_test_without_expectation_fails_and_accept_writes_what_came(route):
    put(route, "new", **{"in": NOTE.format("女")})
    put(route, "odd", **{"in": NOTE.format("X")})
    assert not any(r.passed for r in results(route))
    accepted = results(route, accept=True)
    assert [r.written for r in accepted] == [("expect.xml",), ("expect-issues.txt",)]
    assert all(r.differences for r in accepted), "what is accepted is shown first"
    assert all(r.passed for r in results(route, route="visit"))


def test_a_message_that_is_not_wanted_is_an_expected_state(project):
    project.route(
        ROUTE.split("change:", maxsplit=1)[0] + 'change:\n  - filter: { keep-when: "//hl7:other" }\nsend:\n  - to: records\n'
    )
    put(project, "left", **{"in": NOTE.format(1), "expect_issues": "state FILTERED\n"})
    put(project, "taken", **{"in": NOTE.format(1), "expect_issues": "# none\n"})
    assert [r.differences for r in results(project)] == [(), ("the state ROUTED is expected, found FILTERED",)]


def test_a_folder_with_no_or_two_inputs_is_told(route):
    put(route, "empty", expect=NOTE.format(1))
    assert "exactly one in.xml" in results(route)[0].differences[0]


def test_a_document_that_cannot_be_opened_gives_its_issues(route):
    put(route, "cut", **{"in": "<note>", "expect_issues": "error SND-321\n"})
    assert results(route)[0].passed


def test_a_route_reads_as_prose_in_both_languages(route):
    one = route.book().routes["visit"]
    chinese, english = explain(one), explain(one, "en")
    assert "路由 visit：性别对照" in chinese
    assert "同一就诊" in chinese or "同一次就诊" in chinese
    assert "3 天仍不成功转入死信" in chinese
    assert "after 3 days it is a dead letter" in english
    assert "hold the message" in english


def test_every_kind_of_step_reads_in_both_languages_and_stands_in_the_reference():
    text = page()
    schema = json_schema()
    for name, kind in STEPS.items():
        assert set(kind.tell) == {"zh", "en"}
        assert f"### {kind.verb}: {name}" in text
        assert f"step-{name}" in schema["$defs"]
        assert all(field.description for field in kind.sheet.model_fields.values())


def test_the_schema_for_editors_knows_the_keys_as_they_are_written():
    schema = json_schema()
    assert set(schema["properties"]) == {"about", "receive", "check", "change", "send", "answer"}
    assert "in-order-by" in schema["$defs"]["SendTo"]["properties"]
    assert schema["$defs"]["Retry"]["properties"]["give-up"]["type"] == "string"
    assert schema["additionalProperties"] is False


def test_the_committed_reference_is_the_printed_one():
    for name, write in PAGES.items():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == write(), (
            f"run python -m engine.channels.reference for docs/{name}"
        )
    json.loads((ROOT / "docs" / "route.schema.json").read_text(encoding="utf-8"))
