"""The grammar takes what conforming vendors write and refuses what is misspelt or mistyped."""

import re
from pathlib import Path

import pytest

from engine.documents.sample import sample
from tests.clinical.twins import TWINS

FOLDER = Path(__file__).parent / "documents"
DOCUMENTS = sorted(path.name for path in FOLDER.glob("*.xml"))
"""Documents written by hand, each opening with what is unusual about it and why it is legal."""

VENDORS = {
    "several-authors.xml": "C0002",
    "narrative.xml": "C0007",
    "null-flavours.xml": "C0004",
    "chinese-additions.xml": "C0002",
}

WARNED = {
    "byte-order-mark.xml": {"SND-225"},
    "utf-16-big-endian.xml": {"SND-226"},
    "utf-16-little-endian.xml": {"SND-226"},
}
"""What opening a document warns of; all others open without a word."""

EXPECTED = {
    "act-relationships.xml": {"encounter.present"},
    "all-additions.xml": {"encounter.present"},
    "byte-order-mark.xml": {"encounter.present"},
    "cdata.xml": {"encounter.present", "signer.legal"},
    "chinese-additions.xml": {"patient.id-checksum"},
    "codes-and-texts.xml": {"encounter.present"},
    "comments-and-instructions.xml": {"patient.prescription-number", "signer.other"},
    "curves-and-schedules.xml": {"encounter.present"},
    "declarations-inside.xml": {"encounter.present", "patient.report-number", "signer.legal", "signer.other"},
    "device-as-author.xml": {"encounter.present"},
    "drugs.xml": {"encounter.present", "signer.legal"},
    "empty-optionals.xml": {
        "encounter.discharge",
        "encounter.time",
        "patient.birth",
        "patient.health-card",
        "signer.legal",
        "signer.name",
    },
    "encounters-and-places.xml": {"patient.age-or-birth", "signer.other"},
    "front-page.xml": {
        "C0032.section.11450-4",
        "C0032.section.行政管理",
        "patient.address",
        "patient.ethnic",
        "patient.marital",
        "patient.occupation",
        "signer.legal",
    },
    "gb18030.xml": {"encounter.present", "patient.birth", "patient.consent-number", "signer.legal"},
    "gb2312-label.xml": {"encounter.present"},
    "lists-and-links.xml": {"patient.health-card"},
    "many-signers.xml": {"author.id-root", "encounter.present"},
    "media.xml": {"encounter.present", "patient.report-number", "signer.other"},
    "names-and-addresses.xml": set(),
    "narrative.xml": {"encounter.present"},
    "nested-organizers.xml": {"encounter.present", "patient.report-number"},
    "nested-sections.xml": {"patient.address", "signer.legal"},
    "newborn-without-number.xml": {"encounter.present"},
    "null-flavours.xml": set(),
    "null-values.xml": {"signer.other"},
    "odd-attributes.xml": {"encounter.present", "patient.address", "signer.legal"},
    "one-line.xml": {"patient.health-card"},
    "participants.xml": {"encounter.present", "signer.legal"},
    "pdf-and-local-codes.xml": {"encounter.present", "patient.number-root", "signer.legal"},
    "prefix-cda.xml": {"signer.legal"},
    "prefix-mixed.xml": {"encounter.present", "patient.report-number", "signer.legal", "signer.other"},
    "procedures-and-devices.xml": {"encounter.present"},
    "quantities.xml": {"signer.other"},
    "references.xml": {"encounter.present"},
    "related-documents.xml": set(),
    "section-context.xml": {"encounter.present", "patient.consent-number", "signer.legal"},
    "section-order.xml": set(),
    "sections-by-name.xml": {"C0021.section.29548-5", "encounter.present"},
    "several-authors.xml": {"patient.number-root"},
    "tables.xml": {"encounter.present"},
    "templates-everywhere.xml": {"patient.age-or-birth", "patient.number-root", "patient.visit-number", "signer.other"},
    "time-zones.xml": set(),
    "types-on-everything.xml": {"encounter.present"},
    "utf-16-big-endian.xml": {"encounter.present"},
    "utf-16-little-endian.xml": {"encounter.present"},
    "white-space.xml": {"encounter.present"},
}
"""Rules that warn of a document, beside the entries that it leaves out."""

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


def opened(press, name):
    document = press.open((FOLDER / name).read_bytes())
    return document, document.root.find("{*}code").get("code")


def test_there_are_enough_of_them_over_enough_types(press):
    kinds = [opened(press, name)[1] for name in DOCUMENTS]
    assert len(DOCUMENTS) >= 45
    assert len(set(kinds)) >= 30


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_says_what_is_unusual_about_it(press, name):
    document, _ = opened(press, name)
    text = document.utf8.decode()
    comment = re.search(r"<!--(.*?)-->", text, re.DOTALL)
    assert comment
    assert len(comment.group(1)) > 90
    assert comment.start() < 600


@pytest.mark.parametrize("name", DOCUMENTS)
def test_unusual_but_conforming_documents_are_taken_by_the_grammar(press, name):
    document, _ = opened(press, name)
    assert press.schema("clinical").check(document) == ()
    assert {i.code for i in document.warnings} == WARNED.get(name, set())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_unusual_but_conforming_documents_break_no_rule_and_warn_as_expected(press, name):
    document, kind = opened(press, name)
    issues = press.rules(kind).check(document)
    assert [(i.rule, i.path, i.message) for i in issues if i.severity == "error"] == []
    assert {i.rule for i in issues if not i.rule.endswith(".missing")} == EXPECTED[name]
    drawn = press.draw(document, kind)
    assert (drawn.own_extension, drawn.custodian) == (
        document.root.find("{*}id").get("extension"),
        document.root.find("{*}custodian//{*}id").get("extension"),
    )


@pytest.mark.parametrize("twin", TWINS, ids=str)
def test_a_twin_with_one_mistake_is_refused_with_code_place_and_the_right_word(press, twin):
    text = (FOLDER / twin.document).read_bytes().decode()
    line = text[: text.index(twin.right)].count("\n") + 1 + twin.below
    issues = press.schema("clinical").check(press.open(twin.edited(text).encode()))
    assert [(i.code, i.path, i.line, i.message) for i in issues] == [(twin.code, twin.path, line, twin.message)]
    assert twin.cure in issues[0].hint
    assert issues[0].column > 0


def test_a_very_long_narrative_is_taken(press):
    text = (FOLDER / "lists-and-links.xml").read_text(encoding="utf-8")
    more = '<paragraph>夜间入睡困难，予心理护理。<content styleCode="Bold">继续观察</content><br/></paragraph>'
    assert "<paragraph/>" in text
    long = press.open(text.replace("<paragraph/>", more * 20_000).encode())
    assert len(long.utf8) > 2_000_000
    assert press.schema("clinical").check(long) == ()


def test_a_body_that_is_not_xml_is_legal_cda_and_refused_by_a_rule_alone(press):
    body = '<nonXMLBody><text mediaType="application/pdf" representation="B64">JVBERi0xLjQK</text><languageCode code="zh-CN"/></nonXMLBody>'
    text = re.sub(
        "<structuredBody>.*</structuredBody>", body, (FOLDER / "section-order.xml").read_text(encoding="utf-8"), flags=re.DOTALL
    )
    document = press.open(text.encode())
    assert press.schema("clinical").check(document) == ()
    assert "body.structured" in {i.rule for i in press.rules("C0002").check(document) if i.severity == "error"}


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
