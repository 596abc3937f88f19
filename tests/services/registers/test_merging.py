"""Two residents are merged into one and made two again: nothing is lost, and every query follows at once."""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from engine.errors import TryAgain
from engine.services.audit import Audit
from engine.services.conflicts import settle_conflict
from engine.services.library import Library, Reading, Wanted
from engine.services.merging import merges, survivors, unmerge_people
from engine.services.registers.residents import unmerge
from engine.services.residents import one_person, resident
from engine.store.database import Database
from tests.services.people import questions
from tests.services.registers.office import LI, NOON, PERSON, WANG, Office, said
from tests.support.seals import SEAL

LATER = NOON + timedelta(days=1)
READING = Reading(reader="tester", reason="测试")


def three_hospitals(office):
    """Let H1 know one person under two numbers, once without an identity number, with documents in three hospitals."""
    office.ask("residents", "add", "H1", patientId="P1", identity=LI, **PERSON)
    office.ask("residents", "add", "H1", patientId="P2", healthCard="C-2", **PERSON)
    office.take(
        said("D1", LI, institution="H1"), said("D2", LI, institution="H2"), said("D3", LI, institution="H3"),
        said("E1", card="C-2", institution="H1"), said("E2", card="C-2", institution="H2"), said("E3", card="C-2", institution="H3"),
    )  # fmt: skip
    office.ask("outpatient-visits", "add", "H1", patientId="P2", number="V2", **PERSON)


def health_record(office, number):
    library = Library(SEAL, lambda _connection, _receipt: b"<a/>")
    with office.database.write() as connection:
        page = library.health_record(connection, READING, number, Wanted())
        return sorted(one.message for one in page.documents)


def searched(office, institution, **values):
    return sorted(item["receipt"] for item in office.ask("documents", "query", institution, **values).items)


def undo(office, number, **changed):
    with office.database.write() as connection:
        return unmerge(connection, SEAL, number, **{"by": "admin", "reason": "并错了", "at": LATER} | changed)


def numbers_of(office):
    with office.database.read() as connection:
        return [one.merge for one in merges(connection, SEAL)]


def test_a_merge_makes_one_person_everywhere_and_its_undoing_two_again(office):
    three_hospitals(office)
    before = office.owners()
    first, second = before["D1"], before["E1"]
    assert first != second
    assert health_record(office, first) == ["D1", "D2", "D3"]
    told = office.ask("residents", "merge", "H1", survivorId="P1", obsoleteId="P2", reason="同一人", authorName="测试医生")
    assert told.text == "已合并：P2 并入 P1"
    everything = ["D1", "D2", "D3", "E1", "E2", "E3"]
    assert health_record(office, first) == health_record(office, second) == everything
    for number in ("P1", "P2"):
        assert searched(office, "H1", patientId=number) == everything
        assert office.ask("outpatient-visits", "query", patientId=number).total == 1
        assert [item["patientId"] for item in office.ask("residents", "query", patientId=number).items] == ["P1"]
    assert searched(office, "H3", identity=LI) == everything
    assert office.owners() == before
    (merge,) = numbers_of(office)
    undone = undo(office, merge)
    assert (undone.reason, undone.undone_by, undone.undone_reason, undone.undone) == ("同一人", "admin", "并错了", LATER)
    assert office.owners() == before
    assert (health_record(office, first), health_record(office, second)) == (["D1", "D2", "D3"], ["E1", "E2", "E3"])
    assert searched(office, "H1", patientId="P2") == ["E1", "E2", "E3"]
    assert office.ask("outpatient-visits", "query", patientId="P1").total == 0
    assert [item["patientId"] for item in office.ask("residents", "query", patientId="P2").items] == ["P2"]


def test_what_comes_while_they_are_one_goes_back_to_its_own_person(office):
    three_hospitals(office)
    office.ask("residents", "merge", survivorId="P1", obsoleteId="P2")
    office.take(said("E4", card="C-2", institution="H2"), said("D4", LI, institution="H2"))
    assert len(health_record(office, office.owners()["D1"])) == 8
    undo(office, *numbers_of(office))
    assert health_record(office, office.owners()["E1"]) == ["E1", "E2", "E3", "E4"]
    assert health_record(office, office.owners()["D1"]) == ["D1", "D2", "D3", "D4"]


def test_both_are_told_in_the_audit(office):
    three_hospitals(office)
    office.ask("residents", "merge", survivorId="P1", obsoleteId="P2")
    undo(office, *numbers_of(office))
    with office.database.read() as connection:
        rows = Audit().rows(connection, verdict="changed")
    told = {(row.reason, row.actor, row.institution) for row in rows}
    assert told == {("residents merge", "H1", "H1"), ("residents unmerge", "admin", "H1")}


