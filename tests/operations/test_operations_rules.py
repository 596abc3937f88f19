"""Forms, tables of rules and refusals of operations data: what is written in them is what a sender is told."""

import re
import shutil
from datetime import UTC, datetime

import pytest
from lxml import etree

from engine.documents.checks import CHECKS
from engine.documents.formrules import form_assertions, form_schematron, load_form_rules
from engine.documents.forms import Form
from engine.documents.press import Press
from engine.documents.sample import sample
from engine.errors import ConfigError
from engine.message import Figure, Message
from tests.operations.conftest import CLASSES, ROOT

SMALL = """<?xml version="1.0" encoding="UTF-8"?>
<o:basicFigures xmlns:o="urn:changbai:operations:1" class="OPS01"><o:institution code="H1">测试医院</o:institution>
<o:period to="2024-02-29" from="2024-02-01" kind="month"/><o:reported>2024-03-01T08:00:00</o:reported>
<o:volume><o:JZRCS unit="人次">20</o:JZRCS>
<!-- in any order --><o:MZRCS> 100 </o:MZRCS><o:ZZLRCS>120</o:ZZLRCS></o:volume></o:basicFigures>"""


@pytest.fixture
def xsd(tmp_path):
    """Copy xsd/ so that a test may spoil it."""
    shutil.copytree(ROOT / "xsd", tmp_path / "xsd")
    return tmp_path / "xsd"


