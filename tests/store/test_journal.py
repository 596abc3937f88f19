"""The journal answers by receipt, by search, for a day, for a quality report, and keeps what a replay changes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from engine.store.counts import CountKey, fold, totals, verify
from engine.store.entries import Order, QualityAsked, QualitySums, TraceLine
from engine.store.journal import Journal
from engine.store.revisions import current_revision, keep_revision, revision_files
from tests.store.samples import ERROR, NOON, WARNING, entry, invalid, later
from tests.support.seals import SEAL


@pytest.fixture
def journal(database):
    yield Journal(database, SEAL)
    with database.read() as connection:
        assert verify(connection) == []


def file(journal, *entries):
    with journal.database.write() as connection:
        return journal.file(connection, entries)


def ask(journal, question, *args, **kwargs):
    with journal.database.read() as connection:
        return getattr(journal, question)(connection, *args, **kwargs)


def change(journal, verb, *args):
    with journal.database.write() as connection:
        return getattr(journal, verb)(connection, *args)


def test_a_message_is_found_by_its_receipt_with_all_that_is_known(journal):
    trace = (TraceLine(what="schema", detail="clinical", micros=240), TraceLine(what="xslt"))
    one = entry(issues=(WARNING, WARNING), trace=trace, peer="10.0.0.9", own="1.2 A", batch="B1", reference="E-1")
    file(journal, one)
    stored = ask(journal, "find", "H1", receipt=one.receipt)
    assert stored.issues == (WARNING, WARNING)
    assert stored.trace == trace
    assert (stored.facts.own, stored.facts.batch, stored.facts.reference, stored.facts.shown) == ("1.2 A", "B1", "E-1", "routed")
    assert [(d.destination, d.state, d.due) for d in stored.deliveries] == [("archive", "QUEUED", NOON)]


def test_another_institutions_receipt_is_unknown(journal):
    one = entry()
    file(journal, one)
    assert ask(journal, "find", "H2", receipt=one.receipt) is None
    assert ask(journal, "find", "H2", document_id="D1") is None
    assert ask(journal, "find", None, receipt=one.receipt).facts.institution == "H1"


def test_a_document_id_finds_its_holder_and_else_the_newest(journal):
    holder, refused = entry(), entry(text="two")
    file(journal, holder, refused)
    assert ask(journal, "find", "H1", document_id="D1").facts.receipt == holder.receipt
    one, two = invalid("D2"), invalid("D2")
    file(journal, one, two)
    assert ask(journal, "find", "H1", document_id="D2").facts.receipt == two.receipt


@pytest.mark.parametrize(
    ("form", "original", "kept"), [("gzip", b"\x1f\x8bxx", b"\x1f\x8bxx"), ("raw", b"!!!!", b"!!!!"), ("meta", b"huge", b"")]
)
def test_the_original_is_kept_as_it_came(journal, form, original, kept):
    one = invalid(original=original, original_form=form)
    file(journal, one)
    stored = ask(journal, "load", one.receipt)
    assert (stored.original_form, stored.original, stored.changed) == (form, kept, b"")
    assert ask(journal, "load", "20260302-none") is None


def test_search_finds_by_every_key(journal):
    wanted = entry("D1", document_type="C0004", resident="220101199001010000", institution="H2", issues=(WARNING,), route="rx")
    file(journal, wanted, *[entry(f"E{n}", str(n), received=later(n)) for n in range(5)], invalid("D7", received=later(9)))
    for asked in (
        {"institution": "H2"},
        {"document_type": "C0004"},
        {"document_id": "D1"},
        {"resident": "220101199001010000"},
        {"status": "accepted-with-warnings"},
        {"route": "rx"},
        {"institution": "H2", "document_type": "C0004", "state": "ROUTED", "lane": "live", "code": "0"},
    ):
        assert [f.receipt for f in ask(journal, "search", **asked)] == [wanted.receipt], asked
    for asked in ({"state": "INVALID"}, {"code": "SND-414"}, {"status": "rejected"}, {"since": later(9)}):
        assert [f.document_id for f in ask(journal, "search", **asked)] == ["D7"], asked
    assert [f.document_id for f in ask(journal, "search", since=later(1), until=later(3))] == ["E2", "E1"]
    assert ask(journal, "search", resident="nobody") == []


def test_search_goes_on_page_by_page_newest_first(journal):
    file(journal, *[entry(f"D{n:02}", str(n), received=later(n // 3)) for n in range(20)])
    seen, after = [], None
    while page := ask(journal, "search", institution="H1", after=after, limit=6):
        seen += [facts.document_id for facts in page]
        after = page[-1].place
    assert seen == [f"D{n:02}" for n in reversed(range(20))]


def test_marks_are_searched_like_states(journal):
    file(journal, entry("D1"), entry("D2", "2"), entry("D3", "3", replaces="D1"))
    change(journal, "revoke", "H1", "C0002", "D2", "误传", NOON)
    assert [f.document_id for f in ask(journal, "search", state="revoked")] == ["D2"]
    assert [f.document_id for f in ask(journal, "search", state="replaced")] == ["D1"]


def test_every_search_uses_an_index(database, journal):
    if database.dialect != "sqlite":
        pytest.skip("PostgreSQL scans small tables on purpose; the indexes are the same")
    from engine.store.search import Asked, conditions
    from engine.store.tables import message

    for asked in (
        {}, {"institution": "H"}, {"document_type": "C"}, {"document_id": "D"}, {"resident": "R"}, {"state": "ERROR"},
        {"state": "revoked"}, {"status": "rejected"}, {"code": "SND-1"}, {"since": NOON},
    ):  # fmt: skip
        statement = (
            message.select().where(*conditions(Asked(**asked), SEAL)).order_by(message.c.received.desc(), message.c.seq.desc())
        )
        with database.read() as connection:
            compiled = statement.compile(connection.engine, compile_kwargs={"literal_binds": True})
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}").all()
        assert "USING INDEX" in plan[0][-1], (asked, plan)
        first = plan[0][-1]
        expected = {
            "state": "ix_message_state",
            "resident": "ix_message_resident",
            "code": "ix_message_code",
            "status": "ix_message_status",
        }
        for name, index in expected.items():
            if asked.get(name) and asked[name] != "revoked":
                assert index in first


def test_reconciling_counts_the_days_documents_by_type(journal):
    midnight = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
    file(
        journal,
        entry("before", "0", received=midnight - timedelta(microseconds=1)),
        entry("A", "1", received=midnight),
        invalid("B", "2"),
        entry("B", "3"),
        invalid("C", "4"),
        entry("P", "5", document_type="C0004", lane="history"),
        entry("after", "6", received=midnight + timedelta(days=1)),
    )
    first, second = ask(journal, "reconcile", "H1", date(2026, 3, 2))
    assert (first.document_type, first.received, first.accepted, first.ids) == ("C0002", 3, 2, ("A", "B"))
    assert (second.document_type, second.received, second.ids) == ("C0004", 1, ("P",))
    assert [row.document_type for row in ask(journal, "reconcile", "H1", date(2026, 3, 2), "history")] == ["C0004"]


def asked(institution="H1", **more):
    return QualityAsked(**{"institution": institution, "start": NOON, "end": later(60)} | more)


def test_the_quality_report_counts_each_broken_rule_with_its_last_case_in_which_nobody_is_named(journal):
    last = invalid("D2", received=later(2))
    file(journal, *[invalid(f"D{n}", received=later(n)) for n in range(2)], last, entry("W", issues=(WARNING,)))
    worst, warning = ask(journal, "quality", asked())
    assert (worst.rule, worst.code, worst.severity, worst.count, worst.messages) == ("id-check", "SND-414", "error", 3, 3)
    assert (worst.first, worst.last, worst.path, worst.line) == (NOON, later(2), ERROR.path, 12)
    assert (worst.receipt, worst.document_type) == (last.receipt, "C0002")
    assert (worst.example, worst.message, worst.hint) == ("220*************0X", ERROR.message, ERROR.hint)
    assert (warning.severity, warning.count) == ("warning", 1)
    assert ask(journal, "quality", asked("H2")) == []


def test_a_rule_broken_twice_in_one_document_counts_one_document(journal):
    file(journal, invalid("D1", issues=(ERROR, WARNING, ERROR, ERROR)), invalid("D2"))
    worst, warning = ask(journal, "quality", asked())
    assert (worst.count, worst.messages) == (4, 2)
    assert (warning.count, warning.messages) == (1, 1)


def test_the_quality_report_keeps_to_its_days_type_and_lane(journal):
    file(
        journal,
        invalid("before", received=later(-1)),
        invalid("after", received=later(60)),
        invalid("A"),
        invalid("B", document_type="C0004"),
        invalid("C", lane="history"),
    )
    for more, count in (({}, 3), ({"document_type": "C0004"}, 1), ({"lane": "history"}, 1), ({"lane": "live"}, 2)):
        (row,) = ask(journal, "quality", asked(**more))
        assert row.count == row.messages == count, more
    assert ask(journal, "quality", asked(document_type="C0007")) == []


def test_the_sums_of_a_quality_report_count_all_that_came_in(journal):
    file(
        journal, entry("A"), entry("W", issues=(WARNING,)), invalid("B"), invalid("C", lane="history"),
        entry("after", received=later(60)), entry("other", institution="H2"),
    )  # fmt: skip
    assert ask(journal, "quality_sums", asked()) == QualitySums(messages=4, rejected=2, warned=1)
    assert ask(journal, "quality_sums", asked(lane="history")) == QualitySums(messages=1, rejected=1, warned=0)
    assert ask(journal, "quality_sums", asked(document_type="C0004")) == QualitySums(messages=0, rejected=0, warned=0)


def test_a_replay_takes_its_findings_out_of_the_quality_report(journal):
    held = entry(state="ERROR", code="ENG-000", orders=(), issues=(WARNING,), reference="E-1")
    file(journal, held)
    change(journal, "judge_again", held.receipt, entry(issues=()))
    assert ask(journal, "quality", asked()) == []


def test_many_rules_are_read_in_pieces(journal):
    issues = tuple(replace(ERROR, rule=f"rule-{n:04}") for n in range(1100))
    file(journal, invalid(issues=issues))
    found = ask(journal, "quality", asked())
    assert [row.rule for row in found] == [issue.rule for issue in issues]


def test_a_quality_report_reads_no_row_but_its_examples(database, journal):
    if database.dialect != "sqlite":
        pytest.skip("PostgreSQL scans small tables on purpose; the indexes are the same")
    from sqlalchemy import event

    seen = []
    file(journal, invalid())
    with database.read() as connection:
        event.listen(connection, "before_cursor_execute", lambda *given: seen.append(given[2:4]))
        journal.quality(connection, asked(document_type="C0002", lane="live"))
        journal.quality_sums(connection, asked(document_type="C0002", lane="live"))
        plans = [
            " ".join(row[-1] for row in connection.connection.execute(f"EXPLAIN QUERY PLAN {words}", values).fetchall())
            for words, values in list(seen)
            if "detail" not in words
        ]
    assert len(plans) == 4
    assert all("USING COVERING INDEX" in plan for plan in plans), plans


def test_a_replay_routes_what_was_held(journal):
    held = entry(state="ERROR", code="ENG-000", orders=(), reference="E-1")
    file(journal, held)
    again = entry(revision="r2", changed=b"<New/>", orders=(Order(destination="archive"),), received=later(60))
    filed = change(journal, "judge_again", held.receipt, again)
    assert (filed.receipt, filed.state, filed.fresh) == (held.receipt, "ROUTED", True)
    stored = ask(journal, "find", "H1", receipt=held.receipt)
    assert (stored.facts.revision, stored.facts.received, stored.facts.code) == ("r2", NOON, "0")
    assert [d.destination for d in stored.deliveries] == ["archive"]
    assert stored.events[-1].detail == "ERROR ENG-000 -> ROUTED 0 (r2)"
    assert ask(journal, "load", held.receipt).changed == b"<New/>"


def test_a_replay_sends_nothing_twice_that_is_still_on_its_way(journal):
    one = entry()
    file(journal, one)
    change(journal, "judge_again", one.receipt, entry(orders=(Order(destination="archive"), Order(destination="new"))))
    assert [d.destination for d in ask(journal, "find", "H1", receipt=one.receipt).deliveries] == ["archive", "new"]


def test_what_was_accepted_and_is_refused_on_replay_waits_as_error(journal):
    one = entry()
    file(journal, one)
    filed = change(journal, "judge_again", one.receipt, invalid(text="one"))
    assert (filed.state, filed.code, filed.fresh) == ("ERROR", "SND-414", False)


def test_what_was_refused_and_is_accepted_on_replay_holds_its_id_unless_another_does(journal):
    refused, other = invalid("D1"), invalid("D2")
    file(journal, refused, other, entry("D2", text="good"))
    assert change(journal, "judge_again", refused.receipt, entry("D1", text="bad")).state == "ROUTED"
    (later_one,) = file(journal, entry("D1", text="else"))
    assert later_one.code == "SND-501"
    still = change(journal, "judge_again", other.receipt, entry("D2", text="bad"))
    assert (still.state, still.code) == ("INVALID", "SND-501")


def test_what_is_accepted_on_replay_replaces_what_it_names(journal):
    old, new = entry("D1", own="1.2^A"), invalid("D2", own="1.2^B")
    file(journal, old, new)
    filed = change(journal, "judge_again", new.receipt, entry("D2", text="good", own="1.2^B", replaces_own="1.2^A"))
    assert (filed.state, filed.superseded) == ("ROUTED", (old.receipt,))
    stored = ask(journal, "find", "H1", receipt=old.receipt)
    assert (stored.facts.shown, stored.facts.replaced_by) == ("replaced", new.receipt)
    assert file(journal, entry("D1", text="free again"))[0].state == "ROUTED"


def test_what_is_over_is_not_replayed(journal):
    one, held = entry(), entry("D2", state="ERROR", orders=())
    file(journal, one, held)
    change(journal, "revoke", "H1", "C0002", "D1", "误传", NOON)
    assert change(journal, "discard", held.receipt, "重复", "admin", NOON)
    assert not change(journal, "discard", held.receipt, "重复", "admin", NOON)
    for receipt in (one.receipt, held.receipt, "20260302-none"):
        with pytest.raises(LookupError):
            change(journal, "judge_again", receipt, one)
    stored = ask(journal, "find", "H1", receipt=held.receipt)
    assert (stored.facts.shown, stored.events[-1].detail) == ("discarded", "admin: 重复")


def test_counts_are_the_same_before_and_after_folding(database, journal):
    file(journal, entry("D1"), invalid("D2"), entry("D3", "3", lane="history"))
    with database.read() as connection:
        before = totals(connection)
    assert before[CountKey("message", "H1", "live", "INVALID")] == 1
    assert before[CountKey("taken", "H1", "live")] == 2
    assert before[CountKey("delivery", "archive", "history", "QUEUED")] == 1
    assert fold(database) > 0
    assert fold(database) == 0
    with database.read() as connection:
        assert totals(connection) == before


def test_verify_names_a_difference(database, journal):
    file(journal, entry("D1"))
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM count_delta WHERE scope = 'message'")
    with database.read() as connection:
        found = verify(connection)
    assert found == ["message H1 live ROUTED: counted 0, rows 1", "taken in 1, sum of the five states 0"]
    with database.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO count_delta (scope, owner, lane, state, delta) VALUES ('message','H1','live','ROUTED',1)"
        )


def test_a_revision_keeps_its_files_and_one_is_current(database):
    with database.write() as connection:
        assert current_revision(connection) == ""
        keep_revision(database, SEAL, connection, "aa", {"routes/a/route.yaml": "关于".encode()}, NOON)
        keep_revision(database, SEAL, connection, "bb", {"x": b""}, NOON)
        keep_revision(database, SEAL, connection, "aa", {"routes/a/route.yaml": "关于".encode()}, NOON)
    with database.read() as connection:
        assert current_revision(connection) == "aa"
        assert revision_files(connection, SEAL, "aa") == {"routes/a/route.yaml": "关于".encode()}
        with pytest.raises(LookupError):
            revision_files(connection, SEAL, "cc")
