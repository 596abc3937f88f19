"""Opening a document: encodings that lie are named, limits hold while streaming, places are exact."""

import hashlib
import resource
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.documents.limits import Limits
from engine.documents.places import Places, path_of
from engine.documents.reading import XmlDocument, open_document
from engine.errors import EngineError, SenderError

HAN = "张三，咳嗽三天，路上加重"


def xml(label: str | None, codec: str, text: str = HAN) -> bytes:
    declared = f' encoding="{label}"' if label else ""
    return f'<?xml version="1.0"{declared}?>\n<r><name>{text}</name></r>'.encode(codec)


def refused(content: bytes, limits=Limits()):  # noqa: B008  a frozen value
    with pytest.raises(SenderError) as caught:
        open_document(content, limits)
    issue = caught.value.first
    assert issue.hint
    return issue


@pytest.mark.parametrize(
    ("label", "codec", "warnings"),
    [
        ("UTF-8", "utf-8", []),
        (None, "utf-8", []),
        ("utf-8", "utf-8-sig", ["SND-225"]),
        ("GBK", "gbk", []),
        ("gb2312", "gbk", []),
        ("GB18030", "gb18030", []),
        ("UTF-16", "utf-16", ["SND-226"]),
        (None, "utf-16", ["SND-226"]),
        ("UTF-16LE", "utf-16-le", ["SND-226"]),
        ("utf-16BE", "utf-16-be", ["SND-226"]),
    ],
)
def test_a_true_label_gives_the_same_text_in_every_encoding(label, codec, warnings):
    document = open_document(xml(label, codec))
    assert document.root.findtext("name") == HAN
    assert [w.code for w in document.warnings] == warnings


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (xml("UTF-8", "gbk"), "SND-221"),
        (xml(None, "gbk"), "SND-221"),
        (xml("UTF-8", "utf-16"), "SND-221"),
        (xml("GBK", "utf-8"), "SND-222"),  # BI-126
        (xml("gb2312", "utf-8"), "SND-222"),
        (xml("GB18030", "utf-8-sig"), "SND-222"),
        (xml("bogus", "utf-8"), "SND-223"),  # BI-132
        (xml("big5", "utf-8"), "SND-223"),
        (xml("utf-32", "utf-32"), "SND-223"),
        (xml("UTF-16", "utf-8"), "SND-224"),
        (xml("GBK", "utf-16"), "SND-224"),
        (xml("UTF-16LE", "utf-16-be"), "SND-224"),
        (xml("ISO-8859-1", "utf-8"), "SND-224"),
        (xml("GBK", "gb18030", "𠮷\u9fa6"), "SND-224"),  # BI-129
        (xml("UTF-8", "utf-8").replace("，".encode(), "，".encode()[:2], 1), "SND-224"),
        (xml("UTF-16", "utf-16") + b"\x00", "SND-224"),
    ],
)
def test_a_contradiction_is_refused_and_named(content, code):
    assert refused(content).code == code


def test_rare_characters_pass_under_gb18030_and_are_never_replaced():  # BI-129
    document = open_document(xml("GB18030", "gb18030", "𠮷\u9fa6龦"))
    assert document.root.findtext("name") == "𠮷\u9fa6龦"


def test_a_gbk_pair_that_is_also_utf8_is_read_as_labelled():
    assert open_document(xml("GBK", "gbk", "路")).root.findtext("name") == "路"


def test_a_label_that_lies_about_ascii_does_no_harm():
    assert open_document(xml("gbk", "ascii", "abc")).root.findtext("name") == "abc"


def test_the_place_of_gbk_bytes_is_told():
    issue = refused(xml("UTF-8", "gbk"))
    assert (issue.line, issue.column) == (2, 10)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"<", b"<?xml version='1.0' encoding='gbk'?><r>", b"\xff\xfe<\0", b"\xef\xbb\xbf<r>"]),
)
def test_random_bytes_never_escape(data, head):
    try:
        found = open_document(head + data).root.tag
    except SenderError as error:
        found = error.first.message
    assert found


