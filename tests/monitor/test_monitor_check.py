"""Paste things into the check page as operators, engineers and strangers do."""

import json
import re
import threading
import time
from contextlib import closing

import pytest

from engine.documents.packing import pack_gzip, pack_text
from engine.documents.sample import sample
from engine.errors import ConfigError, Fault
from engine.monitor.check import GIVEN_BACK
from engine.monitor.forms import multipart
from engine.monitor.turns import Busy, Turns
from tests.monitor.conftest import CHECKED, PASSWORDS
from tests.monitor.test_monitor_pages import Outline
from tests.monitor.web import Visitor
from tests.support.soap import call

GOOD = sample("C0007", 7).decode()
DECLARED = "encoding='UTF-8'"
BAD = sample("C0007", 7, fault="patient.gender-code").decode()
BOUNDARY = "----WebKitFormBoundaryABC123"


@pytest.fixture
def engineer(monitor):
    visitor = Visitor(monitor)
    assert visitor.sign_in("engineer-1", PASSWORDS["engineer"]).status == 303
    return visitor


def check(person, text="", path="/check", **fields):
    token = fields.pop("token", None) or person.get("/check").token()
    return person.post(path, {"token": token, "text": text} | fields)


def check_file(person, data, path="/check", **fields):
    """Post a file as browsers do."""
    fields = {"token": person.get("/check").token(), "text": ""} | fields
    parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode() for n, v in fields.items()]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.xml"\r\nContent-Type: text/xml\r\n\r\n'
    body = b"".join(parts) + head.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()
    return person.ask("POST", path, body, {"content-type": f"multipart/form-data; boundary={BOUNDARY}"})


def headline(answer):
    return re.search(r'class="headline">(.*?)<', answer.body)[1]


def test_the_form_offers_types_senders_and_the_limit(engineer):
    body = engineer.get("/check").body
    for words in ("自动识别", "C0004 西药处方", "长春测试医院 · H22010001", "最大 1 MiB", 'enctype="multipart/form-data"'):
        assert words in body
    told = json.loads(engineer.get("/check?format=json").body)
    assert told == {"limit": CHECKED, "types": ["C0002", "C0004", "C0007"]}


@pytest.mark.parametrize(
    "content", [GOOD, pack_text(GOOD.encode()), pack_text(GOOD.encode())[:2000] + "\n" + pack_text(GOOD.encode())[2000:]]
)
def test_a_good_document_is_told_stage_by_stage(engineer, content):
    answer = check(engineer, content)
    assert answer.status == 200
    assert headline(answer).startswith("会被接收")
    for words in ("Base64 解码", "GZIP 解压", "字符集", "C0007 检验报告", "laboratory-report", "按结构 clinical 校验", "去向", "records",
                  "archive", "排队投递"):  # fmt: skip
        assert words in answer.body, words


def test_a_change_is_shown_with_before_and_after(engineer):
    answer = check(engineer, re.sub(r'(<administrativeGenderCode code=)"."', r'\1"男"', GOOD))
    assert headline(answer).startswith("会被接收")
    row = re.search(r'<td class="before">男</td><td class="after">1</td>', answer.body)
    assert row
    assert "已转换 · 1 处改动" in answer.body


def test_an_envelope_tells_its_operation_and_never_its_password(engineer):
    inner = f"<documentType>C0007</documentType><documentId>D1</documentId><payload>{pack_text(GOOD.encode())}</payload>"
    answer = check(engineer, call("Upload", inner))
    assert headline(answer) == "会被接收"
    result = answer.body[: answer.body.index('<details class="card"')]
    assert "SOAP 1.1，操作 Upload" in result
    assert "H001" in result
    assert "Str0ng-password" not in result


def test_a_refusal_shows_line_caret_and_cure(engineer):
    answer = check(engineer, BAD)
    assert headline(answer) == "会被退回"
    assert "SND-408" in answer.body
    number = next(n for n, line in enumerate(BAD.splitlines(), 1) if "<administrativeGenderCode" in line)
    source = re.search(r'<pre class="source"[^>]*><span class="line-number">(\d+)</span>(.*?)</pre>', answer.body, re.DOTALL)
    assert int(source[1]) == number
    assert source[2].strip().startswith("<mark>&lt;</mark>administrativeGenderCode code=&#34;3&#34;")
    assert f"第 {number} 行第" in answer.body
    assert re.search(r'<p class="cure">填写 0 未知的性别', answer.body)


def test_a_file_keeps_its_very_bytes(engineer):
    gbk = GOOD.replace(DECLARED, 'encoding="GBK"').encode("gb18030")
    assert headline(check_file(engineer, gbk)).startswith("会被接收")
    lying = check_file(engineer, GOOD.encode("gb18030"))
    assert "SND-221" in lying.body
    assert headline(check_file(engineer, pack_gzip(GOOD.encode()))).startswith("会被接收")


