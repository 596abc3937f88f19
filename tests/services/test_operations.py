"""Operations data: one report stands for each institution, class and period; figures can be asked for by time."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select

from engine.message import Figure, Record
from engine.services.operations import OperationsDesk, Period, figure, report
from tests.support.seals import SEAL

MAY = Period(kind="month", first=date(2026, 5, 1), last=date(2026, 5, 31))
WRITTEN = datetime(2026, 6, 2, 1, 30, tzinfo=UTC)
FIGURES = (
    Figure(section="volume", field="MZRCS", value="1200", unit="人次"),
    Figure(section="workload", field="mzrc", value="70", unit="人次", dimension="2026-05-01/NK"),
)


def paper(message, *figures, own="month 2026-05-01/2026-05-31", **changed):
    values = {
        "institution": "H1",
        "document_type": "OPS01",
        "own_root": changed.get("document_type", "OPS01"),
        "own_extension": own,
        "written": WRITTEN,
        "author": "测试填报员",
        "figures": figures or FIGURES,
    }
    return Record(message=message, **values | changed)


@pytest.fixture
def desk():
    return OperationsDesk(SEAL)


def take(database, desk, *papers):
    with database.write() as connection:
        desk.take(connection, papers)


def withdraw(database, desk, *receipts):
    with database.write() as connection:
        desk.withdraw(connection, receipts)


def states(database):
    with database.read() as connection:
        rows = connection.execute(select(report.c.message, report.c.state, report.c.replaced_by))
        return {row.message: (row.state, row.replaced_by) for row in rows}


def test_a_report_is_kept_with_its_figures(database, desk):
    take(database, desk, paper("R1"))
    with database.read() as connection:
        found = desk.current(connection, "H1", "OPS01", MAY)
        assert desk.figures(connection, "R1") == list(FIGURES)
        assert desk.current(connection, "H2", "OPS01", MAY) is None
        assert desk.by_message(connection, "R1") == found
        assert desk.by_message(connection, "R2") is None
    assert (found.period, found.reported, found.reporter, found.figures) == (MAY, WRITTEN, "测试填报员", 2)
    assert (found.state, found.replaced_by) == ("current", "")


def test_a_later_report_replaces_and_the_earlier_one_stays_as_history(database, desk):
    take(database, desk, paper("R1"))
    newer = Figure(section="volume", field="MZRCS", value="1300", unit="人次")
    take(database, desk, paper("R2", newer))
    assert states(database) == {"R1": ("replaced", "R2"), "R2": ("current", "")}
    with database.read() as connection:
        assert desk.current(connection, "H1", "OPS01", MAY).message == "R2"
        assert [one.message for one in desk.history(connection, "H1", "OPS01", MAY)] == ["R2", "R1"]
        assert desk.figures(connection, "R1") == list(FIGURES)
        assert [i.value for i in desk.indicators(connection, first=MAY.first, last=MAY.last)] == ["1300"]


def test_reports_of_one_commit_stand_in_their_order(database, desk):
    take(database, desk, paper("R1"), paper("R2"), paper("R3", own="year 2025-01-01/2025-12-31"), paper("R4"))
    assert states(database) == {
        "R1": ("replaced", "R2"), "R2": ("replaced", "R4"), "R3": ("current", ""), "R4": ("current", ""),
    }  # fmt: skip


def test_a_day_a_month_another_class_and_another_institution_stand_side_by_side(database, desk):
    take(
        database,
        desk,
        paper("R1"),
        paper("R2", own="day 2026-05-01/2026-05-01"),
        paper("R3", document_type="OPS05"),
        paper("R4", institution="H2"),
    )
    assert {state for state, _ in states(database).values()} == {"current"}


def test_a_revoked_report_is_withdrawn_and_what_it_replaced_does_not_come_back(database, desk):
    take(database, desk, paper("R1"))
    take(database, desk, paper("R2"))
    withdraw(database, desk, "R2", "no-such-receipt")
    assert states(database) == {"R1": ("replaced", "R2"), "R2": ("withdrawn", "")}
    with database.read() as connection:
        assert desk.current(connection, "H1", "OPS01", MAY) is None
        assert desk.indicators(connection, first=MAY.first, last=MAY.last) == []
    take(database, desk, paper("R3"))
    assert states(database)["R3"] == ("current", "")


def test_a_message_taken_again_brings_its_report_up_to_date(database, desk):
    take(database, desk, paper("R1"))
    withdraw(database, desk, "R1")
    take(database, desk, paper("R1", FIGURES[0]))
    assert states(database) == {"R1": ("current", "")}
    with database.read() as connection:
        assert desk.figures(connection, "R1") == [FIGURES[0]]
    take(database, desk, paper("R2"))
    take(database, desk, paper("R1"))
    assert states(database) == {"R1": ("replaced", "R2"), "R2": ("current", "")}


def test_a_report_without_figures_is_kept_and_taking_nothing_is_no_error(database, desk):
    take(database, desk)
    take(database, desk, paper("R1", figures=()))
    with database.read() as connection:
        assert desk.by_message(connection, "R1").figures == 0
        assert desk.figures(connection, "R1") == []


def test_a_failed_transaction_leaves_nothing_behind(database, desk):
    with pytest.raises(ZeroDivisionError), database.write() as connection:  # noqa: PT012 - the failure must come after the take
        desk.take(connection, [paper("R1")])
        raise ZeroDivisionError
    assert states(database) == {}


def test_indicators_are_chosen_by_hospital_class_kind_field_and_time(database, desk):
    take(
        database,
        desk,
        paper("R1"),
        paper("R2", institution="H2"),
        paper("R3", own="month 2026-06-01/2026-06-30"),
        paper("R4", own="day 2026-05-09/2026-05-09"),
        paper("R5", Figure(section="income", field="ZSR", value="12.50", unit="千元"), document_type="OPS05"),
    )

    def ask(**wanted):
        with database.read() as connection:
            return desk.indicators(connection, **({"first": date(2026, 5, 1), "last": date(2026, 5, 31)} | wanted))

    assert {i.message for i in ask()} == {"R1", "R2", "R4", "R5"}
    assert {i.message for i in ask(institutions=["H2"])} == {"R2"}
    assert {i.message for i in ask(kind="month", document_type="OPS01")} == {"R1", "R2"}
    assert {i.message for i in ask(last=date(2026, 6, 30), fields=["mzrc"])} == {"R1", "R2", "R3", "R4"}
    assert [(i.period, i.dimension) for i in ask(fields=["mzrc"], institutions=["H1"], kind="month")] == [(MAY, "2026-05-01/NK")]
    (income,) = ask(document_type="OPS05")
    assert (income.number, income.unit, income.section) == (Decimal("12.50"), "千元", "income")


def test_progress_tells_who_reported_what(database, desk):
    take(database, desk, paper("R1"), paper("R2"), paper("R3", own="month 2026-06-01/2026-06-30"))
    take(database, desk, paper("R4", institution="H2", document_type="OPS02"))
    withdraw(database, desk, "R4")
    with database.read() as connection:
        ours, theirs = desk.progress(connection, first=date(2026, 1, 1), last=date(2026, 12, 31))
        assert desk.progress(connection, first=date(2026, 1, 1), last=date(2026, 12, 31), institution="H2") == [theirs]
        assert desk.progress(connection, first=date(2025, 1, 1), last=date(2025, 12, 31)) == []
    assert (ours.institution, ours.document_type, ours.kind) == ("H1", "OPS01", "month")
    assert (ours.periods, ours.versions, ours.first, ours.last) == (2, 3, date(2026, 5, 1), date(2026, 6, 30))
    assert (theirs.periods, theirs.versions, theirs.first, theirs.last) == (0, 1, None, None)


def test_words_are_no_number():
    with pytest.raises(ValueError):
        Period.read("week 2026-05-01/2026-05-07")
    assert Period.read("month 2026-05-01/2026-05-31") == MAY


def test_personal_values_are_stored_only_sealed_and_are_no_indicators(database):
    desk, person = (
        OperationsDesk(SEAL),
        Figure(section="staff", field="name", value="测试职工甲", dimension="01", personal=True),
    )
    take(database, desk, paper("R1", person, FIGURES[0]))
    with database.read() as connection:
        rows = [v for table in (report, figure) for row in connection.execute(select(table)) for v in row]
        assert desk.figures(connection, "R1")[0] == person
        assert desk.by_message(connection, "R1").reporter == "测试填报员"
        assert [i.field for i in desk.indicators(connection, first=MAY.first, last=MAY.last)] == ["MZRCS"]
    for personal in ("测试职工甲", "测试填报员"):
        assert not any(personal in one for one in rows if isinstance(one, str))
        assert not any(personal.encode() in bytes(one) for one in rows if isinstance(one, bytes | memoryview))
