"""The grammar takes what conforming vendors write and refuses what is misspelt or mistyped."""

import re
from pathlib import Path

import pytest

from engine.documents.sample import sample

FOLDER = Path(__file__).parent / "documents"
VENDORS = {
    "several-authors.xml": "C0002",
    "narrative.xml": "C0007",
    "null-flavours.xml": "C0004",
    "chinese-additions.xml": "C0002",
}

MISTAKES = (
    ("partivipantRole", "<participantRole", "<partivipantRole"),
    ("statuCode", "<statusCode", "<statuCode"),
    ("houserNumber", "<houseNumber", "<houserNumber"),
    ("encompasingEncounter", "<encompassingEncounter", "<encompasingEncounter"),
    ("nationalty", "<nationality", "<nationalty"),
    ("itme", "<item", "<itme"),
    ("lower-case type", 'xsi:type="ST"', 'xsi:type="st"'),
    ("unknown type", 'xsi:type="PQ"', 'xsi:type="PQX"'),
    ("abstract type", 'xsi:type="ST"', 'xsi:type="ANY"'),
    ("no type", ' xsi:type="BL"', ""),
    ("words for truth", 'xsi:type="BL" value="true"', 'xsi:type="BL" value="1"'),
    ("unit in a number", 'value="-1.5e-3"', 'value="1.5mmol"'),
    ("time with a T", 'effectiveTime value="20260311101500"', 'effectiveTime value="20260311T101500"'),
    ("blank before an OID", 'codeSystem="2.16.156.10011.2.4"', 'codeSystem=" 2.16.156.10011.2.4"'),
    ("unknown nullFlavor", 'nullFlavor="UNK"', 'nullFlavor="UNKNOWN"'),
    ("nil", "<name>测试患者</name>", '<name xsi:nil="true"/>'),
    ("unknown attribute", "<title>", '<title colour="red">'),
    ("two ages", '<age unit="岁" value="15"/>', '<age unit="岁" value="15"/><age unit="月" value="180"/>'),
)


@pytest.mark.parametrize("name", VENDORS)
def test_unusual_but_conforming_documents_have_no_error(judge, name):
    issues = judge((FOLDER / name).read_bytes(), VENDORS[name])
    assert [i for i in issues if i.severity == "error"] == []


def test_the_sample_patient_of_the_standard_is_only_warned_about(judge):
    issues = judge((FOLDER / "chinese-additions.xml").read_bytes(), "C0002")
    assert {i.rule for i in issues} == {"patient.id-checksum"}


def test_gb18030_documents_are_judged_like_utf_8(judge):
    text = (FOLDER / "chinese-additions.xml").read_text(encoding="utf-8")
    gbk = text.replace('encoding="UTF-8"', 'encoding="GBK"').encode("gbk")
    assert {i.rule for i in judge(gbk, "C0002")} == {"patient.id-checksum"}


@pytest.mark.parametrize(("what", "right", "wrong"), MISTAKES, ids=[m[0] for m in MISTAKES])
def test_a_mistake_of_vendors_is_refused_at_its_line(press, what, right, wrong):
    texts = [_plain((FOLDER / name).read_text(encoding="utf-8")) for name in VENDORS]
    text = next(t for t in texts if right in t)
    line = text[: text.index(right)].count("\n") + 1
    issues = press.schema("clinical").check(press.open(_break(text, right, wrong).encode()))
    assert issues, what
    assert issues[0].code.startswith("SND-33")
    assert abs(issues[0].line - line) <= 1
    assert issues[0].hint


def _break(text, right, wrong):
    """Rename an element (both of its tags) or replace a piece of one."""
    if re.fullmatch(r"<\w+", right):
        return re.sub(rf"(</?){right[1:]}\b", rf"\1{wrong[1:]}", text)
    return text.replace(right, wrong, 1)


def _plain(text):
    """Write a document without the prefixes of its vendor, so that one search finds its elements."""
    text = re.sub(r"\bi:(type|schemaLocation)", r"xsi:\1", re.sub(r"(</?)v3:", r"\1", text))
    return text.replace("xmlns:v3=", "xmlns=").replace("xmlns:i=", "xmlns:xsi=").replace('"v3:', '"')


def test_any_data_type_may_stand_in_a_value(press):
    body = sample("C0002", 1).decode()
    ways = {
        "BL": 'value="true"',
        "INT": 'value="-3"',
        "REAL": 'value="3.5"',
        "PQ": 'value="3.5" unit="次/日"',
        "MO": 'value="3.5" currency="元"',
        "TS": 'value="2026"',
        "ST": "",
        "ED": 'mediaType="application/pdf"',
        "CD": 'code="1"',
        "CE": 'code="1"',
        "CV": 'code="1"',
        "II": 'root="1.2"',
        "IVL_TS": 'value="2026"',
        "IVL_PQ": 'value="1"',
        "IVL_REAL": 'value="1"',
        "PIVL_TS": "",
        "TEL": 'value="tel:1"',
        "AD": "",
        "EN": "",
        "ON": "",
    }
    for name, attributes in ways.items():
        written = re.sub(r'<value xsi:type="ST">[^<]*</value>', f'<value xsi:type="{name}" {attributes}/>', body, count=1)
        assert written != body
        assert press.schema("clinical").check(press.open(written.encode())) == (), name
