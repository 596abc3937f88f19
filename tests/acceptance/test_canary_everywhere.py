"""A person's name and number go through every operation of every service, good and bad, and stand in no log, figure or stranger's answer."""

from __future__ import annotations

import http.client
import itertools
import json
import re
from base64 import b64encode
from urllib.parse import quote
from urllib.request import urlopen
from xml.sax.saxutils import escape

import pytest

from engine.app.checking import CONTRACTS
from engine.documents.hl7.sample import message_service, message_services, sample_message
from engine.inbound.collection import COLLECTION
from engine.inbound.regional import REGIONAL_CONTRACTS
from tests.acceptance.test_secrecy import CANARIES, NAME, NUMBER, canary, everything_kept, inflated
from tests.monitor.web import Visitor
from tests.support.databases import STORES
from tests.support.hospital import PASSWORD
from tests.support.interaction_calls import Caller
from tests.support.soap import SOAP
from tests.support.stores import enrol, hospital, new_engine

pytestmark = [pytest.mark.xdist_group("acceptance-secrecy"), pytest.mark.timeout(400)]

PORTALS = {"AppointmentService", "ReportService", "GuideService"}
ADDRESSES = {
    "DataCollection": "collection/HOSP-A", "InstitutionRegistry": "institution", "AppointmentService": "appointment", "ReportService": "report",
    "GuideService": "guide", "ReferralService": "referral", "ApiService": "api", "HIPMessageServer": "hip",
    **{contract.name: f"regional/{name}" for name, contract in REGIONAL_CONTRACTS.items()},
}  # fmt: skip
PERSONAL = re.compile(
    "name|identity|idnumber|phone|contact|reason|summary|diagnosis|message|patient|resident|text|xml", re.IGNORECASE
)
PAGES = (
    "/overview", "/messages?resident={number}", "/messages?document={name}", "/waiting", "/appointments", "/appointments?order={name}", "/referrals",
    "/referrals?resident={number}", "/reports", "/guide", "/institutions?search={name}", "/audit?institution={name}", "/completeness", "/quality",
    "/codes", "/users", "/{name}/{number}", "/messages/{name}", "/check",
)  # fmt: skip
_TOKENS = itertools.count(1)


@pytest.fixture(scope="module", params=STORES)
def engine(request, tmp_path_factory):
    with new_engine(request.param, tmp_path_factory.mktemp("engine"), hospitals=("HOSP-A", "HOSP-B")) as made:
        enrol(made, {"PORTAL": "portal"})
        yield made.start()


def written(field, value):
    """Write one parameter, its inner ones too, with what `value` gives for each text."""
    if field.kind == "list":
        inner = "".join(written(each, value) for each in field.fields) if field.fields else escape(value(field.item))
        return f"<{field.name}><{field.item}>{inner}</{field.item}></{field.name}>"
    if field.kind == "record":
        return f"<{field.name}>{''.join(written(each, value) for each in field.fields)}</{field.name}>"
    return f"<{field.name}>{escape({'int': '1', 'boolean': 'true', 'binary': 'AAAA'}.get(field.kind) or value(field.name))}</{field.name}>"


def call(engine, contract, operation, value, code, password=PASSWORD):
    """Call an operation with every parameter filled; gives the whole answer."""
    inner = "".join(written(field, value) for field in operation.parameters)
    body = (
        f'<s:Envelope xmlns:s="{SOAP["1.1"]}"><s:Body><{operation.name} xmlns="{contract.namespace}">{inner}</{operation.name}>'
        f"</s:Body></s:Envelope>"
    ).encode()
    basic = b64encode(f"{code}:{password}".encode()).decode()
    connection = http.client.HTTPConnection(engine.services.removeprefix("http://"), timeout=60)
    headers = {"Content-Type": "text/xml; charset=utf-8", "Authorization": f"Basic {basic}"}
    address = ADDRESSES[contract.name].replace("HOSP-A", code if code.startswith("HOSP") else "HOSP-A")
    connection.request("POST", f"/services/{address}", body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.status != 500 or "ENG-000" not in text, f"{contract.name} {operation.name}: {text}"
    return text


def personal(name):
    """Give the canary for what is about a person, something of no meaning for the rest."""
    return (NAME if next(_TOKENS) % 2 else NUMBER) if PERSONAL.search(name) else f"X{next(_TOKENS)}"


def anything(_name):
    return NAME if next(_TOKENS) % 2 else NUMBER


def sweep(engine, value, code=""):
    """Call every operation of every service; gives the answers by service and operation."""
    return {
        f"{contract.name}.{name}": call(
            engine, contract, operation, value, code or ("PORTAL" if contract.name in PORTALS else "HOSP-A")
        )
        for contract in CONTRACTS
        for name, operation in contract.operations.items()
    }


def interactions(engine):
    """Send every message of the interaction services about the person, small and whole; gives how many were answered AA."""
    caller, good = Caller(engine, "HOSP-A"), 0
    for name in message_services():
        service = message_service(name)
        for which, seed in (("minimal", 3), ("full", 4)):
            text = sample_message(service, which=which, seed=seed, institution="HOSP-A").decode()
            text = re.sub('测试患者[^<"]*', NAME, re.sub(r"\b\d{17}[\dX]\b", NUMBER, text))
            good += caller.say(service, text).verdict == "AA"
    caller.close()
    return good


@pytest.fixture(scope="module")
def sent(engine):
    """Send the canary by every way; what is no place for a person holds something else."""
    ours = hospital(engine)
    receipts = [ours.accepted(canary(ours)), ours.rejected(canary(ours, fault="patient.gender-code"))["receipt"]]
    assert interactions(engine) > 20
    answers = sweep(engine, personal)
    assert len(answers) > 80
    visitor = Visitor(int(engine.monitor.rpartition(":")[2]))
    assert visitor.sign_in(NAME, NUMBER).status in {200, 401, 403}
    assert visitor.sign_in("admin", engine.password).status == 303
    for page in PAGES:
        visitor.get(page.format(name=quote(NAME), number=NUMBER))
        visitor.get(page.format(name=quote(NAME), number=NUMBER).partition("?")[0] + "?format=json")
    return receipts


def clean(what):
    escaped = [json.dumps(word).strip('"').encode() for word in (NAME, NUMBER)]
    return not any(word in what for word in (*CANARIES, *escaped, quote(NAME).encode()))


def test_every_service_is_swept():
    assert set(ADDRESSES) == {contract.name for contract in CONTRACTS}


def test_the_store_shows_no_canary(engine, sent):
    for name, content in everything_kept(engine).items():
        assert not [c.decode() for c in CANARIES if c in content], name
        assert all(clean(plain) for plain in inflated(content)), name


def test_figures_show_no_canary(engine, sent):
    with urlopen(f"{engine.monitor}/metrics", timeout=20) as reply:
        assert clean(reply.read())


def test_no_answer_to_another_caller_shows_a_canary(engine, sent):
    sweep_of_b = sweep(engine, lambda name: sent[0] if name == "receipt" else "X1", "HOSP-B")
    for operation, text in sweep_of_b.items():
        assert clean(text.encode()), operation


def test_the_log_shows_no_canary_even_when_every_parameter_is_one(engine, sent):
    sweep(engine, anything)
    call(engine, COLLECTION, COLLECTION.operations["Heartbeat"], anything, "HOSP-A", NUMBER)
    log = (engine.data / "engine.log").read_bytes()
    assert b"request refused" in log
    for line in log.splitlines():
        assert clean(line), line
