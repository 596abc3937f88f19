"""Documents are compared by what they mean, and differences are told in lines."""

from engine.documents.canonical import canonical, differences

ONE = b'<a xmlns="urn:x" b="1" c="2"><!-- note -->\n <d>text</d>\n <e/>\n</a>'


def test_prefixes_order_comments_layout_and_encoding_do_not_count():
    other = '<?xml version="1.0" encoding="UTF-16"?><p:a c="2" b="1" xmlns:p="urn:x"><p:d> text</p:d><p:e></p:e></p:a>'.encode(
        "utf-16"
    )
    assert differences(ONE, other) == []
    assert canonical(ONE) == canonical(b'<a c="2" b="1" xmlns="urn:x"><d>text</d><e></e></a>')


def test_each_difference_is_a_line_with_its_place():
    found = differences(ONE, b'<a xmlns="urn:x" b="9"><d>other</d><e/><f/></a>')
    assert [line.split(":")[0] for line in found] == ["/a/@b", "/a/@c", "/a/d", "/a/f"]
    assert "text" in found[2]
    assert "other" in found[2]
    assert "缺少" in differences(ONE, b'<a xmlns="urn:x" b="1" c="2"><d>text</d></a>')[0]
    assert differences(ONE, b"<a/>")[0].startswith("/a: ")


def test_what_is_ignored_is_left_out():
    other = b'<a b="9"><t v="1"><x/></t>1</a>'
    assert differences(b'<a b="1"><t v="2"/>2</a>', other, ["//t", "/a/@b", "/a/text()"]) == [
        "/a/t 之后的文字: 应为 2，却是 1",
    ]