@pytest.mark.parametrize(
    ("content", "code", "place"),
    [
        (b"", "SND-321", (0, 0)),  # BI-141
        (b" \r\n ", "SND-321", (0, 0)),
        (b"<a/>\n<b/>", "SND-321", (2, 1)),
        (b"<a/>junk", "SND-321", (1, 5)),
        (b"%PDF-1.7", "SND-321", (1, 1)),  # BI-123
        (b"<a>\n<b>\n</a>", "SND-321", (3, 5)),
        (b"<a>A & B</a>", "SND-321", (1, 7)),
        (b"<a>&nbsp;</a>", "SND-321", (1, 10)),
        (b"<a x=1/>", "SND-321", (1, 6)),
        (b"<x:a/>", "SND-321", (1, 5)),  # BI-162
        (b'<a xmlns:xml="urn:x"/>', "SND-321", (1, 21)),
        (b'<a xmlns:b=""/>', "SND-321", (1, 14)),
        (b' <?xml version="1.0"?><a/>', "SND-321", (1, 7)),
        ("<名>\n张三&</名>".encode(), "SND-321", (2, 4)),
        (b"<a>\n\x00</a>", "SND-323", (2, 1)),  # BI-135
        (b"<a>\x01</a>", "SND-323", (1, 4)),
        (b"<a>\x1f</a>", "SND-323", (1, 4)),
        (b"<a>&#1;</a>", "SND-323", (1, 8)),
        (b"<a>&#0;</a>", "SND-323", (1, 8)),
        ("<a>\uffff</a>".encode(), "SND-323", (1, 4)),
    ],
)
def test_what_is_not_xml_is_refused_with_line_column_and_a_chinese_cause(content, code, place):
    issue = refused(content)
    assert (issue.code, (issue.line, issue.column)) == (code, place)
    assert "Entity" not in issue.message


XXE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file://{path}">]><a>&x;</a>'


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize("head", ["", '<?xml version="1.0"?>\n<!-- <!DOCTYPE in a comment -->\n'])
def test_any_doctype_is_refused_and_its_file_never_read(codec, head, tmp_path):  # BI-144, BI-150
    canary = tmp_path / "canary"
    canary.write_text("secret")
    before = canary.stat().st_atime_ns
    assert refused((head + XXE.format(path=canary)).encode(codec)).code == "SND-322"
    recursive = '<!DOCTYPE a [<!ENTITY a "&b;"><!ENTITY b "&a;">]><a>&a;</a>'
    assert refused((head + recursive).encode(codec)).code == "SND-322"
    assert canary.stat().st_atime_ns == before


def test_the_word_doctype_in_a_comment_or_cdata_is_only_text():
    document = open_document(b"<!-- <!DOCTYPE a> --><a><![CDATA[<!DOCTYPE b>]]></a>")
    assert document.root.text == "<!DOCTYPE b>"


def test_a_stylesheet_instruction_is_kept_and_ignored():  # BI-159
    document = open_document(b'<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:9/x.xsl"?><a>1</a>')
    assert document.root.text == "1"


def test_depth_at_the_limit_passes_and_one_more_is_refused():
    assert open_document(b"<a>" * 100 + b"</a>" * 100).root.tag == "a"
    for levels in (101, 3000, 2_000_000):
        assert refused(b"<a>" * levels + b"</a>" * levels).code == "SND-604"


def test_five_million_elements_are_refused_while_streaming():  # BI-153
    content = b"<r>" + b"<a/>" * 5_000_000 + b"</r>"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    issue = refused(content)
    assert issue.code == "SND-605"
    assert "500000" in issue.message
    assert time.process_time() - started < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_end_tags_in_a_comment_do_not_hide_elements():
    content = b"<r><!-- " + b"</" * 50_000 + b"-->" + b"<a></a>" * 2_001 + b"</r>"
    assert refused(content, Limits(elements=2_000)).code == "SND-605"


