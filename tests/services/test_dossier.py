"""Residents are found by what somebody at a desk knows, with an audit row each time; a dossier counts and holds no contents."""

from datetime import UTC, datetime

import pytest

from engine.services.audit import Audit
from engine.services.dossier import read_dossier
from engine.services.merging import Said, hold_people, merge_people
from engine.services.peoplefinder import Sought, find_people
from engine.services.records import RecordsDesk
from engine.services.residents import open_conflicts
from tests.services.people import LI, WANG, owners, said, take
from tests.support.seals import SEAL

NOW = datetime(2026, 3, 5, 1, 0, tzinfo=UTC)


def find(database, by, value, institution="", asking=""):
    sought = Sought(by=by, value=value, institution=institution, asking=asking)
    with database.write() as connection:
        return [one.number for one in find_people(connection, SEAL, sought, actor="viewer-1", peer="127.0.0.1")]


def dossier(database, number, institutions=None):
    with database.read() as connection:
        return read_dossier(connection, SEAL, number, institutions)


def merge(database, survivor, obsolete, **more):
    with database.write() as connection:
        hold_people(connection)
        return merge_people(connection, SEAL, survivor, obsolete, Said(by="admin", reason="两个证件", at=NOW, **more))


@pytest.fixture
def people(database):
    """Take in one person known to two hospitals and another known to one; gives their numbers."""
    take(
        database,
        said("R1", LI, card="JK1", numbers=["outpatient^MZ1"]),
        said("R2", LI, institution="H2", numbers=["inpatient^ZY9"], document_type="C0034"),
        said("R3", WANG, institution="H2", resident_name="测试患者·乙", gender="2", birth_date="19851212"),
    )
    whose = owners(database)
    assert whose["R1"] == whose["R2"]
    return whose["R1"], whose["R3"]


def test_a_resident_is_found_by_each_thing_that_is_known(database, people):
    one, other = people
    assert find(database, "identity", f" {LI[:6]} {LI[6:]} ") == [one]
    assert find(database, "card", "jk1") == [one]
    assert find(database, "patient", "MZ1", "H1") == [one]
    assert find(database, "patient", "ZY9", "H2") == [one]
    assert find(database, "name", "测试患者甲") == [one]
    assert find(database, "name", "测试患者・乙") == [other], "the dot is one dot, however it is written"
    assert find(database, "number", other) == [other]


@pytest.mark.parametrize(
    ("by", "value", "institution"),
    [
        ("identity", WANG[:17] + "9", ""), ("identity", "无", ""), ("card", "JK", ""), ("patient", "MZ1", "H2"), ("patient", "MZ1", ""),
        ("name", "测试患者", ""), ("name", "%", ""), ("number", "P1", ""),
    ],
)  # fmt: skip
def test_nothing_else_finds_anybody(database, people, by, value, institution):
    assert find(database, by, value, institution) == []


def test_every_search_is_audited_found_or_not(database, people):
    find(database, "identity", LI)
    find(database, "name", "测试患者丁")
    with database.read() as connection:
        rows = [(row.verdict, row.service, row.reason, row.subject, row.actor) for row in Audit().rows(connection)]
    assert rows == [
        ("read", "population", "search by name", "nobody", "viewer-1"), ("read", "population", "search by identity", people[0], "viewer-1"),
    ]  # fmt: skip
    assert LI not in str(rows)


def test_an_institution_finds_its_own_patients_only(database, people):
    one, other = people
    assert find(database, "identity", LI, asking="H1") == [one]
    assert find(database, "identity", WANG, asking="H1") == []
    assert find(database, "name", "测试患者·乙", asking="H1") == []
    assert find(database, "number", other, asking="H1") == []
    assert find(database, "number", other, asking="H2") == [other]


def test_after_a_merge_the_survivor_is_found_and_tells_of_both(database, people):
    one, other = people
    number = merge(database, one, other)
    assert find(database, "identity", WANG) == find(database, "name", "测试患者·乙") == [one]
    for asked in people:
        found = dossier(database, asked)
        assert (found.resident.number, list(found.people)) == (one, sorted(people))
        assert [each.merge for each in found.merges] == [number]
        assert {each.number for each in found.identities if each.kind == "identity"} == {LI, WANG}


def test_a_dossier_counts_what_there_is(database, people):
    found = dossier(database, people[0])
    assert [(each.kind, each.institution, each.number) for each in found.identities] == [
        ("identity", "", LI), ("card", "", "JK1"), ("outpatient", "H1", "MZ1"), ("inpatient", "H2", "ZY9"),
    ]  # fmt: skip
    assert [(each.institution, each.what, each.number) for each in found.documents] == [("H1", "C0002", 1), ("H2", "C0034", 1)]
    assert (list(found.entries), list(found.conflicts), list(found.merges)) == ([], [], [])
    with database.write() as connection:
        RecordsDesk(SEAL).withdraw(connection, ["R1"])
    assert [each.institution for each in dossier(database, people[0]).documents] == ["H2"]
    assert dossier(database, "P-nobody") is None


def test_for_an_institution_a_dossier_holds_nothing_of_others(database, people):
    one, other = people
    merge(database, one, other)
    merge(database, one, other, institution="H1")
    take(database, said("R4", LI, resident_name="测试患者丙"), said("R5", institution="H2", numbers=()))
    found = dossier(database, one, ["H1"])
    assert {each.institution for each in found.identities} == {"", "H1"}
    assert "document" not in {each.kind for each in found.identities}
    assert {each.institution for each in found.documents} == {"H1"}
    assert [each.institution for each in found.merges] == ["H1"]
    assert (list(found.conflicts), list(found.people)) == ([], [one])


def test_an_unidentified_person_has_a_document_only_and_the_open_questions_are_counted(database, people):
    take(database, said("R6", resident_name="无名氏"), said("R7", LI, resident_name="测试患者丙", gender="2"))
    assert [(each.kind, each.number) for each in dossier(database, owners(database)["R6"]).identities] == [("document", "R6")]
    with database.read() as connection:
        assert open_conflicts(connection) == 1
    assert [each.reasons for each in dossier(database, people[0]).conflicts] == [("name", "gender")]


def test_a_name_that_is_learnt_later_finds_its_resident(database):
    take(database, said("R1", LI, resident_name="无名氏"))
    take(database, said("R2", LI, resident_name="测试患者甲"))
    assert find(database, "name", "测试患者甲") == [owners(database)["R2"]]