def test_a_merge_that_cannot_be_is_refused_and_changes_nothing(office):
    three_hospitals(office)
    assert office.refused("residents", "merge", survivorId="P1", obsoleteId="P1") == "SND-735"
    assert office.refused("residents", "merge", survivorId="P1", obsoleteId="P7") == "SND-730"
    assert office.refused("residents", "merge", "H2", survivorId="P1", obsoleteId="P2") == "SND-730"
    assert office.refused("residents", "merge", survivorId="P1") == "SND-737"
    office.ask("residents", "add", patientId="P3", identity=WANG, **PERSON)
    assert office.refused("residents", "merge", survivorId="P1", obsoleteId="P3") == "SND-735"
    assert numbers_of(office) == []
    office.ask("residents", "merge", survivorId="P1", obsoleteId="P2")
    assert office.refused("residents", "merge", survivorId="P1", obsoleteId="P2") == "SND-735"
    assert office.refused("residents", "update", patientId="P2", **PERSON) == "SND-732"
    assert office.refused("residents", "add", patientId="P2", **PERSON) == "SND-731"


def test_what_was_undone_is_not_undone_again_and_needs_a_name_and_a_reason(office):
    three_hospitals(office)
    office.ask("residents", "merge", survivorId="P1", obsoleteId="P2")
    (merge,) = numbers_of(office)
    with pytest.raises(ValueError, match="name and a reason"):
        undo(office, merge, reason=" ")
    undo(office, merge)
    for number in (merge, "M0"):
        with pytest.raises(LookupError):
            undo(office, number)
    office.ask("residents", "merge", survivorId="P2", obsoleteId="P1")
    assert [item["patientId"] for item in office.ask("residents", "query", patientId="P1").items] == ["P2"]


def test_a_merge_in_the_middle_of_a_chain_can_be_undone_by_itself(office):
    for number in range(1, 5):
        office.ask("residents", "add", patientId=f"P{number}", name="测试患者链", gender="1", birth=f"1990030{number}")
    for survivor, obsolete in (("P2", "P1"), ("P3", "P2"), ("P4", "P3")):
        office.ask("residents", "merge", survivorId=survivor, obsoleteId=obsolete)
    assert [item["patientId"] for item in office.ask("residents", "query", patientId="P1").items] == ["P4"]
    middle = numbers_of(office)[1]
    undo(office, middle)
    shown = {
        number: office.ask("residents", "query", patientId=number).items[0]["patientId"] for number in ("P1", "P2", "P3", "P4")
    }
    assert shown == {"P1": "P2", "P2": "P2", "P3": "P4", "P4": "P4"}


def test_a_question_that_a_person_settled_as_the_same_can_be_undone_too(office):
    office.take(said("D1", LI), said("D2", LI, resident_name="测试患者假", numbers=["archive^B9"]))
    (question,) = questions(office.database)
    with office.database.write() as connection:
        settle_conflict(connection, SEAL, question["resident"], question["other"], "same", by="admin", reason="核实", at=NOON)
        assert len(one_person(connection, question["other"])) == 2
        (merge,) = merges(connection, SEAL)
        unmerge_people(connection, SEAL, merge.merge, by="admin", reason="并错了", at=LATER)
        assert one_person(connection, question["other"]) == [question["other"]]


FRESH = count()
"""Names of hospitals that no other example of a property has had in the same store."""

PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda pair: pair[0] != pair[1]), max_size=8)


@given(pairs=PAIRS, undone=st.lists(st.integers(0, 7), max_size=4, unique=True))
def test_who_is_one_person_follows_from_the_merges_that_stand_alone(pairs, undone):
    people = [f"P{number}" for number in range(6)]
    said_of = [(f"P{one}", f"P{other}") for place, (one, other) in enumerate(pairs) if place not in undone]
    found = survivors(people, said_of)
    groups = {one: {one} for one in people}
    for one, other in said_of:
        joined = groups[one] | groups[other]
        groups |= dict.fromkeys(joined, joined)
    assert all((found[one] == found[other]) == (other in groups[one]) for one in people for other in people)
    assert all(found[found[one]] == found[one] and found[one] in groups[one] for one in people)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=PAIRS, undone=st.lists(st.integers(0, 7), max_size=4, unique=True))
