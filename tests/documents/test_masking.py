"""Mask documents for those who only look: nobody is named, lines stay, and what cannot be masked is not given out."""

import re

import pytest

from engine.documents.masking import MASKING, Masking, load_masking, mask_documents
from engine.documents.sample import sample, types
from engine.documents.xpaths import XPath
from engine.errors import ConfigError
from engine.store.masking import mask
from tests.support.engine import ROOT

MASKED = load_masking(ROOT)
NAMES = Masking(
    (
        (XPath("//name"), "name"),
        (XPath("//id/@extension"), "number"),
        (XPath("//addr"), "address"),
        (XPath("//b/@value"), "birth"),
    )
)


def masked(*texts, rules=NAMES):
    return mask_documents([text.encode() if isinstance(text, str) else text for text in texts], rules, mask)


@pytest.mark.parametrize("kind", types())
def test_no_sample_of_any_type_names_its_patient(kind):
    content = sample(kind, 3, "H22010001")
    (text,) = masked(content, rules=MASKED)
    original = content.decode()
    for found in re.findall(r"<patient\b.*?</patient>", original, re.DOTALL):
        for value in (*re.findall(r"<name>([^<]{2,})</name>", found), *re.findall(r'<id [^>]*extension="([^"]{6,})"', found)):
            assert value not in text
    assert not re.findall(r"(?<![\w.])\d{17}[\dX](?![\w.])", text)
    assert text.count("\n") == original.count("\n")


def test_a_name_is_masked_wherever_it_stands_again_and_in_both_documents():
    one, other = masked("<a><name>测试患者甲</name>\n<t>测试患者甲诉头痛</t></a>", "<b><who>测试患者甲</who></b>")
    assert one == "<a><name>测****</name>\n<t>测****诉头痛</t></a>"
    assert other == "<b><who>测****</who></b>"


def test_short_plain_values_are_masked_as_whole_values_only():
    (text,) = masked('<a><name>Li</name><Line x="Li">Link</Line></a>')
    assert text == '<a><name>L*</name><Line x="L*">Link</Line></a>'


@pytest.mark.parametrize(
    "written",
    ["<a><name>&#27979;&#35797;&#24739;&#32773;</name></a>", "<a><name><![CDATA[测试]]><![CDATA[患者]]></name></a>", "<a><name>测试<!-- x -->患者</name></a>"],
)  # fmt: skip
def test_a_name_written_otherwise_than_it_reads_is_masked_too(written):
    (text,) = masked(written)
    assert "测试患者" not in text
    assert "&#27979;&#35797;" not in text
    assert not re.search("试|患者", re.sub(r"\*", "", text)) or "*" in text


def test_values_with_marks_of_xml_are_masked():
    (text,) = masked('<a><name>A &amp; B</name><x y="A &amp; B"/></a>')
    assert "A &amp; B" not in text
    assert text.startswith("<a><name>A")


@pytest.mark.parametrize("encoding", ["GBK", "UTF-8", "UTF-16"])
def test_the_character_set_does_not_matter(encoding):
    content = f"<?xml version='1.0' encoding='{encoding}'?>\n<a><name>测试患者</name></a>".encode(encoding)
    (text,) = masked(content)
    assert "<name>测***</name>" in text


@pytest.mark.parametrize("content", [b"", b"junk", b"<a><name>x</a>", b"<!DOCTYPE a><a/>", b"\x1f\x8b\x08"])
def test_what_is_no_readable_xml_is_not_given_out(content):
    assert masked(content) == [None]


def test_kinds_are_masked_each_in_its_way():
    (text,) = masked('<a><id extension="220102200305146429"/><addr>吉林省长春市测试街1号</addr><b value="20030514"/></a>')
    assert text == '<a><id extension="220*************29"/><addr>吉林省***</addr><b value="2003****"/></a>'


@pytest.mark.parametrize(("text", "words"), [
    ("rules:\n  - {xpath: '//a[', kind: name}", "写错了"), ("rules:\n  - {xpath: '//a', kind: nobody}", "kind"),
    ("rules:\n  - {xpath: '//x:a', kind: name}", "x"), ("ruls: []", "rules"),
])  # fmt: skip
def test_a_wrong_rule_is_told_with_its_place(tmp_path, text, words):
    (tmp_path / "config").mkdir()
    (tmp_path / MASKING).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        load_masking(tmp_path)
    assert told.value.faults[0].file == MASKING
    assert words in " ".join(fault.message for fault in told.value.faults)


def test_a_file_that_is_missing_is_a_fault_and_never_no_rules(tmp_path):
    with pytest.raises(ConfigError):
        load_masking(tmp_path)
