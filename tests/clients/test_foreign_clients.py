"""Call the running engine with SOAP clients that others wrote."""

from __future__ import annotations

import base64
import gzip
import uuid

import pytest

from tests.support.clients import Gsoap, Node, Php
from tests.support.engine import Engine

PASSWORD = "correct-horse-battery"
KINDS = ("C0002", "C0004", "C0007")
CLIENTS = {"php": Php, "node": Node, "gsoap": Gsoap}

pytestmark = [pytest.mark.foreign, pytest.mark.xdist_group("foreign"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    engine = Engine(tmp_path_factory.mktemp("engine"))
    engine.institution("HOSP-1", PASSWORD)
    engine.start()
    yield engine
    assert engine.stop() == 0


@pytest.fixture(scope="module", params=sorted(CLIENTS))
def client(request, tmp_path_factory):
    return CLIENTS[request.param](tmp_path_factory.mktemp(request.param))


def packed_file(engine, tmp_path, kind, *more):
    """Write a generated document, packed as the contract says, into a file."""
    xml = engine.command("sample", kind, "--institution", "HOSP-1", *more).encode()
    path = tmp_path / "payload.txt"
    path.write_text(base64.b64encode(gzip.compress(xml)).decode(), encoding="ascii")
    return path


def upload(client, engine, kind, file):
    wsdl = f"{engine.services}/services/collection/HOSP-1?wsdl"
    return client.upload(wsdl, "HOSP-1", PASSWORD, kind, f"D-{uuid.uuid4().hex}", file)


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_document_gets_a_receipt_that_can_be_queried(client, engine, tmp_path, kind):
    seed = str(uuid.uuid4().int % 10**6)
    answer = upload(client, engine, kind, packed_file(engine, tmp_path, kind, "--seed", seed))
    assert answer["upload"]["status"] in {"accepted", "accepted-with-warnings"}, answer
    assert answer["upload"]["code"] == "0"
    assert answer["receipt"]["receipt"] == answer["upload"]["receipt"]
    assert answer["receipt"]["state"] == "routed"


@pytest.mark.parametrize("kind", KINDS)
def test_one_wrong_value_is_refused_with_place_and_cure(client, engine, tmp_path, kind):
    answer = upload(client, engine, kind, packed_file(engine, tmp_path, kind, "--fault", "patient.gender-code", "--seed", "5"))
    assert answer["upload"]["status"] == "rejected", answer
    issue = answer["upload"]["issues"]["issue"]
    issue = issue[0] if isinstance(issue, list) else issue
    assert answer["upload"]["code"] == "SND-408" == issue["code"]
    assert "administrativeGenderCode" in issue["path"]
    assert int(issue["line"]) > 1
    assert "男" in issue["hint"]


def test_a_wrong_password_is_a_fault_that_says_so(client, engine, tmp_path):
    wsdl = f"{engine.services}/services/collection/HOSP-1?wsdl"
    answer = client.upload(wsdl, "HOSP-1", "not-the-password", "C0002", "D-1", packed_file(engine, tmp_path, "C0002"))
    assert "身份验证未通过" in answer["fault"]["message"]