def test_a_pasted_gbk_document_is_not_blamed_for_the_browser(engineer):
    assert headline(check(engineer, GOOD.replace(DECLARED, 'encoding="GBK"').replace("\n", "\r\n"))).startswith("会被接收")


def test_type_and_sender_can_be_chosen_and_stay_chosen(engineer):
    answer = check(engineer, GOOD, type="C0004", institution="H22010001")
    assert headline(answer) == "会被退回"
    assert 'value="C0004" selected' in answer.body
    assert 'value="H22010001" selected' in answer.body


def test_the_text_comes_back_for_another_try_unless_it_is_very_long(engineer):
    assert "&lt;ClinicalDocument" in re.search(r"<textarea.*?</textarea>", check(engineer, GOOD).body, re.DOTALL)[0]
    long = check(engineer, GOOD.replace("</ClinicalDocument>", f"<!--{'x' * GIVEN_BACK}--></ClinicalDocument>"))
    assert "没有放回输入框" in long.body
    assert len(long.body) < GIVEN_BACK


EVIL = '</textarea></pre><script>alert(1)</script><img src=x onerror="alert(2)">\u202e'


@pytest.mark.parametrize("content", [
    EVIL, f"<a>{EVIL}", f"<!DOCTYPE {EVIL}><a/>", GOOD.replace("<title>", f"<title><![CDATA[{EVIL}]]>"),
    GOOD.replace('code="3"', "").replace("<recordTarget", "<x y='&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;'/><recordTarget"),
    call("Upload", f"<documentType><![CDATA[{EVIL}]]></documentType><documentId><![CDATA[{EVIL}]]></documentId><payload>x</payload>"),
    f"<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><![CDATA[{EVIL}]]></s:Body></s:Envelope>",
    BAD.replace("\n", " ").replace('code="3"', 'code="&lt;script&gt;alert(1)&lt;/script&gt;"'),
], ids=["text", "xml", "doctype", "title", "attribute", "parameters", "body", "value"])  # fmt: skip
@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_pasted_cannot_write_into_the_page(engineer, content, language):
    answer = check(engineer, content, path=f"/check?lang={language}", type='"><script>', institution="'><script>")
    assert answer.status == 200
    assert "<script>" not in answer.body
    assert "<img src=x" not in answer.body
    outline = Outline(answer.body)
    assert not [a for _, a in outline.elements if any(name.startswith("on") or name == "style" for name in a)]


@pytest.mark.parametrize(("content", "code", "words"), [
    ("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "SND-322", "会被退回"),
    ("<a>" * 300 + "</a>" * 300, "SND-604", "会被退回"),
    (pack_text(b"<a>" + b" " * 70_000_000 + b"</a>"), "SND-603", "会被退回"),
    ("<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'>", "SND-305", "会收到 SOAP 故障，不登记"),
    ("not packed at all", "SND-217", "会被退回"),
    ("<strange/>", "SND-401", "会被退回"),
    (call("Heartbeat"), "", "报文正确，这个操作不带文档"),
])  # fmt: skip
def test_hostile_and_strange_input_is_refused_as_live_would(engineer, content, code, words):
    answer = check(engineer, content)
    assert (answer.status, headline(answer)) == (200, words)
    assert code in answer.body


def test_too_long_is_refused_in_the_words_of_the_gate(engineer):
    for answer in (check(engineer, "A" * (CHECKED + 1)), check_file(engineer, b"A" * (CHECKED * 4))):
        assert answer.status == 413
        assert "SND-601" in answer.body
        assert "请求体超过上限 1 MiB" in answer.body
    assert check(engineer, "A" * CHECKED).status == 200


def test_nothing_pasted_is_told(engineer):
    answer = check(engineer, " \r\n ")
    assert (answer.status, "请先贴入内容" in answer.body) == (400, True)


def test_the_json_twin_tells_the_same(engineer):
    told = json.loads(check(engineer, BAD, path="/check?format=json").body)
    assert (told["state"], told["code"], told["document_type"], told["form"]) == ("INVALID", "SND-408", "C0007", "xml")
    last = told["stages"][-1]
    assert (last["name"], last["verb"], last["result"]) == ("step", "rules", "refused")
    found = last["found"][0]
    assert found["source"]["text"][found["source"]["caret"]] == "<"
    assert found["issue"]["line"] == found["source"]["number"]
    assert json.loads(check(engineer, "", path="/check?format=json").body)["error"] == 400


def test_the_page_speaks_english(engineer):
    body = check(engineer, BAD, path="/check?lang=en").body
    for words in (
        "It would be refused",
        "Stage by stage",
        "Character set",
        "hold it against its type",
        "refused",
        "Laboratory report",
    ):
        assert words in body, words


@pytest.mark.parametrize("text", ["", GOOD, BAD])
def test_the_page_is_well_formed_and_every_field_has_its_label(engineer, text):
    page = check(engineer, text) if text else engineer.get("/check")
    outline = Outline(page.body)
    labelled = {attributes["for"] for tag, attributes in outline.elements if tag == "label"}
    for tag, attributes in outline.elements:
        assert tag != "style"
        assert tag != "script" or attributes["src"].startswith("/static/live.js")
        if tag in {"select", "input", "textarea"} and attributes.get("type") != "hidden":
            assert attributes.get("id") in labelled or attributes.get("aria-label")


def test_who_may_check(viewer, visitor, monitor, behind):
    assert viewer.get("/check").status == 403
    assert viewer.post("/check", {"text": GOOD, "token": viewer.get("/overview").token()}).status == 403
    assert 'href="/check"' not in viewer.get("/overview").body
    assert visitor.post("/check", {"text": GOOD}).location == "/?next=/check"
    assert visitor.post("/check?format=json", {"text": GOOD}).status == 401
    for role in ("operator", "engineer", "administrator"):
        person = Visitor(monitor)
        person.sign_in(f"{role}-1", PASSWORDS[role])
        assert check(person, GOOD).status == 200
        assert 'href="/check"' in person.get("/overview").body


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}, {"Origin": "null"}])
def test_a_post_from_another_site_checks_nothing(engineer, headers):
    token = engineer.get("/check").token()
    answer = engineer.post("/check", {"text": GOOD, "token": token}, **headers)
    assert (answer.status, "headline" in answer.body) == (400, False)


