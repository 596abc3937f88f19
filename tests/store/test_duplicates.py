"""Ids decide inside the commit: duplicates, conflicts, replacement, revocation, batches."""

from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context

import pytest

from engine.errors import SenderError
from engine.store.counts import verify
from engine.store.database import Database
from engine.store.entries import Entry, KnownBatch
from engine.store.journal import Journal
from engine.store.writer import Writer
from tests.store.samples import NOON, WARNING, entry, invalid, later
from tests.support.seals import SEAL


@pytest.fixture
def journal(database):
    yield Journal(database, SEAL)
    with database.read() as connection:
        assert verify(connection) == []


def file(journal, *entries):
    with journal.database.write() as connection:
        return journal.file(connection, entries)


def find(journal, receipt):
    with journal.database.read() as connection:
        return journal.find(connection, "H1", receipt=receipt)


def revoke(journal, document_id="D1", document_type="C0002", now=None):
    with journal.database.write() as connection:
        return journal.revoke(connection, "H1", document_type, document_id, "录入错误", now or later(60))


def rows(journal):
    with journal.database.read() as connection:
        return journal.search(connection)


def test_a_first_upload_is_fresh_and_holds_what_was_sent(journal):
    one = entry(issues=(WARNING,), changed=b"<Record/>", resident="220101199001010000")
    (filed,) = file(journal, one)
    assert (filed.receipt, filed.fresh, filed.duplicate, filed.status) == (one.receipt, True, False, "accepted-with-warnings")
    with journal.database.read() as connection:
        stored = journal.load(connection, one.receipt)
    assert (stored.original, stored.changed, stored.original_form) == (one.original, b"<Record/>", "gzip")
    assert (stored.facts.resident, stored.facts.received) == ("220101199001010000", NOON)


def test_the_same_content_again_is_the_first_receipt_and_an_event_and_no_row(journal):
    first, again = entry(), entry(received=later(5))
    file(journal, first)
    (filed,) = file(journal, again)
    assert (filed.receipt, filed.duplicate, filed.fresh, filed.state) == (first.receipt, True, False, "ROUTED")
    assert [event.what for event in find(journal, first.receipt).events] == ["received", "duplicate"]
    assert len(rows(journal)) == 1


def test_a_duplicate_keeps_the_first_judgement_even_when_the_new_one_differs(journal):
    first = entry(issues=(WARNING,))
    file(journal, first)
    (filed,) = file(journal, invalid(text="one"))
    assert (filed.receipt, filed.duplicate, filed.state, filed.issues) == (first.receipt, True, "ROUTED", (WARNING,))


def test_the_same_id_with_other_content_is_journalled_as_refused_and_goes_nowhere(journal):
    first, other = entry(), entry(text="two")
    file(journal, first)
    (filed,) = file(journal, other)
    assert (filed.receipt, filed.state, filed.code, filed.fresh) == (other.receipt, "INVALID", "SND-501", False)
    assert first.receipt in filed.issues[0].message
    assert filed.issues[0].hint
    stored = find(journal, other.receipt)
    assert (stored.facts.status, stored.deliveries, stored.issues) == ("rejected", (), filed.issues)


def test_full_width_letters_do_not_make_another_id(journal):
    file(journal, entry("D1"))
    (filed,) = file(journal, entry("Ｄ１　", text="two"))
    assert filed.code == "SND-501"


def test_another_institution_may_use_the_same_id(journal):
    (one,) = file(journal, entry())
    (two,) = file(journal, entry(institution="H2", text="two"))
    assert one.fresh
    assert two.fresh


def test_the_documents_own_id_under_another_document_id(journal):
    first = entry("D1", own="1.2.3 A")
    file(journal, first)
    same, other = file(journal, entry("D2", own="1.2.3 A"), entry("D3", text="two", own="1.2.3 A"))
    assert (same.receipt, same.duplicate) == (first.receipt, True)
    assert (other.state, other.code) == ("INVALID", "SND-502")


def test_what_was_refused_holds_nothing_and_is_judged_afresh(journal):
    one, two, good = invalid(), invalid(), entry(text="bad")
    filed = file(journal, one, two, good)
    assert [f.receipt for f in filed] == [one.receipt, two.receipt, good.receipt]
    assert [f.state for f in filed] == ["INVALID", "INVALID", "ROUTED"]


@pytest.mark.parametrize("state", ["ERROR", "FILTERED"])
def test_what_was_held_or_filtered_holds_its_id(journal, state):
    file(journal, entry(state=state, orders=()))
    (filed,) = file(journal, entry(text="two"))
    assert filed.code == "SND-501"


def test_a_message_replaces_the_one_under_its_own_document_id(journal):
    first, second = entry(own="O 1"), entry(text="two", own="O 1", replaces="D1")
    file(journal, first)
    (filed,) = file(journal, second)
    assert (filed.fresh, filed.superseded) == (True, (first.receipt,))
    old = find(journal, first.receipt)
    assert (old.facts.shown, old.facts.replaced_by, old.facts.state) == ("replaced", second.receipt, "ROUTED")
    assert [d.state for d in old.deliveries] == ["QUEUED"]
    (again,) = file(journal, entry(text="two", own="O 1", replaces="D1"))
    assert (again.receipt, again.duplicate) == (second.receipt, True)


def test_a_replaced_message_frees_all_its_ids(journal):
    file(journal, entry("D1", own="O 1"))
    file(journal, entry("D2", text="two", own="O 2", replaces="D1"))
    one, two = file(journal, entry("D1", text="three"), entry("D3", text="four", own="O 1"))
    assert one.fresh
    assert two.fresh


