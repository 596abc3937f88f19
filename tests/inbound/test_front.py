"""The front finds what a path names and answers everything, also our own failures, as contracts.md says."""

import json

import pytest

from engine.errors import Issue, OverQuota, SenderError, TryAgain
from engine.inbound.calling import Service
from engine.inbound.collection import COLLECTION
from engine.inbound.front import build_front
from tests.support.front import WSDL_FOLDER, Echo, handbook, handlers
from tests.support.soap import BASIC, PATH, SOAP, TNS, UPLOAD, ask, call, post, request


def get(front, path, *headers, method="GET"):
    return ask(front, request(b"", *headers, method=method, path=path), head_only=method == "HEAD")


@pytest.mark.parametrize("query", ["wsdl", "WSDL", "singleWsdl", "wsdl=1", "wsdl&x"])
def test_the_wsdl_is_served_byte_for_byte_but_for_its_address(front, query):
    answer = get(front, f"{PATH}?{query}")
    address = b"http://127.0.0.1:8080/services/collection/CODE"
    written = (WSDL_FOLDER / "DataCollection.wsdl").read_bytes()
    assert (answer.status, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert answer.body == written.replace(address, b"http://engine.test:8080/services/collection/H001")
    assert written.count(address) == 1


def test_the_soap_1_2_twin_is_served_at_wsdl12(front):
    body = get(front, f"{PATH}?wsdl12").body
    assert b"http://schemas.xmlsoap.org/wsdl/soap12/" in body
    assert b'soap12:address location="http://engine.test:8080/services/collection/H001"' in body


def test_the_address_follows_the_host_of_each_request(front):
    for host in ("a.test", "[::1]:8080", "10.1.2.3:90"):
        raw = f"GET {PATH}?wsdl HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        assert f'location="http://{host}{PATH}"'.encode() in ask(front, raw).body


@pytest.mark.parametrize("host", ['a"><x', "a b", "a/../b", ""])
def test_a_host_that_is_no_host_never_reaches_the_wsdl(front, host):
    raw = f"GET {PATH}?wsdl HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    answer = ask(front, raw)
    assert answer.status == 400 or f'location="http://127.0.0.1:{front.port}{PATH}"'.encode() in answer.body


def test_a_configured_address_wins(start_front):
    front = start_front(base_address="https://hip.jl.example/")
    assert b'location="https://hip.jl.example/services/collection/H001"' in get(front, f"{PATH}?wsdl").body


def test_head_is_answered_like_get_without_a_body(front):
    with front.connect() as connection:
        connection.sendall(request(b"", method="HEAD", path=f"{PATH}?wsdl"))
        connection.shutdown(1)
        raw = connection.makefile("rb").read()
    assert raw.startswith(b"HTTP/1.1 200")
    assert raw.endswith(b"\r\n\r\n")


def test_the_page_of_services_lists_each_with_its_wsdls(front):
    for path in ("/services/", "/services"):
        answer = get(front, path)
        page = answer.body.decode()
        assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "数据采集服务" in page
        assert "/services/collection/{机构代码}" in page
        assert "?wsdl12" in page


@pytest.mark.parametrize(("good", "status", "said"), [(True, 200, "ok"), (False, 503, "unavailable"), (None, 503, "unavailable")])
def test_health_is_good_only_when_the_store_can_be_written(front, good, status, said):
    front.healthy = good
    answer = get(front, "/health")
    assert (answer.status, json.loads(answer.body)) == (status, {"status": said})


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", PATH, "POST"),
        ("PUT", PATH, "GET, HEAD, POST"),
        ("DELETE", PATH, "GET, HEAD, POST"),
        ("POST", "/health", "GET, HEAD"),
        ("POST", "/services/", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_405_and_told_the_right_ones(front, method, path, allowed):
    answer = get(front, path, method=method)
    assert (answer.status, answer.code, answer.headers["allow"]) == (405, "SND-301", allowed)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/services/nothing",
        "/services/collection",
        "/services/collection/",
        "/services/collection/H001/x",
        "/services/collection/H001/../../etc",
    ],
)
def test_an_unknown_path_is_404_as_a_fault(front, path):
    for answer in (post(front, call("Heartbeat"), path=path), get(front, path)):
        assert (answer.status, answer.code) == (404, "SND-317")


