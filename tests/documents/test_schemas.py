"""A schema error comes out as rule, place, reason and cure; never as libxml2's own sentence."""

import re
import time

import pytest

from engine.documents.reading import open_document
from engine.documents.schemas import CAP, Schema
from engine.errors import ConfigError

XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:hl7-org:v3" xmlns="urn:hl7-org:v3"
  elementFormDefault="qualified">
<xs:simpleType name="ts"><xs:restriction base="xs:string"><xs:pattern value="[0-9]{1,8}"/></xs:restriction></xs:simpleType>
<xs:simpleType name="kind"><xs:restriction base="xs:token"><xs:enumeration value="A"/><xs:enumeration value="B"/></xs:restriction></xs:simpleType>
<xs:simpleType name="len"><xs:restriction base="xs:string"><xs:minLength value="2"/><xs:maxLength value="4"/></xs:restriction></xs:simpleType>
<xs:complexType name="ANY" abstract="true"/>
<xs:complexType name="INT"><xs:complexContent><xs:extension base="ANY"><xs:attribute name="v" type="xs:integer"/></xs:extension></xs:complexContent></xs:complexType>
<xs:complexType name="OTHER"/>
<xs:element name="doc"><xs:complexType><xs:sequence>
 <xs:element name="id"><xs:complexType><xs:attribute name="root" type="ts" use="required"/><xs:attribute name="k" type="kind"/>
  <xs:attribute name="f" fixed="CN"/></xs:complexType></xs:element>
 <xs:element name="time" type="ts" minOccurs="0"/><xs:element name="name" type="len" minOccurs="0"/>
 <xs:element name="count" type="xs:integer" minOccurs="0" maxOccurs="unbounded"/>
 <xs:element name="value" type="ANY" minOccurs="0"/><xs:element name="amount" type="xs:decimal" minOccurs="0"/>
