"""What repeats its own id (class and period of operations data) replaces the earlier one without naming it."""

import pytest

from engine.store.journal import Journal
from engine.store.writer import Writer
from tests.store.samples import entry, invalid, later
from tests.support.seals import SEAL

MAY = "OPS01^month 2026-05-01/2026-05-31"
JUNE = "OPS01^month 2026-06-01/2026-06-30"


@pytest.fixture
def journal(database):
    return Journal(database, SEAL)


def report(document_id, text, own=MAY, **changes):
    return entry(document_id, text, **({"document_type": "OPS01", "own": own, "repeats": True, "orders": ()} | changes))


def file(journal, *entries):
    with journal.database.write() as connection:
        return journal.file(connection, entries)


def mark(journal, receipt):
    with journal.database.read() as connection:
        facts = journal.find(connection, "H1", receipt=receipt).facts
    return facts.mark, facts.replaced_by


def test_a_later_report_for_the_period_replaces_whatever_its_document_id(journal):
    (first,) = file(journal, report("D1", "one"))
    (second,) = file(journal, report("D2", "two"))
    assert (second.state, second.fresh, second.superseded) == ("ROUTED", True, (first.receipt,))
    assert mark(journal, first.receipt) == ("replaced", second.receipt)
    (third,) = file(journal, report("D2", "three"))
    assert (third.state, third.superseded) == ("ROUTED", (second.receipt,))
    (fourth,) = file(journal, report("D1", "four"))
    assert (fourth.state, fourth.superseded) == ("ROUTED", (third.receipt,)), "D1 is free since it was replaced"


def test_the_same_content_is_a_duplicate_under_any_document_id(journal):
    (first,) = file(journal, report("D1", "one"))
    for again in (report("D1", "one"), report("D2", "one")):
        (filed,) = file(journal, again)
        assert (filed.receipt, filed.duplicate, filed.superseded) == (first.receipt, True, ())
    assert mark(journal, first.receipt) == ("", "")


def test_what_stood_before_may_be_sent_again_to_stand_once_more(journal):
    (first,) = file(journal, report("D1", "one"))
    (second,) = file(journal, report("D1", "two"))
    (third,) = file(journal, report("D1", "one"))
    assert (third.duplicate, third.superseded) == (False, (second.receipt,))
    assert third.receipt != first.receipt


def test_other_periods_classes_and_institutions_stand_side_by_side(journal):
    filed = file(
        journal,
        report("D1", "one"),
        report("D2", "two", own=JUNE),
        report("D3", "three", own=MAY.replace("OPS01", "OPS02"), document_type="OPS02"),
        report("D1", "four", institution="H2"),
    )
    assert [(f.state, f.superseded) for f in filed] == [("ROUTED", ())] * 4


def test_a_document_id_of_another_period_is_a_conflict_unless_it_is_replaced(journal):
    may, june = file(journal, report("D1", "one"), report("D2", "june", own=JUNE))
    (refused,) = file(journal, report("D1", "two", own=JUNE))
    assert (refused.state, refused.code, refused.superseded) == ("INVALID", "SND-501", ())
    assert mark(journal, june.receipt) == ("", "")
    (named,) = file(journal, report("D1", "two", own=JUNE, replaces="D1"))
    assert named.state == "ROUTED"
    assert set(named.superseded) == {may.receipt, june.receipt}, "both what it names and what stood for its period"
    assert mark(journal, may.receipt) == mark(journal, june.receipt) == ("replaced", named.receipt)


def test_replaces_may_name_what_is_replaced_anyway_but_nothing_unknown_or_of_another_class(journal):
    first, _ = file(journal, report("D1", "one"), report("D9", "x", own="OPS02^x", document_type="OPS02"))
    (second,) = file(journal, report("D2", "two", replaces="D1"))
    assert second.superseded == (first.receipt,)
    (unknown,) = file(journal, report("D3", "three", replaces="D1"))
    (other,) = file(journal, report("D3", "three", replaces="D9"))
    assert (unknown.code, other.code) == ("SND-503", "SND-504")


def test_a_refused_report_replaces_nothing(journal):
    (first,) = file(journal, report("D1", "one"))
    (bad,) = file(journal, invalid("D1", "two", document_type="OPS01", own=MAY, repeats=True))
    assert (bad.state, bad.superseded) == ("INVALID", ())
    assert mark(journal, first.receipt) == ("", "")


def test_two_reports_for_a_period_in_one_commit_stand_in_their_order(journal):
    first, second, again, third = file(
        journal, report("D1", "one"), report("D2", "two"), report("D3", "two"), report("D1", "three")
    )
    assert second.superseded == (first.receipt,)
    assert (again.receipt, again.duplicate) == (second.receipt, True)
    assert third.superseded == (second.receipt,)
    assert mark(journal, first.receipt) == ("replaced", second.receipt)
    assert mark(journal, third.receipt) == ("", "")


def test_reports_for_one_period_that_come_at_once_leave_one_that_stands(database, journal):
    (first,) = file(journal, report("D1", "one"))
    writers = [Writer(database) for _ in range(2)]
    futures = [writers[n % 2].submit(journal.file, report(f"N{n}", f"new {n}")) for n in range(8)]
    filed = [future.result(20) for future in futures]
    for writer in writers:
        writer.stop()
    assert {(f.state, f.fresh) for f in filed} == {("ROUTED", True)}
    marks = [mark(journal, f.receipt)[0] for f in (first, *filed)]
    assert sorted(marks) == ["", *["replaced"] * 8]


def test_after_a_revocation_the_earlier_report_does_not_come_back(journal):
    first, second = file(journal, report("D1", "one"), report("D2", "two"))
    with journal.database.write() as connection:
        revoked = journal.revoke(connection, "H1", "OPS01", "D2", "错报", later(60))
    assert revoked.superseded == (second.receipt,)
    assert mark(journal, first.receipt) == ("replaced", second.receipt)
    (third,) = file(journal, report("D1", "three"))
    assert (third.state, third.superseded) == ("ROUTED", ())


def again(journal, filed, entry_):
    with journal.database.write() as connection:
        return journal.judge_again(connection, filed.receipt, entry_)


def test_a_replayed_report_replaces_what_was_sent_before_it(journal):
    (first,) = file(journal, report("D1", "one"))
    (bad,) = file(journal, invalid("D2", "two", document_type="OPS01", own=MAY, repeats=True, received=later(60)))
    filed = again(journal, bad, report("D2", "two", received=later(600)))
    assert (filed.state, filed.superseded) == ("ROUTED", (first.receipt,))


def test_a_replayed_report_does_not_replace_what_was_sent_after_it(journal):
    (bad,) = file(journal, invalid("D2", "two", document_type="OPS01", own=MAY, repeats=True))
    (newer,) = file(journal, report("D1", "one", received=later(60)))
    filed = again(journal, bad, report("D2", "two", received=later(600)))
    assert (filed.state, filed.code, filed.superseded) == ("INVALID", "SND-502", ())
    assert newer.receipt in filed.issues[0].message
    assert mark(journal, newer.receipt) == ("", "")
