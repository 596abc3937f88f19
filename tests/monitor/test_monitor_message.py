"""Read one message, masked and unmasked, and do to it what its buttons say, over a real store and the real routes."""

import gzip
import json
import re
from dataclasses import replace

import pytest

from engine.documents.sample import sample
from engine.monitor.turns import Busy
from engine.store.entries import TraceLine
from tests.monitor.conftest import PASSWORDS
from tests.monitor.kept import (  # noqa: F401 # fixtures
    BAD,
    BIRTH,
    DOCTOR,
    GOOD,
    HOSPITAL,
    NUMBER,
    PERSON,
    archive,
    audited,
    behind,
    dead,
    file,
    held,
    refused,
    room,
)  # fmt: skip
from tests.monitor.test_monitor_pages import Outline
from tests.monitor.web import Visitor
from tests.store.samples import entry, invalid, later

# ruff: noqa: F811 - pytest hands fixtures over by their names


def person(monitor, role):
    visitor = Visitor(monitor)
    assert visitor.sign_in(f"{role}-1", PASSWORDS[role]).status == 303
    return visitor


@pytest.fixture
def operator(monitor):
    return person(monitor, "operator")


@pytest.fixture
def engineer(monitor):
    return person(monitor, "engineer")


def post(visitor, receipt, verb, **form):
    return visitor.post(f"/messages/{receipt}/{verb}", {"token": visitor.get(f"/messages/{receipt}").token(), **form})


def state(archive, receipt):
    with archive.database.read() as connection:
        facts = archive.journal.find(connection, None, receipt=receipt).facts
    return facts.state, facts.mark, facts.replaced_by


def test_a_refused_message_shows_who_what_when_its_steps_and_each_issue_at_its_line(operator, archive, room):
    one = refused(room)
    (receipt,) = file(archive, one)
    body = operator.get(f"/messages/{receipt}").body
    line = one.issues[0].line
    for words in ("长春测试医院", "C0002", "2026", "patient.gender-code", f"第 {line} 行", "毫秒", "收到", "已遮蔽", "规则"):
        assert words in body, words
    source = re.search(r'<pre class="source".*?</pre>', body, re.DOTALL)[0]
    assert f'<span class="line-number">{line}</span>' in source
    assert "administrativeGenderCode" in re.sub(r"</?mark>", "", source)
    assert f'<tr class="same fault"><td class="number">{line}</td>' in body


def test_nobody_is_named_in_the_page_its_twin_or_its_issues(operator, archive, room):
    (receipt,) = file(archive, refused(room))
    for address in (f"/messages/{receipt}", f"/messages/{receipt}?format=json"):
        body = operator.get(address).body
        for word in (PERSON, NUMBER, BIRTH, DOCTOR):
            assert word not in body, word
    assert "测*****" in operator.get(f"/messages/{receipt}").body


def test_steps_are_told_with_their_milliseconds(operator, archive):
    trace = (TraceLine(what="schema", detail="", micros=1230), TraceLine(what="xslt", detail="to-lab.xsl", micros=45_600))
    (receipt,) = file(archive, held(trace=trace))
    body = operator.get(f"/messages/{receipt}").body
    table = re.search(r'<table id="trace">.*?</table>', body, re.DOTALL)[0]
    for words in ("结构", "1.23", "转换", "to-lab.xsl", "45.60"):
        assert words in table
    assert "共 46.8 毫秒" in body
    told = json.loads(operator.get(f"/messages/{receipt}?format=json").body)
    assert [one["micros"] for one in told["trace"]] == [1230, 45_600]


def test_what_the_route_made_stands_beside_the_original_with_the_difference_marked(operator, archive):
    changed = re.sub(rb'(<administrativeGenderCode [^>]*displayName=)"[^"]*"', rb'\1"F"', GOOD)
    before = re.search(r'<administrativeGenderCode [^>]*displayName="([^"]*)"', GOOD.decode())[1]
    (receipt,) = file(archive, held(state="ROUTED", code="0", changed=changed))
    body = operator.get(f"/messages/{receipt}").body
    sheet = re.search(r'<table class="two">.*?</table>', body, re.DOTALL)[0]
    assert f"<mark>{before}</mark>" in sheet
    assert "<mark>F</mark>" in sheet
    assert "1 行有差异" in body
    assert PERSON not in sheet
    assert len(re.findall("<tr", sheet)) < 12


