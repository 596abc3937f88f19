"""Send what would cost too much to a running engine: time, memory, names, connections."""

import selectors
import socket
import time
from dataclasses import replace

import pytest

from engine.documents.schemas import Schema
from engine.documents.stylesheets import Stylesheet
from engine.errors import ConfigError
from tests.hostile.cases import Case, hold
from tests.hostile.conftest import HEADER_DEADLINE
from tests.hostile.content_cases import repetitive
from tests.support.soap import request

CAP = 64 << 20
_ROOT = b'<ClinicalDocument xmlns="urn:hl7-org:v3">'


def elements(count):
    return _ROOT + b"<a/>" * count + b"</ClinicalDocument>"


def names(first, count):
    return _ROOT + b"".join(b"<n%d/>" % n for n in range(first, first + count)) + b"</ClinicalDocument>"


def grown(site, send):
    """Send, and give the seconds of processor that it took, and the MiB at its peak."""
    before, spent = site.memory(), site.spent()
    site.forget_peak()
    send()
    return site.spent() - spent, site.memory(peak=True) - before


BOMBS = (
    Case("BI-153", "five million empty elements", "R-LIMIT SND-605", lambda s: s.send(elements(5_000_000))),
    Case("BI-153", "five million comments", "R-LIMIT SND-605", lambda s: s.send(_ROOT + b"<!---->" * 5_000_000 + b"</ClinicalDocument>")),
    Case("BI-153", "a hundred thousand levels", "R-LIMIT SND-604", lambda s: s.send(b"<a>" * 100_000 + b"</a>" * 100_000)),
    Case("BI-153", "a text of 9 MiB", "R-LIMIT SND-607", lambda s: s.send(_ROOT + b"x" * (9 << 20) + b"</ClinicalDocument>")),
    Case("BI-153", "ten thousand attributes", "R-LIMIT SND-606", lambda s: s.send(b"<a " + b" ".join(b'a%d=""' % n for n in range(10_000)) + b"/>")),
    Case("BI-156", "a million names", "R-LIMIT SND-609", lambda s: s.send(names(0, 1_000_000))),
    Case("BI-156", "a hundred thousand prefixes", "R-LIMIT SND-609", lambda s: s.send(names(0, 100_000, b'<p%d:a xmlns:p%%d="u"/>'.replace(b"%%", b"%").replace(b"p%d", b"p%d", 1)) if False else prefixes(100_000))),
    Case("BI-156", "many elements in the envelope", "F-CLIENT SND-605", lambda s: s.post(s.envelope("Heartbeat", "<a/>" * 300_000))),
    Case("BI-156", "many names in the envelope", "F-CLIENT SND-609", lambda s: s.post(s.envelope("Heartbeat", names(0, 30_000).decode()))),
    Case("BI-153", "many levels in the envelope", "F-CLIENT SND-604", lambda s: s.post(s.envelope("Heartbeat", "<a>" * 5000 + "</a>" * 5000))),
)  # fmt: skip


def prefixes(count):
    return _ROOT + b"".join(b'<p%d:a xmlns:p%d="u"/>' % (n, n) for n in range(count)) + b"</ClinicalDocument>"


@pytest.mark.parametrize("case", BOMBS, ids=str)
def test_a_bomb_is_refused_within_bounds(site, case):
    """The bound of a bomb is class B2: a second of CPU and 128 MiB; five seconds and twice the memory are let pass."""
    seconds, mebibytes = grown(site, lambda: hold(site, case))
    assert seconds < 5
    assert mebibytes < 2 * 128


def test_names_that_never_come_again_leave_no_memory_behind(site):
    """BI-156: each refused document brings other names."""
    site.send(names(0, 15_000))
    before = site.memory()
    for turn in range(1, 15):
        site.send(names(turn * 30_000, 30_000))
    assert site.memory() - before < 64
    site.mark()
    site.check_well()


def padded(paper, size):
    """Bring a document to exactly so many bytes by comments below the bound of a single text."""
    missing = size - len(paper.xml)
    comment = b"<!--" + b" " * ((1 << 20) - 7) + b"-->"
    tail = comment * (missing // len(comment) - 1)
    rest = missing - len(tail)
    return replace(paper, xml=paper.xml + tail + b"<!--" + b" " * (rest - 7) + b"-->")


def test_a_document_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(site):
    """BI-237, within class B3: five seconds and 256 MiB, let pass twice."""
    for case in (
        Case("BI-237", "64 MiB", "A-OK", lambda s: s.upload(padded(s.paper(), CAP))),
        Case("BI-237", "64 MiB and a byte", "R-LIMIT SND-603", lambda s: s.upload(padded(s.paper(), CAP + 1))),
    ):
        seconds, mebibytes = grown(site, lambda case=case: hold(site, case))
        assert seconds < 10
        assert mebibytes < 2 * 256


def test_two_hundred_thousand_mistakes_are_told_by_the_first_fifty(site):
    """The list of issues is capped, and so is the time to find them."""
    paper = site.paper()
    wrong = repetitive(paper.xml).replace(b"<text/>", b"<text/><wrong/>")
    spent = site.spent()
    answer = site.upload(replace(paper, xml=wrong))
    assert site.spent() - spent < 5
    assert answer.body.count(b"<issue>") == 50
    site.check_well()


def test_senders_whose_headers_drip_are_cut_off_and_hold_nobody_up(site):
    """BI-021: fifty at once, each giving a byte now and then; a good call beside them is served."""
    host, _, port = site.engine.services.removeprefix("http://").partition(":")
    head = request("", path="/services/collection/HOSP-A").split(b"\r\n\r\n")[0]
    ready = selectors.DefaultSelector()
    for _ in range(50):
        one = socket.create_connection((host, int(port)), timeout=10)
        one.sendall(head[:20])
        ready.register(one, selectors.EVENT_READ)
    began, slowest = time.monotonic(), 0.0
    while ready.get_map() and time.monotonic() - began < HEADER_DEADLINE * 3:
        called = time.monotonic()
        assert site.hospital().call("Heartbeat")["contractVersion"] == "1"
        slowest = max(slowest, time.monotonic() - called)
        for key, _ in ready.select(0.2):
            one = key.fileobj
            assert b" 408 " in one.recv(4096)[:20]
            ready.unregister(one)
            one.close()
        for key in list(ready.get_map().values()):
            key.fileobj.send(b"X")
    assert not ready.get_map(), "some were not cut off"
    assert slowest < 2
    site.check_well()


XXE = '<!DOCTYPE a [<!ENTITY x SYSTEM "{}">]>'


def test_no_parser_of_files_takes_an_entity(site, tmp_path):
    """BI-147: schemas and stylesheets, which an engineer may have got from anywhere; envelope and payload stand in the tables."""
    path = site.secret_file.as_uri()
    schema = tmp_path / "a.xsd"
    schema.write_text(
        XXE.format(path) + '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="a"/><!-- &x; --></xs:schema>'
    )
    sheet = tmp_path / "a.xsl"
    sheet.write_text(XXE.format(path) + '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"/>')
    for kind, file in ((Schema, schema), (Stylesheet, sheet)):
        with pytest.raises(ConfigError):
            kind(file)
    assert site.secret_file.stat().st_atime_ns == site.secret_read
    assert not site.listener.visited
