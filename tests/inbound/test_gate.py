"""Whatever old clients do to the bytes of an envelope, it arrives as one UTF-8 text or is refused by name."""

import gzip
import zlib

import pytest

from tests.support.soap import CREDENTIALS, SOAP, TNS, UPLOAD, ask, call, post, request

NAME = "张三𠮷"


def revoke(reason, **kwargs):
    return call("Revoke", f"<documentType>C0002</documentType><documentId>D1</documentId><reason>{reason}</reason>", **kwargs)


def reason(front):
    return front.echo.calls[-1][1]["reason"]


@pytest.mark.parametrize(
    ("label", "declared", "codec"),
    [
        ("utf-8", "utf-8", "utf-8"),
        ('"utf8"', "UTF-8", "utf-8"),
        ("gbk", "gbk", "gb18030"),
        ("gb2312", "GB2312", "gb18030"),
        ("GB18030", "gb18030", "gb18030"),
        (None, "GBK", "gb18030"),
        ("iso-8859-1", "gbk", "gb18030"),
        ("us-ascii", "utf-8", "utf-8"),
        ("utf-8", "gbk", "utf-8"),
        ("gbk", "gbk", "utf-8"),
        (None, "utf-8", "utf-8-sig"),
        ("utf-16", "utf-16", "utf-16"),
        (None, "utf-16", "utf-16-le"),
        ("utf-8", "gbk", "gb18030"),
    ],
)
def test_the_character_set_is_found_from_the_bytes_first_and_the_labels_second(front, label, declared, codec):
    body = revoke(NAME, declaration=f'<?xml version="1.0" encoding="{declared}"?>').encode(codec)
    kind = "Content-Type: text/xml" + (f"; charset={label}" if label else "")
    answer = post(front, body, kind)
    assert answer.status == 200, answer.body.decode()
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert reason(front) == NAME


@pytest.mark.parametrize("label", ["no-such", "unicode_escape", "utf-7", "idna", "base64", "raw_unicode_escape", "\xa3"])
def test_a_label_that_is_no_character_set_is_415(front, label):
    for body in (revoke("a"), r"\x3c!DOCTYPE a>"):
        answer = post(front, body, f"Content-Type: text/xml; charset={label}")
        assert (answer.status, answer.code) == (415, "SND-227")
    assert front.echo.calls == []


@pytest.mark.parametrize(
    ("kind", "declaration", "words"),
    [
        ("text/xml; charset=utf-8", "", "GBK"),
        ("text/xml; charset=utf-16", "", "不符"),
        ("text/xml", "", "没有声明"),
        ("text/xml", '<?xml version="1.0" encoding="no-such"?>', "无法识别"),
    ],
)
def test_bytes_that_fit_no_label_are_415_and_told_why(front, kind, declaration, words):
    answer = post(front, revoke("张三", declaration=declaration).encode("gbk"), f"Content-Type: {kind}")
    assert (answer.status, answer.code) == (415, "SND-227")
    assert words in answer.text("faultstring")


@pytest.mark.parametrize(
    "padding", [(b"\r\n \t", b""), (b"\xef\xbb\xbf", b"\x00"), (b"", b"\x00\x00\r\n"), (b"\xef\xbb\xbf\r\n", b"")]
)
def test_padding_around_the_envelope_is_stripped(front, padding):
    before, after = padding
    assert post(front, before + call("Heartbeat").encode() + after).status == 200


@pytest.mark.parametrize(
    "kind", ["application/xml", "text/plain", "application/x-www-form-urlencoded", "application/soap+xml; action=x", ""]
)
def test_odd_content_types_are_taken(front, kind):
    assert post(front, call("Heartbeat"), f"Content-Type: {kind}").status == 200


def test_a_missing_content_type_is_taken(front):
    body = call("Heartbeat")
    raw = f"POST /services/collection/H001 HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    assert ask(front, raw.encode()).status == 200


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "image/png", "multipart/related"])
def test_content_that_is_no_envelope_is_415(front, kind):
    answer = post(front, call("Heartbeat"), f"Content-Type: {kind}")
    assert (answer.status, answer.code) == (415, "SND-303")


@pytest.mark.parametrize("body", [b"", b"  \r\n", b"\x00"])
def test_an_empty_body_is_400(front, body):
    answer = post(front, body)
    assert (answer.status, answer.code) == (400, "SND-304")


def test_a_post_that_announces_no_body_is_411(front):
    raw = b"POST /services/collection/H001 HTTP/1.1\r\nHost: a\r\n\r\n"
    assert ask(front, raw).status == 411


def raw_deflate(data):
    machine = zlib.compressobj(wbits=-15)
    return machine.compress(data) + machine.flush()


@pytest.mark.parametrize(
    ("name", "pack"), [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress), ("Deflate", raw_deflate)]
)
def test_content_encoding_is_undone(front, name, pack):
    answer = post(front, pack(revoke(NAME).encode()), f"Content-Encoding: {name}")
    assert answer.status == 200
    assert "content-encoding" not in answer.headers
    assert reason(front) == NAME


def test_an_unknown_content_encoding_is_415(front):
    answer = post(front, b"abc", "Content-Encoding: br")
    assert (answer.status, answer.code) == (415, "SND-303")


@pytest.mark.parametrize(
    "broken", [b"abc", gzip.compress(b"<a/>")[:-5], gzip.compress(b"<a/>") * 2], ids=["no gzip", "cut off", "two members"]
)
def test_broken_content_encoding_is_400(front, broken):
    answer = post(front, broken, "Content-Encoding: gzip")
    assert (answer.status, answer.code) == (400, "SND-302")