def test_unmasked_content_asks_for_a_reason_and_is_audited(engineer, archive, room):
    (receipt,) = file(archive, refused(room))
    answer = post(engineer, receipt, "reveal", reason="  ")
    assert answer.location == f"/messages/{receipt}?done=why"
    assert audited(archive) == []
    shown = post(engineer, receipt, "reveal", reason="医院 来电核对")
    assert shown.status == 200
    for words in (PERSON, NUMBER, BIRTH, DOCTOR, "已记入审计"):
        assert words in shown.body
    assert audited(archive) == [("read", "医院 来电核对", "engineer-1", receipt)]
    assert PERSON not in engineer.get(f"/messages/{receipt}").body


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_may_not_look_sees_no_field_and_gets_nothing(monitor, archive, room, role):
    (receipt,) = file(archive, refused(room))
    visitor = person(monitor, role)
    assert "未遮蔽内容" not in visitor.get(f"/messages/{receipt}").body
    for act in ("reveal", "correct"):
        answer = post(visitor, receipt, act, reason="x")
        assert answer.status == 403
        assert PERSON not in answer.body
    assert audited(archive) == []


@pytest.mark.parametrize("act", ["reveal", "replay", "put-aside", "correct"])
def test_the_form_of_another_session_and_a_stranger_do_nothing(engineer, visitor, archive, act):
    (receipt,) = file(archive, held())
    for token in ("", "x", visitor.get("/").token()):
        assert engineer.post(f"/messages/{receipt}/{act}", {"token": token, "reason": "x"}).status == 400
    assert visitor.post(f"/messages/{receipt}/{act}", {"token": "", "reason": "x"}).status == 303
    assert (state(archive, receipt)[0], audited(archive)) == ("ERROR", [])


def test_who_only_looks_presses_nothing(viewer, archive):
    (receipt,) = file(archive, held())
    dead_receipt, _ = dead(archive)
    assert "<button" not in re.sub(
        r'<form method="post" action="/signout">.*?</form>', "", viewer.get(f"/messages/{receipt}").body
    )
    assert "/retry" not in viewer.get(f"/messages/{dead_receipt}").body
    for act in ("replay", "put-aside"):
        assert post(viewer, receipt, act, reason="x").status == 403
    assert state(archive, receipt)[0] == "ERROR"


def test_a_dead_delivery_is_retried_and_discarded_from_its_message(operator, archive, behind):
    for act, reason in (("retry", ""), ("discard", "医院已改号")):
        receipt, number = dead(archive, act)
        page = operator.get(f"/messages/{receipt}")
        for words in ("referral-hospital", "DST-201", "对方答复：缺少转入科室代码", "已试 1 次"):
            assert words in page.body
        form = {"token": page.token(), "back": f"/messages/{receipt}", "reason": reason}
        answer = operator.post(f"/deliveries/{number}/{act}", form)
        assert answer.location == f"/messages/{receipt}?done={act}"
        assert "/retry" not in operator.get(answer.location).body
    assert "医院已改号" in operator.get(f"/messages/{receipt}").body


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/messages/../x", "/messages/a\r\nx: y", "/nothing"])
def test_nobody_is_led_elsewhere_after_an_act(operator, archive, behind, back):
    receipt, number = dead(archive)
    form = {"token": operator.get(f"/messages/{receipt}").token(), "back": back}
    assert operator.post(f"/deliveries/{number}/retry", form).location == "/overview?done=retry"


def test_a_held_message_is_tried_and_then_replayed(operator, archive):
    (receipt,) = file(archive, held(document_id="E1"))
    tried = post(operator, receipt, "replay", preview="1")
    assert "ERROR ENG-000 → ROUTED 0" in tried.body
    assert state(archive, receipt)[0] == "ERROR"
    assert post(operator, receipt, "replay").location == f"/messages/{receipt}?done=replayed"
    assert state(archive, receipt)[0] == "ROUTED"
    assert audited(archive) == [("changed", "replay", "operator-1", receipt)]
    body = operator.get(f"/messages/{receipt}?done=replayed").body
    assert "已重放，状态如下" in body
    assert f"/messages/{receipt}/replay" not in body


