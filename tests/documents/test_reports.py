"""A report is drawn from its document as the hospital wrote it: what it is called, whose it is, what it says."""

from datetime import datetime

import pytest

from engine.documents.press import Press
from engine.documents.reports import REPORT_TYPES, draw_report
from engine.documents.sample import ROOT, sample
from engine.message import SHANGHAI
from engine.report import ReportItem


@pytest.fixture(scope="module")
def press():
    return Press(ROOT)


def drawn(press, content, kind="C0007"):
    document = press.open(content if isinstance(content, bytes) else content.encode())
    return draw_report(document, kind, press.draw(document, kind), "H1", "R1")


def test_a_laboratory_report_gives_every_item_with_its_result_unit_range_and_mark(press):
    arrival = drawn(press, sample("C0007", 2))
    assert (arrival.kind, arrival.source, arrival.institution, arrival.receipt) == ("laboratory", "C0007", "H1", "R1")
    content = arrival.content
    assert (content.title, content.specimen, content.department) == ("肝功能", "血清", "检验科")
    assert content.items[0] == ReportItem(name="ALT", code="ALT", value="45", unit="U/L", range="9-50 U/L")
    assert content.items[2] == ReportItem(name="TBIL", code="TBIL", value="22.0", unit="μmol/L", range="5-21 μmol/L", flag="异常")
    assert len(content.items) == 5
    assert content.conclusion == "部分项目超出参考范围，请结合临床"


def test_an_examination_report_gives_findings_and_conclusion(press):
    content = drawn(press, sample("C0006", 3), "C0006").content
    assert content.findings == "双肺纹理清晰，心影不大"
    assert content.conclusion == "检查部位未见明显异常"
    assert (content.complaint, content.diagnosis) == ("口干、多饮、多尿半年", "2型糖尿病")
    assert (content.title, content.department) == ("超声检查", "超声医学科")
    assert content.items == (ReportItem(name="US001", code="US001", value="6.8", unit="10^9/L", flag="异常"),)


def test_a_report_is_called_by_its_number_its_form_its_specimen_and_the_documents_id(press):
    keys = drawn(press, sample("C0007", 3)).keys
    assert keys == {
        "report": "26012766", "form": "26017283", "specimen": "26016129",
        "document": "2.16.156.10011.1.1^DEMO-HOSPITAL-C0007-00000003",
    }  # fmt: skip
    assert drawn(press, sample("C0006", 4), "C0006").keys["report"] == "25118618"


def test_the_physician_and_the_reviewer_are_told_apart_from_the_technician(press):
    content = drawn(press, sample("C0007", 3)).content
    assert (content.doctor, content.reviewer) == ("测试护士甲", "测试医师甲")
    assert content.reported == datetime(2026, 1, 1, 14, 18, 7, tzinfo=SHANGHAI)
    assert content.reviewed == content.reported
    assert drawn(press, sample("C0007", 3)).at == datetime(2026, 1, 1, 14, 21, 5, tzinfo=SHANGHAI)


def test_the_person_is_the_documents_with_the_institutions_own_numbers(press):
    person = drawn(press, sample("C0007", 3)).person
    assert (person.identity, person.name, person.gender, person.birth) == ("220106199505010745", "测试患者王瑞", "2", "19950501")
    assert person.numbers == ("inpatient^26013346", "outpatient^26014242")


def test_an_examination_of_pathology_is_a_pathology_report(press):
    content = sample("C0006", 3).decode().replace("超声检查", "病理检查")
    assert drawn(press, content, "C0006").kind == "pathology"


def test_a_result_without_a_figure_is_told_in_words(press):
    content = sample("C0007", 2).decode()
    start = content.index("22.0")
    cut = content.rindex("<entryRelationship", 0, start), content.index("</referenceRange>", start)
    rest = content[cut[1] :].split("</entryRelationship>", 1)[1]
    item = drawn(press, content[: cut[0]] + rest).content.items[2]
    assert (item.value, item.flag, item.unit, item.range) == ("异常", "异常", "", "")


def test_an_item_with_a_name_of_its_own_keeps_code_and_name(press):
    own = '<value xsi:type="CD" code="WBC" codeSystem="1.2" displayName="白细胞计数"/>'
    content = sample("C0007", 3).decode().replace('<value xsi:type="ST">WBC</value>', own)
    assert drawn(press, content).content.items[0].name == "白细胞计数"
    assert drawn(press, content).content.items[0].code == "WBC"


def test_a_document_that_says_no_time_gives_no_report(press):
    content = sample("C0007", 3).decode().replace('<effectiveTime value="20260101142105"/>', "<effectiveTime/>")
    assert drawn(press, content) is None


@pytest.mark.parametrize("kind", sorted(REPORT_TYPES))
def test_every_invented_report_is_drawn_whole(press, kind):
    for seed in range(20):
        arrival = drawn(press, sample(kind, seed), kind)
        assert set(arrival.keys) == {"report", "form", "specimen", "document"}
        assert arrival.content.items or (kind == "C0006" and arrival.content.findings)
        assert all(item.name and item.value for item in arrival.content.items)
        assert arrival.content.conclusion
        assert arrival.content.doctor
        assert arrival.content.reviewer
        assert arrival.content.reported
