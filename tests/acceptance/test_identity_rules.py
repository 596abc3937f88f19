"""One document is one message, whoever sends it how often: the rules of DataCollection on identity, over the wire."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.hospital import replacing
from tests.support.stores import conserved, messages, until

pytestmark = pytest.mark.xdist_group("acceptance-identity")


def code(result):
    return result["code"]


def shown(hospital, receipt):
    return hospital.receipt(receipt)["state"]


def test_the_same_document_again_gets_the_first_receipt(ours):
    paper = ours.invent()
    receipt = ours.accepted(paper)
    again = ours.upload(paper)
    assert (again["receipt"], again["duplicate"], again["status"]) == (receipt, "true", "accepted")
    assert "duplicate" in [event["what"] for event in ours.receipt(receipt)["events"]]


def test_twenty_equal_uploads_at_once_are_one_message_with_one_receipt(engine, ours):
    paper, before = ours.invent(), messages(engine)
    with ThreadPoolExecutor(20) as callers:
        results = list(callers.map(lambda _: ours.upload(paper), range(20)))
    assert len({r["receipt"] for r in results}) == 1
    assert sorted(r["duplicate"] for r in results) == ["false", *["true"] * 19]
    assert messages(engine) == before + 1
    assert conserved(engine)


def test_the_same_number_with_other_content_is_a_conflict_with_a_receipt_of_its_own(ours):
    paper = ours.invent()
    first = ours.accepted(paper)
    refused = ours.rejected(paper.other())
    assert code(refused) == "SND-501"
    assert first in refused["issues"][0]["message"]
    assert refused["receipt"] != first
    assert shown(ours, refused["receipt"]) == "invalid"
    assert shown(ours, first) == "routed"
    assert ours.call("QueryReceipt", documentId=paper.number)["receipt"] == first


@pytest.mark.parametrize("variant", [" {} ", "{} "])  # BI-228: one rule, and no two rows that it calls equal
def test_blanks_around_a_number_make_no_other_number(ours, variant):
    paper = ours.invent()
    first = ours.accepted(paper)
    assert ours.upload(paper.numbered(variant.format(paper.number)))["receipt"] == first
    assert code(ours.rejected(paper.other().numbered(variant.format(paper.number)))) == "SND-501"


def test_the_documents_own_id_under_another_number_is_a_duplicate_or_a_conflict(ours):
    paper = ours.invent()
    first = ours.accepted(paper)
    same = ours.upload(paper.numbered(paper.number + "-X"))
    assert (same["receipt"], same["duplicate"]) == (first, "true")
    assert code(ours.rejected(paper.other().numbered(paper.number + "-Y"))) == "SND-502"


def test_a_replacement_takes_the_place_of_what_it_names(ours):
    old, new = ours.invent(), ours.invent()
    first = ours.accepted(old)
    second = ours.accepted(new, replaces=old.number)
    assert shown(ours, first) == "replaced"
    assert shown(ours, second) == "routed"
    assert second in [event["detail"] for event in ours.receipt(first)["events"] if event["what"] == "replaced"]


def test_a_document_may_replace_itself_under_its_own_number(ours):
    paper = ours.invent()
    first = ours.accepted(paper)
    second = ours.accepted(paper.other(), replaces=paper.number)
    assert (shown(ours, first), shown(ours, second)) == ("replaced", "routed")
    assert ours.call("QueryReceipt", documentId=paper.number)["receipt"] == second
    again = ours.upload(paper.other(), replaces=paper.number)
    assert (again["receipt"], again["duplicate"]) == (second, "true")


def test_what_is_to_be_replaced_must_be_there_not_revoked_and_of_the_same_type(ours, theirs):
    assert code(ours.rejected(ours.invent(), replaces="NEVER-SENT")) == "SND-503"
    revoked = ours.invent()
    ours.accepted(revoked)
    ours.call("Revoke", documentType=revoked.kind, documentId=revoked.number, reason="测试")
    assert code(ours.rejected(ours.invent(), replaces=revoked.number)) == "SND-503"
    prescription = ours.invent("C0004")
    ours.accepted(prescription)
    assert code(ours.rejected(ours.invent("C0002"), replaces=prescription.number)) == "SND-504"
    foreign = theirs.invent()
    theirs.accepted(foreign)
    assert code(ours.rejected(ours.invent(), replaces=foreign.number)) == "SND-503"
    assert shown(theirs, theirs.call("QueryReceipt", documentId=foreign.number)["receipt"]) == "routed"


def test_a_related_document_that_is_replaced_counts_as_replaces(ours):
    old, new = ours.invent(), ours.invent()
    first = ours.accepted(old)
    second = ours.accepted(replacing(new, old.own))
    assert (shown(ours, first), shown(ours, second)) == ("replaced", "routed")
    assert code(ours.rejected(replacing(ours.invent(), "NO-SUCH-ID"))) == "SND-503"


def test_a_revoked_document_frees_its_number_and_its_own_id(ours):
    paper = ours.invent()
    first = ours.accepted(paper)
    wish = {"documentType": paper.kind, "documentId": paper.number, "reason": "写错了患者"}
    result = ours.call("Revoke", **wish)
    assert (result["status"], result["code"], result["receipt"]) == ("accepted", "0", first)
    assert (result["documentType"], result["documentId"]) == (paper.kind, paper.number)
    assert shown(ours, first) == "revoked"
    again = ours.call("Revoke", **wish)
    assert (again["status"], again["code"], again["documentId"]) == ("rejected", "SND-505", paper.number)
    second = ours.accepted(paper.other())
    assert second != first


def test_only_the_right_type_of_a_document_that_is_there_can_be_revoked(ours, theirs):
    paper = ours.invent()
    receipt = ours.accepted(paper)
    for caller, kind, number in ((ours, "C0004", paper.number), (ours, "C0002", "NEVER-SENT"), (theirs, "C0002", paper.number)):
        result = caller.call("Revoke", documentType=kind, documentId=number, reason="测试")
        assert (result["status"], result["code"]) == ("rejected", "SND-505")
    assert shown(ours, receipt) == "routed"


def test_revoking_cancels_what_still_waits_for_delivery(engine, ours):
    outbox = engine.data / "outbox"
    if outbox.exists():
        outbox.rename(engine.data / "outbox-before")
    outbox.write_text("in the way")  # the archive folder cannot be made now
    paper = ours.invent("C0007")
    receipt = ours.accepted(paper)
    until(lambda: "DST-103" in ours.receipt(receipt)["deliveries"][0].get("lastError", ""))
    ours.call("Revoke", documentType=paper.kind, documentId=paper.number, reason="测试")
    (delivery,) = ours.receipt(receipt)["deliveries"]
    assert (delivery["destination"], delivery["state"]) == ("archive", "cancelled")
    outbox.unlink()
    later = ours.accepted(ours.invent("C0007"))
    until(lambda: ours.receipt(later)["deliveries"][0]["state"] == "sent")
    assert not list(outbox.rglob(f"{receipt}*"))
    assert conserved(engine)


def test_a_refused_document_holds_nothing_and_is_judged_afresh_each_time(ours):
    broken = ours.invent(seed=900_001, fault="patient.gender-code")
    first, second = ours.rejected(broken), ours.rejected(broken)
    assert first["receipt"] != second["receipt"]
    assert first["issues"] == second["issues"]
    good = ours.invent(seed=900_001)
    assert good.number == broken.number
    ours.accepted(good)
    third = ours.rejected(broken)
    assert code(third) == "SND-408", "its own fault is said, not that its number is taken"


def test_another_institutions_receipt_is_unknown(ours, theirs):
    receipt = ours.accepted(ours.invent())
    assert theirs.receipt(receipt) == {"receipt": receipt, "status": "unknown"}
    assert theirs.receipt("20260101-abcdefghijkl") == {"receipt": "20260101-abcdefghijkl", "status": "unknown"}


def test_two_hospitals_may_use_the_same_number(ours, theirs):
    mine, yours = ours.invent(), theirs.invent()
    first, second = ours.accepted(mine), theirs.accepted(yours.numbered(mine.number))
    assert first != second
    assert theirs.call("QueryReceipt", documentId=mine.number)["receipt"] == second


def test_the_organisation_code_of_another_registered_institution_is_refused(ours):
    result = ours.rejected(ours.invent(custodian="HOSP-B"))
    (issue,) = result["issues"]
    assert (code(result), issue["value"]) == ("SND-104", "HOSP-B")
    assert "HOSP-A" in issue["hint"]
    assert shown(ours, result["receipt"]) == "invalid"


def test_an_organisation_code_that_nobody_registered_is_a_warning(ours):
    result = ours.upload(ours.invent(custodian="HOSP-UNKNOWN"))
    assert (result["status"], result["code"]) == ("accepted-with-warnings", "0")
    assert [(i["severity"], i["code"]) for i in result["issues"]] == [("warning", "SND-415")]


def test_a_digest_is_compared_with_the_content(ours):
    paper = ours.invent()
    result = ours.rejected(paper, digest=hashlib.sha256(b"something else").hexdigest())
    assert code(result) == "SND-218"
    ours.accepted(paper, digest=hashlib.sha256(paper.xml).hexdigest().upper())


def test_the_type_must_be_known_and_agree_with_the_document(ours):
    paper = ours.invent("C0002")
    assert code(ours.rejected(paper, documentType="C9999")) == "SND-401"
    result = ours.rejected(paper, documentType="C0004")
    assert "SND-402" in [issue["code"] for issue in result["issues"]]
    ours.accepted(paper)
