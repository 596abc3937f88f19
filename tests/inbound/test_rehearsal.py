"""A rehearsal shows every stage as live would take it, each issue at its line, and keeps nothing."""

import base64
import gzip
import hashlib
import re
import zlib
from dataclasses import replace

import pytest

from engine.app.house import load_house
from engine.channels.rehearsal import source_line, visible
from engine.channels.rehearsal_text import as_text
from engine.documents.limits import Limits
from engine.documents.packing import pack_gzip, pack_text
from engine.documents.press import Press
from engine.documents.sample import sample
from engine.errors import Issue, SenderError
from engine.inbound.judge import Judge, Upload
from engine.inbound.limits import FrontLimits
from engine.inbound.rehearsal import Rehearsal, Trial, form_of, pasted
from engine.settings import load_settings
from tests.channels.conftest import Project
from tests.support.soap import call, envelope

GOOD = sample("C0002", 7)
BAD = sample("C0002", 7, fault="patient.gender-code")
NAMES = ["decode", "unpack", "charset", "xml", "type", "sender", "route", "schema", "rules"]


@pytest.fixture(scope="module")
def house():
    return load_house(load_settings({}, {}))


@pytest.fixture(scope="module")
def rehearsal(house):
    return Rehearsal(house.press, house.book, FrontLimits(body=4 * 1024 * 1024))


def named(done):
    return [stage.verb or stage.name for stage in done.stages]


def upload(content=GOOD, *, kind="C0002", digest="", payload=None, **more):
    inner = f"<documentType>{kind}</documentType><documentId>D1</documentId><payload>{payload or pack_text(content)}</payload>"
    return call("Upload", inner + (f"<digest>{digest}</digest>" if digest else ""), **more).encode()


@pytest.mark.parametrize(("content", "form"), [
    (b"", "empty"), (b" \r\n\t", "empty"), (pack_gzip(GOOD), "gzip"), (pack_text(GOOD).encode(), "base64"), (GOOD, "xml"),
    (b"\xef\xbb\xbf" + GOOD, "xml"), (GOOD.decode().encode("utf-16"), "xml"), (b"garbage!", "base64"), (b"<note/>", "xml"),
    (upload(), "envelope"), (b"\xef\xbb\xbf<!-- x -->\n" + call("Heartbeat", declaration="").encode(), "envelope"),
    (call("Heartbeat").replace('encoding="utf-8"', 'encoding="utf-16"').encode("utf-16"), "envelope"),
    (b'<!DOCTYPE a SYSTEM "x"><s:Envelope xmlns:s="y"/>', "envelope"), (b"<Envelopes/>", "xml"),
    (b"POST /services/collection/H1 HTTP/1.1\r\nHost: x\r\n\r\n<a/>", "envelope"),
])  # fmt: skip
def test_what_came_is_recognised_by_its_beginning(content, form):
    assert form_of(content) == form


@pytest.mark.parametrize("content", [GOOD, pack_gzip(GOOD), pack_text(GOOD).encode()], ids=["xml", "gzip", "base64"])
def test_a_good_document_passes_every_stage(rehearsal, content):
    done = rehearsal.rehearse(Trial(content=content))
    assert named(done) == [name for name in NAMES if not (name == "decode" and content == pack_gzip(GOOD))]
    assert {stage.result for stage in done.stages} <= {"passed", "skipped"}
    assert (done.state, done.code, done.document_type, done.route) == ("ROUTED", "0", "C0002", "outpatient-record")
    assert done.digest == hashlib.sha256(GOOD).hexdigest()
    assert [(t.name, t.own, t.wanted) for t in done.targets] == [("records", True, True)]


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_an_envelope_is_opened_first(rehearsal, version):
    done = rehearsal.rehearse(Trial(content=upload(digest=hashlib.sha256(GOOD).hexdigest(), version=version)))
    assert named(done) == ["envelope", "parameters", "decode", "unpack", "digest", *NAMES[2:]]
    assert done.stages[0].facts == {"version": version, "operation": "Upload"}
    assert (done.state, done.operation, done.institution) == ("ROUTED", "Upload", "H001")
    assert "Str0ng-password" not in repr(done)


def test_a_whole_http_request_is_an_envelope_with_its_own_headers(rehearsal):
    body = upload(declaration="").decode().replace("D1", "门诊1").encode("gbk")
    head = b"POST /services/collection/H001 HTTP/1.1\r\nContent-Type: text/xml; charset=gbk\r\n\r\n"
    done = rehearsal.rehearse(Trial(content=head + body))
    assert done.stages[1].facts["documentId"] == "门诊1"
    assert done.state == "ROUTED"
    assert rehearsal.rehearse(Trial(content=body)).code == "SND-227"


