"""The page of a report shows what it says as text, in Chinese, and runs nothing."""

import re

import pytest

from engine.documents.press import Press
from engine.documents.reportpage import REPORT_STYLESHEET, ReportHead, render_report
from engine.documents.reports import draw_report
from engine.documents.sample import ROOT, sample
from engine.report import DrugResult, ReportContent, ReportItem, ReportPerson, Susceptibility

NOBODY, BARE = ReportPerson(), ReportHead()


@pytest.fixture(scope="module")
def stylesheet():
    return Press(ROOT).stylesheet(ROOT / REPORT_STYLESHEET)


def page(stylesheet, content, person=NOBODY, head=BARE):
    return render_report(stylesheet, content, person, head).decode("utf-8")


def test_a_document_is_shown_with_head_lines_and_signatures(stylesheet):
    press = Press(ROOT)
    document = press.open(sample("C0007", 2))
    arrival = draw_report(document, "C0007", press.draw(document, "C0007"), "H1", "R1")
    head = ReportHead(institution_name="测试市第一人民医院", number="25078007", status_name="已发布")
    shown = page(stylesheet, arrival.content, arrival.person, head)
    for words in (
        "测试市第一人民医院",
        "25078007",
        "已发布",
        "测试患者赵祥",
        "TBIL",
        "22.0",
        "5-21 μmol/L",
        "2025-07-16 15:25",
        "测试医师丙",
    ):
        assert words in shown
    assert shown.startswith("<!DOCTYPE html>")
    assert 'lang="zh-CN"' in shown


def test_what_a_hospital_wrote_is_text_and_never_markup(stylesheet):
    wild = '<script>alert("1")</script>\'"&'
    content = ReportContent(
        title=wild, items=(ReportItem(name=wild, value=wild, flag=wild),), findings=wild, diagnosis=wild,
        susceptibility=(Susceptibility(organism=wild, drugs=(DrugResult(name=wild),)),),
    )  # fmt: skip
    shown = page(stylesheet, content, ReportPerson(name=wild))
    assert "<script" not in shown
    assert shown.count("&lt;script&gt;") == 10
    assert not re.search(r"<(img|link|iframe|object|a)\b|https?://", shown)
    assert "default-src 'none'" in shown


def test_marks_and_sensitivities_are_written_out(stylesheet):
    drugs = (DrugResult(name="头孢曲松", mic="<=1", sensitivity="S"), DrugResult(name="左氧氟沙星", sensitivity="R"))
    content = ReportContent(
        items=(ReportItem(name="血红蛋白", value="118", flag="L"), ReportItem(name="白细胞计数", value="6.1")),
        susceptibility=(Susceptibility(organism="大肠埃希菌", drugs=drugs),),
    )
    shown = page(stylesheet, content)
    assert "↓ 偏低" in shown
    assert "检出：大肠埃希菌" in shown
    assert shown.index("敏感</td>") < shown.index("耐药</td>")
    assert shown.count('class="marked"') == 1


def test_what_is_not_said_leaves_no_empty_label(stylesheet):
    shown = page(stylesheet, ReportContent(findings="心影不大"))
    assert "所见" in shown
    for label in ("结论", "主诉", "诊断", "性别", "<table"):
        assert label not in shown