def test_the_form_of_another_session_checks_nothing(engineer, administrator):
    for token in (administrator.get("/check").token(), "x"):
        answer = check(engineer, GOOD, token=token)
        assert (answer.status, "headline" in answer.body) == (400, False)


def test_a_check_never_holds_up_other_pages(engineer, behind, monitor):
    began, go_on = threading.Event(), threading.Event()

    def slow():
        def work(pasted):
            began.set()
            go_on.wait(20)
            raise Busy

        return work

    with closing(Turns(slow, most=1)) as turns:
        engineer.get("/check")
        token = engineer.get("/check").token()
        source = next(iter(_sources(behind)))
        object.__setattr__(source, "turns", turns)
        first = threading.Thread(target=engineer.post, args=("/check", {"text": GOOD, "token": token}))
        first.start()
        assert began.wait(10)
        start = time.perf_counter()
        assert engineer.get("/overview").status == 200
        assert engineer.get("/health").status == 200
        assert time.perf_counter() - start < 2
        second = engineer.post("/check", {"text": GOOD, "token": token})
        assert (second.status, "检查正忙" in second.body) == (503, True)
        go_on.set()
        first.join(10)


def _sources(behind):
    yield behind.source


def test_faults_in_the_files_are_told_without_a_trace(engineer, behind):
    def broken():
        raise ConfigError([Fault(file="routes/x/route.yaml", line=1, column=1, code="CFG-010", message="secret words")])

    with closing(Turns(broken)) as turns:
        object.__setattr__(behind.source, "turns", turns)
        answer = check(engineer, GOOD)
    assert answer.status == 500
    assert "请联系接口工程师运行 check" in answer.body
    assert "secret words" not in answer.body


def test_a_bug_of_ours_is_a_number(engineer, behind, capsys):
    def broken(pasted):
        raise RuntimeError("inner words")

    with closing(Turns(lambda: broken)) as turns:
        object.__setattr__(behind.source, "turns", turns)
        answer = check(engineer, "<marker-7351/>")
    assert answer.status == 500
    assert "inner words" not in answer.body
    assert "Traceback" not in answer.body
    said = capsys.readouterr()
    assert "marker-7351" not in said.out + said.err


@pytest.mark.parametrize(
    "body", [b"", b"--x", b"--x--", b"--x\r\n\r\n--x--", b"--x\r\nContent-Disposition: form-data\r\n\r\nv\r\n--x--"]
)
def test_a_form_that_is_none_is_refused(engineer, body):
    answer = engineer.ask("POST", "/check", body, {"content-type": "multipart/form-data; boundary=x"})
    assert answer.status == 400


def test_a_form_is_parted_exactly():
    body = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n-- x\n--x\n\r\n--x\r\nContent-Disposition: form-data; filename="f"; name="b"\r\n\r\n\r\n--x--\r\n'
    assert multipart(body, 'multipart/form-data; boundary="x"') == {"a": b"1\r\n-- x\n--x\n", "b": b""}


def test_turns_time_out_and_give_the_place_back_when_the_work_is_over():
    import asyncio

    go_on = threading.Event()

    async def run(turns):
        with turns.place(), pytest.raises(Busy):
            await turns.do("slow")
        with pytest.raises(Busy), turns.place():
            pass
        go_on.set()
        for _ in range(100):
            try:
                with turns.place():
                    return await turns.do("quick")
            except Busy:
                await asyncio.sleep(0.05)
        return None

    def work(what):
        if what == "slow":
            go_on.wait(10)
        return what

    with closing(Turns(lambda: work, most=1, seconds=0.3)) as turns:
        assert asyncio.run(run(turns)) == "quick"
