"""A client generated from our WSDL uploads with every form of credential, in both SOAP versions."""

import gzip

import pytest
import requests
import zeep
from zeep.transports import Transport
from zeep.wsse.username import UsernameToken

from tests.support.front import PASSWORD

DOCUMENT = {"documentType": "C0002", "documentId": "D1"}


def client(front, query="wsdl", *, session=None, **kwargs):
    address = f"http://127.0.0.1:{front.port}/services/collection/H001?{query}"
    return zeep.Client(address, transport=Transport(session=session or requests.Session()), **kwargs)


def with_basic():
    session = requests.Session()
    session.auth = ("H001", PASSWORD)
    return session


@pytest.mark.parametrize("query", ["wsdl", "wsdl12"])
def test_zeep_uploads_with_a_username_token(front, query):
    result = client(front, query, wsse=UsernameToken("H001", PASSWORD)).service.Upload(**DOCUMENT, payload="H4sI")
    assert (result.receipt, result.status, result.duplicate) == ("20260101-abc", "accepted", False)
    assert front.echo.calls[0][1] == {**DOCUMENT, "payload": "H4sI"}


@pytest.mark.parametrize("query", ["wsdl", "wsdl12"])
def test_zeep_uploads_with_our_own_header(front, query):
    ours = {"credentials": {"institution": "H001", "password": PASSWORD}}
    result = client(front, query).service.Upload(**DOCUMENT, payload="H4sI", _soapheaders=ours)
    assert result.receipt == "20260101-abc"
    assert [each.kind for each in front.echo.claims[0][0].found] == ["header"]


@pytest.mark.parametrize("query", ["wsdl", "wsdl12", "singleWsdl"])
def test_zeep_uploads_with_http_basic(front, query):
    assert client(front, query, session=with_basic()).service.Upload(**DOCUMENT, payload="H4sI").receipt == "20260101-abc"


def test_zeep_sends_bytes_and_lists_and_reads_lists(front):
    service = client(front, session=with_basic()).service
    packed = gzip.compress("测试患者".encode())
    service.UploadBinary(**DOCUMENT, payload=packed)
    assert front.echo.calls[-1][1]["payload"] == packed
    counts = {"count": [{"documentType": "C0002", "sent": 2, "documentIds": {"documentId": ["a", "b"]}}]}
    service.Reconcile(date="2026-01-01", counts=counts)
    assert front.echo.calls[-1][1]["counts"] == [{"documentType": "C0002", "sent": 2, "documentIds": ["a", "b"]}]
    (kind,) = service.ListDocumentTypes().type
    assert (kind.code, kind.name) == ("C0002", "门诊病历")


@pytest.mark.parametrize(("query", "party"), [("wsdl", "soap:Client"), ("wsdl12", "soap:Sender")])
def test_zeep_reads_our_faults(front, query, party):
    with pytest.raises(zeep.exceptions.Fault) as caught:
        client(front, query, session=with_basic()).service.Upload(documentType="C0002")
    assert caught.value.code == party
    assert "documentId" in caught.value.message
    assert caught.value.detail.findtext(".//{urn:changbai:fault:1}code") == "SND-310"