def test_a_body_that_inflates_past_the_cap_is_413(start_front):
    front = start_front(body=100_000)
    answer = post(front, gzip.compress(b" " * 5_000_000), "Content-Encoding: gzip")
    assert (answer.status, answer.code) == (413, "SND-601")


@pytest.mark.parametrize(
    "prolog",
    [
        "<!DOCTYPE a>",
        '<?xml version="1.0"?><!-- x --><?p q?>\n<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>',
        "<!doctype a>",
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "gbk"])
def test_any_doctype_is_refused_in_any_character_set(front, prolog, codec):
    answer = post(front, call("Heartbeat", declaration=prolog).encode(codec), "Content-Type: text/xml; charset=" + codec)
    assert (answer.status, answer.code) == (500, "SND-308")
    assert front.echo.claims == []


def test_the_word_doctype_inside_a_payload_is_text(front):
    post(front, revoke("<![CDATA[<!DOCTYPE a>]]>"))
    assert reason(front) == "<!DOCTYPE a>"


BOUNDARY = "MIMEBoundary_1"


def related(root, *attachments, kind="application/xop+xml; charset=utf-8; type=text/xml", start=True):
    parts = [f"Content-Type: {kind}\r\nContent-ID: <root@test>\r\nContent-Transfer-Encoding: binary\r\n\r\n".encode() + root]
    parts += [head.encode() + b"\r\n\r\n" + content for head, content in attachments]
    body = b"".join(b"--" + BOUNDARY.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    start_is = '; start="<root@test>"' if start else ""
    return (
        b"a preamble\r\n" + body + b"--" + BOUNDARY.encode() + b"--\r\n",
        f'Content-Type: multipart/related; type="application/xop+xml"; boundary="{BOUNDARY}"{start_is}',
    )


def mtom(href, operation="UploadBinary"):
    include = f'<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="{href}"/>'
    return call(operation, f"<documentType>C0002</documentType><documentId>D1</documentId><payload>{include}</payload>").encode()


def attachment(content_id="data%40test", encoding="binary"):
    return f"Content-Type: application/octet-stream\r\nContent-ID: <{content_id}>\r\nContent-Transfer-Encoding: {encoding}"


PACKED = gzip.compress("测试\r\n--x".encode())


@pytest.mark.parametrize("start", [True, False])
def test_mtom_attachments_are_put_where_the_envelope_points(front, start):
    body, kind = related(mtom("cid:data@test"), (attachment(), PACKED), start=start)
    assert post(front, body, kind).status == 200
    assert front.echo.calls[-1][1]["payload"] == PACKED


def test_an_attachment_for_a_string_parameter_arrives_as_base64(front):
    body, kind = related(mtom("cid:data@test", "Upload"), (attachment(encoding="BASE64"), b"QUJD\r\nREVG"))
    assert post(front, body, kind).status == 200
    assert front.echo.calls[-1][1]["payload"] == "QUJDREVG"


def test_the_root_of_a_multipart_has_its_own_character_set(front):
    body, kind = related(revoke(NAME, declaration="").encode("gb18030"), kind="text/xml; charset=gbk")
    assert post(front, body, kind).status == 200
    assert reason(front) == NAME


@pytest.mark.parametrize(
    ("href", "head"),
    [
        ("cid:other", attachment()),
        ("cid:data@test", "Content-Type: application/octet-stream"),
        ('cid:x"] | //*[@z="', attachment('x"] | //*[@z="y')),
        ("http://canary.test/x", attachment()),
        ("", attachment()),
    ],
)
def test_a_reference_to_no_attachment_is_refused(front, href, head):
    body, kind = related(mtom(href.replace('"', "&quot;")), (head, PACKED))
    answer = post(front, body, kind)
    assert (answer.status, answer.code) == (500, "SND-315")
    assert front.echo.calls == []


@pytest.mark.parametrize("cut", [3, 30, 400])
def test_a_multipart_without_its_end_is_400(front, cut):
    body, kind = related(mtom("cid:data@test"), (attachment(), PACKED))
    answer = post(front, body[:-cut], kind)
    assert (answer.status, answer.code) == (400, "SND-315")


def test_one_attachment_cannot_be_used_until_it_is_huge(start_front):
    front = start_front(body=200_000)
    include = '<payload><xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:data@test"/></payload>'
    documents = "".join(f"<document><documentId>{i}</documentId>{include}</document>" for i in range(50))
    root = call("UploadBatch", f"<batchId>B</batchId><documents>{documents}</documents>").encode()
    body, kind = related(root, (attachment(), b"x" * 100_000))
    assert post(front, body, kind).code == "SND-313"


def test_requests_of_both_versions_are_answered_in_their_own(front):
    for version, kind in (("1.1", "text/xml; charset=utf-8"), ("1.2", "application/soap+xml; charset=utf-8")):
        answer = post(front, call("Upload", UPLOAD, version=version))
        assert answer.headers["content-type"] == kind
        assert answer.tree.tag == f"{{{SOAP[version]}}}Envelope"


def test_the_credentials_header_may_come_without_a_namespace(front):
    assert post(front, call("Heartbeat", header=CREDENTIALS.replace(f' xmlns:c="{TNS}"', "").replace("c:", ""))).status == 200


def test_the_request_helper_sends_what_it_says():
    assert request("<a/>").endswith(b"Content-Length: 4\r\n\r\n<a/>")
