"""Hold the walk to its promise: every message ends in one outcome, and nothing is ever raised."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.channels.building import Held, Step, StepKind
from engine.channels.checks import RulesStep
from engine.channels.route import Route
from engine.channels.trial import attempt, message_for
from engine.channels.walk import order_key, walk
from engine.errors import EngineError, Filtered, Issue, SenderError
from tests.channels.conftest import GOOD, ROOT

NOTE = b'<note xmlns="urn:hl7-org:v3"><code code="B" kind=" local "/><who id="11010119900307109x"/></note>'
ERROR = Issue(code="SND-419", message="错")
WARNING = Issue(code="SND-225", message="提醒", severity="warning")

PLAIN = """\
about: 转换试验
receive:
  service: file
  types: [C0002]
change:
  - {step}
send:
  - to: records
"""


@pytest.fixture
def run(project):
    """Walk a note along a route whose only step is given."""

    def walked(step, *, institution="H1", content=NOTE, sends=""):
        project.route(PLAIN.replace("{step}", step) + sends)
        route = project.book().routes["visit"]
        document = project.press.open(content)
        return walk(route, message_for(project.press, route, document, institution, "C0002"))

    return walked


def scripted(*runs):
    """Make a route of steps that are plain functions."""
    kind = StepKind("rules", "check", RulesStep, lambda _site, _sheet: runs[0], {})
    steps = tuple(Step(kind, RulesStep(rules="catalogue"), run) for run in runs)
    return Route("r", "", "file", ("C0002",), steps, (), (), None, "", ROOT, ())


def raising(error):
    def run(_message):
        raise error

    return run


@pytest.fixture
def message(project):
    project.route(GOOD)
    return message_for(project.press, project.book().routes["visit"], project.press.open(NOTE), "H1", "C0002")


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [
        (SenderError(ERROR), "INVALID", "SND-419"),
        (SenderError(WARNING, ERROR), "INVALID", "SND-419"),
        (Filtered("not ours"), "FILTERED", "0"),
        (Held(Issue(code="SND-416", message="没有对照")), "ERROR", "SND-416"),
        (EngineError("bad stylesheet"), "ERROR", "ENG-000"),
        (ZeroDivisionError(), "ERROR", "ENG-000"),
        (RecursionError(), "ERROR", "ENG-000"),
        (MemoryError(), "ERROR", "ENG-000"),
    ],
)
def test_each_kind_of_failure_has_its_state_and_the_first_one_ends_the_walk(message, error, state, code):
    called = []
    outcome = walk(scripted(raising(error), called.append), message)
    assert (outcome.state, outcome.code, len(outcome.trace)) == (state, code, 1)
    assert not called
    assert not outcome.sends
    assert not outcome.desks


def test_a_failure_of_ours_has_a_reference_and_logs_no_words(message, capsys):
    outcome = walk(scripted(raising(ValueError("张三 110101199003071090"))), message)
    assert re.fullmatch(r"[0-9a-f]{12}", outcome.reference)
    said = "".join(capsys.readouterr())
    assert outcome.reference in said
    assert "张三" not in said
    assert "110101199003071090" not in said


def test_issues_come_errors_first_with_the_warnings_met_on_the_way(message):
    outcome = walk(scripted(lambda m: m.evolve(warnings=(WARNING,)), raising(SenderError(ERROR))), message)
    assert outcome.issues == (ERROR, WARNING)


def test_the_trace_measures_each_step(message):
    outcome = walk(scripted(lambda m: m, lambda m: m), message)
    assert [(t.what, t.detail) for t in outcome.trace] == [("rules", "catalogue")] * 2
    assert all(t.micros >= 0 for t in outcome.trace)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([ERROR, WARNING, "filtered", "bug", "held", "pass", "none"]), max_size=5))
def test_no_sequence_of_steps_makes_the_walk_raise(message, script):
    def act(what):
        if isinstance(what, Issue):
            return raising(SenderError(what))
        return {
            "filtered": raising(Filtered("x")), "bug": raising(KeyError("x")), "held": raising(Held(ERROR)),
            "pass": lambda m: m, "none": lambda _m: None,
        }[what]  # fmt: skip

    outcome = walk(scripted(*map(act, script)), message)
    assert outcome.state in {"ROUTED", "INVALID", "FILTERED", "ERROR"}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=200)
    | st.text(max_size=80).map(lambda t: f"<ClinicalDocument xmlns='urn:hl7-org:v3'>{t}</ClinicalDocument>".encode())
)
def test_no_bytes_make_a_trial_raise(project, content):
    project.route(GOOD)
    trial = attempt(project.press, project.book().routes["visit"], content, "H1")
    assert trial.state == "INVALID"
    assert trial.issues


def test_a_step_that_returns_nothing_is_our_fault_not_a_silence(message):
    assert walk(scripted(lambda _m: None, lambda m: m.evolve(lane="live")), message).state == "ERROR"


def test_a_stylesheet_changes_a_copy_and_gets_its_parameters(project, run):
    project.write(
        "routes/visit/a.xsl",
        '<x:stylesheet version="1.0" xmlns:x="http://www.w3.org/1999/XSL/Transform"><x:param name="institution"/>'
        '<x:param name="document-type"/><x:template match="/"><new from="{$institution}" type="{$document-type}"/></x:template></x:stylesheet>',
    )
    outcome = run("xslt: a.xsl")
    assert outcome.state == "ROUTED"
    assert b'<new from="H1" type="C0002"/>' in outcome.message.document.content
    assert outcome.desks == ("records",)


@pytest.mark.parametrize(
    "inside",
    [
        "<x:copy-of select=\"document('{canary}')\"/>",
        "<x:copy-of select=\"document('http://127.0.0.1:9/')\"/>",
        '<e:document href="{canary}.written" xmlns:e="http://exslt.org/common" x:extension-element-prefixes="e">x</e:document>',
        '<x:value-of select="e:evaluate(\'1\')" xmlns:e="http://exslt.org/dynamic"/>',
    ],
)
def test_a_stylesheet_reaches_no_file_and_no_network(project, run, inside):
    canary = project.write("canary.xml", "<secret>canary</secret>")
    text = inside.replace("{canary}", canary.as_uri())
    project.write(
        "routes/visit/a.xsl",
        f'<x:stylesheet version="1.0" xmlns:x="http://www.w3.org/1999/XSL/Transform"><x:template match="/"><o>{text}</o></x:template></x:stylesheet>',
    )
    try:
        outcome = run("xslt: a.xsl")
    except Exception as refused:  # noqa: BLE001 - a refusal at lint is as good as one at run time
        assert "CFG-023" in str(refused)  # noqa: PT017
    else:
        assert outcome.state == "ERROR"
        assert b"canary" not in outcome.message.document.content
    assert not (project.root / "canary.xml.written").exists()


def test_a_filter_keeps_what_matches_and_gives_its_reason(run):
    assert run("filter: { keep-when: \"//hl7:code/@code = 'B'\" }").state == "ROUTED"
    outcome = run("filter: { keep-when: \"//hl7:code/@code = 'C'\", reason: 只要 C }")
    assert (outcome.state, outcome.reason) == ("FILTERED", "只要 C")


def test_where_a_message_goes_depends_on_its_document(run):
    sends = "  - to: archive\n    when: \"//hl7:code/@code = '{}'\"\n"
    assert [s.destination for s in run('filter: { keep-when: "1" }', sends=sends.replace("{}", "B")).sends] == ["archive"]
    assert run('filter: { keep-when: "1" }', sends=sends.replace("{}", "C")).sends == ()


def test_an_ordering_key_hides_its_value_and_falls_back_to_the_document(project, message):
    project.route(
        GOOD + '  - to: archive\n    in-order-by: resident\n  - to: referral-hospital\n    in-order-by: "//hl7:who/@id"\n'
    )
    _, by_resident, by_path = project.book().routes["visit"].sends
    known = message.evolve(keys={"resident": "110101199003071090", "document": "D1", "own": "1^2"})
    other = message.evolve(keys={"resident": "110101199003071090", "document": "D2", "own": "1^3"})
    unknown = message.evolve(keys={"document": "D1"})
    assert order_key(by_resident, known) == order_key(by_resident, other) != order_key(by_resident, unknown)
    assert order_key(by_path, known) == order_key(by_path, other)
    assert re.fullmatch(r"[0-9a-f]{24}", order_key(by_resident, known))
    assert order_key(by_resident, unknown) != order_key(by_resident, unknown.evolve(institution="H2"))


@pytest.mark.parametrize(
    ("unknown", "state", "severity"), [("hold", "ERROR", "warning"), ("refuse", "INVALID", "error"), ("keep", "ROUTED", None)]
)
def test_an_unknown_code_is_held_refused_or_kept_as_the_route_says(project, run, unknown, state, severity):
    project.write("routes/visit/codes.csv", "from,to\nA,1\n")
    outcome = run(f'table: {{ at: "//hl7:code/@code", use: codes.csv, unknown: {unknown} }}')
    assert outcome.state == state
    assert [(i.code, i.severity, i.value) for i in outcome.issues] == ([("SND-416", severity, "B")] if severity else [])


def test_a_named_check_warns_or_refuses_as_the_route_says(project, message):
    for word, state in (("warn", "ROUTED"), ("refuse", "INVALID")):
        sheet = GOOD.replace("  - schema: clinical\n  - rules: catalogue\n", f"  - identity: {{ {word}: type-agrees }}\n")
        project.route(sheet)
        document = project.press.open(b'<ClinicalDocument xmlns="urn:hl7-org:v3"><code code="C0004"/></ClinicalDocument>')
        outcome = walk(project.book().routes["visit"], message.evolve(document=document))
        assert (outcome.state, [i.code for i in outcome.issues]) == (state, ["SND-402"])


def test_a_check_under_change_sees_what_was_changed(project, run):
    project.write("routes/visit/codes.csv", "from,to\nB,2\n")
    project.write(
        "routes/visit/own.sch",
        '<sch:schema xmlns:sch="http://purl.oclc.org/dsdl/schematron"><sch:ns prefix="hl7" uri="urn:hl7-org:v3"/><sch:pattern>'
        '<sch:rule context="hl7:code"><sch:assert id="own" test="@code = \'2\'">代码应为 2</sch:assert></sch:rule></sch:pattern></sch:schema>',
    )
    table = 'table: { at: "//hl7:code/@code", use: codes.csv, unknown: keep }'
    assert run(f"rules: own.sch\n  - {table}").state == "INVALID"
    assert run(f"{table}\n  - rules: own.sch").state == "ROUTED"


def test_a_stylesheet_that_changes_nothing_leaves_the_document_itself(project, run):
    copies = '<x:template match="@*|node()"><x:copy><x:apply-templates select="@*|node()"/></x:copy></x:template>'
    project.write(
        "routes/visit/a.xsl",
        f'<x:stylesheet version="1.0" xmlns:x="http://www.w3.org/1999/XSL/Transform">{copies}</x:stylesheet>',
    )
    outcome = run("xslt: a.xsl")
    assert outcome.message.document.content == NOTE