</xs:sequence></xs:complexType></xs:element></xs:schema>"""

ID = '<id root="1"/>'


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    path = tmp_path_factory.mktemp("xsd") / "doc.xsd"
    path.write_text(XSD, encoding="utf-8")
    return Schema(path)


def document(body: str):
    head = '<doc xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    return open_document(f"{head}\n{body}</doc>".encode())


def test_a_valid_document_gives_no_issue(schema):
    assert schema.check(document(f'{ID}<time>2026</time><value xsi:type="INT" v="1"/>')) == ()


@pytest.mark.parametrize(
    ("body", "code", "path", "told", "cure"),
    [
        ("", "SND-333", "/doc", "id", "id"),
        ("<id/>", "SND-334", "/doc/id/@root", "缺少属性 root", "root"),
        ('<id root="1" z="2"/>', "SND-334", "/doc/id/@z", "不允许有属性 z", "删除"),
        ('<id root="1" f="US"/>', "SND-334", "/doc/id/@f", "取值不正确", "CN"),
        ('<id root="1" k="C"/>', "SND-335", "/doc/id/@k", "“C”", "A, B"),
        ('<id root="x"/>', "SND-335", "/doc/id/@root", "“x”", "YYYYMMDD"),
        (f"{ID}<tim>1</tim>", "SND-332", "/doc/tim", "是否应为 <time>", "time、name、count"),
        (f"{ID}<xyz/>", "SND-332", "/doc/xyz", "不允许 <xyz>", "此处可以是：time"),
        ("<time>1</time>", "SND-332", "/doc/time", "之前缺少 <id>", "之前补上 <id>"),
        (f"{ID}<amount>1</amount><amount>1</amount>", "SND-332", "/doc/amount[2]", "只能出现 1 次", "删除多余的"),
        (f'{ID}<time xmlns="">1</time>', "SND-332", "/doc/time", "命名空间", "xmlns"),
        (f"{ID}<time>2026年</time>", "SND-335", "/doc/time", "“2026年”", "YYYYMMDD"),
        (f"{ID}<time>  </time>", "SND-335", "/doc/time", "为空", "YYYYMMDD"),  # BI-174
        (f"{ID}<name>x</name>", "SND-335", "/doc/name", "“x”", "不少于 2 个字符"),
        (f"{ID}<name>一二三四五</name>", "SND-335", "/doc/name", "“一二三四五”", "不超过 4 个字符，现为 5 个"),
        (f"{ID}<count>z</count>", "SND-335", "/doc/count", "“z”", "整数"),
        (f"{ID}<amount>1,2</amount>", "SND-335", "/doc/amount", "“1,2”", "数值"),
        (f"{ID}<value/>", "SND-336", "/doc/value", "没有写明", "xsi:type"),  # BI-171
        (f'{ID}<value xsi:type="NO"/>', "SND-336", "/doc/value/@type", "“NO”不存在", "可用的数据类型：INT"),
        (f'{ID}<value xsi:type="p:INT"/>', "SND-336", "/doc/value/@type", "前缀 p 没有指向", 'xsi:type="INT"'),
        (f'{ID}<value xsi:type="OTHER"/>', "SND-336", "/doc/value/@type", "不能使用", "可用的数据类型：INT"),
        (f'{ID}<time xsi:nil="true"/>', "SND-334", "/doc/time", "xsi:nil", "nullFlavor"),
        ('<id root="1">x</id>', "SND-332", "/doc/id", "文字不能写在这里", "可用的属性：root"),
        ('<id root="1"><a/></id>', "SND-332", "/doc/id", "不允许有子元素", "属性"),
        (f"text{ID}", "SND-332", "/doc", "直接写了文字", "子元素"),
    ],
)
def test_each_kind_of_error_is_explained(schema, body, code, path, told, cure):
    issue = schema.check(document(body))[0]
    assert (issue.code, issue.path) == (code, path)
    assert told in issue.message
    assert cure in issue.hint
    assert issue.line == (1 if path == "/doc" else 2)
    assert issue.column > 0
    assert not re.search(r"Element|attribute|facet|\{urn", issue.message + issue.hint)


def test_one_mistake_is_told_once(schema):
    for body in (f'{ID}<value xsi:type="NO"/>', '<id root="x"/>', f"{ID}<count/>"):
        assert len(schema.check(document(body))) == 1


def test_another_root_is_told_with_its_namespace(schema):  # BI-168
    issue = schema.check(open_document(b'<ClinicalDoc xmlns="urn:other"/>'))[0]
    assert (issue.code, issue.path) == ("SND-331", "/ClinicalDoc")
    assert "urn:other" in issue.message


def test_an_element_is_found_under_whatever_prefix_it_was_written(schema):
    body = '<a:doc xmlns:a="urn:hl7-org:v3" xmlns:b="urn:hl7-org:v3">\n<b:id root="1"/><a:count>1</a:count>\n<b:count>x</b:count></a:doc>'
    issue = schema.check(open_document(body.encode()))[0]
    assert (issue.code, issue.path, issue.line, issue.value) == ("SND-335", "/doc/count[2]", 3, "x")


def test_an_element_of_another_vendor_is_refused_with_its_namespace(schema):
    issue = schema.check(document(f'{ID}<v:extra xmlns:v="urn:vendor"/>'))[0]
    assert (issue.code, issue.path, issue.line) == ("SND-332", "/doc/extra", 2)
    assert "urn:vendor" in issue.message


def test_a_type_without_the_prefix_of_its_document_is_told_how_to_write_it(schema):
    body = '<a:doc xmlns:a="urn:hl7-org:v3" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><a:id root="1"/><a:value i:type="INT"/></a:doc>'
    issue = schema.check(open_document(body.encode()))[0]
    assert issue.code == "SND-336"
    assert 'xsi:type="a:INT"' in issue.hint


def test_line_and_column_point_at_the_tag(schema):
    issue = schema.check(document(f"{ID}\n  <time\n  >x</time>"))[0]
    assert (issue.line, issue.column, issue.value) == (3, 3, "x")


@pytest.mark.parametrize("many", [200, 20_000, 200_000])
def test_many_errors_are_capped_and_quick(schema, many):
    large = document(ID + "\n<count>x</count>" * many)
    started = time.process_time()
    issues = schema.check(large)
    assert time.process_time() - started < 2
    assert len(issues) == CAP
    assert (issues[-1].path, issues[-1].line) == (f"/doc/count[{CAP}]", CAP + 2)


def test_few_errors_in_a_large_document_keep_their_place(schema):
    large = document(ID + "\n<count>1</count>" * 30_000 + "\n<count>x</count>")
    assert [(i.code, i.path, i.line) for i in schema.check(large)] == [("SND-335", "/doc/count[30001]", 30_003)]
    assert schema.check(document(ID + "\n<count>1</count>" * 30_000)) == ()


def test_a_large_document_in_gbk_is_checked_as_what_it_says(schema):
    body = f'<doc xmlns="urn:hl7-org:v3">{ID}<name>张三</name>' + "<count>x</count>" * 20_000 + "</doc>"
    large = open_document(f'<?xml version="1.0" encoding="GBK"?>{body}'.encode("gbk"))
    assert schema.check(large)[0].path == "/doc/count[1]"


def test_a_schema_that_does_not_compile_is_a_fault_with_file_and_line(tmp_path):
    path = tmp_path / "bad.xsd"
    path.write_text(XSD.replace('type="len"', 'type="nix"'), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        Schema(path, "xsd/bad.xsd")
    fault = caught.value.faults[0]
    assert (fault.file, fault.code) == ("xsd/bad.xsd", "CFG-024")
    assert fault.line > 0
    with pytest.raises(ConfigError) as caught:
        Schema(tmp_path / "none.xsd")
    assert caught.value.faults[0].code == "CFG-020"
