"""Hold the book of routes to its lint: every mistake has a code, a place and a cure, all in one run."""

import shutil

import pytest

from engine.channels import lint
from engine.channels.language import Retry
from engine.documents.press import Press
from tests.channels.conftest import DESKS, ENDPOINTS, GOOD, ROOT

TEN = ROOT / "tests" / "cases" / "ten-mistakes"


def test_ten_mistakes_in_one_folder_give_ten_lines_with_place_and_cure(project):
    shutil.copytree(TEN / "routes", project.root / "routes")
    found = [f"{f.file}:{f.line}:{f.column} {f.code} {f.message}" for f in project.faults()]
    expected = (TEN / "expect.txt").read_text(encoding="utf-8").splitlines()
    assert len(found) == 10
    assert [line.split()[:2] for line in found] == [line.split()[:2] for line in expected]
    # The words of faults inside other files and of XPaths are documents/ own, and held true there.
    ours = [line for line in expected if line.isascii()]
    assert len(ours) == 7
    assert set(ours) <= set(found)


def test_a_fault_shows_its_line_with_a_caret(project):
    project.route(GOOD.replace("schema:", "shcema:"))
    [fault] = project.faults()
    assert str(fault).splitlines() == [
        'routes/visit/route.yaml:6:5 CFG-012 unknown key "shcema" under check; did you mean "schema"?',
        "      - shcema: clinical",
        "        ^",
    ]


CHANGED = GOOD.replace("send:", "change:\n  - {step}\nsend:")


ASKED = """\
about: 查询
receive:
  service: api
  function: "5001"
check:
  - schema: clinical
"""


def changed(step):
    return CHANGED.replace("{step}", step)


@pytest.mark.parametrize(
    ("text", "code", "line", "cure"),
    [
        ("", "CFG-010", 1, "write about, receive"),
        (GOOD.replace("about: 门诊病历上传\n", ""), "CFG-010", 1, '"about" is missing'),
        (GOOD.replace("  types: [C0002]\n", ""), "CFG-011", 3, "exactly one of types, actions, function"),
        (GOOD.replace("[C0002]", "C0002"), "CFG-011", 4, "a list is wanted here: write [C0002]"),
        (GOOD.replace("[C0002]", "[0002]"), "CFG-007", 4, 'write "0002" in quotes'),
        (ASKED.replace('"5001"', "5001") + "send:\n  - to: records\n", "CFG-007", 4, 'write "5001" in quotes'),
        (GOOD.replace("[C0002]", "[C00002]"), "CFG-030", 4, 'did you mean "C0002"?'),
        (GOOD.replace("collection", "colection"), "CFG-011", 3, 'did you mean "collection"?'),
        (GOOD.replace("schema: clinical", "schema: klinical"), "CFG-011", 6, 'did you mean "clinical"?'),
        (GOOD.replace("schema: clinical", "schema: mine.xsd"), "CFG-020", 6, 'no file "mine.xsd"'),
        (GOOD.replace("schema: clinical", "xslt: a.xsl"), "CFG-012", 6, "it stands under change"),
        (GOOD.replace("- schema: clinical", "- clinical"), "CFG-011", 6, "a step is a key and a value"),
        (GOOD.replace("- schema: clinical", "- {schema: clinical, rules: catalogue}"), "CFG-011", 6, "one step has one key"),
        (GOOD.replace("rules: catalogue", "rules: catalog"), "CFG-011", 7, 'neither "catalogue" nor'),
        (GOOD.replace("rules: catalogue", "identity: { warn: resident }"), "CFG-032", 7, 'no check "resident"'),
        (GOOD.replace("rules: catalogue", "identity: { warn: a, refuse: b }"), "CFG-011", 7, "exactly one of warn, refuse"),
        (GOOD.replace("to: records", "to: record"), "CFG-031", 9, 'did you mean "records"?'),
        (GOOD.replace("send:\n  - to: records\n", ""), "CFG-011", 1, "goes nowhere"),
        (GOOD + '    when: "//hl7:code/@code = "\n', "CFG-022", 10, "XPath"),
        (GOOD + '    when: "//h7:code"\n', "CFG-022", 10, "XPath"),
        (GOOD + '    in-order-by: "//h7:code"\n', "CFG-022", 10, "XPath"),
        (GOOD + "    retry: { first: 5 }\n", "CFG-013", 10, "write 5s or 5m"),
        (GOOD + "    retry: { first: 2h, longest: 1h }\n", "CFG-011", 10, "must rise"),
        (GOOD + "answer: ack.xsl\n", "CFG-011", 10, "answered with a receipt"),
        (ASKED + "answer: ack.xsl\n", "CFG-020", 7, "ack.xsl"),
        (GOOD + "  - to: records\n", "CFG-004", 10, "stands here again"),
        (ASKED + "answer: ../../x.xsl\n", "CFG-011", 7, "leaves the folder"),
        (ASKED.replace("- schema: clinical", "- rules: catalogue") + "send:\n  - to: records\n", "CFG-011", 6, "names no types"),
        (changed("xslt: /etc/passwd"), "CFG-011", 9, "leaves the folder"),
        (changed('filter: { keep-when: "//x[" }'), "CFG-022", 9, "XPath"),
        (changed('table: { at: "//x", use: t.csv, unknown: ignore }'), "CFG-011", 9, "hold, keep, refuse"),
        (changed('table: { at: "//x", use: institution/gender, unknown: keep }'), "CFG-020", 9, "falls back to it"),
    ],
)  # fmt: skip
def test_each_mistake_is_told_once_with_its_cure(project, text, code, line, cure):
    project.route(text)
    [fault] = project.faults()
    assert (fault.code, fault.line) == (code, line)
    assert cure in fault.message
    assert fault.file == "routes/visit/route.yaml"


