"""Any bytes in, a well-formed answer out, and twice the bytes cost about twice the time: what a fuzzer tries, tried in short."""

from __future__ import annotations

import gzip
import time
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.fuzz import seeds, targets

GATE = targets.Gate()
TARGETS = {"gate": GATE, "unpacking": targets.unpacking, "reading": targets.reading}
SEEDS = {name: list(make()) for name, make in seeds.SEEDS.items()}


@pytest.fixture(scope="module", autouse=True)
def _close():
    yield
    GATE.close()


@st.composite
def near(draw, name):
    """Take a seed, cut it somewhere, put something in, perhaps take it twice."""
    seed = draw(st.sampled_from(SEEDS[name]))
    at = draw(st.integers(0, len(seed)))
    to = draw(st.integers(at, min(len(seed), at + 40)))
    pieces = st.one_of(st.binary(max_size=12), st.sampled_from(WORDS))
    return seed[:at] + draw(pieces) * draw(st.integers(0, 3)) + seed[to:]


WORDS = (
    b"<!DOCTYPE a>", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"&#0;", b"&#xD800;&#xDC00;", b"&x;", b"<?xml version='1.0'?>", b"\xff\xfe", b"\x00",
    b"xmlns:s='u'", b"\xef\xbb\xbf", b"href='#p'", b"<a>", b"</a>", b"\r\n--b\r\n", b"\x1f\x8b", b"=", b" ",
)  # fmt: skip


@pytest.mark.parametrize("name", TARGETS)
def test_what_a_fuzzer_begins_with_is_answered(name):
    assert len(SEEDS[name]) > 10
    for seed in SEEDS[name]:
        TARGETS[name](seed)


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_get_an_answer(name):
    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.one_of(near(name), st.binary(max_size=200)))
    def try_it(data):
        TARGETS[name](data)

    try_it()


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (502, b"<a/>"),
        (200, b"<html/>"),
        (500, b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">ENG-000</s:Envelope>'),
    ],
)
def test_a_wrong_answer_would_be_told(status, answer):
    with pytest.raises(targets.Finding):
        targets.check_answer(status, answer)


_OPEN = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
_GROWING = {
    "gate: comments never closed": ("gate", lambda n: b"\n\n" + _OPEN + b"<!--" * n),
    "gate: CDATA never closed": ("gate", lambda n: b"\n\n" + _OPEN + b"<![CDATA[" * n + b"&#xD800;"),
    "gate: surrogates": ("gate", lambda n: b"\n\n" + _OPEN + b"&#xD83D;" * n),
    "gate: declarations": ("gate", lambda n: b"\n\n" + _OPEN + b"<?xml " * n),
    "gate: boundaries": ("gate", lambda n: b"content-type: multipart/related; boundary=b\n\n" + b"--b\r\n" * n),
    "gate: folded lines of a part": ("gate", lambda n: b"content-type: multipart/related; boundary=b\n\n--b\r\n" + b"a:\r\n " * n + b"\r\n--b--"),
    "gate: references": ("gate", lambda n: b"\n\n" + _OPEN + b"<Upload xmlns='urn:changbai:collection:1' " + b"href='#a' " + b">" + b"<payload href='#a'/>" * n),
    "unpacking: lines": ("unpacking", lambda n: b"QUJD\r\n" * n),
    "unpacking: equals signs": ("unpacking", lambda n: b"A" + b"=" * n),
    "unpacking: members": ("unpacking", lambda n: gzip.compress(b"", mtime=0) * n),
    "unpacking: stored blocks without content": ("unpacking", lambda n: gzip.compress(b"")[:10] + b"\x00\x00\x00\xff\xff" * n),
    "reading: white space before the root": ("reading", lambda n: b" \n" * n + b"<a/>"),
    "reading: comments before the root": ("reading", lambda n: b"<!---->" * n + b"<a"),
    "reading: an instruction never closed": ("reading", lambda n: b"<?a " * n),
    "reading: angle brackets": ("reading", lambda n: b"<a " * n),
    "reading: attributes": ("reading", lambda n: b"<a " + b"a='' " * n + b"/>"),
    "reading: entities": ("reading", lambda n: b"<a>" + b"&b;" * n + b"</a>"),
}  # fmt: skip
_SIZE = 40_000


def cost(name, data):
    """Give the least seconds of processor of three turns, and the most bytes held."""
    took = []
    for _ in range(3):
        began = time.process_time()
        TARGETS[name](data)
        took.append(time.process_time() - began)
    tracemalloc.start()
    TARGETS[name](data)
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return min(took), held


@pytest.mark.parametrize("case", _GROWING)
def test_time_and_memory_grow_no_faster_than_the_bytes(case):
    """Four times the bytes: sixteen times the time would be a square; eight are let pass, and a floor for what is too quick to measure."""
    name, make = _GROWING[case]
    (small, little), (large, much) = cost(name, make(_SIZE)), cost(name, make(4 * _SIZE))
    assert large < max(8 * small, 0.2)
    assert much < max(8 * little, 4 << 20)
