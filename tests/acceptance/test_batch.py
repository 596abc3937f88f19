"""A batch is judged document by document in the order given, in one commit, and answered alike when it is sent again."""

import pytest

from engine.services.records import RecordsDesk
from tests.support.hospital import Refused
from tests.support.stores import conserved, messages, opened, seal_of

pytestmark = pytest.mark.xdist_group("acceptance-batch")


def refusal(hospital, **values):
    """Call UploadBatch, which must end in a fault; gives its code, the path within the operation, and the status."""
    with pytest.raises(Refused) as caught:
        hospital.call("UploadBatch", **values)
    answer = caught.value.answer
    return answer.code, answer.text("path").removeprefix("/Envelope/Body/UploadBatch/"), answer.status


def test_every_document_gets_its_verdict_and_receipt_in_order(ours):
    papers = [ours.invent("C0002"), ours.invent("C0004", fault="patient.gender-code"), ours.invent("C0007"), ours.invent()]
    answer = ours.batch("B-ORDER", papers)
    assert (answer["batchId"], answer["accepted"], answer["rejected"]) == ("B-ORDER", "3", "1")
    results = answer["results"]
    assert [r["documentId"] for r in results] == [p.number for p in papers]
    assert [r["documentType"] for r in results] == [p.kind for p in papers]
    assert [r["status"] for r in results] == ["accepted", "rejected", "accepted", "accepted"]
    assert [r["code"] for r in results] == ["0", "SND-408", "0", "0"]
    assert len({r["receipt"] for r in results}) == 4
    states = [ours.receipt(r["receipt"])["state"] for r in results]
    assert states == ["routed", "invalid", "routed", "routed"]
    assert ours.receipt(answer["receipt"])["status"] == "accepted"


def test_a_number_that_stands_twice_in_a_batch_is_a_duplicate_or_a_conflict(ours):
    paper = ours.invent()
    first, same, other = ours.batch("B-TWICE", [paper, paper, paper.other()])["results"]
    assert (first["duplicate"], same["duplicate"]) == ("false", "true")
    assert first["receipt"] == same["receipt"]
    assert (other["status"], other["code"]) == ("rejected", "SND-501")


def test_a_batch_may_replace_what_it_brought_before(engine, ours):
    old, new = ours.invent(), ours.invent()
    documents = [
        {"documentType": "C0002", "documentId": old.number, "payload": old.packed},
        {"documentType": "C0002", "documentId": new.number, "payload": new.packed, "replaces": old.number},
    ]
    first, second = ours.call("UploadBatch", batchId="B-REPLACE", documents={"document": documents})["results"]
    assert (first["code"], second["code"]) == ("0", "0")
    assert [ours.receipt(r["receipt"])["state"] for r in (first, second)] == ["replaced", "routed"]
    with opened(engine) as database, database.read() as connection:
        desk = RecordsDesk(seal_of(engine, database))
        assert [desk.by_message(connection, r["receipt"]).state for r in (first, second)] == ["withdrawn", "current"]


def test_a_repeated_batch_gets_its_first_result_again_and_stores_nothing(engine, ours):
    papers = [ours.invent(), ours.invent(fault="patient.gender-code")]
    first, before = ours.batch("B-AGAIN", papers), messages(engine)
    assert ours.batch("B-AGAIN", papers) == first
    assert messages(engine) == before


def test_the_batch_number_of_other_content_is_a_conflict(engine, ours):
    papers = [ours.invent(), ours.invent()]
    first, before = ours.batch("B-OTHER", papers), messages(engine)
    documents = [{"documentType": p.kind, "documentId": p.number, "payload": p.packed} for p in reversed(papers)]
    code, path, status = refusal(ours, batchId="B-OTHER", documents={"document": documents})
    assert (code, path, status) == ("SND-506", "batchId", 500)
    assert messages(engine) == before
    assert ours.batch("B-OTHER", papers) == first


def test_two_hospitals_may_use_the_same_batch_number(ours, theirs):
    assert ours.batch("B-SHARED", [ours.invent()])["accepted"] == "1"
    assert theirs.batch("B-SHARED", [theirs.invent()])["accepted"] == "1"


def test_two_hundred_documents_are_the_most(engine, ours):
    tiny = {"documentType": "C0002", "payload": "H4sI"}
    before = messages(engine)
    documents = [tiny | {"documentId": f"D{n}"} for n in range(201)]
    code, path, _ = refusal(ours, batchId="B-MANY", documents={"document": documents})
    assert (code, path) == ("SND-608", "documents")
    assert messages(engine) == before
    answer = ours.call("UploadBatch", batchId="B-FULL", documents={"document": documents[:200]})
    assert (answer["accepted"], answer["rejected"], len(answer["results"])) == ("0", "200", 200)
    assert {r["code"][:5] for r in answer["results"]} == {"SND-2"}
    assert messages(engine) == before + 200
    assert conserved(engine)


@pytest.mark.parametrize("name", ["documentType", "documentId", "payload"])
def test_a_missing_parameter_of_one_document_is_a_fault_with_its_path_and_nothing_is_stored(engine, ours, name):
    good = ours.invent()
    whole = {"documentType": good.kind, "documentId": good.number, "payload": good.packed}
    lacking = {key: value for key, value in whole.items() if key != name}
    before = messages(engine)
    code, path, status = refusal(ours, batchId="B-LACKING", documents={"document": [whole, lacking]})
    assert (code, path, status) == ("SND-310", f"documents/document[2]/{name}", 500)
    assert messages(engine) == before


def test_a_batch_needs_a_number_and_documents(ours):
    paper = ours.invent()
    document = {"documentType": paper.kind, "documentId": paper.number, "payload": paper.packed}
    assert refusal(ours, documents={"document": [document]})[:2] == ("SND-310", "batchId")
    assert refusal(ours, batchId="B-NONE")[:2] == ("SND-310", "documents")
    assert refusal(ours, batchId="B-EMPTY", documents="")[:2] == ("SND-310", "documents")
