"""ApiService answers hospitals exactly as the Jilin text has it, over real HTTP, and stores nothing for whom it does not know."""

from __future__ import annotations

import html
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import requests
import zeep

from engine.documents.jilin.envelope import new_nonce, open_reply, seal_request
from engine.documents.jilin.keys import Keys
from engine.documents.jilin.messages import write_message
from engine.errors import TryAgain
from engine.inbound.api_door import LONGEST, HospitalCaller
from engine.message import SHANGHAI
from tests.support.api import CALLERS, MD5, SM3, open_office, unsigned

CANCEL = {"HOS_ID": "22010001", "ORDER_ID": "O-1", "CANCEL_DATE": "2026-11-20 09:00:00"}
REFUNDED = {
    "HOS_ID": "22010002", "ORDER_ID": "O-2", "HOSP_ORDER_ID": "H-2", "HOSP_REFUND_ID": "R-2", "REFUND_TYPE": "1",
    "REFUND_DATE": "2026-11-20", "TOTAL_FEE": "1500", "REFUND_FEE": "1500", "REFUND_REMARK": "停诊 <&> ]]> 𠮷",
}  # fmt: skip


@pytest.fixture
def office(tmp_path):
    made = open_office(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("path", ["/services/api", "/ApiService.asmx"])
@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_hospital_is_answered_in_its_own_envelope(office, path, version):
    assert office.ask("5002", CANCEL, path=path, version=version) == ("0", "成功", {})
    ((institution, function, values, trace, thread),) = office.asked
    assert (institution, function, values) == ("H1", "5002", CANCEL)
    assert len(trace) == 16
    assert thread.startswith("api")
    assert office.reasons() == {("admitted", "H1", "ApiService", "5002")}


def test_the_profile_of_our_own_carries_answers_back(office):
    office.answers["5003"] = ("0", "已受理", {"REFUND_ID": "T-1"})
    assert office.ask("5003", REFUNDED, "USER-2") == ("0", "已受理", {"REFUND_ID": "T-1"})
    assert office.asked[0][2] == REFUNDED


def test_escaped_text_cdata_and_child_elements_are_read_alike(office):
    xml = seal_request(MD5, "5002", "USER-1", write_message("5002", "request", CANCEL)).decode()
    inner = xml.partition("?>")[2]
    for wrap in (html.escape, lambda text: f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>", lambda _: inner):
        status, text = office.post(xml, wrap=wrap)
        assert (status, open_reply(MD5, text).code) == (200, "0")
    assert [asked[2] for asked in office.asked] == [CANCEL] * 3


def test_a_business_code_comes_back_signed_with_the_empty_string_encrypted(office):
    office.answers["5002"] = ("500202", "预约订单已支付", {})
    assert office.ask("5002", CANCEL) == ("500202", "预约订单已支付", {})


def test_each_operation_takes_its_own_functions_only(office):
    query = {"HOS_ID": "22010001", "ORDER_ID": "O-1", "HOSP_REFUND_ID": "R"}
    for operation, function in (("PayService", "5002"), ("PushService", "5002"), ("RegService", "6002"), ("RegService", "2007")):
        body = b"<REQ></REQ>" if function != "6002" else write_message("6002", "request", query)
        assert office.ask(function, body, operation=operation)[0] == "5"
    assert office.asked == []


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        ("", "11"),
        ("  \n ", "11"),
        ("hello", "2"),
        ("<ROOT>", "2"),
        ("<REQ/>", "2"),
        ('<!DOCTYPE ROOT [<!ENTITY a "b">]><ROOT><USER_ID>USER-1</USER_ID></ROOT>', "2"),
        ("<ROOT>" + "<A>" * 200 + "</A>" * 200 + "</ROOT>", "2"),
        ("<ROOT>" + "x" * LONGEST + "</ROOT>", "2"),
        ("<ROOT/>", "4"),
        ("<ROOT><USER_ID>NOBODY</USER_ID></ROOT>", "4"),
        ("<ROOT><USER_ID>USER-1</USER_ID><SIGN_TYPE>MD5</SIGN_TYPE></ROOT>", "1"),
        ("<ROOT><USER_ID>USER-1</USER_ID><SIGN_TYPE>SM3</SIGN_TYPE></ROOT>", "8"),
        ("<ROOT><USER_ID>USER-1</USER_ID><USER_ID>USER-2</USER_ID></ROOT>", "2"),
    ],
)
def test_what_is_no_request_of_a_known_caller_gets_an_unsigned_code_and_leaves_an_audit_row_alone(office, xml, code):
    status, text = office.post(xml)
    assert status == 200
    assert unsigned(text)[0] == code
    assert unsigned(text)[1]
    known = "H1" if code in {"1", "8"} else ""
    assert office.reasons() == {("refused", known, "ApiService", f"return-code-{code}")}
    assert office.asked == []