@pytest.mark.parametrize(
    ("name", "text", "step", "code"),
    [
        ("a.xsl", "<xsl:stylesheet", "xslt: a.xsl", "CFG-023"),
        (
            "a.xsl",
            '<x:stylesheet version="1.0" xmlns:x="http://www.w3.org/1999/XSL/Transform"><x:nonsense/></x:stylesheet>',
            "xslt: a.xsl",
            "CFG-023",
        ),
        ("t.csv", "", 'table: { at: "//hl7:code/@code", use: t.csv, unknown: keep }', "CFG-026"),
    ],
)
def test_faults_of_other_files_point_into_those_files(project, name, text, step, code):
    project.write(f"routes/visit/{name}", text)
    project.route(changed(step))
    faults = project.faults()
    assert {(f.file, f.code) for f in faults} == {(f"routes/visit/{name}", code)}
    assert all(f.line >= 1 for f in faults)


@pytest.mark.parametrize(
    ("name", "check", "code"),
    [("own.xsd", "schema: own.xsd", "CFG-024"), ("own.sch", "rules: own.sch", "CFG-025")],
)
def test_a_broken_schema_or_rule_file_points_into_itself(project, name, check, code):
    project.write(f"routes/visit/{name}", "<broken")
    project.route(GOOD.replace("schema: clinical", check))
    assert (f"routes/visit/{name}", code) in {(f.file, f.code) for f in project.faults()}


def test_a_link_out_of_the_folder_is_refused(project, tmp_path):
    outside = project.write("elsewhere/a.xsl", "<x/>")
    project.route(changed("xslt: a.xsl"))
    (project.root / "routes/visit/a.xsl").symlink_to(outside)
    [fault] = project.faults()
    assert (fault.code, "link" in fault.message) == ("CFG-011", True)


def test_both_mistakes_of_one_step_are_told(project):
    project.route(changed('table: { at: "//h7:x", use: none.csv, unknown: keep }'))
    assert project.codes() == ["CFG-022", "CFG-020"]


def test_two_routes_for_one_type_are_refused(project):
    project.route(GOOD, "first")
    project.route(GOOD, "second")
    [fault] = project.faults()
    assert (fault.file, fault.line, fault.code) == ("routes/second/route.yaml", 4, "CFG-033")
    assert "route first" in fault.message


def test_faults_of_all_routes_come_in_one_run_sorted_by_place(project):
    project.route(GOOD.replace("records", "record"), "b")
    project.route(GOOD.replace("schema", "shema").replace("C0002", "C0004"), "a")
    assert [(f.file, f.code) for f in project.faults()] == [
        ("routes/a/route.yaml", "CFG-012"),
        ("routes/b/route.yaml", "CFG-031"),
    ]


