"""The sealed audit shows every row that was changed, deleted or inserted, and sealing never holds up who writes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, insert, select, update

from engine.services import auditchain
from engine.services.audit import MINUTE, Audit, AuditNote, audit
from engine.services.auditchain import audit_head, seal_audit, verify_audit

AT = datetime(2026, 3, 1, 8, 0, 10, tzinfo=UTC)
LATER = AT + timedelta(minutes=30)


def note(number=0, at=AT, **more):
    given = {"peer": "192.0.2.1", "institution": f"H{number}", "verdict": "refused", "reason": "wrong-password"}
    return AuditNote(at=at, **(given | more))


def write(database, *notes):
    with database.write() as connection:
        Audit().write(connection, notes)


def broken(database):
    with database.read() as connection:
        return verify_audit(connection)


def links(database):
    with database.read() as connection:
        return [row.link for row in connection.execute(select(audit.c.link).order_by(audit.c.seq))]


@pytest.fixture
def chained(database):
    """Seal ten rows of ten minutes."""
    write(database, *(note(n, AT + timedelta(minutes=n)) for n in range(10)))
    assert seal_audit(database, LATER) == 10
    assert broken(database) == []
    return database


def tamper(database, statement):
    with database.write() as connection:
        assert connection.execute(statement).rowcount in {1, -1}  # psycopg counts no rows of a plain INSERT


@pytest.mark.parametrize("column", ["count", "peer", "reason", "last", "minute", "institution"])
def test_a_changed_row_is_found_and_named(chained, column):
    value = {"count": 7, "last": AT, "minute": 5}.get(column, "other")
    tamper(chained, update(audit).where(audit.c.link == 4).values({column: value}))
    (said,) = broken(chained)
    assert "row 4 of the chain" in said


@pytest.mark.parametrize("link", [1, 4])
def test_a_deleted_row_is_found_and_named(chained, link):
    tamper(chained, delete(audit).where(audit.c.link == link))
    (said,) = broken(chained)
    assert f"row {link} of the chain is missing" in said


def test_a_deleted_end_is_found(chained):
    tamper(chained, delete(audit).where(audit.c.link == 10))
    assert broken(chained) == ["audit: the chain ends at row 9, but 10 rows were sealed"]


def row(**more):
    given = {"minute": 0, "service": "", "actor": "", "subject": "", "count": 1, "first": AT, "last": AT}
    return given | {"peer": "p", "institution": "H", "reason": "r", "verdict": "refused", "link": 0, "hash": ""} | more


def test_an_inserted_row_is_found_whether_it_claims_a_place_or_not(chained):
    tamper(chained, insert(audit).values(row(minute=100)))
    (said,) = broken(chained)
    assert "inserted behind the chain" in said
    tamper(chained, insert(audit).values(row(link=11, hash="0" * 64)))
    (said,) = broken(chained)
    assert "row 11 of the chain" in said
    assert seal_audit(chained, LATER + timedelta(minutes=5)) == 0, "what was slipped in is never made good"


def test_two_rows_exchanged_are_found(chained):
    with chained.write() as connection:
        for old, new in ((3, 99), (4, 3), (99, 4)):
            connection.execute(update(audit).where(audit.c.link == old).values(link=new))
    (said,) = broken(chained)
    assert "row 3 of the chain" in said


def test_only_minutes_that_are_over_are_sealed_and_a_late_note_starts_a_new_row(database):
    write(database, note())
    assert seal_audit(database, AT.replace(second=59)) == 0
    assert seal_audit(database, AT + timedelta(seconds=60)) == 0
    write(database, note())
    assert seal_audit(database, AT + timedelta(seconds=66)) == 1
    write(database, note(), note())
    assert links(database) == [1, 0]
    assert seal_audit(database, AT + timedelta(minutes=2)) == 1
    with database.read() as connection:
        assert [one.count for one in Audit().rows(connection)] == [2, 2]
    assert broken(database) == []


def test_many_rows_are_sealed_in_pieces_and_each_piece_continues_the_chain(database, monkeypatch):
    monkeypatch.setattr(auditchain, "_BATCH", 7)
    write(database, *(note(n) for n in range(40)))
    assert seal_audit(database, LATER) == 40
    assert sorted(links(database)) == list(range(1, 41))
    assert broken(database) == []


def test_two_that_seal_at_once_while_others_write_keep_one_chain_and_every_count(database, other):
    notes = [note(n, AT + timedelta(minutes=n % 3)) for n in range(30)]

    def act(turn):
        if turn % 3:
            write((database, other)[turn % 2], *notes)
        else:
            seal_audit((database, other)[turn % 2], LATER)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(act, range(18)))
    seal_audit(database, LATER + timedelta(minutes=1))
    assert broken(database) == []
    with database.read() as connection:
        assert connection.scalar(select(func.sum(audit.c.count))) == 30 * 12
        end = connection.execute(select(audit_head)).mappings().one()
    assert end["link"] == len(links(database))
    assert end["minute"] == int(LATER.timestamp()) * 1_000_000 // MINUTE - 1


def test_a_store_that_never_sealed_is_in_order(database):
    assert broken(database) == []
    assert seal_audit(database, LATER) == 0
