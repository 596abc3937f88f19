"""A hospital is asked in its own dialect, and nothing but a whole and signed reply counts as its answer."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.documents.jilin.envelope import open_request, refusal, seal_reply
from engine.errors import ConfigError, DestinationError, Rejected, Unavailable
from engine.outbound.adapters import load_adapters
from engine.outbound.hospital import Hospitals
from tests.support.adapters import ENTRY, SOAP12, adapters, around, envelope, hospital, keys, project, sealed_request
from tests.support.destination import Destination, http_reply, saying

BOOK = {
    "ORDER_ID": "CB1", "HOSP_PATIENT_ID": "P1", "CHANNEL_ID": "3", "IS_REG": "2", "REG_ID": "R1", "REG_FEE": "100", "TREAT_FEE": "900",
    "REG_TYPE": "1", "NAME": "测试患者", "SEX": "0", "ORDER_TIME": "2026-11-20 09:30:00",
}  # fmt: skip
IP = {"IP": "10.1.2.3"}


def asking(tmp_path, there, more="", observe=None, **options):
    url = there if isinstance(there, str) else there.url
    return Hospitals(*adapters(tmp_path, H001=ENTRY.format(address=url) + more), observe or (lambda _call: None), **options)


def failure(hospitals, function="1001", values=IP, institution="H001"):
    with pytest.raises(DestinationError) as told:
        hospitals.ask(institution, function, values)
    return told.value


def test_a_hospital_answers_in_plain_values_with_the_times_of_question_and_answer(tmp_path):
    with Destination(hospital()) as there:
        reply = asking(tmp_path, there).ask("H001", "1001", IP)
    assert (reply.code, reply.message, reply.values) == ("0", "成功", {"SYSDATE": "2026-11-20 09:30:00"})
    assert reply.asked < reply.answered
    assert reply.asked.tzinfo is not None
    (request,) = there.requests
    assert request.headers["soapaction"] == '"http://tempuri.org/HealthCardService"'
    assert "<ROOT" in sealed_request(request.body)


def test_connections_are_kept(tmp_path):
    with Destination(hospital()) as there:
        hospitals = asking(tmp_path, there)
        for _ in range(5):
            hospitals.ask("H001", "1001", IP)
    assert {request.connection for request in there.requests} == {1}


def test_a_refusal_of_the_hospital_is_a_reply_not_an_error(tmp_path):
    with Destination(hospital(lambda *_: ("200709", "已约满", {}))) as there:
        reply = asking(tmp_path, there).ask("H001", "2007", BOOK)
    assert (reply.code, reply.message, reply.values) == ("200709", "已约满", {})


def test_codes_go_through_the_tables_in_both_directions(tmp_path):
    seen = {}
    doctor = {"DEPT_ID": "D1", "DOCTOR_ID": "A", "NAME": "测试医生", "REG_FEE": "100", "STATUS": "1"}

    def answer(function, values):
        seen.update(values)
        return "0", "", {"HOS_ID": "22010001", "DOCTOR_LIST": tuple({**doctor, "SEX": sex} for sex in ("1", "2", "0", "9"))}

    tables = 'version: "3.1.2"\ncodes:\n  SEX: {"0": "2", "1": "1", "2": "0", "3": "9"}\n'
    offered = ENTRY.replace('"2003"', '"2002", "2003"')
    with Destination(hospital(answer)) as there:
        hospitals = Hospitals(*adapters(tmp_path, H001=offered.format(address=there.url) + tables), lambda _call: None)
        listed = hospitals.ask("H001", "2002", {"DEPT_ID": "-1", "DOCTOR_ID": "-1"}).values["DOCTOR_LIST"]
        assert [each["SEX"] for each in listed] == ["1", "0", "2", "3"], (
            "their 2 is female, which is 0 in the text; their 0 is unknown"
        )
        there.act = hospital(lambda _f, values: (seen.update(values), ("200709", "", {}))[1])
        hospitals.ask("H001", "2007", BOOK)
    assert seen["SEX"] == "2", "a woman arrives as a woman"


def test_a_code_that_no_table_has_is_told_never_guessed(tmp_path):
    doctor = {"DEPT_ID": "D1", "DOCTOR_ID": "A", "NAME": "测试医生", "REG_FEE": "100", "STATUS": "1", "SEX": "7"}
    offered = ENTRY.replace('"2003"', '"2002", "2003"') + 'codes:\n  SEX: {{"0": "2", "1": "1"}}\n'
    with Destination(hospital(lambda *_: ("0", "", {"HOS_ID": "1", "DOCTOR_LIST": (doctor,)}))) as there:
        hospitals = Hospitals(*adapters(tmp_path, H001=offered.format(address=there.url)), lambda _call: None)
        told = failure(hospitals, "2002", {"DEPT_ID": "-1", "DOCTOR_ID": "-1"})
        assert (told.code, told.unknown) == ("DST-205", True)
        assert "SEX" in told.text
        before = len(there.requests)
        told = failure(hospitals, "1003", {"NAME": "测试患者", "SEX": "3", "BIRTHDAY": "1990-01-01"})
        assert (told.code, told.unknown, len(there.requests)) == ("DST-206", False, before)


REQUEST_XSLT = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:template match="/REQ"><Request><Hospital><xsl:value-of select="HOS_ID"/></Hospital>
<Address><xsl:value-of select="IP"/></Address></Request></xsl:template></xsl:stylesheet>"""
RESPONSE_XSLT = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:template match="/Response"><RES><SYSDATE><xsl:value-of select="Now/@value"/></SYSDATE></RES></xsl:template></xsl:stylesheet>"""


def test_a_hospital_whose_xml_differs_is_spoken_to_through_stylesheets(tmp_path):
    more = 'functions:\n  "1001": {request-xslt: config/institutions/H001/to.xsl, response-xslt: config/institutions/H001/from.xsl}\n'
    folder = tmp_path / "project/config/institutions/H001"
    folder.mkdir(parents=True)
    (folder / "to.xsl").write_text(REQUEST_XSLT, encoding="utf-8")
    (folder / "from.xsl").write_text(RESPONSE_XSLT, encoding="utf-8")
    bodies = []

    def act(sock, request):
        bodies.append(open_request({"PLATFORM": keys()}.get, sealed_request(request.body)).body.decode())
        sealed = seal_reply(keys(), "0", "成功", b'<Response><Now value="2026-11-20 09:30:00"/></Response>')
        sock.sendall(http_reply(envelope("HealthCardService", sealed)))
        return True

    with Destination(act) as there:
        hospitals = asking(tmp_path, there, more)
        with ThreadPoolExecutor(4) as threads:
            replies = list(threads.map(lambda _: hospitals.ask("H001", "1001", IP), range(8)))
    assert {reply.values["SYSDATE"] for reply in replies} == {"2026-11-20 09:30:00"}
    assert "<Request><Hospital>22010001</Hospital>" in bodies[0].replace("\n", "")


WCF = """<?xml version="1.0" encoding="utf-8"?>
<wsdl:definitions targetNamespace="http://tempuri.org/" xmlns:tns="http://tempuri.org/" xmlns:xsd="http://www.w3.org/2001/XMLSchema"
  xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/">
