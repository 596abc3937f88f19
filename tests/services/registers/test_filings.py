"""Visits, orders and requests are kept under their numbers; status messages are events of their time, in whatever order they come."""

from contextlib import closing
from itertools import count, permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.services.recordrights import RecordRights
from engine.services.registers.entries import Entries
from engine.services.registers.filings import KINDS, STATUS_KINDS, latest_event
from engine.store.database import Database
from tests.services.registers.office import LI, PERSON, WANG, Office
from tests.support.seals import SEAL


def order(number, **values):
    return {"number": number, "patientId": "P1", "identity": LI, "body": f"<subject>{number}</subject>", **PERSON, **values}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_was_filed_is_given_out_as_it_came(office, kind):
    assert office.ask(kind, "add", **order("N1", at="20260301100000", status="active")).text == "已登记"
    found = office.ask(kind, "query", number="N1")
    told = {"number": "N1", "status": "active", "at": "20260301100000", "body": "<subject>N1</subject>"}
    assert found.items == ({**told, "institutionCode": "H1"},)
    assert found.total == 1


def test_several_entries_of_one_message_are_filed_or_refused_together(office):
    office.ask("orders", "add", entry=(order("N1"), order("N2")))
    assert office.refused("orders", "add", entry=(order("N3"), order("N2", body="<subject>other</subject>"))) == "SND-731"
    assert office.ask("orders", "query", number="N3").total == 0
    assert office.ask("orders", "add", entry=(order("N2"), order("N3"))).text == "已登记 1 条"
    assert office.ask("orders", "query", patientId="P1").total == 3
    assert office.ask("orders", "add", entry=(order("N2"), order("N3"))).text == "已登记过，内容相同"
    assert office.refused("orders", "add", entry=(order("N4"), order("N4", body="x"))) == "SND-737"
    assert office.refused("orders", "add", body="<subject/>") == "SND-737"


def test_an_update_wants_the_number_to_stand_and_queries_find_by_the_new_values(office):
    assert office.refused("orders", "update", **order("N1")) == "SND-732"
    office.ask("orders", "add", **order("N1", department="D1"))
    office.ask("orders", "update", **order("N1", department="D2", body="<subject>new</subject>"))
    assert office.ask("orders", "query", department="D1").total == 0
    assert office.ask("orders", "query", department="D2").items[0]["body"] == "<subject>new</subject>"
    assert office.ask("orders", "update", **order("N1", department="D2", body="<subject>new</subject>")).text.startswith("内容与")


def test_numbers_of_two_hospitals_and_two_kinds_do_not_meet(office):
    office.ask("orders", "add", "H1", **order("N1"))
    office.ask("orders", "add", "H2", **order("N1", body="<subject>H2</subject>"))
    office.ask("laboratory-requests", "add", "H1", **order("N1", body="<subject>lab</subject>"))
    assert office.ask("orders", "query", "H2", number="N1").items[0]["body"] == "<subject>H2</subject>"
    assert office.ask("laboratory-requests", "query", "H1", number="N1").items[0]["body"] == "<subject>lab</subject>"


def test_a_query_narrows_down_by_all_that_it_names_and_by_time(office):
    office.ask("orders", "add", **order("N1", visit="V1", author="A1", at="20260301080000"))
    office.ask("orders", "add", **order("N2", visit="V1", author="A2", at="20260302080000"))
    office.ask("orders", "add", **order("N3", visit="V2", author="A1", at="20260303080000"))

    def numbers(**query):
        return [item["number"] for item in office.ask("orders", "query", **query).items]

    assert numbers() == ["N3", "N2", "N1"]
    assert numbers(visit="V1") == ["N2", "N1"]
    assert numbers(visit="V1", author="A1") == ["N1"]
    assert numbers(since="20260302", until="20260302") == ["N2"]
    assert numbers(until="20260302080000") == ["N2", "N1"]
    assert numbers(limit="1") == ["N3"]
    assert office.refused("orders", "query", since="gestern") == "SND-737"