def test_a_replay_that_comes_out_as_before_says_so(operator, archive, room):
    (receipt,) = file(archive, refused(room))
    assert post(operator, receipt, "replay").location.endswith("?done=same")


def test_what_can_no_longer_be_replayed_and_a_busy_thread_are_told(operator, archive, room):
    (receipt,) = file(archive, held())
    token = operator.get(f"/messages/{receipt}").token()
    room.busy = Busy()
    assert operator.post(f"/messages/{receipt}/replay", {"token": token}).location.endswith("?done=busy")
    room.busy = None
    with archive.database.write() as connection:
        archive.journal.discard(connection, receipt, "x", "x", later(9))
    answer = operator.post(f"/messages/{receipt}/replay", {"token": token})
    assert answer.location.endswith("?done=unable")
    assert "状态已经变了" in operator.get(answer.location).body


def test_a_held_message_is_put_aside_with_a_reason_that_stays(operator, archive):
    (receipt,) = file(archive, held())
    assert post(operator, receipt, "put-aside", reason=" ").location.endswith("?done=reason")
    assert post(operator, receipt, "put-aside", reason="医院已另传").location.endswith("?done=put-aside")
    assert state(archive, receipt)[0] == "DISCARDED"
    body = operator.get(f"/messages/{receipt}").body
    assert "operator-1: 医院已另传" in body
    assert post(operator, receipt, "put-aside", reason="x").location.endswith("?done=gone")
    assert audited(archive) == [("changed", "message discard", "operator-1", receipt)]


def edit(visitor, receipt, **form):
    return post(visitor, receipt, "correct", reason="已与医院确认", **form)


def test_a_refused_document_is_edited_checked_and_filed_as_its_hospitals_correction(engineer, archive, room):
    (receipt,) = file(archive, refused(room, "V1"))
    page = edit(engineer, receipt)
    assert PERSON in page.body
    assert audited(archive) == [("read", "已与医院确认", "engineer-1", receipt)]
    wrong, right = BAD.decode(), GOOD.decode()
    checked = edit(engineer, receipt, act="check", text=wrong)
    assert "会被退回" in checked.body
    assert "patient.gender-code" in checked.body
    assert "会被接收" in edit(engineer, receipt, act="check", text=right).body
    refusal = edit(engineer, receipt, act="file", text=wrong)
    assert "没有提交，仍会被退回" in refusal.body
    assert state(archive, receipt) == ("INVALID", "", "")
    filed = edit(engineer, receipt, act="file", text=right)
    new = re.fullmatch(r"/messages/([\w-]+)\?done=corrected", filed.location)[1]
    assert state(archive, receipt) == ("INVALID", "replaced", new)
    assert state(archive, new)[0] == "ROUTED"
    assert audited(archive)[-1] == ("changed", "correct", "engineer-1", receipt)
    body = engineer.get(filed.location).body
    assert "更正已提交" in body
    assert "已与医院确认" in body
    assert f"/messages/{new}" in engineer.get(f"/messages/{receipt}").body
    assert edit(engineer, receipt, act="file", text=right).location.endswith("?done=unable")
    with archive.database.read() as connection:
        kept = archive.journal.find(connection, None, receipt=new).facts
    assert (kept.institution, kept.document_id) == (HOSPITAL, "V1")


def test_a_correction_whose_id_is_taken_is_not_filed(engineer, archive, room):
    (receipt,) = file(archive, refused(room, "V1"))
    file(archive, room.judged(sample("C0002", 2, HOSPITAL), "V1"))
    answer = edit(engineer, receipt, act="file", text=GOOD.decode())
    assert "没有提交" in answer.body
    assert "SND-50" in answer.body
    assert state(archive, receipt) == ("INVALID", "", "")


def test_without_a_reason_nothing_is_opened_and_an_empty_text_is_nothing(engineer, archive, room):
    (receipt,) = file(archive, refused(room))
    assert post(engineer, receipt, "correct", reason="").location.endswith("?done=why")
    assert audited(archive) == []
    assert edit(engineer, receipt, act="file", text=" ").status == 400


def test_what_was_accepted_or_never_was_a_document_is_not_corrected(engineer, archive):
    good, raw = file(archive, held(state="ROUTED", code="0"), invalid("R", "r", original=b"\x00<x>", original_form="raw"))
    for receipt in (good, raw):
        assert edit(engineer, receipt).location.endswith("?done=unable")
        assert f"/messages/{receipt}/correct" not in engineer.get(f"/messages/{receipt}").body


