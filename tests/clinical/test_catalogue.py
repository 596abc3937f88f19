"""Catalogue, folders and tables agree, and each mistake in them is told with file and line."""

import re
import shutil
from pathlib import Path

import pytest
from lxml import etree

from engine.documents.catalogue import PLACES, Catalogue
from engine.documents.ruletables import assertions, schematron
from engine.documents.sample import ROOT, sample
from engine.documents.tablelint import orphans
from engine.documents.tables import load_tables, named
from engine.errors import ConfigError

XSD = ROOT / "xsd"


@pytest.fixture
def xsd(tmp_path):
    """Copy xsd/ so that a test may spoil it."""
    shutil.copytree(XSD, tmp_path / "xsd")
    return tmp_path / "xsd"


def spoil(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def faults_of(load, *arguments):
    with pytest.raises(ConfigError) as caught:
        load(*arguments)
    return caught.value.faults


def clinical():
    return [kind for kind in Catalogue.load(XSD / "catalogue.yaml").types.values() if kind.family == "clinical"]


def test_every_type_has_template_grammar_rules_and_sample():
    catalogue = Catalogue.load(XSD / "catalogue.yaml")
    for kind in clinical():
        assert catalogue.schemas[kind.schema].is_file()
        assert kind.rules.is_dir()
        assert kind.sample.is_file()
        assert set(kind.where) == set(PLACES)


def test_the_catalogue_holds_every_number_of_the_work_plan_once():
    numbers = [number for kind in clinical() for number in (kind.number, *(also for also, _ in kind.also))]
    assert sorted(numbers) == list(range(1, 61))


def test_templates_of_the_two_standards_follow_the_part():
    for kind in Catalogue.load(XSD / "catalogue.yaml").types.values():
        if kind.standard == "WS/T 500-2016":
            assert (kind.code, kind.template) == (f"C{kind.part:04d}", f"2.16.156.10011.2.1.1.{20 + kind.part}")
        elif kind.standard == "WS/T 483-2016":
            assert kind.template == f"2.16.156.10011.2.1.1.{kind.part}"


def test_no_table_or_sample_is_orphaned():
    catalogue = Catalogue.load(XSD / "catalogue.yaml")
    tables = load_tables(XSD / "clinical" / "rules")
    known = {kind.code for kind in catalogue.types.values() if kind.family == "clinical"}
    assert {row["type"] for row in (*tables.sections, *tables.entries)} == known
    assert {path.stem for path in (XSD / "clinical" / "samples").glob("*.xml")} == known
    assert {row["de"] for row in tables.dataelements} == {row["de"] for row in tables.entries}


@pytest.mark.parametrize("code", ["C0002", "C0004", "C0007"])
def test_what_is_drawn_from_a_sample_is_what_was_put_in(press, code):
    drawn = press.draw(press.open(sample(code, 5, "H1")), code)
    assert drawn.resident_name.startswith("测试患者")
    assert re.fullmatch(r"\d{17}[\dX]", drawn.resident_id)
    assert drawn.birth_date == drawn.resident_id[6:14]
    assert (drawn.own_extension, drawn.custodian, drawn.type_code_in_document) == (f"H1-{code}-00000005", "H1", code)
    assert drawn.author.startswith("测试")


def test_a_type_that_stands_twice_or_without_sample_is_told_with_its_line(xsd):
    spoil(xsd / "catalogue.yaml", 'code: "C0004"', 'code: "C0002"')
    spoil(xsd / "catalogue.yaml", "sample: clinical/samples/C0007.xml", "sample: clinical/samples/C0077.xml")
    faults = faults_of(Catalogue.load, xsd / "catalogue.yaml")
    assert [f.code for f in faults] == ["CFG-050", "CFG-020"]
    assert all(f.line > 1 for f in faults)


def test_an_unknown_place_is_told(xsd):
    spoil(xsd / "catalogue.yaml", "    gender: string", "    sex: string")
    assert [f.code for f in faults_of(Catalogue.load, xsd / "catalogue.yaml")] == ["CFG-012"]


def test_wrong_words_in_tables_are_told_all_at_once(xsd):
    rules = xsd / "clinical" / "rules"
    spoil(rules / "elements.csv", "present", "persent")
    spoil(rules / "dataelements.csv", ",BL,", ",BOOL,")
    spoil(rules / "times.csv", ",error,", ",serious,")
    faults = faults_of(load_tables, rules)
    assert {Path(f.file).name for f in faults} == {"elements.csv", "dataelements.csv", "times.csv"}
    assert {f.code for f in faults} == {"CFG-026"}
    assert all(f.line > 1 for f in faults)


def test_a_missing_column_or_table_is_told(xsd):
    rules = xsd / "clinical" / "rules"
    spoil(rules / "moments.csv", "context,about", "path,about")
    assert "context" in faults_of(load_tables, rules)[0].message
    (rules / "times.csv").unlink()
    assert [f.code for f in faults_of(load_tables, rules)] == ["CFG-020"]


def test_the_printed_rules_are_the_same_each_time_and_name_each_rule_once():
    for kind in clinical():
        printed = schematron(kind)
        assert printed == schematron(kind)
        root = etree.fromstring(printed.encode())
        ids = [e.get("id") for e in root.iter("{http://purl.oclc.org/dsdl/schematron}assert")]
        assert len(ids) == len(set(ids)) > 80


def test_every_rule_speaks_chinese_and_tells_a_cure():
    for kind in clinical():
        for rule in assertions(load_tables(kind.rules), kind):
            assert re.search(r"[\u4e00-\u9fff]", rule.message), rule
            assert rule.hint, rule
            assert "{" not in rule.hint, rule
            assert rule.severity in ("error", "warning"), rule


def test_a_rule_turned_into_a_warning_in_the_table_changes_the_verdict(xsd):
    from engine.documents.press import Press

    broken = sample("C0002", 3, fault="custodian.name")

    def verdict():
        press = Press(xsd.parent)
        return [(i.rule, i.severity) for i in press.rules("C0002").check(press.open(broken))]

    assert verdict() == [("custodian.name", "error")]
    elements = xsd / "clinical" / "rules" / "elements.csv"
    row = next(line for line in elements.read_text(encoding="utf-8").splitlines() if line.startswith("custodian.name,"))
    spoil(elements, row, row.replace(",error,", ",warning,"))
    assert verdict() == [("custodian.name", "warning")]
    spoil(elements, row.replace(",error,", ",warning,"), row.replace(",error,", ",off,"))
    assert verdict() == []


def test_the_severity_of_a_value_set_can_be_overruled_for_one_element(xsd):
    from engine.documents.press import Press

    broken = sample("C0002", 3, fault="patient.gender-code")
    spoil(
        xsd / "clinical" / "rules" / "elements.csv",
        "administrativeGenderCode,code,2.16.156.10011.2.3.3.4,,",
        "administrativeGenderCode,code,2.16.156.10011.2.3.3.4,warning,",
    )
    press = Press(xsd.parent)
    assert [(i.rule, i.severity) for i in press.rules("C0002").check(press.open(broken))] == [("patient.gender-code", "warning")]


def test_a_list_of_types_names_single_ones_ranges_and_all_others():
    assert named("", "C0001")
    assert [code for code in ("C0005", "C0006", "C0008", "C0009", "HSDC00.01") if named("C0006..C0008", code)] == [
        "C0006",
        "C0008",
    ]
    assert [code for code in ("C0001", "JL-C0060") if named("!JL-C0060", code)] == ["C0001"]
    assert [code for code in ("C0001", "C0002", "C0003") if named("C0001..C0003 !C0002", code)] == ["C0001", "C0003"]


def test_an_entry_says_only_what_differs_from_its_data_element():
    rows = {(r["type"], r["section"], r["de"]): r for r in load_tables(XSD / "clinical" / "rules").entries}
    temperature = rows["C0020", "8716-3", "DE04.10.186.00"]
    assert (temperature["unit"], temperature["value_type"]) == ("℃", "PQ")
    assert "°C" in temperature["units"].split()
    consent = rows["C0027", "18776-5", "DE06.00.073.00"]
    assert (consent["value_type"], consent["value_set"]) == ("ST", "")


def lint_of(xsd):
    return orphans(Catalogue.load(xsd / "catalogue.yaml"), xsd.parent)


MISFITS = (
    ("rules/entries.csv", "C0053,", "C0059,", "CFG-026", "of C0059"),
    ("rules/sections.csv", "\nC0053,", "\nC0059,x,1-2,X,症状,0..1,,\nC0053,", "CFG-026", "no document type C0059"),
    ("rules/entries.csv", ",DE04.10.186.00,", ",DE04.10.816.00,", "CFG-026", 'did you mean "DE04.10.186.00"?'),
    ("rules/dataelements.csv", ",2.16.156.10011.2.3.1.85,", ",2.16.156.10011.2.3.1.86,", "CFG-026", "no value set"),
    ("rules/elements.csv", "C0006..C0013 C0019", "C0006..C0013 C0190", "CFG-026", '"C0190" names no document type'),
    ("rules/sections.csv", ",error,", ",eror,", "CFG-026", 'severity is "eror"'),
    ("rules/elements.csv", "hl7:age or hl7:birthTime", "hl7:age or (hl7:birthTime", "CFG-026", "no XPath 1.0"),
)


@pytest.mark.parametrize(("file", "old", "new", "code", "words"), MISFITS, ids=[f"{m[0]} {m[2]}" for m in MISFITS])
def test_what_does_not_fit_together_is_told_with_file_line_and_column(xsd, file, old, new, code, words):
    path = xsd / "clinical" / file
    spoil(path, old, new)
    faults = lint_of(xsd)
    fault = next(f for f in faults if words in f.message)
    assert (fault.code, fault.file) == (code, f"xsd/clinical/{file}")
    line = path.read_text(encoding="utf-8").splitlines()[fault.line - 1]
    assert fault.column == 1 or line[fault.column - 2] == ","


def test_what_nothing_uses_is_told(xsd):
    clinical_files = xsd / "clinical"
    (clinical_files / "samples" / "C0099.xml").write_text("<x/>", encoding="utf-8")
    with (clinical_files / "rules" / "dataelements.csv").open("a", encoding="utf-8") as file:
        file.write("DE01.00.001.00,报告卡编码,ST,,AN..20,warning,,A1\n")
    with (clinical_files / "valuesets.csv").open("a", encoding="utf-8") as file:
        file.write("1.2.3,CV1,测试值域,1,,一,yes\n")
    found = {(Path(f.file).name, f.severity) for f in lint_of(xsd)}
    assert found == {("C0099.xml", "warning"), ("dataelements.csv", "warning"), ("valuesets.csv", "warning")}


def test_the_tables_are_read_anew_when_a_file_changes(xsd):
    rules = xsd / "clinical" / "rules"
    first = load_tables(rules)
    assert load_tables(rules) is first
    spoil(rules / "dataelements.csv", "DE04.01.119.00,主诉,", "DE04.01.119.00,主要不适,")
    assert any(row["name"] == "主要不适" for row in load_tables(rules).dataelements)
