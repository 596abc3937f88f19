"""Five documents of different types are refused; each is corrected from the words of its refusal alone and is then accepted."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.support.hospital import Paper

pytestmark = [pytest.mark.xdist_group("acceptance-cures"), pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]

Answer = dict[str, object]


@dataclass(frozen=True)
class Case:
    """A type, the mistake that is made in it, the words of the refusal, and what a reader of these words does."""

    kind: str
    spoil: Callable[[bytes], bytes]
    code: str
    message: str
    hint: str
    cure: Callable[[bytes, list[dict]], bytes]


def element_of(issue: dict) -> str:
    """Name the element that a path ends at."""
    return re.sub(r"\[\d+\]$", "", issue["path"].rpartition("/")[2])


def at_line(xml: bytes, issue: dict, change: Callable[[str], str], lines: int = 1) -> bytes:
    """Change what stands at the line of an issue, where its element begins."""
    rows = xml.decode().split("\n")
    first = int(issue["line"]) - 1
    assert f"<{element_of(issue)}" in rows[first], (issue, rows[first])
    rows[first : first + lines] = change("\n".join(rows[first : first + lines])).split("\n")
    return "\n".join(rows).encode()


def misspell(xml: bytes) -> bytes:
    return xml.replace(b"administrativeGenderCode", b"administrativeGendercode")


def rename(xml: bytes, issues: list[dict]) -> bytes:
    """把 <甲> 改为 <乙>，开始与结束标签都要改."""
    for issue in issues:
        wrong, right = re.search(r"把 <(\w+)> 改为 <(\w+)>", issue["hint"]).groups()
        xml = re.sub(rf"(</?){wrong}\b".encode(), rf"\g<1>{right}".encode(), xml)
    return xml


def give_a_route_of_ones_own(xml: bytes) -> bytes:
    return re.sub(rb'(<routeCode code=")\w+', rb"\g<1>PO", xml)


def take_the_code(xml: bytes, issues: list[dict]) -> bytes:
    """填写 …，如 1 口服."""
    for issue in issues:
        right = re.search(r"如 (\S+) ", issue["hint"])[1]
        xml = at_line(xml, issue, lambda row, right=right: re.sub(r'code="[^"]*"', f'code="{right}"', row, count=1))
    return xml


SECTION = re.compile(r'<component>\s*<section>\s*<code code="30954-2".*?</section>\s*</component>', re.DOTALL)


def drop_a_section(xml: bytes) -> bytes:
    return SECTION.sub("", xml.decode()).encode()


def add_the_section(xml: bytes, issues: list[dict]) -> bytes:
    """在 structuredBody 内补上 component/section，section 的 code 写 …."""
    (issue,) = issues
    code = re.search(r"code 写 (code=.*?)；", issue["hint"])[1]
    section = f"<component><section><code {code}/><title>检验</title><text>血常规未见异常</text></section></component>"
    return at_line(xml, issue, lambda row: f"{row}\n{section}")


STAY = re.compile(r"(<encompassingEncounter.*?<low value=\")(\d+)(\"/>\s*<high value=\")(\d+)", re.DOTALL)


def swap(text: str) -> str:
    return re.sub(r'(<low value=")(\d+)("/>\s*<high value=")(\d+)', r"\g<1>\g<4>\g<3>\g<2>", text, count=1)


def leave_before_coming(xml: bytes) -> bytes:
    text = xml.decode()
    stay = STAY.search(text)
    return (text[: stay.start()] + swap(stay[0]) + text[stay.end() :]).encode()


def put_in_order(xml: bytes, issues: list[dict]) -> bytes:
    """核对 effectiveTime 的 low 与 high."""
    (issue,) = issues
    return at_line(xml, issue, swap, lines=3)


def unchanged(xml: bytes, _issues: list[dict] | None = None) -> bytes:
    return xml


CASES = {
    "an element misspelt": Case(
        "C0002", misspell, "SND-332",
        "<patient> 内不允许 <administrativeGendercode>，是否应为 <administrativeGenderCode>？",
        "把 <administrativeGendercode> 改为 <administrativeGenderCode>，开始与结束标签都要改",
        rename,
    ),
    "a code of one's own": Case(
        "C0004", give_a_route_of_ones_own, "SND-408",
        "用药途径代码“PO”不在值域 CV06.00.102 内",
        "填写 CV06.00.102（用药途径代码）的代码，如 1 口服；全部代码见该类文档的说明页",
        take_the_code,
    ),
    "a section missing": Case(
        "C0007", drop_a_section, "SND-404",
        "缺少“实验室检查”章节",
        '在 structuredBody 内补上 component/section，section 的 code 写 code="30954-2" codeSystem="2.16.840.1.113883.6.1" '
        'displayName="STUDIES SUMMARY"；章节里写什么见该类文档的说明页',
        add_the_section,
    ),
    "times in the wrong order": Case(
        "C0032", leave_before_coming, "SND-412",
        "出院（结束）时间“{high}”早于入院（开始）时间“{low}”",
        "核对 effectiveTime 的 low 与 high",
        put_in_order,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_refused_document_is_cured_from_the_words_of_its_refusal(ours, name):
    case = CASES[name]
    good = ours.invent(case.kind)
    spoilt = Paper(case.kind, good.number, case.spoil(good.xml))
    assert spoilt.xml != good.xml
    refused = ours.rejected(spoilt)
    errors = [issue for issue in refused["issues"] if issue["severity"] == "error"]
    stay = STAY.search(spoilt.xml.decode())
    message = case.message.format(low=stay[2], high=stay[4]) if "{" in case.message else case.message
    assert refused["code"] == case.code
    for issue in errors:
        assert (issue["code"], issue["message"]) == (case.code, message)
        assert issue["hint"].startswith(case.hint), issue["hint"]
    cured = case.cure(spoilt.xml, errors)
    ours.accepted(Paper(case.kind, good.number, cured))


def test_a_document_packed_by_zlib_is_cured_by_the_function_that_the_refusal_names(ours):
    paper = ours.invent("HSDC00.01")
    refused = ours.rejected(paper, payload=base64.b64encode(zlib.compress(paper.xml)).decode())
    (issue,) = refused["issues"]
    assert issue["code"] == refused["code"] == "SND-208"
    assert issue["message"].startswith("用了 zlib 格式而不是 GZIP：前几个字节是 78 ")
    for words in (
        ".NET GZipStream",
        "Java GZIPOutputStream",
        "PHP gzencode",
        "Delphi TZCompressionStream",
        "Python gzip.compress",
    ):
        assert words in issue["hint"]
    ours.accepted(paper)