def test_a_fault_has_its_version_code_message_hint_and_trace(front):
    issue = Issue(code="SND-311", message="时间不对<&>", hint="改成 yyyy-MM-dd。", path="/Envelope/Body/QualityReport/from")
    front.echo.answers["QualityReport"] = SenderError(issue)
    for version, status in (("1.1", 500), ("1.2", 400)):
        answer = post(front, call("QualityReport", "<from>x</from><to>y</to>", version=version))
        fault = answer.tree.find(f".//{{{SOAP[version]}}}Fault")
        detail = fault.find(".//{urn:changbai:fault:1}error")
        assert answer.status == status
        assert [(each.tag.split("}")[1], each.text) for each in detail] == [
            ("code", "SND-311"),
            ("message", "时间不对<&>"),
            ("path", "/Envelope/Body/QualityReport/from"),
            ("hint", "改成 yyyy-MM-dd。"),
            ("trace", answer.headers["x-trace-id"]),
        ]
    assert answer.text("Value") == "soap:Sender"


def test_try_again_is_503_with_a_pause_and_server(front):
    front.echo.answers["Upload"] = TryAgain("disk is full: /var/data", retry_after=7)
    answer = post(front, call("Upload", UPLOAD))
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "ENG-503", "7")
    assert answer.text("faultcode") == "soap:Server"
    assert b"disk" not in answer.body


def test_over_quota_is_429_with_a_pause(front):
    front.echo.answers["Upload"] = OverQuota(Issue(code="SND-610", message="超过配额。"), retry_after=7)
    answer = post(front, call("Upload", UPLOAD))
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (429, "SND-610", "7")


@pytest.mark.parametrize("failure", [RuntimeError("select secret from /root"), {"strange": 1}, {"issues": 5}])
def test_our_own_failure_is_500_with_an_id_and_nothing_of_its_cause(front, failure, capfd):
    front.echo.answers["Upload"] = failure
    answer = post(front, call("Upload", UPLOAD, version="1.2"))
    assert (answer.status, answer.code, answer.text("Value")) == (500, "ENG-000", "soap:Receiver")
    assert answer.headers["x-trace-id"] in answer.text("message")
    for word in (b"secret", b"strange", b"Traceback", b".py"):
        assert word not in answer.body
    logged = [line for line in capfd.readouterr().err.splitlines() if answer.headers["x-trace-id"] in line]
    assert len(logged) == 1
    assert "H4sIAA" not in logged[0]


def test_what_came_of_each_request_is_told_for_the_metrics(front):
    post(front, call("Upload", UPLOAD))
    post(front, call("Upload"))
    post(front, "<a/>")
    assert [(each.operation, each.institution, each.status, each.code) for each in front.observed] == [
        ("Upload", "H001", 200, ""),
        ("Upload", "H001", 500, "SND-310"),
        ("", "", 500, "SND-306"),
    ]
    assert all(each.service == "DataCollection" and 0 < each.seconds < 5 and each.peer == "127.0.0.1" for each in front.observed)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_soap_actions_are_never_looked_at(front, version):
    for action in ('"urn:other:Revoke"', '""', "*", "Heartbeat"):
        assert post(front, call("Heartbeat", version=version), f"SOAPAction: {action}").status == 200


def test_answers_are_in_utf_8_and_not_compressed(front):
    answer = post(front, call("ListDocumentTypes"), "Accept-Encoding: gzip", "Accept-Charset: gbk")
    assert "content-encoding" not in answer.headers
    assert "门诊病历".encode() in answer.body


def test_basic_credentials_need_no_header_at_all(front):
    assert post(front, call("Upload", UPLOAD, header=""), BASIC).status == 200


def test_an_empty_list_keeps_its_wrapper_and_what_is_absent_has_no_element(front):
    answer = post(front, call("Upload", UPLOAD))
    result = answer.tree.find(f".//{{{TNS}}}UploadResult")
    assert [each.tag.split("}")[1] for each in result] == ["receipt", "status", "code", "message", "duplicate", "issues"]
    assert post(front, call("QueryReceipt", "<receipt>1</receipt>")).tree.find(f".//{{{TNS}}}deliveries") is None


def test_a_front_is_not_built_for_a_contract_with_an_operation_nobody_answers():
    echo = Echo()
    few = {name: handler for name, handler in handlers(echo).items() if name != "Revoke"}
    with pytest.raises(ValueError, match="no handler for Revoke"):
        build_front(
            {"/s": Service(contract=COLLECTION, handlers=few)},
            admit=echo.admit,
            health=echo.admit,
            wsdl_folder=WSDL_FOLDER,
            handbook=handbook(),
        )