def spoil(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def small(*changes):
    text = SMALL
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text.encode()


def test_the_six_classes_stand_in_the_catalogue_with_form_rules_and_sample(press):
    kinds = [kind for kind in press.catalogue.types.values() if kind.family == "operations"]
    assert [kind.code for kind in kinds] == list(CLASSES)
    for number, kind in enumerate(kinds, start=1):
        assert kind.number == number
        assert kind.figures
        assert kind.sample.is_file()
        root = etree.parse(press.catalogue.schemas[kind.schema]).getroot()
        declared = root.find("{*}element")
        assert press.form(kind).root == declared.get("name")
        assert declared.find(".//{*}attribute[@name='class']").get("fixed") == kind.code


def test_every_field_has_a_chinese_name_and_each_number_a_unit(press):
    fields = [
        field
        for code in CLASSES
        for table in press.form(press.catalogue.types[code]).tables.values()
        for field in (*table.keys.values(), *table.fields.values())
    ]
    assert len(fields) > 239
    for field in fields:
        assert re.search(r"[\u4e00-\u9fff]", field.title), field
        assert bool(field.unit) == (field.type in {"count", "quantity", "signedQuantity"}), field


def test_figures_are_drawn_with_unit_and_with_the_keys_of_their_row(press):
    document = press.open(sample("OPS01", 3))
    figures = press.figures(document, "OPS01")
    first = next(f for f in figures if f.field == "MZRCS")
    assert (first.section, first.unit, first.dimension, first.personal) == ("volume", "人次", "", False)
    rows = [f for f in figures if f.field == "mzrc"]
    assert [f.dimension.partition("/")[2] for f in rows] == ["NK", "WK", "FCK", "EK"]
    assert press.draw(document, "OPS01").own_extension.startswith("day 20")


def test_names_and_identity_numbers_of_staff_are_told_as_personal(press):
    figures = press.figures(press.open(sample("OPS06", 1)), "OPS06")
    personal = {(f.section, f.field) for f in figures if f.personal}
    assert {("staffDictionary", "name"), ("staffDictionary", "identityNumber"), ("institutionMaster", "FRDBDWFZR")} <= personal
    assert ("departmentDictionary", "name") not in personal


def test_clinical_documents_have_no_figures(press):
    assert press.figures(press.open(sample("C0002", 1)), "C0002") == ()


def test_a_small_report_under_another_prefix_is_taken_and_only_reminded(press, judge):
    issues = judge(small(), "OPS01")
    assert {i.severity for i in issues} == {"warning"}
    assert {i.rule.rpartition(".")[2] for i in issues} == {"missing"}
    assert press.figures(press.open(small()), "OPS01") == (
        Figure(section="volume", field="JZRCS", value="20", unit="人次"),
        Figure(section="volume", field="MZRCS", value="100", unit="人次"),
        Figure(section="volume", field="ZZLRCS", value="120", unit="人次"),
    )


@pytest.mark.parametrize(
    ("kind", "first", "last", "whole"),
    [
        ("day", "2024-02-29", "2024-02-29", True),
        ("day", "2024-02-28", "2024-02-29", False),
        ("month", "2024-02-01", "2024-02-29", True),
        ("month", "2023-02-01", "2023-02-28", True),
        ("month", "2024-02-01", "2024-02-28", False),
        ("month", "2000-02-01", "2000-02-29", True),
        ("month", "2023-12-01", "2023-12-31", True),
        ("month", "2023-04-02", "2023-04-30", False),
        ("month", "2023-03-01", "2023-04-30", False),
        ("year", "2023-01-01", "2023-12-31", True),
        ("year", "2022-01-01", "2023-12-31", False),
        ("year", "2023-01-01", "2023-12-30", False),
    ],
)
def test_a_period_is_a_whole_day_month_or_year(judge, kind, first, last, whole):
    content = small(('to="2024-02-29" from="2024-02-01" kind="month"', f'kind="{kind}" from="{first}" to="{last}"'))
    assert ("OPS01.period.whole" not in {i.rule for i in judge(content, "OPS01")}) is whole


def test_a_total_is_told_with_item_value_expectation_and_example(judge):
    issue = next(i for i in judge(small((">120<", ">119<")), "OPS01") if i.code == "SND-418")
    assert issue.message == "总诊疗人次数为 119 人次，应不少于 门诊人次数 + 急诊人次数，即 120"
    assert issue.hint == "核对这几项数据；例如门诊人次数 200、急诊人次数 200 时，总诊疗人次数应不少于 400"
    assert (issue.rule, issue.path, issue.line, issue.value) == ("OPS01.volume.visits", "/basicFigures/volume/ZZLRCS", 5, "119")


def test_what_is_not_reported_is_not_held_against_anyone(judge):
    without = small(("<o:MZRCS> 100 </o:MZRCS>", ""), (">120<", ">20<"))
    assert "SND-418" not in {i.code for i in judge(without, "OPS01")}
    more_deaths = small(("<o:JZRCS", "<o:SWRS>5</o:SWRS><o:JZRCS"))
    assert "SND-418" not in {i.code for i in judge(more_deaths, "OPS01")}, "discharges are not reported"


def test_decimals_and_rounded_thousands_do_not_trip_over_arithmetic(judge):
    text = sample("OPS05", 1).decode()
    assert judge(text.encode(), "OPS05") == ()
    shaken = re.sub(r"<ZSR>([\d.]+)<", lambda m: f"<ZSR>{float(m[1]) + 0.9:.2f}<", text)
    assert judge(shaken.encode(), "OPS05") == ()
    broken = re.sub(r"<ZSR>([\d.]+)<", lambda m: f"<ZSR>{float(m[1]) + 1.1:.2f}<", text)
    assert [i.rule for i in judge(broken.encode(), "OPS05")] == ["OPS05.income.total"]


@pytest.mark.parametrize(
    ("field", "right", "wrong"),
    [
        ("TYSHXYDM", "91350100M000100Y43", "91350100M000100Y44"),
        ("ZZJGDM", "46014326-4", "46014326-5"),
        ("ZZJGDM", "460143264", "460143265"),
        ("ZZJGDM", "D2143569-X", "D2143569-1"),
    ],
)
def test_codes_of_organizations_are_held_to_their_check_character(judge, field, right, wrong):
    text = sample("OPS06", 1).decode()
    for written, found in ((right, 0), (wrong, 1)):
        content = re.sub(f"<{field}>[^<]*<", f"<{field}>{written}<", text).encode()
        assert len([i for i in judge(content, "OPS06") if i.code == "SND-410"]) == found, written


def test_another_class_is_refused_with_the_root_that_is_asked_for(judge):
    (issue,) = judge(sample("OPS02", 1), "OPS01")
    assert (issue.code, issue.path, issue.line) == ("SND-331", "/assets", 2)
    assert '<basicFigures xmlns="urn:changbai:operations:1">' in issue.hint
    (clinical,) = judge(sample("C0002", 1), "OPS03")
    assert (clinical.code, "<workforce " in clinical.hint) == ("SND-331", True)


def test_what_a_type_says_of_its_values_stands_in_the_refusal(judge):
    text = sample("OPS06", 1).decode()
    for name, wrong, words in (
        ("TYSHXYDM", "123", "统一社会信用代码，18 位"), ("YZBM", "13000", "6 位邮政编码"), ("SFFZJG", "是", "1 是，0 否"),
        ("ZYJD", "200", "东经度数"),
    ):  # fmt: skip
        (issue,) = judge(re.sub(f"<{name}>[^<]*<", f"<{name}>{wrong}<", text).encode(), "OPS06")
        assert (issue.code, issue.value) == ("SND-335", wrong)
        assert words in issue.hint


def test_an_unknown_department_is_told_at_its_row_even_in_one_line(judge):
    content = sample("OPS06", 1, fault="OPS06.schema.unknown-department").decode()
    (issue,) = judge(re.sub(r">\s+<", "><", content).encode(), "OPS06")
    assert (issue.code, issue.path) == ("SND-337", "/masterData/staffDictionary/row[1]")
    assert "NO-SUCH" in issue.message


def test_a_period_that_is_not_over_in_shanghai_is_refused(press):
    document = press.open(small())

    def found(received):
        message = Message(
            id="r", route="", revision="", institution="H1", document_type="OPS01", received=received, document=document
        )
        return CHECKS["period-past"](document, message, "error")

    assert found(datetime(2024, 2, 28, 16, 0, tzinfo=UTC)) == ()
    (issue,) = found(datetime(2024, 2, 28, 15, 59, tzinfo=UTC))
    assert (issue.code, issue.rule, issue.path, issue.value) == (
        "SND-412",
        "period-past",
        "/basicFigures/period/@to",
        "2024-02-29",
    )


def test_a_rule_turned_into_a_warning_in_the_table_changes_the_verdict(xsd):
    broken = sample("OPS01", 3, fault="OPS01.volume.deaths")
    table = xsd / "operations" / "rules" / "comparisons.csv"

    def verdict():
        press = Press(xsd.parent)
        return [(i.rule, i.severity) for i in press.rules("OPS01").check(press.open(broken))]

    assert verdict() == [("OPS01.volume.deaths", "error")]
    spoil(table, "volume.deaths,OPS01,volume,SWRS,<=,CYRS,0,error,", "volume.deaths,OPS01,volume,SWRS,<=,CYRS,0,warning,")
    assert verdict() == [("OPS01.volume.deaths", "warning")]
    spoil(table, "SWRS,<=,CYRS,0,warning,", "SWRS,<=,CYRS,0,off,")
    assert verdict() == []


@pytest.mark.parametrize(
    ("table", "old", "new", "words"),
    [
        ("comparisons.csv", "SWRS,<=,CYRS", "SWRS,<=,CYRSS", "there is no field CYRSS"),
        ("comparisons.csv", "SWRS,<=,CYRS", "SWRS,<,CYRS", 'unknown operator "<"'),
        ("comparisons.csv", "SWRS,<=,CYRS", "SWRRS,<=,CYRS", "volume has no field SWRRS"),
        ("comparisons.csv", ">=,workload.mzrc", ">=,workloads.mzrc", "there is no field workloads.mzrc"),
        ("comparisons.csv", ">=,MZRCS + JZRCS", ">=,MZRCS JZRCS", "cannot read"),
        ("comparisons.csv", "CYRS,0,error", "CYRS,some,error", 'the tolerance "some" is no number'),
        ("comparisons.csv", "CYRS,0,error", "CYRS,0,grave", 'severity is "grave"'),
        ("required.csv", "volume,ZZLRCS", "volume,ZZLRC", "volume has no field ZZLRC"),
        ("required.csv", "month year,volume", "month year,volumes", "the form has no table volumes"),
        ("elements.csv", "whole-period", "hole-period", 'unknown check "hole-period"'),
        ("elements.csv", "error,SND-412", "error,SND-999", "there is no code SND-999"),
        ("elements.csv", "rule,types", "regel,types", "the columns rule are missing"),
    ],
)
def test_a_mistake_in_a_table_is_told_with_file_and_line(xsd, table, old, new, words):
    spoil(xsd / "operations" / "rules" / table, old, new)
    press = Press(xsd.parent)
    with pytest.raises(ConfigError) as caught:
        press.rules("OPS01")
    (fault,) = caught.value.faults
    assert (fault.code, fault.file, fault.line > 0) == ("CFG-026", f"xsd/operations/rules/{table}", True)
    assert words in fault.message


def test_a_missing_table_or_schema_is_told(xsd):
    (xsd / "operations" / "rules" / "required.csv").unlink()
    with pytest.raises(ConfigError, match="CFG-020"):
        Press(xsd.parent).rules("OPS01")
    spoil(xsd / "catalogue.yaml", "schema: workforce", "schema: workforces")
    with pytest.raises(ConfigError) as caught:
        Press(xsd.parent)
    assert [(f.code, f.line > 1) for f in caught.value.faults] == [("CFG-011", True)]


def test_every_rule_speaks_chinese_tells_a_cure_and_prints_the_same_each_time(press):
    for code in CLASSES:
        kind = press.catalogue.types[code]
        form = Form.read(press.catalogue.schemas[kind.schema])
        rules = form_assertions(load_form_rules(kind, form), form)
        names = [rule.rule for rule in rules]
        assert len(names) == len(set(names))
        for rule in rules:
            assert rule.rule.startswith(f"{code}.")
            assert re.search(r"[\u4e00-\u9fff]", rule.message), rule
            assert rule.hint, rule
            assert "{" not in rule.hint, rule
        assert form_schematron(kind, form) == form_schematron(kind, form)
