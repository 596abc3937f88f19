"""Completeness tells what a hospital says it sent from what came in, was accepted and was delivered."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select, text

from engine.services.completeness import (
    Asked,
    Count,
    Statement,
    by_day,
    completeness,
    counted_span,
    expectation,
    holes,
    keep_statements,
)
from engine.store.days import accepted_by_day
from engine.store.journal import Journal
from engine.store.migrations import migrate
from tests.store.samples import NOON, entry, invalid
from tests.support.seals import SEAL

DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 3, tzinfo=UTC)


def state(database, sent, *, day=DAY, lane="live", at=NOW, institution="H1"):
    with database.write() as connection:
        keep_statements(connection, [Statement(institution=institution, lane=lane, day=day, sent=sent, at=at)])


def read(database, lane="live", first=DAY, last=DAY, kind=""):
    with database.read() as connection:
        return completeness(connection, Asked(institution="H1", lane=lane, first=first, last=last, document_type=kind))


def file(database, *entries):
    with database.write() as connection:
        Journal(database, SEAL).file(connection, list(entries))


def test_expected_received_accepted_and_delivered_stand_side_by_side(database):
    file(
        database, entry("D1", "a", orders=()), entry("D2", "b"), invalid("D3"), entry("D4", "c", document_type="C0007", orders=())
    )
    state(database, {"C0002": 5, "C0004": 2})
    found = read(database).sent
    assert found == {
        (DAY, "C0002"): Count(expected=5, received=3, accepted=2, delivered=1),
        (DAY, "C0004"): Count(expected=2),
        (DAY, "C0007"): Count(expected=0, received=1, accepted=1, delivered=1),
    }
    day = by_day(found)[DAY]
    assert (day.expected, day.missing, day.refused, day.delivered) == (7, 4, 1, 2)
    assert read(database, kind="C0002").sent == {(DAY, "C0002"): found[DAY, "C0002"]}
    assert read(database, kind="C0007").sent == {(DAY, "C0007"): found[DAY, "C0007"]}


def test_without_a_statement_nothing_is_expected(database):
    file(database, entry("D1"))
    assert read(database).sent[DAY, "C0002"].expected is None


def test_the_latest_statement_stands_and_earlier_ones_are_kept(database):
    state(database, {"C0002": 5, "C0004": 2})
    state(database, {"C0002": 7}, at=NOW + timedelta(hours=1))
    state(database, {"C0002": 7}, at=NOW + timedelta(hours=2))
    assert read(database).sent == {(DAY, "C0002"): Count(expected=7)}
    with database.read() as connection:
        kept = [tuple(row) for row in connection.execute(
            select(expectation.c.document_type, expectation.c.sent, expectation.c.stated, expectation.c.superseded).order_by(expectation.c.seq)
        )]  # fmt: skip
    over = NOW + timedelta(hours=1)
    assert kept == [("C0002", 5, NOW, over), ("C0004", 2, NOW, over), ("C0002", 7, over, None)]


def test_a_day_on_which_nothing_was_sent_is_told_from_one_of_which_nothing_is_known(database):
    state(database, {})
    assert read(database).sent == {(DAY, ""): Count(expected=0)}
    assert read(database, first=DAY + timedelta(days=1), last=DAY + timedelta(days=1)).sent == {}


def test_lanes_institutions_and_days_are_apart(database):
    state(database, {"C0002": 1})
    state(database, {"C0002": 2}, lane="history")
    state(database, {"C0002": 3}, institution="H2")
    state(database, {"C0002": 4}, day=DAY + timedelta(days=1))
    found = read(database, last=DAY + timedelta(days=1)).sent
    assert {place: count.expected for place, count in found.items()} == {(DAY, "C0002"): 1, (DAY + timedelta(days=1), "C0002"): 4}
    assert read(database, "history").sent[DAY, "C0002"].expected == 2


def test_history_is_shown_by_the_day_of_writing_and_knows_what_came_in_live(database):
    written = NOON - timedelta(days=200)
    day = written.date()
    file(database, entry("D1", "a", lane="history", written=written), entry("D2", "b", written=written + timedelta(days=1)))
    found = read(database, "history", first=day, last=day + timedelta(days=5))
    assert found.written == {(day, "C0002"): 1}
    assert found.elsewhere == {day + timedelta(days=1): 1}
    with database.read() as connection:
        assert counted_span(connection, "H1", "history", date(2026, 12, 1)) == (day, day)
        assert counted_span(connection, "H1", "live", date(2026, 12, 1)) == (DAY, DAY)


def test_days_in_a_row_are_one_hole():
    days = [date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 3), date(2025, 12, 31)]
    assert holes(days) == [
        (date(2025, 12, 31), date(2025, 12, 31)), (date(2026, 1, 31), date(2026, 2, 1)), (date(2026, 2, 3), date(2026, 2, 3)),
    ]  # fmt: skip


def test_what_was_in_the_store_before_is_counted_by_the_migration(empty_url):
    from alembic import command
    from alembic.config import Config

    import engine.store.migrations as scripts
    from engine.store.database import Database

    opened = Database(empty_url)
    config = Config()
    config.set_main_option("script_location", scripts.__path__[0])
    with opened.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        for document, state in (("D1", "INVALID"), ("D1", "ROUTED"), ("D2", "INVALID")):
            values = {
                "receipt": f"{document}-{state}",
                "document": document,
                "state": state,
                "at": int(NOON.timestamp() * 1_000_000),
            }
            connection.execute(_MESSAGE, values)
        connection.execute(_RECORD, {"at": int((NOON - timedelta(days=9)).timestamp() * 1_000_000)})
    migrate(opened)
    found = read(opened)
    assert found.sent == {(DAY, "C0002"): Count(received=2, accepted=1, delivered=1)}
    with opened.read() as connection:
        written = accepted_by_day(connection, "H1", "live", "written", DAY - timedelta(days=9), DAY)
    assert written == {DAY - timedelta(days=9): 1}
    opened.close()


_MESSAGE = text(
    "INSERT INTO message (receipt, institution, document_type, document_id, own, lane, received, route, revision, state, status, code,"
    " mark, replaced_by, digest, size, batch, peer, reference, resident, resident_lookup) VALUES (:receipt, 'H1', 'C0002', :document, '',"
    " 'live', :at, '', '', :state, 'accepted', '0', '', '', '', 1, '', '', '', '', '')"
)
_RECORD = text(
    "INSERT INTO record (message, institution, document_type, own, title, written, person, visit_number, custodian, custodian_name, state,"
    " replaced_by, taken, resident, claimed, placed) VALUES ('D1-ROUTED', 'H1', 'C0002', '', '', :at, '', '', '', '', 'current', '', 1, '', '', 1)"
)