def test_a_folder_without_a_sheet_is_a_fault(project):
    project.write("routes/empty/readme.txt", "")
    [fault] = project.faults()
    assert (fault.file, fault.code) == ("routes/empty/route.yaml", "CFG-020")


def test_unused_files_and_missing_tests_are_warnings(project):
    project.route(GOOD)
    project.write("routes/visit/old.xsl", "<x/>")
    project.write("routes/visit/README.md", "why")
    assert [(w.file, w.code, w.severity) for w in project.warnings()] == [
        ("routes/visit/old.xsl", "CFG-021", "warning"),
        ("routes/visit/route.yaml", "CFG-034", "warning"),
    ]
    project.write("routes/visit/tests/good/in.xml", "<x/>")
    assert [w.code for w in project.warnings()] == ["CFG-021"]


def test_a_type_that_no_route_receives_is_a_warning(project):
    project.route(GOOD)
    missing = [w.message for w in project.book().warnings if w.code == "CFG-035"]
    assert "no route receives C0004" in missing
    assert "no route receives C0002" not in missing


def test_the_book_finds_a_route_by_service_and_key(project):
    project.route(GOOD + "  - to: archive\n    retry: { first: 1s, longest: 2m, give-up: 1d }\n")
    book = project.book()
    assert book.find("collection", "C0002") is book.routes["visit"]
    assert book.find("hip", "C0002") is None
    assert book.find("collection", "C0004") is None
    assert book.retry("visit", "archive") == Retry(first="1s", longest="2m", give_up="1d")
    assert book.retry("visit", "records") == book.retry("gone", "archive") == Retry()


def test_no_routes_at_all_is_an_empty_book(project):
    assert dict(project.book().routes) == {}


def test_the_revision_follows_every_file_a_route_uses(project):
    project.route(changed("xslt: a.xsl"))
    sheet = '<x:stylesheet version="1.0" xmlns:x="http://www.w3.org/1999/XSL/Transform"/>'
    project.write("routes/visit/a.xsl", sheet)
    seen = [project.book().revision]
    assert project.book().revision == seen[0]
    project.write("routes/visit/a.xsl", sheet + "<!-- changed -->")
    seen.append(project.book().revision)
    project.write("xsd/clinical/rules/extra.csv", "a\n")
    seen.append(project.book().revision)
    project.route(changed("xslt: a.xsl") + "# a word\n")
    seen.append(project.book().revision)
    assert len(set(seen)) == 4
    project.write("routes/visit/tests/new/in.xml", "<x/>")
    assert project.book().revision == seen[-1], "a test changes no message"


def test_lint_runs_every_checker_and_sorts_what_they_find(project):
    project.route(GOOD.replace("records", "record"))
    checkers = [lint.check_routes(project.press, ENDPOINTS, DESKS), lint.check_routes(project.press, (), ())]
    faults = lint.check(project.root, checkers)
    assert [f.code for f in faults] == ["CFG-031"]
    assert lint.failed(faults)
    assert "1 errors, 0 warnings" in lint.as_text(faults)
    assert '"line": 9' in lint.as_json(faults)


def test_what_no_route_uses_is_compiled_by_lint_as_well(project):
    project.write("config/institutions/H9/gender.csv", "von,nach\n")
    press = Press(project.root)
    assert [(f.file, f.code) for f in lint.check(project.root, [lint.check_documents(press)])] == [
        ("config/institutions/H9/gender.csv", "CFG-026")
    ]


def test_the_book_hands_out_every_file_it_leans_on(project):
    project.route(changed("xslt: a.xsl"))
    project.write("routes/visit/a.xsl", '<x:stylesheet version="1.0" xmlns:x="http://www.w3.org/1999/XSL/Transform"/>')
    files = project.book().files()
    assert {"routes/visit/route.yaml", "routes/visit/a.xsl", "xsd/catalogue.yaml"} <= set(files)
    assert files["routes/visit/route.yaml"] == changed("xslt: a.xsl").encode()


def test_warnings_alone_do_not_fail_lint(project):
    project.route(GOOD)
    faults = lint.check(project.root, [lint.check_routes(project.press, ENDPOINTS, DESKS)])
    assert faults
    assert not lint.failed(faults)
    assert "CFG-034 warning: the route has no tests" in lint.as_text(faults)
