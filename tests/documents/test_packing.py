"""Unpacking is strict, bounded, and names what a sender did wrong."""

import base64
import gzip
import time
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.documents.limits import Limits
from engine.documents.packing import gunzip_stored, pack_gzip, pack_text, unpack_binary, unpack_text
from engine.errors import SenderError

XML = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<r>' + "".join(f"<a n='{n * 7919 % 1000}'>咳嗽{n}</a>" for n in range(200)) + "</r>"
).encode()
GZIP = gzip.compress(XML, mtime=0)
TEXT = base64.b64encode(GZIP).decode()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def wrap(text: str, width: int = 76, end: str = "\r\n") -> str:
    return end.join(text[at : at + width] for at in range(0, len(text), width)) + end


def refused(payload, limits=Limits()):  # noqa: B008  a frozen value
    unpack = unpack_binary if isinstance(payload, bytes) else unpack_text
    with pytest.raises(SenderError) as caught:
        unpack(payload, limits)
    issue = caught.value.first
    assert issue.hint
    assert "Error" not in issue.message
    return issue


def judged(payload) -> bytes | str:
    """Give the content, or the code of the refusal; anything else that is raised fails the test."""
    unpack = unpack_binary if isinstance(payload, bytes) else unpack_text
    try:
        return unpack(payload).content
    except SenderError as error:
        return error.code if error.first.hint else "a refusal without a cure"


def test_a_proper_payload_gives_the_senders_own_gzip_and_the_xml():
    found = unpack_text(TEXT)
    assert (found.gzip, found.content, found.warnings) == (GZIP, XML, ())
    assert unpack_binary(GZIP).content == XML
    assert gunzip_stored(found.gzip) == XML


def test_what_we_pack_unpacks_and_equal_content_gives_equal_bytes():
    assert unpack_text(pack_text(XML)).content == XML
    assert pack_gzip(XML) == pack_gzip(XML)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\n    "])
def test_lines_of_76_columns_are_a_warning_and_the_same_content(end):  # BI-087
    found = unpack_text(wrap(TEXT, end=end))
    assert found.gzip == GZIP
    assert [w.code for w in found.warnings] == ["SND-216"]
    assert found.warnings[0].severity == "warning"


def test_the_url_alphabet_is_a_warning_when_it_stands_alone():
    assert "+" in TEXT or "/" in TEXT
    found = unpack_text(TEXT.replace("+", "-").replace("/", "_"))
    assert found.gzip == GZIP
    assert [w.code for w in found.warnings] == ["SND-215"]


def test_both_alphabets_at_once_are_refused():
    assert refused("-/" + TEXT[2:]).code == "SND-201"


def padded() -> str:
    return next(t for t in (b64(gzip.compress(XML + b" " * n, mtime=0)) for n in range(9)) if t.endswith("=="))


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (padded().rstrip("="), "SND-202"),  # BI-090
        (padded()[:-1], "SND-202"),
        (TEXT[:-6] + TEXT[-5:], "SND-202"),
        ("YR==", "SND-203"),  # BI-093
        ("YWJ=", "SND-203"),
        ("data:application/gzip;base64," + TEXT, "SND-205"),  # BI-096
        (TEXT[:30] + " " + TEXT[31:], "SND-217"),  # BI-099
        (XML.decode(), "SND-204"),  # BI-102
        ("\n  <ClinicalDocument/>", "SND-204"),
        (TEXT[:50] + "!" + TEXT[51:], "SND-201"),
        (TEXT[:50] + "中" + TEXT[51:], "SND-201"),
        (TEXT[:50] + "\u3000" + TEXT[51:], "SND-201"),
        (TEXT[:50] + "\0" + TEXT[51:], "SND-201"),
        ("YWI=" + TEXT, "SND-201"),
        (b64(TEXT.encode()), "SND-206"),
        (TEXT.encode(), "SND-206"),
        (wrap(TEXT).encode(), "SND-206"),
        (b64(XML), "SND-207"),
        (XML, "SND-207"),
        (b64(zlib.compress(XML)), "SND-208"),
        (b64(zlib.compress(XML, 1)), "SND-208"),
        (b64(b"PK\x03\x04" + GZIP), "SND-209"),
        (b64(zlib.compress(XML)[2:-4]), "SND-210"),
        (b64(b"%PDF-1.7 \xe2\xe3"), "SND-220"),
        ("", "SND-220"),
        (" \r\n", "SND-220"),
        (b"", "SND-220"),
        (gzip.compress(TEXT.encode(), mtime=0), "SND-220"),
    ],
)
def test_every_wrong_packing_is_named(payload, code):
    assert refused(payload).code == code