def test_an_upload_of_bytes_and_the_first_of_a_batch_are_checked_too(rehearsal):
    inner = "<documentType>C0002</documentType><documentId>D{}</documentId><payload>{}</payload>"
    binary = rehearsal.rehearse(Trial(content=call("UploadBinary", inner.format(1, pack_text(GOOD))).encode()))
    assert (binary.state, binary.operation) == ("ROUTED", "UploadBinary")
    assert "decode" not in named(binary)
    documents = "".join(f"<document>{inner.format(n, pack_text(c))}</document>" for n, c in enumerate((BAD, GOOD)))
    batch = rehearsal.rehearse(
        Trial(content=call("UploadBatch", f"<batchId>B</batchId><documents>{documents}</documents>").encode())
    )
    assert (batch.state, batch.documents, batch.code) == ("INVALID", 2, "SND-408")


def test_an_operation_without_a_document_ends_after_its_parameters(rehearsal):
    done = rehearsal.rehearse(Trial(content=call("Heartbeat").encode()))
    assert (named(done), done.state, done.code) == (["envelope", "parameters"], "", "0")


DEEP = b"<a>" * 101 + b"</a>" * 101
BOMB = gzip.compress(b"<a>" + b" " * 70_000_000 + b"</a>")
GBK = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3">\n<title>'
    + "门诊病历测试".encode("gbk")
    + b"</title></ClinicalDocument>"
)


@pytest.mark.parametrize(("content", "stage", "code"), [
    (b"", "decode", "SND-220"),
    (b"@@@@", "decode", "SND-201"),
    (b"H4sIAAAA", "unpack", "SND-211"),
    (base64.b64encode(zlib.compress(GOOD)), "unpack", "SND-208"),
    (base64.b64encode(base64.b64encode(gzip.compress(GOOD))), "unpack", "SND-206"),
    (base64.b64encode(GOOD), "unpack", "SND-207"),
    (base64.b64encode(BOMB), "unpack", "SND-603"),
    (BOMB, "unpack", "SND-603"),
    (GBK, "charset", "SND-221"),
    (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "xml", "SND-322"),
    (b"<a><b></a>", "xml", "SND-321"),
    (DEEP, "xml", "SND-604"),
    (b"<unknown/>", "type", "SND-401"),
    (b"<soap:Envelope><x></soap:Envelope>", "envelope", "SND-305"),
    (b'<!DOCTYPE a><s:Envelope xmlns:s="x"/>', "envelope", "SND-308"),
    (b'<Envelope xmlns="urn:other"/>', "envelope", "SND-306"),
    (envelope("<Nothing/>").encode(), "envelope", "SND-309"),
    (call("Upload", "<documentType>C0002</documentType>").encode(), "parameters", "SND-310"),
    (upload(digest="0" * 64), "digest", "SND-218"),
    (upload(kind="C9999"), "type", "SND-401"),
    (upload(payload=GOOD.decode().replace("<", "&lt;")), "decode", "SND-204"),
    (BAD, "rules", "SND-408"),
    (GOOD.replace(b"<recordTarget", b"<recordTargets").replace(b"</recordTarget>", b"</recordTargets>"), "schema", "SND-332"),
    (b"A" * (5 * 1024 * 1024), "input", "SND-601"),
])  # fmt: skip
def test_the_stage_that_refuses_is_the_last_and_says_why(rehearsal, content, stage, code):
    done = rehearsal.rehearse(Trial(content=content))
    assert (named(done)[-1], done.code) == (stage, code)
    last = done.stages[-1]
    assert last.result == "refused"
    assert code in {found.issue.code for found in last.found}
    assert all(found.issue.message and found.issue.hint for found in last.found)
    assert not done.targets
    assert as_text(done)


def test_a_fault_leaves_no_state_a_refusal_does(rehearsal):
    assert rehearsal.rehearse(Trial(content=b"<soap:Envelope><x></soap:Envelope>")).state == ""
    assert rehearsal.rehearse(Trial(content=b"<a><b></a>")).state == "INVALID"


@pytest.mark.parametrize("content", [BAD, GOOD, GBK, DEEP, BOMB, b"<a>", b"<!DOCTYPE a><a/>", b"", b"PK\x03\x04zip"])
def test_live_and_rehearsal_find_the_same(house, rehearsal, content):
    payload = base64.b64encode(content if content is BOMB else gzip.compress(content)).decode()
    live = Judge(house.press, house.book, lambda *_: None).judge(
        Upload(institution="H001", document_type="C0002", document_id="D1", payload=payload)
    )
    done = rehearsal.rehearse(Trial(content=upload(payload=payload)))
    assert (done.state, done.code, done.digest) == (live.entry.state, live.entry.code, live.entry.digest)
    assert sorted(map(repr, done.issues)) == sorted(map(repr, live.entry.issues))


