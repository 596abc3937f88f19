"""Follow invented messages of every interaction through the real routes: what they draw, and whether the answer has what its table wants."""

from datetime import UTC, datetime

import pytest

from engine.channels.book import load_book
from engine.channels.interaction_trial import interaction_message
from engine.channels.walk import walk
from engine.documents.hl7.canonical import answer_document, values_of
from engine.documents.hl7.framing import frame
from engine.documents.hl7.nodes import NodeTable
from engine.documents.hl7.opening import open_message
from engine.documents.hl7.sample import sample_message
from engine.documents.hl7.services import HIP, HL7, REGIONAL, HipService, nodes_of
from engine.documents.reading import open_document
from engine.yamlfile import read_yaml
from tests.channels.conftest import DESKS, ROOT

WRITES = ("add", "update", "merge", "status", "delete")
NAMED = {"updateDictItemRequest", "dictItemDetailQuery", "dictItemDetailDelete"}
"""Operations whose Id has a form of its own."""

UNKNOWN = {
    # S0029 does not say them, and no other message of the patient has to be there.
    "S0031": {"就诊日期时间", "患者姓名", "责任医师标识符", "责任医师标识符的标识 root", "责任医师姓名"},
    # S0032 does not name the responsible doctor.
    "S0034": {"责任医师标识", "责任医师标识的标识 root", "责任医师姓名"},
}
"""Required nodes of an answer that nothing we are told can fill."""


@pytest.fixture(scope="module")
def book(press):
    endpoints = read_yaml(ROOT / "config" / "endpoints.yaml", "config/endpoints.yaml").data
    return load_book(ROOT, press, list(endpoints), DESKS)


def drawn(book, press, service, which="full", **values):
    """Give what a message draws, and the message."""
    route = book.find("hip" if isinstance(service, HipService) else "regional", service.key)
    content = sample_message(service, which=which, seed=7, institution="TEST", **values)
    opened = open_message(press.limits, service, content)
    outcome = walk(route, interaction_message(route, service, opened, "TEST", datetime(2026, 3, 2, tzinfo=UTC)))
    assert outcome.state == "ROUTED", [issue.message for issue in outcome.issues]
    return values_of(outcome.message.document), opened, route


@pytest.mark.parametrize("service", [s for s in (*HIP.values(), *REGIONAL.values()) if s.key not in NAMED], ids=lambda s: s.key)
@pytest.mark.parametrize("which", ["minimal", "full"])
def test_every_message_is_walked_and_a_write_draws_its_key(book, press, service, which):
    alike = {"/Id/@value": "A", "/Code/@value": "A"} if service.flat and service.register in ("areas", "terms") else {}
    fitting = {
        name: value for name, value in alike.items() if any(node.path.endswith(name) for node in nodes_of(service.nodes_of))
    }
    values, _, _ = drawn(book, press, service, which, **fitting)
    if service.act in WRITES:
        keys = {
            "residents": "patientId", "cards": "cardNumber", "institutions": "code", "staff": "staffId", "documents": "documentId",
            "areas": "areaId", "schedules": "scheduleId", "terms": "valueSet",
        }  # fmt: skip
        key = "survivorId" if service.act == "merge" else keys.get(service.register, "number")
        parts = values.get("item") or values.get("entry") or (values,)
        assert all(part.get(key) for part in parts), values


QUERIES = [service for service in HIP.values() if service.act in ("query", "get")]


@pytest.mark.parametrize("service", QUERIES, ids=lambda s: s.code)
def test_what_was_written_is_answered_with_every_node_that_the_table_wants(book, press, service):
    write = next(one for one in HIP.values() if one.register == service.register and one.act in ("add", "status"))
    written, _, _ = drawn(book, press, write)
    items = [
        {**item, "match": "100", "institutionCode": "TEST"} for item in written.get("item") or written.get("entry") or (written,)
    ]
    _, opened, route = drawn(book, press, service)
    answer = answer_document(service.code, "hospital", items, target=opened.message_id, total=len(items))
    reply = frame(service, "hospital", opened, "AA", "查到", route.answer.apply(answer), "OK", len(items))
    found = NodeTable(nodes_of(service.code, "success") or nodes_of(service.nodes_of, "success"), HL7).check(
        open_document(reply.encode())
    )
    missing = {issue.message.split("“")[1].split("”")[0] for issue in found if issue.code == "SND-342"}
    assert missing == UNKNOWN.get(service.code, set())


def test_several_visits_of_one_message_are_entries_of_their_own(book, press):
    content = sample_message(HIP["S0023"], seed=7, institution="TEST").decode()
    head, subject, tail = content.partition("<subject>")
    one, end, rest = tail.rpartition("</subject>")
    other = one.replace("MZ00000007", "MZ00000008")
    twice = f"{head}{subject}{one}{end}{subject}{other}{end}{rest}"
    route = book.find("hip", "S0023")
    opened = open_message(press.limits, HIP["S0023"], twice)
    outcome = walk(route, interaction_message(route, HIP["S0023"], opened, "TEST", datetime(2026, 3, 2, tzinfo=UTC)))
    entries = values_of(outcome.message.document)["entry"]
    assert [entry["number"] for entry in entries] == ["MZ00000007", "MZ00000008"]
    assert all(entry["body"].count("<encounterEvent>") == 1 for entry in entries)


def test_a_span_written_the_wrong_way_round_is_turned(book, press):
    values, _, _ = drawn(book, press, HIP["S0028"])
    early, late = values["since"], values["until"]
    assert early < late
    turned, _, _ = drawn(
        book, press, HIP["S0028"],
        **{"encounterTimeframe/value/low/@value": late, "encounterTimeframe/value/high/@value": early},
    )  # fmt: skip
    assert (turned["since"], turned["until"]) == (early, late)
