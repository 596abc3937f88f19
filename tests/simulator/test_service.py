"""The simulated hospital can be called in three dialects and two profiles, and goes wrong as it is told to."""

from __future__ import annotations

import http.client
import json
import socket
import time
from contextlib import contextmanager
from threading import Thread
from urllib.parse import urlsplit

import pytest
import requests
from zeep import Client

from engine.documents.answer import escape_text
from engine.documents.jilin.envelope import new_nonce, open_reply, seal_request
from engine.documents.jilin.faults import MessageFault
from engine.documents.jilin.functions import FUNCTIONS
from engine.documents.jilin.messages import read_message, write_message
from engine.simulator.clinic import Plan
from engine.simulator.dialects import DIALECTS
from engine.simulator.faults import read_fault
from engine.simulator.hospital import Particulars, SimulatedHospital

KEYS = {"sign_key": "a-sign-key-for-tests", "encryption_key": "0123456789abcdef"}


NOTICE = {
    "REFERRAL_ID": "R1", "EVENT": "Apply", "EVENT_TIME": "2026-03-02 09:00:00", "STATUS": "applied", "STATUS_NAME": "待接收", "ROLE": "receiver",
    "DIRECTION": "up", "URGENCY": "1", "FROM_HOS_CODE": "H2", "TO_HOS_CODE": "H1",
}  # fmt: skip


@contextmanager
def simulated(*faults, **wanted):
    plan = wanted.pop("plan", Plan(departments=1, days=2))
    particulars = Particulars(code="H1", plan=plan, faults=tuple(map(read_fault, faults)), **KEYS, **wanted)
    with SimulatedHospital(particulars) as hospital:
        yield hospital


def sealed(hospital, function, values, *, nonce="", user="H1"):
    body = write_message(function, "request", {"HOS_ID": "H1", **values})
    return seal_request(hospital.wanted.keys, function, user, body, nonce=nonce or new_nonce()).decode()


def opened(hospital, function, xml, nonce):
    reply = open_reply(hospital.wanted.keys, xml, nonce=nonce)
    return reply.code, read_message(function, "response", reply.body) if reply.code == "0" else reply.message


def operation(hospital, function):
    names = hospital.service.dialect.functions
    return FUNCTIONS[function].name if len(names) > 1 else next(iter(names))