def test_a_message_replaces_by_the_documents_own_id(journal):
    first = entry("D1", own="O 1")
    file(journal, first)
    (filed,) = file(journal, entry("D2", text="two", own="O 2", replaces_own="O 1"))
    assert filed.superseded == (first.receipt,)


def test_to_replace_what_is_unknown_or_of_another_type_is_refused(journal):
    file(journal, entry("D1"))
    unknown, other = file(
        journal, entry("D2", text="two", replaces="D9"), entry("D3", text="3", replaces="D1", document_type="C0004")
    )
    assert (unknown.state, unknown.code) == ("INVALID", "SND-503")
    assert (other.state, other.code) == ("INVALID", "SND-504")


def test_a_replaced_message_cannot_be_replaced_once_more_under_its_old_id(journal):
    file(journal, entry("D1"))
    file(journal, entry("D2", text="two", replaces="D1"))
    (filed,) = file(journal, entry("D3", text="three", replaces="D1"))
    assert filed.code == "SND-503"


def test_entries_of_one_call_are_judged_in_order(journal):
    first, again, other, newer = entry(), entry(), entry(text="two"), entry(text="three", replaces="D1")
    filed = file(journal, first, again, other, newer)
    assert [f.receipt for f in filed] == [first.receipt, first.receipt, other.receipt, newer.receipt]
    assert [f.code for f in filed] == ["0", "0", "SND-501", "0"]
    assert filed[1].duplicate
    assert filed[3].superseded == (first.receipt,)
    assert find(journal, first.receipt).facts.shown == "replaced"


def test_a_batch_that_breaks_commits_nothing(journal):
    broken = entry("D2", text="two", route=None)
    with pytest.raises(Exception, match=r"(?i)null"):
        file(journal, entry("D1"), broken)
    assert rows(journal) == []


def test_filing_a_receipt_again_answers_what_is_stored(journal):
    good, bad = entry(), invalid("D2")
    first = file(journal, good, bad)
    second = file(journal, good, bad)
    assert [(f.receipt, f.state, f.code, f.issues, f.duplicate) for f in second] == [
        (f.receipt, f.state, f.code, f.issues, f.duplicate) for f in first
    ]
    assert len(rows(journal)) == 2


def test_revoking_frees_the_id_and_cancels_what_is_queued(journal):
    first = entry(own="O 1")
    file(journal, first)
    filed = revoke(journal)
    assert filed.superseded == (first.receipt,)
    old = find(journal, first.receipt)
    assert (old.facts.shown, [d.state for d in old.deliveries]) == ("revoked", ["CANCELLED"])
    assert [event.what for event in old.events] == ["received", "revoked", "cancelled"]
    assert old.events[1].detail == "录入错误"
    (again,) = file(journal, entry(text="two", own="O 1"))
    assert again.fresh


def test_a_revocation_run_again_after_a_lost_commit_answers_the_same(journal):
    file(journal, entry())
    assert revoke(journal) == revoke(journal)


def test_what_was_never_accepted_or_is_revoked_already_cannot_be_revoked(journal):
    file(journal, entry("D1"), invalid("D2"))
    for document_id, document_type in (("D1", "C0004"), ("D2", "C0002"), ("D3", "C0002")):
        with pytest.raises(SenderError) as refusal:
            revoke(journal, document_id, document_type)
        assert refusal.value.code == "SND-505"
    revoke(journal)
    with pytest.raises(SenderError):
        revoke(journal, now=later(61))


def test_two_equal_uploads_at_once_are_one_message_with_one_receipt(database, journal):
    writers = [Writer(database) for _ in range(2)]
    entries = [entry(f"D{n // 2}", text=str(n // 2)) for n in range(60)]
    futures = [writers[n % 2].submit(journal.file, one) for n, one in enumerate(entries)]
    filed = [future.result(20) for future in futures]
    for writer in writers:
        writer.stop()
    assert len(rows(journal)) == 30
    for left, right in zip(filed[::2], filed[1::2], strict=True):
        assert left.receipt == right.receipt
        assert sorted([left.duplicate, right.duplicate]) == [False, True]


def _upload(url: str, entries: list[Entry]) -> list[str]:
    database = Database(url)
    writer = Writer(database)
    futures = [writer.submit(Journal(database, SEAL).file, one) for one in entries]
    receipts = [future.result(30).receipt for future in futures]
    writer.stop()
    database.close()
    return receipts


def test_two_processes_agree_on_the_first_receipt(url, journal):
    work = [[entry(f"D{n}", text=str(n)) for n in range(40)] for _ in range(2)]
    with get_context("spawn").Pool(2) as pool:
        one, two = pool.starmap(_upload, [(url, entries) for entries in work])
    assert one == two
    assert len(rows(journal)) == 40


def test_two_replacements_at_once_leave_one_holder(database, journal):
    file(journal, entry())
    with ThreadPoolExecutor(8) as pool:
        writer = Writer(database)
        other = Writer(database)
        entries = [entry(text=f"new {n}", replaces="D1") for n in range(8)]
        futures = [(writer if n % 2 else other).submit(journal.file, one) for n, one in enumerate(entries)]
        assert all(pool.map(lambda future: future.result(20).fresh, futures))
    writer.stop()
    other.stop()
    assert sorted(row.shown for row in rows(journal)) == ["replaced"] * 8 + ["routed"]


def test_a_batch_is_known_by_its_first_result(journal):
    known = KnownBatch(receipt="20260302-b", list_digest="ab", result='{"accepted": 2}')
    with journal.database.write() as connection:
        assert journal.batch(connection, "H1", "B1") is None
        journal.keep_batch(connection, "H1", "B1", known, NOON)
    with journal.database.read() as connection:
        assert journal.batch(connection, "H1", "B1") == known
        assert journal.batch(connection, "H2", "B1") is None
