"""The three libraries are read by exact numbers, across hospitals, page by page, and every reading is audited."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.services.audit import Audit
from engine.services.conflicts import settle_conflict
from engine.services.library import Library, Reading, Wanted
from engine.services.records import RecordsDesk
from tests.services.people import LI, WRITTEN, owners, questions, said, take
from tests.support.seals import SEAL

READING = Reading(reader="医生甲", reason="门诊就诊", institution="H1", peer="10.0.0.1")


@pytest.fixture
def library():
    return Library(SEAL, lambda _, receipt: f"<ClinicalDocument>{receipt}</ClinicalDocument>".encode())


def a_life(database):
    """Take in twelve documents of one resident from three hospitals, one a day, two of them at the same moment."""
    papers = [
        said(
            f"R{n:02}",
            LI,
            card="JKK1",
            numbers=["archive^B7"],
            institution=f"H{n % 3}",
            document_type=("C0002", "C0004", "C0007")[n % 3],
            written=WRITTEN + timedelta(days=min(n, 10)),
        )
        for n in range(12)
    ]
    take(database, *papers, said("X1", "220102198512120027", resident_name="测试患者乙"))


def pages(database, library, wanted, limit=5):
    found, after = [], None
    while True:
        with database.write() as connection:
            page = library.health_record(connection, READING, owners(database)["R00"], wanted, after=after, limit=limit)
        found.append([one.message for one in page.documents])
        after = page.after
        if after is None:
            return found


def test_a_health_record_is_one_list_across_hospitals_latest_first(database, library):
    a_life(database)
    every = [f"R{n:02}" for n in (11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)]
    assert pages(database, library, Wanted()) == [every[:5], every[5:10], every[10:]]
    assert pages(database, library, Wanted(), limit=1) == [[one] for one in every]


@pytest.mark.parametrize(("wanted", "count"), [
    (Wanted(types=["C0002"]), 4), (Wanted(institutions=["H1", "H2"]), 8), (Wanted(types=["C0004"], institutions=["H0"]), 0),
    (Wanted(since=WRITTEN + timedelta(days=3), until=WRITTEN + timedelta(days=6)), 3),
])  # fmt: skip
def test_a_health_record_is_filtered(database, library, wanted, count):
    a_life(database)
    assert sum(len(page) for page in pages(database, library, wanted)) == count


def test_only_what_stands_is_shown_unless_all_is_asked_for(database, library):
    a_life(database)
    take(database, said("R12", LI, own_extension="R00", institution="H0", written=WRITTEN + timedelta(days=20)))
    with database.write() as connection:
        RecordsDesk(SEAL).withdraw(connection, ["R01"])
    shown = [one for page in pages(database, library, Wanted()) for one in page]
    assert (shown[0], "R00" in shown, "R01" in shown) == ("R12", False, False)
    assert sum(len(page) for page in pages(database, library, Wanted(every_state=True))) == 13


def test_after_a_merge_the_record_of_both_is_one(database, library):
    a_life(database)
    take(database, said("R20", LI, resident_name="测试患者假", numbers=["archive^B9"], written=WRITTEN + timedelta(days=30)))
    take(database, said("R21", resident_name="测试患者假", numbers=["archive^B9"], written=WRITTEN + timedelta(days=31)))
    assert pages(database, library, Wanted(), limit=20)[0][:2] == ["R20", "R11"]
    (question,) = questions(database)
    with database.write() as connection:
        settle_conflict(
            connection, SEAL, question["resident"], question["other"], "same", by="admin", reason="核实", at=datetime.now(UTC)
        )
        merged = library.health_record(connection, READING, question["other"], Wanted())
    assert [one.message for one in merged.documents][:3] == ["R21", "R20", "R11"]
    assert merged.resident.number == question["resident"]


def test_a_resident_is_found_by_any_number_and_by_no_part_of_one(database, library):
    a_life(database)
    with database.write() as connection:
        whole = library.find_by_identity(connection, READING, f" {LI} ")
        assert whole.number == owners(database)["R00"]
        assert library.find_by_card(connection, READING, "ｊｋｋ1") == whole
        assert library.find_by_local(connection, READING, "H1", "b7") == whole
        for nobody in (LI[:17], "", "无"):
            assert library.find_by_identity(connection, READING, nobody) is None
        assert library.find_by_local(connection, READING, "H9", "B7") is None
        assert library.find_by_card(connection, READING, LI) is None
    assert (whole.resident_id, whole.resident_name, whole.birth_date) == (LI, "测试患者甲", "19900307")


def test_a_medical_record_comes_with_its_body_and_its_versions(database, library):
    take(database, said("R1", LI, own_extension="D1"))
    take(database, said("R2", LI, own_extension="D1"))
    take(
        database, said("R3", LI, own_extension="D3", replaces_root="2.16.156.10011.1.1", replaces_extension="D1"), said("R4", LI)
    )
    with database.write() as connection:
        for receipt in ("R1", "R2", "R3"):
            found = library.medical_record(connection, READING, receipt)
            assert (found.document.message, found.body) == (receipt, f"<ClinicalDocument>{receipt}</ClinicalDocument>".encode())
            assert {one.message for one in found.versions} == {"R1", "R2", "R3"}
            assert found.versions[0].message == "R3"
        assert library.medical_record(connection, READING, "R9") is None
        assert library.health_record(connection, READING, "P-nobody", Wanted()) is None


def test_every_reading_is_audited_in_its_own_transaction_without_personal_data(database, library):
    a_life(database)
    number = owners(database)["R00"]
    with database.write() as connection:
        library.find_by_identity(connection, READING, LI)
        library.find_by_identity(connection, READING, "220102199003078999")
        library.health_record(connection, READING, number, Wanted())
        library.medical_record(connection, READING, "R03")
    with pytest.raises(ZeroDivisionError), database.write() as connection:  # noqa: PT012 - the failure must come after the reading
        library.medical_record(connection, READING, "R04")
        raise ZeroDivisionError
    with database.read() as connection:
        rows = Audit().rows(connection, verdict="read")
    assert {(row.service, row.subject) for row in rows} == {
        ("population", number), ("population", "nobody"), ("health-record", number), ("medical-record", "R03"),
    }  # fmt: skip
    assert {(row.actor, row.reason, row.institution, row.peer) for row in rows} == {("医生甲", "门诊就诊", "H1", "10.0.0.1")}


@pytest.mark.parametrize("missing", ["reader", "reason"])
def test_nobody_reads_without_a_name_and_a_reason(missing):
    with pytest.raises(ValueError, match="reader and a reason"):
        Reading(**{"reader": "医生甲", "reason": "门诊就诊"} | {missing: " "})
