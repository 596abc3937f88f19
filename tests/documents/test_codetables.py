"""Code tables translate what XPaths find; XPaths come from one table of prefixes."""

import pytest

from engine.documents.codetables import CodeTable
from engine.documents.reading import open_document
from engine.documents.xpaths import XPath, XPathError
from engine.errors import ConfigError

DOC = """<doc xmlns="urn:hl7-org:v3">
 <gender code="M"/><gender code=" m2"/>
 <gender code="？"/><name>男<b/>尾</name><gender code="？"/>
</doc>"""


def table(tmp_path, text: str | bytes, name: str = "gender.csv") -> CodeTable:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return CodeTable(path, f"tables/{name}")


def document():
    return open_document(DOC.encode())


def test_codes_are_compared_after_nfkc_and_blanks(tmp_path):
    found = table(tmp_path, "\ufefffrom,to,meaning\r\nＭ,1,男\r\n\r\n02,2\r\n")
    assert [found.get(code) for code in ("M", "Ｍ", " M ", "０２", "m", "")] == ["1", "1", "1", "2", None, None]
    assert len(found) == 2


def test_values_are_translated_in_a_copy_and_unknown_ones_told_once(tmp_path):
    before = document()
    tables = (table(tmp_path, "from,to\nM,9\n", "own.csv"), table(tmp_path, "from,to\nM,1\nm2,2\n"))
    after, missing = CodeTable.translate(tables, before, XPath("//hl7:gender/@code"))
    assert XPath("//hl7:gender/@code").all(after) == ["9", "2", "？", "？"]
    assert before.root[0].get("code") == "M"
    (issue,) = missing
    assert (issue.code, issue.path, issue.line, issue.column) == ("SND-416", "/doc/gender[3]/@code", 3, 2)
    assert "gender.csv" in issue.message


def test_elements_and_texts_can_be_translated(tmp_path):
    tables = (table(tmp_path, "from,to\n男,1\n尾,z\n"),)
    assert CodeTable.translate(tables, document(), XPath("//hl7:name"))[0].root.findtext("{*}name") == "1"
    after, missing = CodeTable.translate(tables, document(), XPath("//hl7:name/text()"))
    assert (after.root[3].text, after.root[3][0].tail, missing) == ("1", "z", ())


def test_a_document_in_which_nothing_changes_is_the_same_one(tmp_path):
    before = document()
    assert CodeTable.translate((table(tmp_path, "from,to\nM,M\n"),), before, XPath("//hl7:gender[1]/@code"))[0] is before


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("a,b\n1,2\n", 1),
        ("from,to\n1\n", 2),
        ("from,to\n1,2,3,4\n", 2),
        ("from,to\n1,\n", 2),
        ("from,to\nM,1\nＭ,2\n", 3),
        ('from,to\n"1,2\n', 2),
        ("from,to\n男,1\n".encode("gbk"), 2),
    ],
)
def test_a_mistake_in_a_table_is_a_fault_with_its_line(tmp_path, text, line):
    with pytest.raises(ConfigError) as caught:
        table(tmp_path, text)
    fault = caught.value.faults[0]
    assert (fault.file, fault.line, fault.code) == ("tables/gender.csv", line, "CFG-026")


def test_all_mistakes_of_a_table_are_told_at_once(tmp_path):
    with pytest.raises(ConfigError) as caught:
        table(tmp_path, "from,to\n1\n2,b\n,c\n")
    assert [f.line for f in caught.value.faults] == [2, 4]


def test_a_missing_table_is_a_fault(tmp_path):
    with pytest.raises(ConfigError) as caught:
        CodeTable(tmp_path / "none.csv")
    assert caught.value.faults[0].code == "CFG-020"


def test_an_xpath_gives_text_truth_and_lists():
    given = document()
    assert XPath("//hl7:gender/@code").text(given) == "M"
    assert XPath("string(//hl7:name)").text(given) == "男尾"
    assert XPath("//hl7:name").text(given) == "男尾"
    assert XPath("//hl7:none").text(given) == ""
    assert XPath("count(//hl7:gender)").text(given) == "4"
    assert XPath("//hl7:gender").test(given)
    assert not XPath("//hl7:none").test(given)
    assert not XPath("number('x')").test(given)
    assert XPath("//hl7:gender/@code = 'M'").test(given)
    assert XPath("//hl7:gender/@code").all(given)[0] == "M"
    assert XPath("true()").all(given) == ["true"]


@pytest.mark.parametrize(
    "expression", ["//q:a", "//a[", "//a[matches(., 'x')]", "$x", "", "document('x')", "//a[re:test(., 'x')]"]
)
def test_a_wrong_xpath_says_why_in_chinese(expression):
    with pytest.raises(XPathError) as caught:
        XPath(expression)
    assert "XPath" in str(caught.value)