<wsdl:types><xsd:schema targetNamespace="http://tempuri.org/" elementFormDefault="qualified">{elements}</xsd:schema></wsdl:types>
{messages}<wsdl:portType name="IService1">{operations}</wsdl:portType>
<wsdl:binding name="BasicHttpBinding_IService1" type="tns:IService1"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
{bound}</wsdl:binding><wsdl:service name="Service1"><wsdl:port name="BasicHttpBinding_IService1"
binding="tns:BasicHttpBinding_IService1"><soap:address location="http://localhost/Service1.svc"/></wsdl:port></wsdl:service>
</wsdl:definitions>"""


def wcf(*names):
    def each(text):
        return "".join(text.format(n=name) for name in names)

    return WCF.format(
        elements=each(
            '<xsd:element name="{n}"><xsd:complexType><xsd:sequence><xsd:element minOccurs="0" name="requestXml" nillable="true" '
            'type="xsd:string"/></xsd:sequence></xsd:complexType></xsd:element><xsd:element name="{n}Response"><xsd:complexType>'
            '<xsd:sequence><xsd:element minOccurs="0" name="{n}Result" nillable="true" type="xsd:string"/></xsd:sequence>'
            "</xsd:complexType></xsd:element>"
        ),
        messages=each(
            '<wsdl:message name="{n}In"><wsdl:part name="parameters" element="tns:{n}"/></wsdl:message>'
            '<wsdl:message name="{n}Out"><wsdl:part name="parameters" element="tns:{n}Response"/></wsdl:message>'
        ),
        operations=each(
            '<wsdl:operation name="{n}"><wsdl:input message="tns:{n}In"/><wsdl:output message="tns:{n}Out"/></wsdl:operation>'
        ),
        bound=each(
            '<wsdl:operation name="{n}"><soap:operation soapAction="http://tempuri.org/IService1/{n}" style="document"/>'
            '<wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>'
        ),
    )


def test_a_wcf_proxy_has_one_operation_for_each_function(tmp_path):
    folder = tmp_path / "project/config/institutions/H001"
    folder.mkdir(parents=True)
    (folder / "Service1.wsdl").write_text(wcf("NetTest", "CancelReg"), encoding="utf-8")
    entry = ENTRY.split("capabilities")[0] + (
        'capabilities: ["1001", "2009"]\nwsdl: config/institutions/H001/Service1.wsdl\nprofile: SM3\n'
        'functions:\n  "1001": {{operation: NetTest}}\n  "2009": {{operation: CancelReg}}\n'
    )
    sm3 = keys("SM3")
    acts = {name: hospital(with_keys=sm3, operation=name) for name in ("NetTest", "CancelReg")}

    def act(sock, request):
        return acts[request.headers["soapaction"].strip('"').rpartition("/")[2]](sock, request)

    with Destination(act) as there:
        hospitals = Hospitals(*adapters(tmp_path, H001=entry.format(address=there.url)), lambda _call: None)
        assert hospitals.ask("H001", "1001", IP).values["SYSDATE"] == "2026-11-20 09:30:00"
        assert hospitals.ask("H001", "2009", {"ORDER_ID": "1", "CANCEL_DATE": "2026-11-20 09:30:00"}).code == "0"
    assert [request.headers["soapaction"] for request in there.requests] == [
        '"http://tempuri.org/IService1/NetTest"',
        '"http://tempuri.org/IService1/CancelReg"',
    ]
    assert b"requestXml" in there.requests[0].body


def test_namespace_version_and_action_may_differ_from_the_wsdl(tmp_path):
    more = (
        'namespace: Cloud.Xt.Soa.Hlht\nsoap-version: "1.2"\nfunctions:\n  "1001": {soap-action: "Cloud.Xt.Soa.Hlht/PubService"}\n'
    )

    def shape(operation, sealed):
        return envelope(operation, sealed, namespace="Cloud.Xt.Soa.Hlht", space=SOAP12)

    with Destination(hospital(shape=shape)) as there:
        assert asking(tmp_path, there, more).ask("H001", "1001", IP).code == "0"
    (request,) = there.requests
    assert request.headers["content-type"] == 'application/soap+xml; charset=utf-8; action="Cloud.Xt.Soa.Hlht/PubService"'
    assert b'"Cloud.Xt.Soa.Hlht"' in request.body
    assert b"tempuri" not in request.body
    assert SOAP12.encode() in request.body


@pytest.mark.parametrize("how", ["escaped", "CDATA", "as XML", "GBK"])
def test_a_reply_is_read_however_it_was_put_into_the_envelope(tmp_path, how):
    def shape(operation, sealed):
        text = envelope(operation, sealed).decode()
        inner = sealed.decode().partition("?>")[2]
        start, end = text.index("<HealthCardServiceResult>") + 25, text.index("</HealthCardServiceResult>")
        if how == "CDATA":
            return (text[:start] + f"<![CDATA[{inner.replace(']]>', ']]]]><![CDATA[>')}]]>" + text[end:]).encode()
        if how == "as XML":
            return (text[:start] + inner + text[end:]).encode()
        return text.replace("utf-8", "GBK").encode("gbk") if how == "GBK" else text.encode()

    with Destination(hospital(lambda *_: ("200701", "不符合医院规则", {}), shape=shape)) as there:
        reply = asking(tmp_path, there).ask("H001", "2007", BOOK)
    assert (reply.code, reply.message) == ("200701", "不符合医院规则")


FAULT = "<s:Fault><faultcode>s:{}</faultcode><faultstring>oops</faultstring></s:Fault>"


def soap(body):
    return f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{body}</s:Body></s:Envelope>'.encode()


def said(sealed):
    return http_reply(envelope("HealthCardService", sealed))


@pytest.mark.parametrize(
    ("reply", "kind", "code", "unknown"),
    [
        pytest.param(http_reply(b"<html>login</html>", media="text/html"), Unavailable, "DST-104", True, id="login page"),
        pytest.param(http_reply(b"\x00\xff garbage"), Unavailable, "DST-104", True, id="garbage in HTTP"),
        pytest.param(b"garbage\r\n\r\n", Unavailable, "DST-104", True, id="garbage instead of HTTP"),
        pytest.param(http_reply(b"oops", "500 Error"), Unavailable, "DST-103", True, id="500"),
        pytest.param(http_reply(b"oops", "503 Busy"), Unavailable, "DST-103", True, id="503"),
        pytest.param(http_reply(b"oops", "504 Gateway"), Unavailable, "DST-103", True, id="504"),
        pytest.param(http_reply(b"", "429 Slow"), Unavailable, "DST-103", False, id="429"),
        pytest.param(http_reply(b"", "404 Nothing"), Rejected, "DST-202", False, id="404"),
        pytest.param(http_reply(b"", "302 Found", Location="http://127.0.0.1/"), Rejected, "DST-202", False, id="redirect"),
        pytest.param(http_reply(soap(FAULT.format("Server")), "500 Error"), Unavailable, "DST-103", True, id="fault Server"),
        pytest.param(http_reply(soap(FAULT.format("Client")), "500 Error"), Rejected, "DST-201", True, id="fault Client"),
        pytest.param(http_reply(soap("<Other/>")), Rejected, "DST-205", True, id="another element"),
        pytest.param(said(b"not XML"), Rejected, "DST-205", True, id="no ROOT"),
        pytest.param(said(refusal("4", "调用方不存在")), Rejected, "DST-204", True, id="not signed"),
        pytest.param(
            said(seal_reply(keys(encryption="x" * 16), "0", "", b"<RES/>")), Rejected, "DST-204", True, id="another key"
        ),
        pytest.param(
            said(seal_reply(keys(), "0", "", b"<RES/>").replace(b"[0]", b"[1]")), Rejected, "DST-204", True, id="touched"
        ),
        pytest.param(
            said(seal_reply(keys("SM3"), "0", "", b"<RES/>", nonce="a" * 32)), Rejected, "DST-204", True, id="other profile"
        ),
        pytest.param(said(seal_reply(keys(), "0", "", b"<RES/>")), Rejected, "DST-205", True, id="a value is missing"),
        pytest.param(said(seal_reply(keys(), "0", "", b"")), Rejected, "DST-205", True, id="empty where something is due"),
    ],
)
def test_what_is_no_whole_and_signed_reply_leaves_open_what_the_hospital_did(tmp_path, reply, kind, code, unknown):
    seen = []
    with Destination(saying(reply)) as there:
        told = failure(asking(tmp_path, there, observe=seen.append))
    assert (type(told), told.code, told.unknown) == (kind, code, unknown)
    assert [call.outcome for call in seen] == [code]


def test_a_reply_to_another_question_is_refused_in_profile_sm3(tmp_path):
    old = said(seal_reply(keys("SM3"), "0", "成功", b"<RES><SYSDATE>2026-11-20</SYSDATE></RES>", nonce="0123456789abcdef"))
    with Destination(saying(old)) as there:
        told = failure(asking(tmp_path, there, "profile: SM3\n"))
    assert (told.code, told.unknown) == ("DST-204", True)


def test_a_hospital_that_is_not_there_was_surely_not_asked(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    told = failure(asking(tmp_path, f"http://127.0.0.1:{port}/"))
    assert (told.code, told.unknown) == ("DST-101", False)


def test_what_cannot_be_asked_is_not_asked(tmp_path):
    with Destination(hospital()) as there:
        hospitals = asking(tmp_path, there)
        for arguments in [("1001", IP, "H999"), ("8001", {}, "H001"), ("2007", {**BOOK, "REG_FEE": "1.00"}, "H001")]:
            told = failure(hospitals, *arguments)
            assert (type(told), told.code, told.unknown) == (Rejected, "DST-206", False)
    assert there.requests == []


def test_a_half_open_connection_ends_at_the_deadline_and_may_have_arrived(tmp_path):
    gate = threading.Event()
    with Destination(lambda *_: gate.wait(5) and False) as there:
        started = time.monotonic()
        told = failure(asking(tmp_path, there, 'functions:\n  "1001": {deadline: 500ms}\n'))
        took = time.monotonic() - started
        gate.set()
    assert (told.code, told.unknown) == ("DST-102", True)
    assert 0.4 < took < 1.5


def dripping(sock, _request):
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        sock.sendall(b"<")
        time.sleep(0.05)
    return False


def test_a_hospital_that_drips_passes_no_deadline_and_delays_no_other(tmp_path):
    with Destination(dripping) as slow, Destination(hospital()) as quick:
        slower = ENTRY.format(address=slow.url).replace("deadline: 2s", "deadline: 1s") + "parallel: 3\n"
        hospitals = Hospitals(
            *adapters(tmp_path, SLOW=slower, QUICK=ENTRY.format(address=quick.url)), lambda _call: None, together=6, patience=0.3
        )

        def drip(_number):
            started = time.monotonic()
            told = failure(hospitals, institution="SLOW")
            return told.code, time.monotonic() - started

        with ThreadPoolExecutor(20) as threads:
            slow_ones = [threads.submit(drip, number) for number in range(12)]
            time.sleep(0.1)
            quick_ones = []
            for _ in range(20):
                started = time.monotonic()
                assert hospitals.ask("QUICK", "1001", IP).code == "0"
                quick_ones.append(time.monotonic() - started)
            results = [future.result() for future in slow_ones]
    assert max(quick_ones) < 0.9, "the other hospital was not delayed"
    codes = [code for code, _ in results]
    assert (codes.count("DST-102"), codes.count("DST-106")) == (3, 9), "three under way, the others gave up their place"
    assert max(took for _, took in results) < 2.0


def test_many_hospitals_that_drip_at_once_leave_room_for_all_others(tmp_path):
    with Destination(dripping) as slow, Destination(hospital()) as quick:
        away = {f"SLOW{n}": ENTRY.format(address=slow.url).replace("deadline: 2s", "deadline: 1s") for n in range(6)}
        hospitals = Hospitals(
            *adapters(tmp_path, QUICK=ENTRY.format(address=quick.url), **away), lambda _call: None, together=16, patience=0.5
        )
        with ThreadPoolExecutor(40) as threads:
            slow_ones = [threads.submit(failure, hospitals, institution=f"SLOW{n % 6}") for n in range(36)]
            time.sleep(0.2)
            took = []
            for _ in range(20):
                started = time.monotonic()
                assert hospitals.ask("QUICK", "1001", IP).code == "0"
                took.append(time.monotonic() - started)
            codes = [future.result().code for future in slow_ones]
    assert max(took) < 0.9
    assert 8 <= codes.count("DST-102") < 16, "four and four held their turns before half was taken, then one each"


def test_the_breaker_stops_asking_and_one_question_finds_out_that_it_is_back(tmp_path):
    with Destination(saying(http_reply(b"oops", "500 Error"))) as there:
        hospitals = asking(tmp_path, there)
        assert [failure(hospitals).code for _ in range(7)] == ["DST-103"] * 5 + ["DST-106"] * 2
        assert (len(there.requests), hospitals.away("H001")) == (5, True)
        there.act = hospital()
        time.sleep(1.05)
        assert hospitals.ask("H001", "1001", IP).code == "0"
        assert not hospitals.away("H001")


def test_a_refusal_does_not_open_the_breaker(tmp_path):
    with Destination(hospital(lambda *_: ("99", "系统错误", {}))) as there:
        hospitals = asking(tmp_path, there)
        assert {hospitals.ask("H001", "1001", IP).code for _ in range(10)} == {"99"}


def test_calls_a_minute_are_bounded_and_the_pause_is_told(tmp_path):
    with Destination(hospital()) as there:
        hospitals = asking(tmp_path, there, "rate: 3\n")
        for _ in range(3):
            hospitals.ask("H001", "1001", IP)
        told = failure(hospitals)
        assert isinstance(told, Unavailable)
        assert (told.code, told.unknown, len(there.requests)) == ("DST-106", False, 3)
        assert 50 < told.retry_after <= 60


def test_what_is_noted_of_a_call_names_hospital_function_and_outcome_and_nothing_of_the_person(tmp_path):
    seen = []
    with Destination(hospital(lambda *_: ("200709", "已约满", {}))) as there:
        asking(tmp_path, there, observe=seen.append).ask("H001", "2007", BOOK)
    (call,) = seen
    assert (call.institution, call.function, call.outcome, call.certificate_until) == ("H001", "2007", "200709", None)
    assert 0 < call.seconds < 2


def test_a_new_set_of_adapters_is_taken_up_whole_or_not_at_all(tmp_path):
    with Destination(hospital()) as old, Destination(hospital()) as new:
        hospitals = asking(tmp_path, old)
        hospitals.ask("H001", "1001", IP)
        root = project(
            tmp_path, H001=ENTRY.format(address=new.url), H002=ENTRY.format(address=new.url).replace("his-a-key", "no-key")
        )
        with pytest.raises(ConfigError) as told:
            hospitals.renew(load_adapters(root), around(root))
        assert [(f.code, f.file) for f in told.value.faults] == [("CFG-042", "config/institutions/H002/adapter.yaml")]
        hospitals.ask("H001", "1001", IP)
        assert (len(old.requests), len(new.requests)) == (2, 0)
        (root / "config/institutions/H002/adapter.yaml").unlink()
        hospitals.renew(load_adapters(root), around(root))
        hospitals.ask("H001", "1001", IP)
        assert (len(old.requests), len(new.requests)) == (2, 1)


def test_a_look_at_the_hospitals_wsdl_says_what_changed(tmp_path):
    pinned = (tmp_path / "project/wsdl/hospital/HospitalService.wsdl", b'http://tempuri.org/HealthCardService" style')

    def wsdl(change=lambda text: text):
        return saying(http_reply(change(pinned[0].read_bytes())))

    with Destination(hospital()) as there:
        hospitals = asking(tmp_path, there)
        there.act = wsdl()
        assert hospitals.look("H001") == []
        there.act = wsdl(lambda text: text.replace(pinned[1], b'urn:other" style'))
        (only,) = hospitals.look("H001")
        assert only.endswith("改为 urn:other")
        there.act = saying(http_reply(b"no", "404 Not Found"))
        with pytest.raises(Rejected):
            hospitals.look("H001")
    assert {request.line for request in there.requests} == {"GET /receive?wsdl HTTP/1.1"}


RPC = """<?xml version="1.0" encoding="utf-8"?>
<wsdl:definitions targetNamespace="urn:his" xmlns:tns="urn:his" xmlns:xsd="http://www.w3.org/2001/XMLSchema"
  xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/">