def post(hospital, xml, function="2007", timeout=5.0):
    """Send one sealed string as SOAP 1.1; returns status and body."""
    name, parts = operation(hospital, function), urlsplit(hospital.address)
    body = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        f'<{name} xmlns="{hospital.service.dialect.namespace}"><xml>{escape_text(xml)}</xml></{name}></s:Body></s:Envelope>'
    )
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    try:
        connection.request("POST", parts.path, body.encode(), {"Content-Type": "text/xml; charset=utf-8"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def ask(hospital, function, **values):
    """Ask with zeep, by the WSDL that the hospital serves."""
    nonce = new_nonce()
    service = Client(f"{hospital.address}?wsdl").service
    answer = getattr(service, operation(hospital, function))(xml=sealed(hospital, function, values, nonce=nonce))
    return opened(hospital, function, answer, nonce)


def place_of(hospital):
    return hospital.book.clinics.places[-1]


def wish(hospital, number):
    place = place_of(hospital)
    return {
        "ORDER_ID": number, "HOSP_PATIENT_ID": hospital.book.patient("card"), "CHANNEL_ID": "3", "IS_REG": "2", "REG_ID": place.id,
        "REG_FEE": str(place.doctor.fee), "TREAT_FEE": str(place.doctor.treat_fee), "REG_TYPE": "1", "ORDER_TIME": "2026-03-02 09:00:00",
        "NAME": "测试患者", "SEX": "1", "BIRTHDAY": "1980-01-01", "OPER_IDCARD_TYPE": "1", "OPER_IDCARD_NO": "220102198001010012",
        "OPER_NAME": "测试患者", "OPER_MOBILE": "13000000001",
    }  # fmt: skip


@pytest.mark.parametrize("profile", ["MD5", "SM3"])
@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_a_client_made_from_its_wsdl_books_and_asks_in_every_dialect(dialect, profile):
    with simulated(dialect=dialect, profile=profile) as hospital:
        assert ask(hospital, "1001", IP="127.0.0.1")[0] == "0"
        assert ask(hospital, "2007", **wish(hospital, "A1"))[1]["HOSP_ORDER_ID"] == "H00000001"
        assert ask(hospital, "2007", **wish(hospital, "A1")) == ("200708", "平台订单号已存在")
        code, found = ask(
            hospital,
            "2012",
            ORDER_ID="A1",
            HOSP_PATIENT_ID="",
            BEGIN_DATE="2026-01-01",
            END_DATE="2026-01-01",
            PAGE_CURRENT="1",
            PAGE_SIZE="10",
        )
        assert (code, found["ORDER_LIST"][0]["ORDER_STATUS"]) == ("0", "2")


def test_every_function_of_the_platform_is_answered_in_the_form_of_its_table():
    with simulated() as hospital:
        place, patient = place_of(hospital), hospital.book.patient("card")
        hospital.book.order("A1", place.id, patient, "card", place.doctor.fee + place.doctor.treat_fee)
        hospital.book.pay("A1", "S1", place.doctor.fee + place.doctor.treat_fee)
        day, today = place.day.isoformat(), hospital.book.clock().date().isoformat()
        who = {"HOSP_PATIENT_ID": patient, "NAME": "测试患者", "SEX": "1", "BIRTHDAY": "1980-01-01"}
        where = {"DEPT_ID": place.doctor.department, "DOCTOR_ID": place.doctor.id}
        asked = {
            "1002": {"MOBILE": "13000000001", "HEALTH_CARD_ID": "card"}, "1003": who, "1004": {}, "1005": {**who, "CARD_TYPE": "1", "CARD_NO": "1"},
            "2001": {"DEPT_ID": "-1"}, "2002": where, "2003": {**where, "START_DATE": day, "END_DATE": day},
            "2004": {**where, "REG_DATE": day, "TIME_FLAG": "-1"},
            "2011": {"ORDER_ID": "A1"}, "8001": {**who, "BEGIN_DATE": day, "END_DATE": day},
            "8002": {**who, "REPORT_ID": f"{patient}-0"}, "8003": {**who, "REPORT_ID": f"{patient}-1"}, "8004": {**who, "REPORT_ID": f"{patient}-2"},
            "3001": NOTICE,
            "9003": {"BILL_DATE": today, "PAGE_CURRENT": "1", "PAGE_SIZE": "100"},
        }  # fmt: skip
        for function, values in asked.items():
            known = {node.name for node in FUNCTIONS[function].request.children}
            code, found = ask(hospital, function, **{name: value for name, value in values.items() if name in known})
            assert (function, code) == (function, "0"), found
        assert found["RECORD_LIST"][0]["TRADE_FEE"] == str(place.doctor.fee + place.doctor.treat_fee)


def test_what_is_told_of_referrals_is_kept_once_and_shown_by_the_control():
    with simulated() as hospital:
        for _ in "12":
            assert ask(hospital, "3001", **NOTICE) == ("0", {"HOSP_REFERRAL_ID": "Z00000001"})
        assert ask(hospital, "3001", **NOTICE | {"STATUS": "withdrawn"}) == ("0", {"HOSP_REFERRAL_ID": "Z00000001"})
        assert ask(hospital, "3001", **NOTICE | {"REFERRAL_ID": "R2"}) == ("0", {"HOSP_REFERRAL_ID": "Z00000002"})
        told = json.loads(requests.get(f"{hospital.control_address}/referrals", timeout=5).text)["notices"]
        assert [(one["REFERRAL_ID"], one["STATUS"]) for one in told] == [
            ("R1", "applied"),
            ("R1", "withdrawn"),
            ("R2", "applied"),
        ]
        assert told[0] == NOTICE


def test_a_stranger_a_wrong_signature_and_a_strange_function_are_refused_by_their_codes():
    with simulated(dialect="wcf", profile="SM3") as hospital:
        service, nonce = Client(f"{hospital.address}?wsdl").service, new_nonce()
        good = sealed(hospital, "1001", {"IP": "1"}, nonce=nonce)
        assert opened(hospital, "1001", service.NetTest(xml=good), nonce)[0] == "0"
        assert opened(hospital, "1001", service.NetTest(xml=good), nonce) == ("10", "重复提交")
        another = new_nonce()
        assert (
            opened(hospital, "2007", service.OrderReg(xml=sealed(hospital, "1001", {"IP": "1"}, nonce=another)), another)[0]
            == "5"
        )
        forged = good.replace("<FUN_CODE><![CDATA[1001", "<FUN_CODE><![CDATA[2007")
        for xml, code in ((forged, "7"), (sealed(hospital, "1001", {"IP": "1"}, user="nobody"), "4")):
            assert f"<RETURN_CODE><![CDATA[{code}]]>" in service.NetTest(xml=xml)


def test_what_is_no_soap_is_a_fault_in_its_own_version():
    with simulated(dialect="pubservice") as hospital:
        parts = urlsplit(hospital.address)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=5)
        for envelope, status in (
            ("http://schemas.xmlsoap.org/soap/envelope/", 500),
            ("http://www.w3.org/2003/05/soap-envelope", 400),
        ):
            connection.request("POST", parts.path, f'<s:Envelope xmlns:s="{envelope}"><s:Body><Other/></s:Body></s:Envelope>')
            answer = connection.getresponse()
            body = answer.read()
            assert (answer.status, envelope.encode() in body, b"Fault" in body) == (status, True, True)
        connection.close()


@pytest.mark.parametrize(("acts", "orders"), [("yes", 1), ("no", 0)])
@pytest.mark.parametrize("kind", ["garbage", "5xx", "wrong-signature", "half-open"])
def test_an_answer_that_fails_leaves_open_whether_the_hospital_acted(kind, acts, orders):
    with simulated(f"{kind},acts={acts}") as hospital:
        nonce = new_nonce()
        xml = sealed(hospital, "2007", wish(hospital, "A1"), nonce=nonce)
        if kind == "half-open":
            with pytest.raises(TimeoutError):
                post(hospital, xml, timeout=0.3)
        else:
            status, body = post(hospital, xml)
            assert status == {"5xx": 500 if orders else 503}.get(kind, 200)
            assert (b"RETURN_CODE" in body) == (kind == "wrong-signature")
            if kind == "wrong-signature":
                inner = body.decode().replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
                inner = inner[inner.index("<ROOT>") : inner.index("</ROOT>") + 7]
                with pytest.raises(MessageFault) as fault:
                    open_reply(hospital.wanted.keys, inner, nonce=nonce)
                assert fault.value.code == "7"
        assert len(hospital.book.orders) == orders


def test_a_slow_hospital_answers_late_but_rightly():
    with simulated("slow,seconds=0.4") as hospital:
        started = time.monotonic()
        assert post(hospital, sealed(hospital, "2007", wish(hospital, "A1")))[0] == 200
        assert time.monotonic() - started >= 0.4


def test_a_full_hospital_says_so_and_a_call_that_came_twice_is_answered_by_its_second_time():
    with simulated("full") as hospital:
        assert ask(hospital, "2007", **wish(hospital, "A1"))[0] == "200709"
    with simulated("duplicate,functions=2007") as hospital:
        assert ask(hospital, "2007", **wish(hospital, "A1"))[0] == "200708"
        assert len(hospital.book.orders) == 1


def test_a_hospital_that_is_down_refuses_connections_and_comes_back_on_the_same_port():
    with simulated() as hospital:
        assert post(hospital, sealed(hospital, "1001", {"IP": "1"}), "1001")[0] == 200
        assert command(hospital, act="fault", faults=["down"])["faults"] == ["down"]
        with pytest.raises(ConnectionRefusedError):
            post(hospital, sealed(hospital, "1001", {"IP": "1"}), "1001")
        command(hospital, act="fault", faults=[])
        assert post(hospital, sealed(hospital, "1001", {"IP": "1"}), "1001")[0] == 200


def test_a_dripping_hospital_sends_one_byte_a_second_and_holds_up_no_other_caller():
    with simulated("drip,functions=1001") as hospital:
        got = []

        def drip():
            parts = urlsplit(hospital.address)
            with socket.create_connection((parts.hostname, parts.port), timeout=5) as line:
                body = (
                    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><HealthCardService xmlns="http://tempuri.org/">'
                    f"<xml>{escape_text(sealed(hospital, '1001', {'IP': '1'}))}</xml></HealthCardService></s:Body></s:Envelope>"
                ).encode()
                line.sendall(f"POST {parts.path} HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
                head = b""
                while b"\r\n\r\n" not in head:
                    head += line.recv(1024)
                line.settimeout(1.6)
                got.append(len(head.partition(b"\r\n\r\n")[2] + line.recv(1024)))

        thread = Thread(target=drip)
        thread.start()
        assert ask(hospital, "2007", **wish(hospital, "A1"))[0] == "0"
        thread.join()
        assert got[0] <= 3


def command(hospital, **wanted):
    parts = urlsplit(hospital.control_address)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=5)
    connection.request("POST", parts.path, json.dumps(wanted), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    told = json.loads(answer.read())
    connection.close()
    return told | {"status": answer.status} if answer.status != 200 else told


def test_control_tells_of_the_book_and_refuses_what_it_does_not_know():
    with simulated() as hospital:
        ask(hospital, "2007", **wish(hospital, "A1"))
        parts = urlsplit(hospital.control_address)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=5)
        connection.request("GET", "/control/book")
        book = json.loads(connection.getresponse().read())
        assert [order["id"] for order in book["orders"]] == ["A1"]
        connection.request("POST", "/control", '{"act": "sell"}', {"Content-Type": "text/plain"})
        assert connection.getresponse().status == 415
        connection.close()
        assert command(hospital, act="sell", place=place_of(hospital).id, number=99) == {"sold": 4}
        assert command(hospital, act="dance")["status"] == 400
        assert command(hospital, act="print", order="A1") == {
            "error": "订单当前状态为 2，不能办理",
            "code": "201102",
            "status": 409,
        }
        assert command(hospital, act="stop", place=place_of(hospital).id)["status"] == 502
