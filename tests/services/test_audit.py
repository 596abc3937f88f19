"""The audit keeps one row for each peer, claimed institution, reason and minute, with a count."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from engine.errors import TryAgain
from engine.services.audit import Audit, AuditNote, changed

AT = datetime(2026, 3, 1, 8, 0, 10, tzinfo=UTC)


def refusal(*, peer="192.0.2.1", institution="H1", reason="wrong-password", at=AT, count=1):
    return AuditNote(
        peer=peer, institution=institution, verdict="refused", reason=reason, service="collection", at=at, count=count
    )


def rows(database, **wanted):
    with database.read() as connection:
        return Audit().rows(connection, **wanted)


def test_equal_notes_of_a_minute_are_one_row_across_commits(database):
    audit = Audit()
    for seconds in (0, 5, 20):
        with database.write() as connection:
            notes = [refusal(at=AT + timedelta(seconds=seconds)), refusal(at=AT + timedelta(seconds=seconds))]
            assert audit.write(connection, notes) == [None, None]
    (row,) = rows(database)
    assert (row.count, row.first, row.last) == (6, AT, AT + timedelta(seconds=20))


def test_another_peer_institution_reason_or_minute_is_another_row(database):
    notes = [
        refusal(),
        refusal(peer="192.0.2.2"),
        refusal(institution="H2"),
        refusal(reason="unknown-institution"),
        refusal(at=AT + timedelta(minutes=1)),
    ]
    with database.write() as connection:
        Audit().write(connection, notes)
    assert len(rows(database)) == 5
    assert len(rows(database, institution="H2")) == 1
    assert len(rows(database, since=AT + timedelta(minutes=1))) == 1


@pytest.mark.parametrize("claimed", ["a" * 33, "'; DROP TABLE audit", "测试", "nul\0", "../../x"])
def test_text_that_is_no_code_is_never_stored(database, claimed):
    with database.write() as connection:
        Audit().write(connection, [refusal(institution=claimed)])
    (row,) = rows(database)
    assert row.institution == "?"


def test_admissions_are_gathered_and_flushed_as_one_row(database):
    audit = Audit()
    admitted = AuditNote(peer="192.0.2.1", institution="H1", verdict="admitted", reason="Upload", service="collection", at=AT)
    for _ in range(500):
        audit.note(admitted)
    assert audit.flush(database) == 1
    assert audit.flush(database) == 0
    (row,) = rows(database, verdict="admitted")
    assert row.count == 500


@pytest.mark.parametrize("trouble", [TryAgain("the store is away"), OSError("no space left")])
def test_what_could_not_be_flushed_is_kept(database, trouble):
    class Away:
        def write(self):
            raise trouble

    audit = Audit()
    audit.note(refusal(count=3))
    with pytest.raises(type(trouble)):
        audit.flush(Away())
    audit.flush(database)
    (row,) = rows(database)
    assert row.count == 3


def test_a_flood_of_one_refusal_is_written_a_hundred_times_and_then_only_counted():
    audit = Audit()
    urgent = [audit.urgent(refusal()) for _ in range(150)]
    assert urgent.count(True) == 100
    assert audit.urgent(refusal(peer="192.0.2.2"))
    assert audit.urgent(refusal(at=AT + timedelta(minutes=1)))


def test_processes_that_write_the_same_rows_at_once_lose_no_count(database):
    notes = [refusal(institution=f"H{n}") for n in range(20)]

    def commit(turn):
        with database.write() as connection:
            Audit().write(connection, notes if turn % 2 else notes[::-1])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(commit, range(16)))
    assert {row.count for row in rows(database)} == {16}


def test_acts_of_people_are_kept_with_actor_and_subject(database):
    with database.write() as connection:
        Audit().write(connection, [changed("discard", subject="20260301-abc", actor="li", peer="192.0.2.9")])
    (row,) = rows(database, verdict="changed")
    assert (row.reason, row.subject, row.actor, row.peer, row.institution) == ("discard", "20260301-abc", "li", "192.0.2.9", "")
