"""What the tests of the doors out share: surroundings, a SOAP entry, and the reply of a receiver that took it."""

from pathlib import Path

import pytest

from engine.outbound.connector import Secrets, Surroundings

ROOT = Path(__file__).resolve().parent.parent.parent
WSDL = "wsdl/hospital/DocumentReceiver.wsdl"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"


@pytest.fixture
def around(tmp_path):
    return Surroundings(
        root=ROOT, data=tmp_path, secrets=Secrets(tmp_path / "secrets", {"ENGINE_SECRET_HIS_PASSWORD": "correct-horse"})
    )


def soap_entry(url, **changes):
    """Write the entry of a receiver as it would stand in config/endpoints.yaml."""
    return {
        "about": "文档接收方",
        "networks": ["127.0.0.0/8"],
        "deadline": "3s",
        "wsdl": WSDL,
        "address": url,
        "operation": "Receive",
        "body": {
            "messageId": "message-id",
            "institution": "institution",
            "documentType": "document-type",
            "documentId": "document-id",
            "digest": "digest",
            "payload": "packed",
        },
        "accept": {"ReceiveResult.code": ["0"]},
        "echo": "ReceiveResult.messageId",
        "remote-id": "ReceiveResult.number",
        **changes,
    }


def envelope(body, space=SOAP11):
    return f'<?xml version="1.0"?><s:Envelope xmlns:s="{space}"><s:Header/><s:Body>{body}</s:Body></s:Envelope>'.encode()


def receipt(number, code="0", space=SOAP11, target="urn:changbai:receiver:1"):
    return envelope(
        f'<ReceiveResponse xmlns="{target}"><ReceiveResult><messageId>{number}</messageId><code>{code}</code>'
        f"<number>N-7</number></ReceiveResult></ReceiveResponse>",
        space,
    )
