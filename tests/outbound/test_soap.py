"""A SOAP delivery counts only when the reply says what was agreed; every other reply is told by its code."""

import base64
import gzip
import re

import pytest

from engine.errors import Rejected, Unavailable
from engine.outbound.connector import Unfit
from engine.outbound.soap import SoapConnector, SoapEndpoint
from engine.outbound.values import message_id
from tests.outbound.conftest import SOAP12, WSDL, envelope, receipt, soap_entry
from tests.support.destination import Destination, a_message, http_reply, saying

MESSAGE = a_message(content='<?xml version="1.0" encoding="UTF-8"?><病历>测试患者 𠮷 &amp; &lt;</病历>'.encode())
NUMBER = message_id(MESSAGE)


def connector(url, around, **changes):
    return SoapConnector(SoapEndpoint.model_validate(soap_entry(url, **changes)), around)


def sent_to(reply, around, message=MESSAGE, **changes):
    """Send one message to a receiver that answers with these bytes; give the reply and the request."""
    with Destination(saying(reply)) as there:
        answer = connector(there.url, around, **changes).send(message)
    return answer, there.requests[0]


def refused(reply, around, **changes):
    with pytest.raises((Unavailable, Rejected)) as caught:
        sent_to(reply, around, **changes)
    return caught.value


def field(request, name):
    found = re.search(rf"<(?:\w+:)?{name}>(.*?)</", request.body.decode(), re.DOTALL)
    return found[1] if found else None


def test_a_document_arrives_packed_with_its_facts_and_the_message_id(around):
    answer, request = sent_to(http_reply(receipt(NUMBER)), around)
    assert gzip.decompress(base64.b64decode(field(request, "payload"))) == MESSAGE.document.content
    assert (field(request, "messageId"), field(request, "documentType"), field(request, "documentId")) == (NUMBER, "C0002", "D1")
    assert request.headers["soapaction"] == '"urn:changbai:receiver:1:Receive"'
    assert request.headers["content-type"] == "text/xml; charset=utf-8"
    assert request.headers["x-message-id"] == NUMBER
    assert (answer.text, answer.remote_id) == ("ReceiveResult.code=0", "N-7")


def test_a_resend_bears_the_same_message_id_and_changed_content_another():
    assert message_id(a_message()) == message_id(a_message())
    assert message_id(a_message()) != message_id(a_message(content=b"<other/>"))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_document_of_any_encoding_goes_out_as_text_without_its_declaration(around, encoding):
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n<病历>测试患者</病历>'
    message = a_message(content=text.encode(encoding))
    _, request = sent_to(
        http_reply(receipt(message_id(message))), around, message, body={"messageId": "message-id", "payload": "document"}
    )
    assert field(request, "payload") == "&lt;病历&gt;测试患者&lt;/病历&gt;"


def test_the_message_id_can_ride_in_the_soap_header(around):
    _, request = sent_to(http_reply(receipt(NUMBER)), around, **{"message-header": True})
    assert f'="urn:changbai:delivery:1">{NUMBER}</' in request.body.decode().split("Body", maxsplit=1)[0]


def test_a_soap_12_port_is_spoken_to_in_soap_12(around, tmp_path):
    old, new = "http://schemas.xmlsoap.org/wsdl/soap/", "http://schemas.xmlsoap.org/wsdl/soap12/"
    (tmp_path / "twelve.wsdl").write_text((around.root / WSDL).read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    twelve = type(around)(tmp_path, around.data, around.secrets)
    answer, request = sent_to(http_reply(receipt(NUMBER, space=SOAP12), media="application/soap+xml"), twelve, wsdl="twelve.wsdl")
    assert request.headers["content-type"].startswith("application/soap+xml; charset=utf-8; action=")
    assert SOAP12 in request.body.decode()
    assert answer.remote_id == "N-7"


def test_secrets_are_sent_but_stand_only_under_their_names(around):
    signature = {"user": "changbai", "secret": "his-password"}
    answer, request = sent_to(
        http_reply(receipt(NUMBER)), around, signature=signature, login=signature, secrets={"institution": "his-password"},
        body={"messageId": "message-id"},
    )  # fmt: skip
    assert ">correct-horse</" in request.body.decode()
    assert field(request, "institution") == "correct-horse"
    assert base64.b64decode(request.headers["authorization"].split()[1]) == b"changbai:correct-horse"
    assert "correct-horse" not in answer.text


XXE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
BOMB = "<!DOCTYPE a [" + "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9)) + "]><a>&l9;</a>"
FAULT11 = "<s:Fault><faultcode>{}</faultcode><faultstring>说明</faultstring></s:Fault>"
FAULT12 = "<s:Fault><s:Code><s:Value>s:{}</s:Value></s:Code><s:Reason><s:Text>说明</s:Text></s:Reason></s:Fault>"