def test_an_entity_bomb_is_refused_at_once(office):
    bomb = '<!DOCTYPE R [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert unsigned(office.post(f"{bomb}]><ROOT>&i;</ROOT>")[1])[0] == "2"


def test_a_touched_request_is_7_and_is_not_decrypted(office):
    xml = seal_request(MD5, "5002", "USER-1", write_message("5002", "request", CANCEL)).decode()
    assert unsigned(office.post(xml.replace("5002", "5004"))[1])[0] == "7"
    broken = xml.replace("<REQ_ENCRYPTED><![CDATA[", "<REQ_ENCRYPTED><![CDATA[!!!")
    assert unsigned(office.post(broken)[1])[0] == "7", "the signature is looked at before the Base64"
    assert office.asked == []


def test_what_a_proven_caller_does_wrong_is_answered_signed(office):
    cases = {
        "1": write_message("5002", "request", CANCEL).replace(b"O-1", b""),
        "2": b"<REQ><HOS_ID>1</REQ>",
        "3": write_message("5002", "request", CANCEL | {"HOS_ID": "22010002"}),
        "11": b"  ",
    }
    for code, body in cases.items():
        assert office.ask("5002", body)[0] == code
    assert "ORDER_ID" in office.ask("5002", cases["1"])[1]
    other = Keys(profile="MD5", sign=MD5.sign, encryption="another-key-of16")
    _, text = office.post(seal_request(other, "5002", "USER-1", b"<REQ/>").decode())
    assert open_reply(MD5, text).code == "6"
    bomb = b'<!DOCTYPE REQ [<!ENTITY a "b">]><REQ><HOS_ID>&a;</HOS_ID></REQ>'
    assert office.ask("5002", bomb)[0] == "2"
    assert office.asked == []


@pytest.mark.parametrize(("user", "reason"), [("USER-3", "institution-not-approved"), ("USER-4", "kind-not-allowed")])
def test_a_caller_that_may_not_is_3_and_audited(office, user, reason):
    assert office.ask("5002", CANCEL | {"HOS_ID": CALLERS[user].hospital_id}, user)[0] == "3"
    assert office.reasons() == {("refused", CALLERS[user].institution, "ApiService", reason)}
    assert office.asked == []


def test_a_nonce_is_taken_once(office):
    nonce = new_nonce()
    office.answers["5003"] = ("0", "已受理", {"REFUND_ID": "T-1"})
    assert office.ask("5003", REFUNDED, "USER-2", nonce=nonce)[0] == "0"
    assert office.ask("5003", REFUNDED, "USER-2", nonce=nonce)[0] == "10"
    assert len(office.asked) == 1
    assert ("refused", "H2", "ApiService", "nonce-replayed") in office.reasons()


def test_an_old_request_is_7_and_signed_for_it_was_really_theirs(office):
    nonce, old = new_nonce(), datetime.now(SHANGHAI) - timedelta(minutes=6)
    xml = seal_request(SM3, "5003", "USER-2", write_message("5003", "request", REFUNDED), nonce=nonce, now=old).decode()
    reply = open_reply(SM3, office.post(xml)[1], nonce=nonce)
    assert (reply.code, "TIMESTAMP" in reply.message) == ("7", True)
    assert office.asked == []