@pytest.mark.parametrize("cut", [1, 4, 8, len(GZIP) // 2, len(GZIP) - 11])
def test_truncated_gzip_is_refused_and_a_prefix_is_never_given(cut):  # BI-105
    assert refused(GZIP[:-cut]).code == "SND-211"


def test_a_second_member_and_trailing_bytes_are_refused():  # BI-111
    assert "第二个" in refused(GZIP + GZIP).message
    assert refused(GZIP + b"\0\0").code == "SND-213"


def held(payload):
    """Give the most bytes that were held while a payload was refused, and the code."""
    tracemalloc.start()
    try:
        code = refused(payload).code
        return tracemalloc.get_traced_memory()[1], code
    finally:
        tracemalloc.stop()


LONG = gzip.compress(bytes(80 << 20), mtime=0)


@pytest.mark.parametrize(
    ("data", "code"),
    [(LONG, "SND-603"), (LONG[:-4] + b"\1\0\0\0", "SND-603"), (gzip.compress(bytes(9 << 20))[:-4] + b"\1\0\0\0", "SND-212")],
    ids=["as long as it says", "says it is short", "ends longer than it says"],
)  # fmt: skip
def test_of_a_bomb_no_more_is_held_than_a_piece(data, code):
    most, said = held(data)
    assert said == code
    assert most < 8 << 20


def test_what_is_longer_than_a_piece_comes_out_whole():
    long = b"".join(b"<a n='%d'/>" % n for n in range(300_000))
    assert unpack_binary(gzip.compress(long)).content == long


def test_many_empty_members_are_refused_at_once():
    started = time.process_time()
    assert refused(gzip.compress(b"", mtime=0) * 100_000).code == "SND-213"
    assert time.process_time() - started < 0.25


def test_layers_of_gzip_are_refused_without_inflating_the_inner_one():  # BI-114
    bomb = gzip.compress(gzip.compress(bytes(64 * 1024 * 1024), 9), 9)
    started = time.process_time()
    assert refused(bomb).code == "SND-214"
    assert time.process_time() - started < 0.25


def test_the_cap_itself_passes_and_one_byte_more_names_limit_and_value():  # BI-237
    limits = Limits(unpacked=len(XML))
    assert unpack_binary(GZIP, limits).content == XML
    issue = refused(gzip.compress(XML + b" "), limits)
    assert issue.code == "SND-603"
    assert str(len(XML)) in issue.message


def test_a_bomb_is_refused_at_the_limit():
    assert refused(gzip.compress(bytes(80 * 1024 * 1024), 9)).code == "SND-603"


def test_a_very_repetitive_honest_document_passes():  # BI-117
    honest = b"<r>" + b"<section><text>same</text></section>" * 90_000 + b"</r>"
    assert unpack_binary(gzip.compress(honest, 9)).content == honest


def header(flags: int, extra: bytes = b"") -> bytes:
    return GZIP[:3] + bytes([flags]) + GZIP[4:10] + extra + GZIP[10:]


def test_extra_field_name_and_comment_pass_but_reserved_flags_and_a_wrong_header_sum_do_not():  # BI-120
    assert unpack_binary(header(0x04, b"\xff\xff" + bytes(65535))).content == XML
    assert unpack_binary(header(0x18, b"name\0comment\0")).content == XML
    assert all(refused(header(flag)).code == "SND-212" for flag in (0x20, 0x40, 0x80))
    assert refused(header(0x02, b"\0\0")).code == "SND-212"


def test_every_flipped_bit_is_refused_or_gives_the_same_text():  # BI-108
    for bit in range(len(GZIP) * 8):
        data = bytearray(GZIP)
        data[bit // 8] ^= 1 << bit % 8
        found = judged(bytes(data))
        assert found == XML or (isinstance(found, str) and found.startswith("SND-2")), bit


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_never_escape(data):
    for payload in (data, b64(data), data.decode("latin-1"), b"\x1f\x8b\x08" + data):
        found = judged(payload)
        assert isinstance(found, bytes) or found.startswith("SND-")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_random_text_never_escapes(text):
    with pytest.raises(SenderError):
        unpack_text(text + "x")


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(TEXT) - 1), st.characters())
def test_a_changed_character_never_gives_another_document(at, letter):
    found = judged(TEXT[:at] + letter + TEXT[at + 1 :])
    assert found == XML or (isinstance(found, str) and found.startswith("SND-2"))