def test_others_read_only_about_their_own_patients_and_only_when_they_name_them(office):
    office.ask("orders", "add", "H1", **order("N1"))
    assert office.ask("orders", "query", "H2", identity=LI).total == 0
    office.ask("outpatient-visits", "add", "H2", number="V9", patientId="Q1", identity=LI, **PERSON)
    assert office.ask("orders", "query", "H2", identity=LI).total == 1
    assert office.ask("orders", "query", "H2", patientId="Q1").total == 1
    assert office.ask("orders", "query", "H2", number="N1").total == 0
    assert office.ask("orders", "query", "H2", identity=WANG).total == 0
    who = {(institution, register) for institution, register, _, _ in office.readings()}
    assert who == {("H2", "orders")}
    subjects = {subject for _, _, _, subject in office.readings()}
    assert "nobody" in subjects
    assert len(subjects) == 2


@pytest.mark.parametrize(("scope", "seen"), [("own", 0), ("treating", 1), ("all", 1)])
def test_the_rule_table_says_what_others_read(database, scope, seen):
    office = Office(database, rights=RecordRights(filings=scope))
    office.ask("orders", "add", "H1", **order("N1"))
    office.ask("residents", "add", "H2", patientId="Q1", identity=LI, **PERSON)
    assert office.ask("orders", "query", "H2", identity=LI).total == seen


@pytest.mark.parametrize("kind", sorted(STATUS_KINDS))
def test_a_late_status_is_kept_and_changes_nothing_that_is_so_now(office, kind):
    office.ask(kind, "status", number="N1", status="40", at="20260301120000", patientId="P1")
    late = office.ask(kind, "status", number="N1", status="20", at="20260301100000", patientId="P1")
    assert "不改变当前状态" in late.text
    assert now(office, kind) == "40"
    assert [item["status"] for item in office.ask(kind, "query", number="N1").items] == ["40", "20"]
    assert office.ask(kind, "status", number="N1", status="20", at="20260301100000", patientId="P1").text == "该状态已登记过"
    assert office.ask(kind, "query", number="N1").total == 2


def now(office, kind="order-status", number="N1", institution="H1"):
    with office.database.read() as connection:
        return latest_event(connection, Entries(SEAL), kind, institution, number).values["status"]


FRESH = count()
"""Numbers that no other example of a property has had in the same store."""

EVENTS = st.lists(
    st.tuples(st.sampled_from(["20260301", "2026030110", "202603011200", "20260301120000", "20260302"]), st.sampled_from("12345")),
    min_size=1, max_size=6, unique=True,
)  # fmt: skip


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=EVENTS, data=st.data())
def test_any_order_of_arrival_gives_the_same_state_and_the_whole_history(url, events, data):
    with closing(Database(url)) as database:
        office = Office(database)
        told = []
        for _ in range(3):
            number = f"N{next(FRESH)}"
            for at, status in data.draw(st.permutations(events)):
                office.ask("order-status", "status", number=number, order="N", at=at, status=status)
            found = office.ask("order-status", "query", number=number)
            assert found.total == len(events)
            told.append([(item["at"], item["status"]) for item in found.items])
            assert now(office, number=number) == told[-1][0][1]
        assert all(sorted(one) == sorted(events) for one in told)
        times = [[at.ljust(14, "0") for at, _ in one] for one in told]
        assert all(one == sorted(one, reverse=True) for one in times)


def test_events_of_one_moment_stand_in_one_order_however_they_came(office):
    events = [{"number": "N1", "at": "20260301120000", "status": status} for status in ("1", "2", "3")]
    seen = set()
    for place, order_of in enumerate(permutations(events)):
        for event in order_of:
            office.ask("order-status", "status", f"H{place}", **event)
        seen.add(tuple(item["status"] for item in office.ask("order-status", "query", f"H{place}", number="N1").items))
        assert now(office, institution=f"H{place}") == office.ask("order-status", "query", f"H{place}").items[0]["status"]
    assert len(seen) == 1