def test_what_cannot_be_masked_is_not_shown(engineer, archive):
    broken = f"<ClinicalDocument><name>{PERSON}</name>".encode()
    packed, raw, gone, large = file(
        archive,
        invalid("B1", "b1", original=gzip.compress(broken, mtime=0)), invalid("B2", "b2", original=broken, original_form="raw"),
        invalid("B3", "b3", original=b"", original_form="meta"),
        invalid("B4", "b4", original=gzip.compress(b"<a>" + b" " * 1024 * 1024 + b"</a>", mtime=0)),
    )  # fmt: skip
    for receipt, words in ((packed, "不是可读的 XML"), (raw, "不是 GZIP"), (gone, "没有保存内容"), (large, "超过 1 MB")):
        body = engineer.get(f"/messages/{receipt}").body
        assert words in body
        assert PERSON not in body
    for receipt in (packed, raw):
        assert PERSON in post(engineer, receipt, "reveal", reason="核对").body


def test_a_message_that_is_not_there_is_told(engineer, archive):
    for path in ("/messages/20260302-nothing", "/messages/%3Cscript%3E", "/messages/x?format=json"):
        assert engineer.get(path).status == 404
    (receipt,) = file(archive, held())
    token = engineer.get(f"/messages/{receipt}").token()
    assert engineer.post("/messages/nothing/reveal", {"token": token, "reason": "x"}).status == 404
    assert engineer.post(f"/messages/{receipt}/explode", {"token": token}).status == 404
    assert engineer.get(f"/messages/{receipt}/replay").status == 405


def test_an_interaction_is_shown_only_for_a_reason(engineer, archive):
    content = f"<PRPA_IN201311UV02><name><part value='{PERSON}'/></name></PRPA_IN201311UV02>".encode()
    (receipt,) = file(archive, entry("S", "s", document_type="S0001", original=gzip.compress(content, mtime=0)))
    body = engineer.get(f"/messages/{receipt}").body
    assert "只在写明事由后显示" in body
    assert PERSON not in body
    assert PERSON in post(engineer, receipt, "reveal", reason="核对").body


def test_an_answer_about_a_person_stands_in_no_event(operator, archive):
    (receipt,) = file(archive, entry("Q", "q"))
    with archive.database.write() as connection:
        archive.journal.tell(connection, receipt, later(1), "answered", f"{PERSON} {NUMBER}")
        archive.journal.tell(connection, receipt, later(2), "sent", f"lab {NUMBER}")
    body = operator.get(f"/messages/{receipt}").body
    assert "已答复" in body
    assert PERSON not in body
    assert NUMBER not in body


def test_what_hospitals_sent_is_shown_as_text(engineer, archive):
    evil = '"><script>alert(1)</script>'
    content = f'<a><b c="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;">{"x" * 3000}<![CDATA[{evil}]]></b></a>'.encode()
    one = invalid(
        evil, evil, institution=evil, document_type=evil, route=evil, batch=evil, original=gzip.compress(content, mtime=0)
    )
    issue = replace(one.issues[0], message=evil, hint=evil, value=evil, path=evil, rule=evil, line=1)
    (receipt,) = file(archive, replace(one, issues=(issue,), trace=(TraceLine(what=evil, detail=evil),)))
    for body in (
        engineer.get(f"/messages/{receipt}").body,
        post(engineer, receipt, "reveal", reason=evil).body,
        edit(engineer, receipt).body,
    ):
        assert "<script>alert" not in body
        assert "&lt;script&gt;" in body


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_are_well_formed_in_both_languages(engineer, archive, room, language):
    (receipt,) = file(archive, refused(room))
    for body in (
        engineer.get(f"/messages/{receipt}?lang={language}").body,
        edit(engineer, receipt, act="check", text="<x/>").body,
    ):
        outline = Outline(body)
        labelled = {attributes["for"] for tag, attributes in outline.elements if tag == "label"}
        for tag, attributes in outline.elements:
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
            if tag in ("input", "select", "textarea") and attributes.get("type") != "hidden":
                assert attributes.get("id") in labelled or attributes.get("aria-label")
    engineer.get("/messages?lang=zh")