def test_each_issue_stands_beside_its_line(rehearsal):
    done = rehearsal.rehearse(Trial(content=BAD))
    (found,) = done.stages[-1].found
    assert found.source.number == found.issue.line
    assert BAD.decode().splitlines()[found.issue.line - 1].startswith(found.source.text[:40])
    assert found.source.text[found.source.caret :].startswith("<administrativeGenderCode")


def test_bytes_that_are_no_utf8_are_shown_as_such(rehearsal):
    (found,) = rehearsal.rehearse(Trial(content=GBK)).stages[-1].found
    assert found.source.text[found.source.caret] == "�"
    assert found.source.text.startswith("<title>")


@pytest.mark.parametrize(("line", "column", "text", "caret", "cuts"), [
    (1, 1, "first", 0, (False, False)), (2, 4, "第二行的字", 3, (False, False)), (3, 0, "x" * 130, -1, (False, True)),
    (3, 500, "x" * 130, 70, (True, True)), (3, 1000, "x" * 71, 70, (True, False)),
    (1, 900, "first", 5, (False, False)), (9, 1, None, 0, ()), (0, 0, None, 0, ()),
])  # fmt: skip
def test_what_stands_around_a_place_is_cut_out(line, column, text, caret, cuts):
    found = source_line(f"first\n第二行的字\n{'x' * 1000}".encode(), line, column)
    if text is None:
        assert found is None
    else:
        assert (found.text, found.caret, (found.cut_before, found.cut_after)) == (text, caret, cuts)


def test_characters_that_hide_or_turn_text_are_shown_as_a_mark():
    assert visible("a\x00b\tc\u202ed\u2066e\x9bf门") == "a�b c�d�e�f门"


def test_the_institution_in_the_document_is_compared_when_it_is_known_who_sends(house):
    asked = []

    def custodian(institution, code):
        asked.append((institution, code))
        if institution == "OTHER":
            raise SenderError(Issue(code="SND-104", message="另一家机构", hint="改正"))
        return Issue(code="SND-415", severity="warning", message="未登记", hint="核对", line=3, column=1)

    ours = Rehearsal(house.press, house.book, FrontLimits(), custodian)
    assert next(s for s in ours.rehearse(Trial(content=GOOD)).stages if s.name == "sender").result == "skipped"
    assert asked == []
    warned = ours.rehearse(Trial(content=GOOD, institution="HOSP-A"))
    assert asked == [("HOSP-A", "DEMO-HOSPITAL")]
    assert (warned.state, [i.code for i in warned.issues]) == ("ROUTED", ["SND-415"])
    refused = ours.rehearse(Trial(content=GOOD, institution="OTHER"))
    assert (named(refused)[-1], refused.code, refused.state) == ("sender", "SND-104", "INVALID")


def test_a_chosen_type_is_taken_where_the_document_is_not_in_an_envelope(rehearsal):
    done = rehearsal.rehearse(Trial(content=GOOD, document_type="C0004"))
    assert (done.document_type, done.state) == ("C0004", "INVALID")
    assert "SND-402" in {issue.code for issue in done.issues}
    assert rehearsal.rehearse(Trial(content=upload(), document_type="C0004")).document_type == "C0002"


def test_a_chosen_route_is_walked_whatever_the_type(rehearsal):
    done = rehearsal.rehearse(Trial(content=GOOD, route="laboratory-report"))
    assert (done.route, done.document_type, done.state) == ("laboratory-report", "C0007", "INVALID")
    with pytest.raises(KeyError):
        rehearsal.rehearse(Trial(content=GOOD, route="no-such-route"))


NOTE = '<note xmlns="urn:hl7-org:v3"><gender code="{}"/><time value="20260101"/></note>'
ROUTE = """\
about: 性别对照
receive:
  service: file
  types: [C0002]
change:
  - table: { at: "//hl7:gender/@code", use: institution/gender, unknown: hold }
  - xslt: xslt/copy.xsl
  - filter: { keep-when: "//hl7:gender/@code != '9'", reason: 不要 }
send:
  - to: records
  - to: archive
    when: "//hl7:gender/@code = '2'"
    in-order-by: visit
"""
COPY = """\
<x:stylesheet version="1.0" xmlns:x="http://www.w3.org/1999/XSL/Transform" xmlns:h="urn:hl7-org:v3">
<x:template match="@*|node()"><x:copy><x:apply-templates select="@*|node()"/></x:copy></x:template>
<x:template match="h:time"><time xmlns="urn:hl7-org:v3" value="now"/></x:template>
</x:stylesheet>
"""


