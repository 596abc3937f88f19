"""What registers and pushes say reaches the status log in their own transaction: every fresh event, late ones too, words by the tables."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from engine.services.recordrights import RecordRights
from engine.services.registers import build_registers
from engine.services.reports.hearing import Hearing
from engine.services.reports.statuses import Statuses
from engine.services.reports.tables import report
from tests.services.registers.office import Office as Registers
from tests.services.registers.office import no_orders
from tests.services.reports.counter import CLAIM, NOON, READER, WHO
from tests.support.booking import HOSPITAL, Office
from tests.support.house_hospital import MemoryHospital, Seats
from tests.support.seals import SEAL

WORDS = Statuses(
    {("*", "标本采集"): 20, ("*", "标本拒收"): 35, ("*", "报告已打印"): 70, ("*", "报告已删除"): 90, ("S0059", "3"): 40}
)
PATIENT = {"identity": WHO.identity, "name": WHO.name, "gender": "1", "birth": "19900307", "patientId": "P1"}


@pytest.fixture
def hearing(counter):
    return Hearing(counter.reports, WORDS, SEAL)


@pytest.fixture
def registers(database, hearing):
    made = Registers(database)
    made.registers = build_registers(SEAL, rights=RecordRights(), body=lambda _c, _r: None, orders=no_orders, filed=hearing.filed)
    return made


def told(counter):
    with counter.database.read() as connection:
        return {row.report: (row.institution, row.kind, row.status) for row in connection.execute(select(report))}


def say(registers, words, at, **more):
    values = {"number": "SQ1", "form": "SQ1", "statusName": words, "at": at, **PATIENT, **more}
    return registers.send(registers.message("laboratory-status", "add", action="S0063", **values))


def test_every_status_event_is_told_and_late_ones_move_nothing(registers, counter):
    say(registers, "报告已打印", "20260302093000", author="9001", department="0301")
    say(registers, "标本采集", "20260302080000")
    say(registers, "标本采集", "20260302080000")
    ((number, (_, kind, status)),) = told(counter).items()
    assert (kind, status) == ("laboratory", 70)
    counter.consent()
    entries = counter.write(counter.reports.history, READER, number)
    assert [(one.status, one.late, one.source, one.their_name) for one in entries] == [
        (20, True, "S0063", "标本采集"), (70, False, "S0063", "报告已打印"),
    ]  # fmt: skip
    assert (entries[1].operator, entries[1].department, bool(entries[1].receipt)) == ("9001", "0301", True)
    assert [one.report for one in counter.list(claim=CLAIM).items] == [number]


def test_words_that_no_table_knows_are_kept_with_what_stood(registers, counter):
    say(registers, "标本拒收", "20260302080000", reason="溶血", specimen="B1")
    say(registers, "再次送检", "20260302090000")
    ((number, (_, _, status)),) = told(counter).items()
    assert status == 35
    counter.consent()
    entries = counter.write(counter.reports.history, READER, number)
    assert [(one.status, one.reason, one.their_name) for one in entries] == [(35, "溶血", "标本拒收"), (0, "", "再次送检")]


def test_a_request_is_a_report_that_was_applied_for_and_its_order_belongs_to_it(registers, counter):
    request = {"number": "SQ7", "at": "20260302070000", **PATIENT}
    registers.send(registers.message("examination-requests", "add", action="S0041", **request))
    order = {"number": "YZ7", "form": "SQ7", "status": "3", "at": "20260302080000", **PATIENT}
    registers.send(registers.message("order-status", "add", action="S0059", **order))
    assert list(told(counter).values()) == [("H1", "examination", 40)]


def test_orders_that_are_no_reports_and_other_registers_tell_nothing(registers, counter):
    drug = {"number": "YZ8", "form": "CF8", "status": "3", "at": "20260302080000", **PATIENT}
    registers.send(registers.message("order-status", "add", action="S0059", **drug))
    registers.send(
        registers.message("surgery-status", "add", action="S0080", number="SS1", status="3", at="20260302080000", **PATIENT)
    )
    assert told(counter) == {}


def test_a_push_tells_that_a_report_is_ready_and_whose_it_is_by_its_order(database, counter, hearing):
    office = Office(database, MemoryHospital(slots={"S1": Seats(3)}))
    office.pull()
    office.service.counter = replace(office.service.counter, reports=hearing.pushed)
    order = office.book("r1").order
    item = {"PUSH_TYPE": "3", "PUSH_ID": "R77", "PUSH_CONTENT": "血常规已出", "DATA_TIME": "2026-03-02 10:00:00"}
    items = (
        {**item, "ORDER_ID": order},
        {**item, "PUSH_TYPE": "5", "PUSH_ID": "R78"},
        {**item, "PUSH_TYPE": "2", "PUSH_ID": "9"},
    )
    assert office.service.answer(HOSPITAL, "7001", {"HOS_ID": "H1", "DATA_INFO": items}, "trace-1")[0] == "0"
    assert sorted(told(counter).values()) == [(HOSPITAL, "examination", 70), (HOSPITAL, "laboratory", 70)]
    event = next(event for _, event in counter.news if event.kind == "laboratory")
    assert (event.keys, event.source, event.receipt, event.at) == ({"report": "R77"}, "7001", "trace-1", counter.now - 2 * _HOUR)
    assert event.person.name
    assert office.service.answer(HOSPITAL, "7001", {"HOS_ID": "H1", "DATA_INFO": (items[2],)}, "trace-2")[0] == "700101"
    assert len(counter.news) == 2


_HOUR = NOON - NOON.replace(hour=3)
