"""A stylesheet changes a document and reaches nothing else."""

import pytest

from engine.documents.reading import open_document
from engine.documents.stylesheets import Stylesheet
from engine.errors import ConfigError, EngineError, SenderError

HEAD = '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:exsl="http://exslt.org/common" xmlns:hl7="urn:hl7-org:v3">'


def sheet(tmp_path, body: str, head: str = HEAD) -> Stylesheet:
    path = tmp_path / "change.xsl"
    path.write_text(f"{head}\n{body}</xsl:stylesheet>", encoding="utf-8")
    return Stylesheet(path, "xslt/change.xsl")


def source():
    return open_document("<a> <b>张三</b> </a>".encode())


def test_a_stylesheet_gives_a_new_document_and_leaves_the_old_one(tmp_path):
    change = sheet(
        tmp_path, '<xsl:param name="p"/><xsl:template match="/"><r p="{$p}"><xsl:value-of select="a/b"/></r></xsl:template>'
    )
    before = source()
    after = change.apply(before, {"p": 'it\'s "quoted"'})
    assert (after.root.text, after.root.get("p")) == ("张三", 'it\'s "quoted"')
    assert (before.content, before.root.tag) == (source().content, "a")
    assert change.apply(before, {"p": "2"}).root.get("p") == "2"


def test_white_space_that_a_stylesheet_strips_stays_in_the_shared_tree(tmp_path):
    before = source()
    sheet(tmp_path, '<xsl:strip-space elements="*"/><xsl:template match="/"><xsl:copy-of select="."/></xsl:template>').apply(
        before
    )
    assert before.root.text == " "


def test_output_in_another_encoding_reads_back(tmp_path):
    after = sheet(
        tmp_path, '<xsl:output encoding="GBK"/><xsl:template match="/"><r><xsl:value-of select="a/b"/></r></xsl:template>'
    ).apply(source())
    assert "张三".encode("gbk") in after.content
    assert after.root.text == "张三"


def test_a_terminating_message_refuses_the_document_in_its_authors_words(tmp_path):
    change = sheet(
        tmp_path,
        '<xsl:template match="/"><xsl:message>note</xsl:message><xsl:message terminate="yes">性别缺失：<xsl:value-of select="a/b"/></xsl:message></xsl:template>',
    )
    with pytest.raises(SenderError) as caught:
        change.apply(source())
    assert (caught.value.code, caught.value.first.message) == ("SND-419", "性别缺失：张三")


def test_a_message_that_does_not_terminate_is_no_failure(tmp_path):
    assert (
        sheet(tmp_path, '<xsl:template match="/"><xsl:message>note</xsl:message><r/></xsl:template>').apply(source()).root.tag
        == "r"
    )


@pytest.mark.parametrize(
    "body",
    [
        '<xsl:template match="/" name="x"><xsl:call-template name="x"/></xsl:template>',
        '<xsl:template match="/"><r><xsl:value-of select="$nix"/></r></xsl:template>',
    ],
)
def test_a_stylesheet_that_fails_is_our_error_not_the_senders(tmp_path, body):
    with pytest.raises(EngineError) as caught:
        sheet(tmp_path, body).apply(source())
    assert not isinstance(caught.value, SenderError)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ('<xsl:template match="/"><xsl:value-of select="document(\'/etc/passwd\')"/></xsl:template>', "document"),
        ('<xsl:template match="/"><r a="{document(1)}"/></xsl:template>', "document"),
        ('<xsl:template match="/"><xsl:copy-of select="exsl:node-set(1)"/></xsl:template>', "exsl:node-set"),
        ('<xsl:template match="/"><exsl:document href="/tmp/x"/></xsl:template>', "扩展元素"),
        ('<xsl:template match="/"><xsl:document href="/tmp/x"/></xsl:template>', "xsl:document"),
        ('<xsl:import href="other.xsl"/>', "xsl:import"),
        ('<xsl:include href="http://127.0.0.1/x.xsl"/>', "xsl:include"),
        ('<xsl:template match="/"><xsl:for-each-group select="a"/></xsl:template>', "for-each-group"),
        ('<xsl:template match="b["/>', "b["),
        ('<xsl:template match="/"><xsl:if test="matches(., 1)"/></xsl:template>', "matches"),
    ],
)
def test_what_reaches_out_is_a_fault_with_its_line(tmp_path, body, word):
    with pytest.raises(ConfigError) as caught:
        sheet(tmp_path, body)
    fault = caught.value.faults[0]
    assert (fault.file, fault.line, fault.code) == ("xslt/change.xsl", 2, "CFG-023")
    assert word in fault.message


def test_extension_prefixes_a_doctype_and_broken_xml_are_faults(tmp_path):
    for head in (HEAD.replace(">", ' extension-element-prefixes="exsl">'), "<!DOCTYPE x>" + HEAD, HEAD[:-1]):
        with pytest.raises(ConfigError) as caught:
            sheet(tmp_path, '<xsl:template match="/"/>', head)
        assert caught.value.faults[0].code == "CFG-023"
    with pytest.raises(ConfigError) as caught:
        Stylesheet(tmp_path / "none.xsl")
    assert caught.value.faults[0].code == "CFG-020"