@pytest.fixture(scope="module")
def visits(tmp_path_factory):
    """Rehearse on a route that changes and filters; the hospital H9 has a table of its own."""
    settings = load_settings({}, {})
    press = Press(settings.project)
    project = Project(tmp_path_factory.mktemp("visits"), press)
    project.route(ROUTE)
    project.write("routes/visit/tables/gender.csv", "from,to\n1,1\n2,2\n9,9\n男,1\n女,2\n")
    project.write("config/institutions/H9/gender.csv", "from,to\nF,2\n")
    project.write("routes/visit/xslt/copy.xsl", COPY)
    return Rehearsal(press, project.book(), FrontLimits())


def on_visit(visits, code, institution=""):
    return visits.rehearse(Trial(content=NOTE.format(code).encode(), route="visit", institution=institution))


def test_each_change_is_shown_with_before_and_after(visits):
    done = on_visit(visits, "女")
    table, xslt, kept = done.stages[-3:]
    assert [(c.expected, c.found) for c in table.changes] == [("女", "2")]
    assert table.changes[0].where.endswith("gender/@code")
    assert [(c.expected, c.found) for c in xslt.changes] == [("20260101", "now")]
    assert (table.result, xslt.result, kept.result) == ("changed", "changed", "passed")
    assert "按 institution/gender 对照" in table.told["zh"]
    text = as_text(done)
    for words in (
        "table    ",
        "changed, 1 changes",
        "女 → 2",
        "20260101 → now",
        "records: our own service",
        "archive: would be queued",
    ):
        assert words in text, words


def test_the_senders_own_table_is_taken(visits):
    assert [c.found for c in on_visit(visits, "F", "H9").stages[-3].changes] == ["2"]


def test_a_destination_whose_condition_does_not_hold_is_named_with_it(visits):
    done = on_visit(visits, "男")
    assert [(t.name, t.wanted) for t in done.targets] == [("records", True), ("archive", False)]
    assert "archive: not sent, //hl7:gender/@code = '2' does not hold" in as_text(done)


def test_what_is_held_and_what_is_filtered_end_where_they_do(visits):
    held = on_visit(visits, "X")
    assert (held.state, held.code, held.stages[-1].result, held.stages[-1].verb) == ("ERROR", "SND-416", "held", "table")
    filtered = on_visit(visits, "9")
    assert (filtered.state, filtered.reason, filtered.stages[-1].result) == ("FILTERED", "不要", "filtered")
    assert "不要" in as_text(filtered)


def test_our_own_fault_is_a_number_and_no_trace(house):
    route = house.book.routes["outpatient-record"]
    broken = replace(route, checks=(replace(route.checks[0], run=lambda _: 1 / 0),))
    book = replace(house.book, table={("collection", "C0002"): broken})
    done = Rehearsal(house.press, book, FrontLimits()).rehearse(Trial(content=GOOD))
    assert (done.state, done.code, done.stages[-1].result) == ("ERROR", "ENG-000", "failed")
    assert re.fullmatch(r"[0-9a-f]{12}", done.reference)
    assert done.reference in as_text(done)
    assert "division" not in as_text(done)


@pytest.mark.parametrize(("text", "content"), [
    ("<a>门</a>", "<a>门</a>".encode()),
    ('<?xml version="1.0" encoding="GBK"?><a>门</a>', '<?xml version="1.0" encoding="GBK"?><a>门</a>'.encode("gbk")),
    ("<?xml version='1.0' encoding='gb2312'?>\r\n<a>门</a>", "<?xml version='1.0' encoding='gb2312'?>\n<a>门</a>".encode("gbk")),
    ('<?xml version="1.0" encoding="utf-16"?><a/>', '<?xml version="1.0" encoding="utf-16"?><a/>'.encode("utf-16")),
    ('<?xml version="1.0" encoding="koi8-r"?><a/>', b'<?xml version="1.0" encoding="koi8-r"?><a/>'),
    ("\ud800", b"?"),
], ids=["none", "gbk", "gb2312", "utf-16", "strange", "half a character"])  # fmt: skip
def test_a_text_that_came_through_a_browser_gets_the_bytes_its_declaration_names(text, content):
    assert pasted(text) == content


def test_a_limit_of_documents_is_named_with_its_value(house):
    press = Press(house.press.root, Limits(unpacked=5_000))
    done = Rehearsal(press, house.book, FrontLimits()).rehearse(Trial(content=GOOD))
    assert (done.code, done.stages[-1].name) == ("SND-603", "unpack")
    assert "5000" in done.issues[0].message


def test_nothing_of_the_content_is_logged(rehearsal, capsys):
    for content in (BAD, upload(BAD), b"<a><b></a>", GBK):
        rehearsal.rehearse(Trial(content=content))
    said = capsys.readouterr()
    assert said.out + said.err == ""
