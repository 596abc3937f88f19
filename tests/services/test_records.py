"""The records library knows which version of a document stands, and whose it is."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from engine.message import Record, own_key
from engine.services.records import RecordsDesk, record
from engine.services.residents import resident, resident_key
from tests.support.seals import SEAL
from tests.support.statements import statements

ROOT = "2.16.156.10011.1.1"
WRITTEN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
LI = "220102199003078515"
WANG = "220102198512120027"


def paper(message, number="", **changed):
    values = {
        "institution": "H1",
        "document_type": "C0002",
        "own_root": ROOT if number else "",
        "own_extension": number,
        "title": "门诊病历",
        "written": WRITTEN,
        "resident_id": LI,
        "resident_name": "测试患者甲",
        "gender": "1",
        "birth_date": "19900307",
        "visit_number": "MZ0001",
        "local_numbers": ("outpatient^" + message,),
        "author": "测试医师",
        "custodian": "H1",
        "custodian_name": "测试医院",
    }
    return Record(message=message, **values | changed)


@pytest.fixture
def desk():
    return RecordsDesk(SEAL)


def take(database, desk, *papers):
    with database.write() as connection:
        desk.take(connection, papers)


def states(database):
    with database.read() as connection:
        rows = connection.execute(select(record.c.message, record.c.state, record.c.replaced_by).order_by(record.c.message))
        return {row.message: (row.state, row.replaced_by) for row in rows}


def test_a_document_is_found_by_resident_own_id_and_receipt(database, desk):
    take(
        database,
        desk,
        paper("R1", "D1"),
        paper("R2", "D2", resident_id=WANG),
        paper("R3", "D3", written=WRITTEN + timedelta(days=1)),
    )
    with database.read() as connection:
        assert [one.message for one in desk.by_resident(connection, LI)] == ["R3", "R1"]
        found = desk.by_own(connection, "H1", ROOT, "D1")
        assert found == desk.by_message(connection, "R1")
        assert desk.by_own(connection, "H2", ROOT, "D1") is None
        assert desk.counts(connection) == {("C0002", "current"): 3}
    assert (found.resident_name, found.author, found.written, found.own_extension) == ("测试患者甲", "测试医师", WRITTEN, "D1")
    assert (found.gender, found.birth_date, found.visit_number, found.custodian_name) == ("1", "19900307", "MZ0001", "测试医院")


def test_the_same_own_id_again_replaces_the_older_version(database, desk):
    take(database, desk, paper("R1", "D1"))
    take(database, desk, paper("R2", "D1"))
    assert states(database) == {"R1": ("replaced", "R2"), "R2": ("current", "")}
    with database.read() as connection:
        assert [one.message for one in desk.by_resident(connection, LI)] == ["R2"]
        assert len(desk.by_resident(connection, LI, every_state=True)) == 2


def test_a_document_that_names_its_predecessor_replaces_it(database, desk):
    take(database, desk, paper("R1", "D1"))
    take(database, desk, paper("R2", "D2", replaces_root=ROOT, replaces_extension="D1"))
    assert states(database) == {"R1": ("replaced", "R2"), "R2": ("current", "")}


def test_versions_within_one_commit_are_judged_in_order(database, desk):
    take(
        database,
        desk,
        paper("R1", "D1"),
        paper("R2", "D1"),
        paper("R3", "D3", replaces_root=ROOT, replaces_extension="D1"),
        paper("R4", "D4"),
    )
    assert states(database) == {
        "R1": ("replaced", "R2"),
        "R2": ("replaced", "R3"),
        "R3": ("current", ""),
        "R4": ("current", ""),
    }


def test_another_institutions_same_own_id_is_another_document(database, desk):
    take(database, desk, paper("R1", "D1"))
    take(database, desk, paper("R2", "D1", institution="H2"))
    assert states(database) == {"R1": ("current", ""), "R2": ("current", "")}


def test_documents_without_an_own_id_stand_side_by_side(database, desk):
    take(database, desk, paper("R1"), paper("R2"))
    assert {state for state, _ in states(database).values()} == {"current"}


def test_a_withdrawn_document_is_no_longer_found_and_frees_its_own_id(database, desk):
    take(database, desk, paper("R1", "D1"))
    with database.write() as connection:
        desk.withdraw(connection, ["R1", "no-such-receipt"])
    take(database, desk, paper("R2", "D1"))
    assert states(database) == {"R1": ("withdrawn", ""), "R2": ("current", "")}


def test_a_withdrawn_document_stands_again_when_its_message_is_taken_anew(database, desk):
    take(database, desk, paper("R1", "D1"), paper("R2", "D2"))
    with database.write() as connection:
        desk.withdraw(connection, ["R1", "R2"])
    take(database, desk, paper("R1", "D1", title="重放"))
    assert states(database) == {"R1": ("current", ""), "R2": ("withdrawn", "")}


def test_withdrawing_what_was_replaced_leaves_its_successor_named(database, desk):
    take(database, desk, paper("R1", "D1"), paper("R2", "D1"))
    with database.write() as connection:
        desk.withdraw(connection, ["R1"])
    assert states(database) == {"R1": ("replaced", "R2"), "R2": ("current", "")}


def test_documents_with_a_root_alone_stand_side_by_side(database, desk):
    take(database, desk, paper("R1", own_root=ROOT), paper("R2", own_root=ROOT))
    assert states(database) == {"R1": ("current", ""), "R2": ("current", "")}


def test_taking_the_same_message_again_brings_it_up_to_date_and_changes_no_other(database, desk):
    take(database, desk, paper("R1", "D1"))
    take(database, desk, paper("R1", "D1", title="门诊病历（修订）"))
    take(database, desk, paper("R2", "D1"))
    take(database, desk, paper("R1", "D1", title="重放"))
    assert states(database) == {"R1": ("replaced", "R2"), "R2": ("current", "")}
    with database.read() as connection:
        assert desk.by_message(connection, "R1").title == "重放"


def test_a_failed_transaction_leaves_nothing_behind(database, desk):
    with pytest.raises(ZeroDivisionError), database.write() as connection:  # noqa: PT012 - the failure must come after the take
        desk.take(connection, [paper("R1", "D1")])
        raise ZeroDivisionError
    assert states(database) == {}


def test_personal_values_are_stored_only_sealed(database):
    desk = RecordsDesk(SEAL)
    take(database, desk, paper("R1", "D1"))
    with database.read() as connection:
        rows = [*connection.execute(select(record)).one(), *connection.execute(select(resident)).one()]
        rows += [one for row in connection.execute(select(resident_key)) for one in row]
        found = desk.by_message(connection, "R1")
    for personal in (LI, "测试患者甲", "测试医师", "19900307"):
        assert not any(personal in one for one in rows if isinstance(one, str))
        assert not any(personal.encode() in bytes(one) for one in rows if isinstance(one, bytes | memoryview))
    assert found.resident_id == LI


def test_a_batch_asks_the_store_no_more_often_than_one_record_does(database, desk):
    def batch(start, size):
        return [paper(f"R{n:06}", f"D{n}", resident_id=f"{n:018}") for n in range(start, start + size)]

    take(database, desk, *batch(0, 64))
    with statements() as one:
        take(database, desk, *batch(64, 1))
    with statements() as many:
        take(database, desk, *batch(128, 64))
    assert 0 < len(one) <= len(many) <= 2 * len(one)


def test_a_record_of_a_batch_costs_a_fraction_of_one_alone(database, desk):
    """CPU against CPU of the same run, the best of nine."""

    def best(size, first):
        return min(_cpu(database, desk, size, start) for start in range(first, first + 9 * size, size))

    best(64, 0)
    alone, together = best(1, 1000), best(64, 2000)
    assert together < alone / 4, f"{together:.0f} us for each of a batch, {alone:.0f} us alone"


def _cpu(database, desk, size, start):
    papers = [paper(f"R{n:06}", f"D{n}", resident_id=f"{n:018}") for n in range(start, start + size)]
    with database.write() as connection:
        began = time.thread_time()
        desk.take(connection, papers)
        return (time.thread_time() - began) / size * 1e6


def test_an_own_id_without_root_or_extension_is_no_key():
    assert own_key("", "") == ""
    assert own_key(ROOT, "D1") == f"{ROOT}^D1"