@pytest.mark.parametrize(
    ("node", "code"), [(b"<!---->", "SND-605"), (b"<?p?>", "SND-605"), (b"<e a='' b='' c='' d='' e=''/>", "SND-606")]
)
def test_every_kind_of_node_counts(node, code):
    limits = Limits(elements=2_000)
    assert refused(b"<r>" + node * 2_000 + b"</r>", limits).code == code
    assert open_document(b"<r>" + node * 1_500 + b"</r>", limits).root.tag == "r"


@pytest.mark.parametrize("make", [b"<?a%d?>", b"<a%d/>", b"<a x%d=''/>", b"<a xmlns:p%d='u'/>"])
def test_a_million_different_names_are_refused_before_libxml2_keeps_them(make):  # BI-156
    content = b"<r>" + b"".join(make % n for n in range(300_000)) + b"</r>"
    assert refused(content).code == "SND-609"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for turn in range(3):
        assert refused(content.replace(b"a", b"b%d" % turn)).code == "SND-609"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024


def test_attributes_and_text_have_their_limits():
    wide = b"<r %s/>"
    assert open_document(wide % b" ".join(b'a%d="1"' % n for n in range(256))).root.get("a255") == "1"
    assert refused(wide % b" ".join(b'a%d="1"' % n for n in range(257))).code == "SND-606"
    assert refused(wide % b" ".join(b"a%d=''" % n for n in range(5000))).code == "SND-606"
    assert refused(b"<r>" + b"x" * 101 + b"</r>", Limits(text=100)).code == "SND-607"
    assert open_document(b"<r>" + b"x" * 60 + b"<b/>" + b"x" * 60 + b"</r>", Limits(text=100)).root.tag == "r"
    assert refused(b"<r>" + b"x" * 60 + b"<![CDATA[" + b"x" * 60 + b"]]></r>", Limits(text=100)).code == "SND-607"


def test_a_long_text_with_equal_signs_is_no_wide_tag():
    assert open_document(b"<r>" + b"WBC=5.2 " * 2000 + b"</r>").root.tag == "r"


def test_a_document_over_the_size_limit_is_refused():
    assert refused(b"<r>" + b" " * 100 + b"</r>", Limits(unpacked=50)).code == "SND-603"


def test_namespaces_mean_the_same_whatever_the_prefix():  # BI-162
    plain = open_document(b'<a xmlns="urn:x"><b/></a>').root
    tricky = open_document(b'<p:a xmlns:p="urn:x"><q:b xmlns:q="urn:x" xmlns:p="urn:y"/></p:a>').root
    assert [e.tag for e in plain.iter()] == [e.tag for e in tricky.iter()]


def test_line_column_and_path_are_exact_in_characters():
    content = '<?xml version="1.0" encoding="GBK"?>\n<r xmlns="urn:x"><!-- <i/> -->\n  <名>张</名><i\n   a="1"/><i/></r>'.encode(
        "gbk"
    )
    document = open_document(content)
    places = Places(document)
    second = document.root[3]
    assert path_of(document.root[2], "a") == "/r/i[1]/@a"
    assert places.line_and_column(document.root[2]) == (3, 11)
    assert (path_of(second), places.line_and_column(second)) == ("/r/i[2]", (4, 11))


def test_the_digest_is_of_the_bytes_and_a_change_is_a_new_document():
    document = open_document(b"<a>1</a>")
    assert document.digest == hashlib.sha256(b"<a>1</a>").hexdigest()
    changed = document.changed(b"<a>2</a>")
    assert (changed.root.text, document.root.text) == ("2", "1")
    assert changed.digest != document.digest
    assert b"<a>1</a>" in document.changed(document.root).content


def test_a_step_that_writes_no_xml_is_our_error_not_the_senders():
    with pytest.raises(EngineError) as caught:
        XmlDocument(b"hello").root  # noqa: B018  the property is the deed
    assert not isinstance(caught.value, SenderError)


def test_a_document_opened_in_one_thread_reads_in_another():
    document = open_document(xml("UTF-8", "utf-8"))
    seen: list[str] = []
    thread = threading.Thread(target=lambda: seen.append(document.root.findtext("name")))
    thread.start()
    thread.join()
    assert seen == [HAN]
