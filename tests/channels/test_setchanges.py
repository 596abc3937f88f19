"""Two sets of files are compared by route and line by line, and what lint says stands under the line that it means."""

from engine.channels.setchanges import COMPARED, SHOWN, changes_of, files_on_disk, told, unified
from engine.errors import Fault

SHEET = "routes/visit/route.yaml"
OLD = "".join(f"line {n}\n" for n in range(1, 31))
NEW = OLD.replace("line 4\n", "line four\n").replace("line 25\n", "").replace("line 30\n", "line 30\nline 31\n")


def only(before, after, *faults):
    (change,) = changes_of({SHEET: before.encode()}, {SHEET: after.encode()}, faults)
    (file,) = change.files
    return file


def test_equal_sets_do_not_differ():
    assert changes_of({SHEET: b"x", "xsd/a.xsd": b"y"}, {"xsd/a.xsd": b"y", SHEET: b"x"}) == ()


def test_lines_are_numbered_on_both_sides_with_a_few_around_each_difference():
    lines = only(OLD, NEW).lines
    told = [(line.kind, line.before, line.after) for line in lines]
    assert told[:5] == [("same", 1, 1), ("same", 2, 2), ("same", 3, 3), ("gone", 4, 0), ("new", 0, 4)]
    assert ("gap", 0, 0) in told
    assert ("gone", 25, 0) in told
    assert told[-1] == ("new", 0, 30)
    assert next(line.text for line in lines if line.kind == "new") == "line four"


def test_a_fault_stands_at_the_line_as_it_is_new():
    faults = [
        Fault(file=SHEET, line=4, column=1, code="CFG-012", message="here"),
        Fault(file="other", line=4, column=1, code="CFG-012", message="no"),
    ]
    lines = only(OLD, NEW, *faults).lines
    assert [(line.kind, line.after, line.faults[0].message) for line in lines if line.faults] == [("new", 4, "here")]
    text = list(unified(changes_of({SHEET: OLD.encode()}, {SHEET: NEW.encode()}, faults)))
    assert text[0] == f"--- changed {SHEET}"
    assert text[text.index("+    4 line four") + 1] == "      ^ CFG-012 here"
    assert "@@" in text


def test_routes_are_named_with_their_files_and_others_by_path():
    before = {SHEET: b"a", "routes/visit/xslt/x.xsl": b"a", "routes/gone/route.yaml": b"a", "config/endpoints.yaml": b"a"}
    after = {SHEET: b"b", "routes/visit/tables/t.csv": b"a", "routes/new/route.yaml": b"a", "config/endpoints.yaml": b"b"}
    assert told(changes_of(before, after)) == (
        "changed          config/endpoints.yaml",
        "removed          routes/gone",
        "added            routes/new",
        "changed          routes/visit (route.yaml, tables/t.csv, xslt/x.xsl)",
    )


def test_what_is_no_text_or_too_long_is_told_but_not_compared():
    long = "x\n" * COMPARED
    assert only("a", long).lines == ()
    (change,) = changes_of({}, {"xsd/a.xsd": b"\xff\xfe\x00\x01"})
    assert (change.verb, change.files[0].lines) == ("added", ())


def test_of_many_lines_the_first_are_shown():
    file = only("", "".join(f"{n}\n" for n in range(SHOWN + 5)))
    assert (len(file.lines), file.cut) == (SHOWN, True)


def test_the_files_on_disk_are_those_of_a_set_without_tests_notes_and_what_editors_leave(tmp_path):
    for name in (SHEET, "routes/visit/tests/good/in.xml", "routes/visit/README.md", "routes/visit/.route.yaml.swp", "routes/visit/route.yaml~",
                 "routes/other/route.yaml", "routes/other/tests.csv", "xsd/catalogue.yaml", "config/endpoints.yaml", "config/unknown.yaml"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    known = ("config/endpoints.yaml", "config/gone.yaml")
    found = files_on_disk(tmp_path, known)
    assert sorted(found) == [
        "config/endpoints.yaml",
        "routes/other/route.yaml",
        "routes/other/tests.csv",
        SHEET,
        "xsd/catalogue.yaml",
    ]
    assert sorted(files_on_disk(tmp_path, (), "visit")) == [SHEET]