@pytest.mark.parametrize(
    ("reply", "code", "unknown"),
    [
        pytest.param(http_reply(b"<html><body>login</body></html>", media="text/html"), "DST-104", True, id="login page"),
        pytest.param(http_reply(b"<!DOCTYPE html><html></html>", media="text/html"), "DST-104", True, id="login page, HTML 5"),
        pytest.param(http_reply(b""), "DST-104", True, id="empty"),
        pytest.param(http_reply(b"", "202 Accepted"), "DST-203", False, id="202"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", "DST-203", False, id="204"),
        pytest.param(http_reply(receipt(NUMBER)[:-40]), "DST-104", True, id="XML cut short"),
        pytest.param(http_reply(receipt(NUMBER, target="http://tempuri.org/")), "DST-203", False, id="wrong namespace"),
        pytest.param(http_reply(receipt("20261122-000000000009-aaaaaaaa")), "DST-203", False, id="ack of another message"),
        pytest.param(http_reply(receipt(NUMBER, code="9")), "DST-203", False, id="another code"),
        pytest.param(
            http_reply(envelope("<r:ReceiveResponse xmlns:r='urn:changbai:receiver:1'/>")), "DST-203", False, id="no result"
        ),
        pytest.param(http_reply(envelope("")), "DST-104", True, id="empty Body"),
        pytest.param(http_reply(envelope("<Other xmlns='urn:changbai:receiver:1'/>")), "DST-203", False, id="another element"),
        pytest.param(http_reply(XXE.encode() + receipt(NUMBER)), "DST-104", True, id="XXE"),
        pytest.param(http_reply(BOMB.encode()), "DST-104", True, id="entity bomb"),
        pytest.param(http_reply((XXE + "<a/>").encode("utf-16")), "DST-104", True, id="DOCTYPE in UTF-16"),
        pytest.param(http_reply(envelope(FAULT11.format("s:Client"))), "DST-201", False, id="fault Client in HTTP 200"),
        pytest.param(http_reply(envelope(FAULT11.format("s:Client.Data")), "500 Error"), "DST-201", False, id="fault Client"),
        pytest.param(http_reply(envelope(FAULT11.format("s:Server")), "500 Error"), "DST-103", False, id="fault Server"),
        pytest.param(http_reply(envelope(FAULT12.format("Sender"), SOAP12), "400 Bad"), "DST-201", False, id="fault Sender"),
        pytest.param(
            http_reply(envelope(FAULT12.format("Receiver"), SOAP12), "500 Error"), "DST-103", False, id="fault Receiver"
        ),
        pytest.param(http_reply(b"<h1>oops</h1>", "500 Error", "text/html"), "DST-103", False, id="500 without fault"),
        pytest.param(http_reply(b"<h1>oops</h1>", "400 Bad", "text/html"), "DST-202", False, id="400 without fault"),
        pytest.param(http_reply(receipt(NUMBER), "500 Error"), "DST-103", False, id="500 with a good answer"),
        pytest.param(http_reply(receipt(NUMBER), "401 Unauthorized"), "DST-202", False, id="401"),
    ],
)
def test_no_reply_but_the_agreed_one_counts_as_delivered(around, reply, code, unknown):
    error = refused(reply, around)
    assert (error.code, error.unknown) == (code, unknown)


def test_an_entity_in_a_reply_fetches_nothing(around):
    with Destination(saying(http_reply(b"canary"))) as canary:
        refused(http_reply(f'<!DOCTYPE a SYSTEM "{canary.url}"><a/>'.encode()), around)
    assert canary.requests == []


@pytest.mark.parametrize(
    ("changes", "code", "at"),
    [
        ({"operation": "Recieve"}, "CFG-011", ("operation",)),
        ({"service": "Nobody"}, "CFG-011", ("service",)),
        ({"port": "Nobody"}, "CFG-011", ("port",)),
        ({"wsdl": "wsdl/hospital/Nothing.wsdl"}, "CFG-020", ("wsdl",)),
        ({"wsdl": "../../etc/passwd"}, "CFG-020", ("wsdl",)),
        ({"wsdl": "pyproject.toml"}, "CFG-027", ("wsdl",)),
        ({"body": {"patientId": "resident-id"}}, "CFG-011", ("body",)),
        ({"accept": {"ReceiveResult.kode": ["0"]}}, "CFG-011", ("accept", "ReceiveResult.kode")),
        ({"echo": "messageId"}, "CFG-011", ("echo",)),
        ({"login": {"user": "u", "secret": "nowhere"}}, "CFG-042", ("login", "secret")),
    ],
)
def test_an_entry_that_does_not_fit_is_found_before_the_first_delivery(around, changes, code, at):
    with pytest.raises(Unfit) as caught:
        connector("http://127.0.0.1:9/", around, **changes)
    assert (caught.value.code, caught.value.at) == (code, at)


@pytest.mark.parametrize("location", ["http://127.0.0.1:{}/types.xsd", "/etc/passwd", "../../outside.xsd"])
def test_a_wsdl_that_imports_from_outside_the_project_is_refused_and_nothing_fetched(around, tmp_path, location):
    with Destination(saying(http_reply(b"<a/>"))) as canary:
        text = (around.root / WSDL).read_text(encoding="utf-8")
        place = location.format(canary.port)
        added = f'<xsd:import namespace="urn:other" schemaLocation="{place}"/>'
        (tmp_path / "deep").mkdir()
        wsdl = text.replace('elementFormDefault="qualified">', f'elementFormDefault="qualified">{added}', 1)
        (tmp_path / "deep" / "r.wsdl").write_text(wsdl, encoding="utf-8")
        inside = type(around)(tmp_path / "deep", around.data, around.secrets)
        with pytest.raises(Unfit) as caught:
            connector("http://127.0.0.1:9/", inside, wsdl="r.wsdl")
    assert caught.value.code == "CFG-027"
    assert canary.requests == []