def test_merging_and_undoing_in_any_order_loses_no_document(url, pairs, undone):
    ward = f"W{next(FRESH)}"
    with closing(Database(url)) as database:
        office = Office(database)
        for number in range(6):
            office.ask("residents", "add", ward, patientId=f"P{number}", name=f"测试患者{number}", gender="1", birth="1990")
            office.take(
                *(said(f"{ward}-{number}-{place}", institution=ward, numbers=[f"patient^P{number}"]) for place in range(2))
            )
        homes = {number: office.owners()[f"{ward}-{number}-0"] for number in range(6)}
        standing = {}
        for place, (one, other) in enumerate(pairs):
            before = set(numbers_of(office))
            merged = _merged(office, ward)
            if one in merged or other in merged:
                assert office.refused("residents", "merge", ward, survivorId=f"P{one}", obsoleteId=f"P{other}") == "SND-735"
                continue
            office.ask("residents", "merge", ward, survivorId=f"P{one}", obsoleteId=f"P{other}")
            (standing[place],) = set(numbers_of(office)) - before
        for place in undone:
            if place in standing:
                undo(office, standing.pop(place))
        groups = {number: {number} for number in range(6)}
        for place in standing:
            one, other = pairs[place]
            joined = groups[one] | groups[other]
            groups |= dict.fromkeys(joined, joined)
        for number in range(6):
            expected = sorted(f"{ward}-{each}-{place}" for each in groups[number] for place in range(2))
            assert health_record(office, homes[number]) == expected
            assert searched(office, ward, patientId=f"P{number}") == expected


def _merged(office, ward):
    """List the numbers of the patients that went into another one."""
    shown = {number: office.ask("residents", "query", ward, patientId=f"P{number}").items[0]["patientId"] for number in range(6)}
    return {number for number, patient in shown.items() if patient != f"P{number}"}


def test_merges_of_two_processes_at_once_neither_wait_for_ever_nor_get_lost(url):
    hospitals, rounds = 4, 6
    with closing(Database(url)) as database:
        office = Office(database)
        for hospital in range(hospitals):
            for number in range(rounds):
                values = {"name": f"测试患者{number}", "gender": "1", "birth": f"199003{number + 10}"}
                office.ask("residents", "add", f"H{hospital}", patientId=f"A{number}", healthCard=f"A-{number}", **values)
                office.ask("residents", "add", f"H{hospital}", patientId=f"B{number}", healthCard=f"B-{number}", **values)

        def work(hospital):
            with closing(Database(url)) as mine:
                other = Office(mine)
                order = range(rounds) if hospital % 2 else reversed(range(rounds))
                for number in order:
                    pair = (f"A{number}", f"B{number}") if hospital % 2 else (f"B{number}", f"A{number}")
                    message = other.message("residents", "merge", f"H{hospital}", survivorId=pair[0], obsoleteId=pair[1])
                    _until_taken(other, message)

        with ThreadPoolExecutor(hospitals) as pool:
            list(pool.map(work, range(hospitals)))
        assert len(numbers_of(office)) == hospitals * rounds
        with database.read() as connection:
            groups = defaultdict(set)
            for row in connection.execute(select(resident)):
                groups[row.survivor].add(row.number)
        assert sorted(len(group) for group in groups.values()) == [2] * rounds


def _until_taken(office, message):
    for _ in range(20):
        try:
            return office.send(message)
        except TryAgain:
            continue
    raise AssertionError("the store never took it")


def test_a_wrong_identity_number_is_corrected_first_and_then_merged(office):
    office.ask("residents", "add", patientId="P1", identity=LI, **PERSON)
    office.ask("residents", "add", patientId="P2", identity=WANG, **PERSON)
    office.take(said("D1", LI), said("E1", WANG))
    assert office.refused("residents", "merge", survivorId="P1", obsoleteId="P2") == "SND-735"
    office.ask("residents", "update", patientId="P2", identity=LI, **PERSON)
    (question,) = questions(office.database)
    assert (question["reasons"], question["state"]) == ("keys", "open")
    office.ask("residents", "merge", survivorId="P1", obsoleteId="P2")
    assert [item["patientId"] for item in office.ask("residents", "query", identity=LI).items] == ["P1"]
    assert searched(office, "H1", identity=LI) == ["D1"]
    with office.database.write() as connection:
        settle_conflict(connection, SEAL, question["resident"], question["other"], "same", by="admin", reason="核实", at=LATER)
    assert searched(office, "H1", identity=LI) == ["D1", "E1"]


def test_entries_that_a_person_says_are_of_another_go_to_that_one(office):
    office.ask("residents", "add", patientId="P1", identity=LI, **PERSON)
    office.ask("orders", "add", "H2", number="N1", identity=LI, patientId="Q1", name="测试患者假", gender="1", birth="19900307")
    (question,) = questions(office.database)
    office.ask("residents", "add", "H2", patientId="Q2", identity=LI, **PERSON)
    assert office.ask("orders", "query", "H2", identity=LI).total == 1
    with office.database.write() as connection:
        settle_conflict(
            connection, SEAL, question["resident"], question["other"], "different", by="admin", reason="核实", at=LATER
        )
    assert office.ask("orders", "query", "H2", identity=LI).total == 0
    assert office.ask("orders", "query", "H2", patientId="Q1").total == 1