def test_a_store_that_is_away_is_99_and_so_is_our_own_bug_without_a_word_of_it(office):
    office.answers["5002"] = TryAgain("the store is down")
    code, message, _ = office.ask("5002", CANCEL)
    assert (code, "稍后" in message) == ("99", True)
    office.answers["5002"] = RuntimeError("测试患者 secret")
    code, message, _ = office.ask("5002", CANCEL)
    assert (code, "secret" in message) == ("99", False)
    office.answers["5003"] = ("0", "成功", {})
    assert office.ask("5003", REFUNDED, "USER-2")[0] == "99", "an answer of ours that lacks REFUND_ID never leaves"
    office.away = True
    assert office.ask("5003", REFUNDED, "USER-2")[0] == "99"


def test_keys_are_exchanged_while_the_front_serves(office):
    new = Keys(profile="MD5", sign="the-new-one", encryption="0123456789ABCDEF")
    office.door.exchange({"USER-1": HospitalCaller(institution="H1", hospital_id="22010001", keys=new)}.get)
    xml = seal_request(MD5, "5002", "USER-1", write_message("5002", "request", CANCEL)).decode()
    assert unsigned(office.post(xml)[1])[0] == "7"
    assert office.ask("5002", CANCEL, keys=new)[0] == "0"


@pytest.mark.parametrize("query", ["wsdl", "wsdl12"])
def test_zeep_calls_from_the_wsdl(office, query):
    service = zeep.Client(f"{office.address}/ApiService.asmx?{query}").service
    xml = seal_request(MD5, "5002", "USER-1", write_message("5002", "request", CANCEL)).decode()
    assert open_reply(MD5, service.RegService(xml=xml)).code == "0"
    assert unsigned(service.PushService(xml=""))[0] == "11"


def test_the_wsdl_names_the_address_it_was_asked_at(office):
    for path in ("/ApiService.asmx", "/services/api"):
        text = requests.get(f"{office.address}{path}?wsdl", timeout=10).text
        assert f'location="{office.address}{path}"' in text


def test_too_many_at_once_are_asked_to_come_again(office, monkeypatch):
    monkeypatch.setattr("engine.inbound.api_door._WAITING", 1)
    inside, go = threading.Event(), threading.Event()

    def wait(*_):
        inside.set()
        assert go.wait(10)
        return "0", "成功", {}

    office.door._answer = wait
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(office.ask, "5002", CANCEL)
        assert inside.wait(10)
        assert unsigned(office.post("<ROOT/>")[1])[0] == "99"
        go.set()
        assert first.result()[0] == "0"


def test_what_a_hospital_writes_in_its_own_codes_is_read_in_those_of_the_text(office):
    pushed = {
        "DATA_TIME": "2026-11-20 09:30:00", "HEALTH_CARD_ID": "H", "PATIENT_NAME": "测试患者", "PATIENT_AGE": "40", "DEPT_NAME": "内科",
        "DOCTOR_NAME": "测试医生", "PUSH_TYPE": "3", "PUSH_CONTENT": "报告已出",
    }  # fmt: skip
    own = HospitalCaller(
        institution="H1", hospital_id="22010001", keys=MD5, codes_back={"PATIENT_SEX": {"1": "1", "2": "0", "0": "2"}}
    )
    office.door.exchange({"USER-1": own}.get)
    asked = {"HOS_ID": "22010001", "DATA_INFO": tuple({**pushed, "PATIENT_SEX": sex} for sex in ("2", "1", "0"))}
    assert office.ask("7001", asked, operation="PushService")[0] == "0"
    assert [item["PATIENT_SEX"] for item in office.asked[0][2]["DATA_INFO"]] == ["0", "1", "2"], (
        "their 2 is a woman, the text's 0"
    )
    assert office.ask("7001", {**asked, "DATA_INFO": ({**pushed, "PATIENT_SEX": "7"},)}, operation="PushService")[0] == "1"
    assert len(office.asked) == 1
