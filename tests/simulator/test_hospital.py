"""The simulated hospital answers what its WSDL promises, and its day is repeatable."""

from __future__ import annotations

import hashlib
import urllib.request
from threading import Thread

import pytest
from zeep import Client

from engine.documents.packing import pack_text
from engine.documents.sample import sample
from engine.settings import ROOT
from engine.simulator.demo import demo_keys
from engine.simulator.receiver import open_receiver
from engine.simulator.sender import invented


@pytest.fixture
def hospital():
    told = []
    server = open_receiver(0, ROOT / "wsdl/hospital/DocumentReceiver.wsdl", told.append)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/DocumentReceiver", told
    server.shutdown()
    server.server_close()
    thread.join()


def receive(address, **values):
    client = Client(f"{address}?wsdl")
    service = client.create_service("{urn:changbai:receiver:1}DocumentReceiver", address)
    return service.Receive(**values)


def test_a_document_is_taken_once_and_again_under_the_same_number(hospital):
    address, told = hospital
    content = sample("C0007", 1)
    values = {
        "messageId": "m-1",
        "documentType": "C0007",
        "payload": pack_text(content),
        "digest": hashlib.sha256(content).hexdigest(),
    }
    first, second = receive(address, **values), receive(address, **values)
    assert (first.code, first.messageId, first.number) == ("0", "m-1", "1")
    assert second.number == first.number
    assert [line.endswith("(again)") for line in told] == [False, True]


def test_a_wrong_digest_is_refused_with_words(hospital):
    answer = receive(hospital[0], messageId="m-2", payload=pack_text(b"<a/>"), digest="0" * 64)
    assert (answer.code, answer.message) == ("1", "内容与 digest 不一致")


def test_broken_packing_is_a_fault(hospital):
    from zeep.exceptions import Fault

    with pytest.raises(Fault, match=r"Base64|GZIP|打包"):
        receive(hospital[0], messageId="m-3", payload="!!!!")


def test_its_wsdl_is_served(hospital):
    served = urllib.request.urlopen(f"{hospital[0]}?wsdl").read()
    assert served == (ROOT / "wsdl/hospital/DocumentReceiver.wsdl").read_bytes()


def test_the_same_number_is_the_same_document():
    assert invented(7, "H", ("C0002", "C0004")) == invented(7, "H", ("C0002", "C0004"))
    assert invented(7, "H", ("C0002", "C0004"))[0] == "C0004"


def test_the_passwords_of_a_demo_are_made_once_and_kept_to_their_owner(tmp_path):
    keys, fresh = demo_keys(tmp_path)
    assert fresh
    assert demo_keys(tmp_path) == (keys, False)
    assert (tmp_path / "demo-keys.json").stat().st_mode & 0o777 == 0o600
