"""Browse messages both ways on both stores, however rare what is asked for."""

from dataclasses import replace

import pytest

from engine.store.browse import Asked, browse
from engine.store.journal import Journal
from engine.store.tables import message
from tests.store.samples import NOON, entry, invalid, later
from tests.support.seals import SEAL

PERSON = "220102200305146429"


@pytest.fixture
def filled(database):
    """File 40 messages, one a second: every 2nd of H2, every 5th INVALID, every 8th about one person; two in the same second."""
    made = []
    for number in range(40):
        received = later(number - number % 4 // 3)
        make = invalid if number % 5 == 0 else entry
        institution, resident = "H2" if number % 2 else "H1", PERSON if number % 8 == 0 else ""
        made.append(
            make(f"D{number}", f"text {number}", received=received, institution=institution, resident=resident, orders=())
        )
    with database.write() as connection:
        Journal(database, SEAL).file(connection, made)
    return database


def leaf(database, **asked):
    scanned = asked.pop("scanned", 5000)
    with database.read() as connection:
        return browse(connection, SEAL, Asked(**asked), scanned=scanned)


def names(found):
    return [row.document_id for row in found.rows]


def every(database, **asked):
    """Turn all pages to the end; gives the names and the places of the pages."""
    after, found, places = None, [], []
    while True:
        page = leaf(database, **asked, after=after)
        found += names(page)
        after = page.older
        if after is None:
            return found, places
        places.append(after)


def test_pages_go_down_through_everything_once_and_up_again(filled):
    newest_first, places = every(filled, limit=7)
    assert len(newest_first) == len(set(newest_first)) == 40
    assert newest_first[0] == "D39"
    assert len(places) == 5
    # The last place is that of the 35th message, which itself is not above it.
    before, upwards = places[-1], []
    while before is not None:
        page = leaf(filled, limit=7, before=before)
        upwards.append(names(page))
        before = page.newer
    assert [name for page in reversed(upwards) for name in page] == newest_first[:34]


def test_the_first_page_has_no_newer_one_and_the_last_no_older(filled):
    first = leaf(filled, limit=30)
    assert (first.newer, first.older is None) == (None, False)
    last = leaf(filled, limit=30, after=first.older)
    assert last.older is None
    assert names(leaf(filled, limit=30, before=last.newer)) == names(first)


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ({"institution": "H1"}, 20), ({"institution": "H2", "state": "INVALID"}, 4), ({"state": "ROUTED"}, 32),
        ({"status": "accepted", "institution": "H1"}, 16), ({"resident_key": SEAL.lookup(PERSON)}, 5),
        ({"resident_key": SEAL.lookup(PERSON), "state": "INVALID"}, 1), ({"document_id": "D7"}, 1),
        ({"document_id": "D7", "institution": "H1"}, 0), ({"document_id": "D8", "resident_key": SEAL.lookup(PERSON)}, 1),
        ({"code": "SND-414", "document_type": "C0002"}, 8), ({"document_type": "C0004"}, 0), ({"state": "revoked"}, 0),
        ({"since": later(10), "until": later(12)}, 2),
    ],
)  # fmt: skip
def test_what_is_asked_for_together_is_found(filled, asked, number):
    assert len(every(filled, **asked)[0]) == number


def test_a_rare_combination_goes_on_stretch_by_stretch_until_all_is_seen(filled):
    first = leaf(filled, institution="H1", state="INVALID", limit=50, scanned=3)
    assert first.cut
    assert len(first.rows) < 4
    found, places = every(filled, institution="H1", state="INVALID", limit=50, scanned=3)
    assert found == ["D30", "D20", "D10", "D0"]
    assert len(places) >= 2


def test_a_stretch_looked_through_upwards_goes_on_upwards(filled):
    found, before = [], (NOON.replace(hour=1), 0)
    while before is not None:
        page = leaf(filled, institution="H1", state="INVALID", limit=50, scanned=3, before=before)
        found = names(page) + found
        before = page.newer
    assert found == ["D30", "D20", "D10", "D0"]


def test_one_receipt_is_one_message(filled):
    one = leaf(filled, limit=1).rows[0]
    assert names(leaf(filled, receipt=one.receipt)) == [one.document_id]
    assert names(leaf(filled, receipt=one.receipt, institution="H9")) == []


DRIVERS = (
    {"receipt": "x"}, {"document_id": "x"}, {"resident_key": "x"}, {"code": "SND-414"}, {"state": "INVALID"}, {"state": "revoked"},
    {"status": "accepted-with-warnings"}, {"institution": "H1"}, {"document_type": "C0002"}, {},
    {"institution": "H1", "state": "ROUTED", "status": "accepted", "document_type": "C0002"},
)  # fmt: skip


@pytest.mark.parametrize("asked", DRIVERS, ids=lambda asked: "+".join(asked) or "all")
def test_every_search_goes_through_an_index(filled, asked):
    """Ask each database how it would search a large table."""
    statements = []

    def note(_connection, _cursor, statement, parameters, *_more):
        statements.append((statement, parameters))

    from sqlalchemy import event

    with filled.read() as connection:
        event.listen(connection, "before_cursor_execute", note)
        browse(connection, SEAL, Asked(**asked, since=later(-9), after=(later(90), 1)))
        event.remove(connection, "before_cursor_execute", note)
        if filled.dialect == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
        word = "EXPLAIN QUERY PLAN " if filled.dialect == "sqlite" else "EXPLAIN "
        for statement, parameters in statements:
            plan = " | ".join(str(row[-1]) for row in connection.exec_driver_sql(word + statement, parameters))
            assert f"SCAN {message.name}" not in plan, plan
            assert "Seq Scan" not in plan, plan
            assert "ix_message" in plan or "ux_message" in plan, plan


def test_a_place_keeps_messages_of_one_moment_apart(database):
    same = [entry(f"D{n}", f"text {n}", received=NOON, orders=()) for n in range(6)]
    with database.write() as connection:
        Journal(database, SEAL).file(connection, [replace(one) for one in same])
    assert every(database, limit=2)[0] == ["D5", "D4", "D3", "D2", "D1", "D0"]