<wsdl:message name="In"><wsdl:part name="xml" type="xsd:string"/></wsdl:message>
<wsdl:message name="Out"><wsdl:part name="return" type="xsd:string"/></wsdl:message>
<wsdl:portType name="His"><wsdl:operation name="PubService"><wsdl:input message="tns:In"/><wsdl:output message="tns:Out"/>
</wsdl:operation></wsdl:portType><wsdl:binding name="His" type="tns:His">
<soap:binding style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/><wsdl:operation name="PubService">
<soap:operation soapAction="urn:his#PubService"/><wsdl:input><soap:body use="literal" namespace="urn:his"/></wsdl:input>
<wsdl:output><soap:body use="literal" namespace="urn:his"/></wsdl:output></wsdl:operation></wsdl:binding>
<wsdl:service name="His"><wsdl:port name="His" binding="tns:His"><soap:address location="http://localhost/"/></wsdl:port>
</wsdl:service></wsdl:definitions>"""


def test_an_old_service_of_rpc_style_is_called_as_its_wsdl_says(tmp_path):
    folder = tmp_path / "project/config/institutions/H001"
    folder.mkdir(parents=True)
    (folder / "his.wsdl").write_text(RPC, encoding="utf-8")

    def shape(operation, sealed):
        text = envelope(operation, sealed, namespace="urn:his", result="return").decode()
        return text.replace("<return>", '<return xmlns="">').encode()

    more = "wsdl: config/institutions/H001/his.wsdl\noperation: PubService\n"
    with Destination(hospital(operation="PubService", shape=shape)) as there:
        assert asking(tmp_path, there, more).ask("H001", "1001", IP).values["SYSDATE"] == "2026-11-20 09:30:00"
    assert b"PubService" in there.requests[0].body


class Secure(Destination):
    """A destination that speaks TLS only."""

    def __init__(self, act, context):
        super().__init__(act)
        self._context = context

    def _serve(self, sock, number):
        with contextlib.suppress(ssl.SSLError):  # who does not trust the certificate ends the handshake
            super()._serve(self._context.wrap_socket(sock, server_side=True), number)


def test_over_tls_the_end_of_the_certificate_is_noted(tmp_path):
    root = project(tmp_path)
    names = ["-subj", "/CN=his", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "20"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", root / "key.pem", "-out", root / "cert.pem", *names],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(root / "cert.pem", root / "key.pem")
    seen = []
    with Secure(hospital(), context) as there:
        address = there.url.replace("http:", "https:")
        hospitals = asking(tmp_path, address, "trust: cert.pem\n", seen.append)
        for _ in range(2):
            assert hospitals.ask("H001", "1001", IP).code == "0"
        stranger = failure(asking(tmp_path, address))
    assert {round((call.certificate_until - call.at).total_seconds() / 86400) for call in seen} == {20}
    assert (stranger.code, stranger.unknown) == ("DST-101", False)


BOMB = b'<!DOCTYPE RES [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><RES><SYSDATE>&b;</SYSDATE></RES>'


@pytest.mark.parametrize("styled", [False, True], ids=["as it is", "through a stylesheet"])
@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        b"<RES>" + b"<A>" * 5000 + b"</A>" * 5000 + b"</RES>",
        b"<RES>" + b"<A/>" * 500_000 + b"</RES>",
        b"<RES",
        b"\xff\xfe\x00",
    ],
    ids=["entities", "deep", "many", "torn", "no text"],
)
def test_hostile_xml_inside_the_envelope_is_refused(tmp_path, body, styled):
    folder = tmp_path / "project/config/institutions/H001"
    folder.mkdir(parents=True)
    (folder / "from.xsl").write_text(RESPONSE_XSLT, encoding="utf-8")
    more = 'functions:\n  "1001": {response-xslt: config/institutions/H001/from.xsl}\n' if styled else ""
    with Destination(hospital(lambda *_: ("0", "", body))) as there:
        told = failure(asking(tmp_path, there, more))
    assert (told.code, told.unknown) == ("DST-205", True)
