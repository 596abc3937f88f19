"""An indicator over hospitals and periods: what was not reported is missing, never zero."""

from datetime import date
from decimal import Decimal

import pytest

from engine.message import Figure
from engine.services.indicators import Wanted, earlier, latest_days, period_of, periods_between, read_grid
from engine.services.operations import OperationsDesk, Period
from tests.services.test_operations import paper, take, withdraw
from tests.support.seals import SEAL

MARCH, APRIL, MAY = (period_of("month", date(2026, month, 1)) for month in (3, 4, 5))


@pytest.fixture
def desk():
    return OperationsDesk(SEAL)


def visits(value, field="MZRCS"):
    return Figure(section="volume", field=field, value=str(value), unit="人次")


def of(period, institution="H1", *figures, **changed):
    own = f"{period.kind} {period.first}/{period.last}"
    name = f"{institution}-{own}-{changed.get('document_type', '')}-{changed.pop('version', 1)}"
    return paper(name, *figures, own=own, institution=institution, **changed)


def grid_of(database, desk, *codes, first=APRIL.first, last=MAY.last, **changed):
    values = {"document_type": "OPS01", "kind": "month", "section": "volume", "field": "MZRCS", "first": first, "last": last}
    with database.read() as connection:
        return read_grid(connection, desk, Wanted(**values | changed), codes)


def test_what_was_stated_left_blank_and_not_reported_are_three_things(database, desk):
    take(database, desk, of(APRIL, "H1", visits(100)), of(MAY, "H1", visits(0)), of(MAY, "H2", visits(7, "RYRS")))
    grid = grid_of(database, desk, "H1", "H2", "H3")
    assert grid.periods == (APRIL, MAY)
    assert [grid.cell(code, MAY).state for code in grid.institutions] == ["stated", "blank", "missing"]
    assert [grid.cell(code, MAY).value for code in grid.institutions] == [Decimal(0), None, None]
    assert grid.cell("H2", MAY).receipt.startswith("H2-")
    assert (grid.total(MAY), grid.stated(MAY)) == (Decimal(0), 1), "a stated nothing is a figure"
    lonely = grid_of(database, desk, "H2", "H3")
    assert (lonely.total(MAY), lonely.stated(MAY)) == (None, 0), "nobody's figure is no zero"


def test_periods_are_compared_over_those_who_stated_both(database, desk):
    take(database, desk, of(MARCH, "H1", visits(80)), of(APRIL, "H1", visits(100)), of(APRIL, "H2", visits(50)))
    take(database, desk, of(MAY, "H1", visits(150)), of(MAY, "H3", visits(1000)))
    grid = grid_of(database, desk, "H1", "H2", "H3")
    change = grid.change(MAY)
    assert (change.now, change.then, change.institutions, change.difference, change.share) == (150, 100, 1, 50, 0.5)
    assert grid.change(APRIL).then == 80, "the period before the first one is read for comparison"
    assert MARCH not in grid.periods
    assert grid.change_of("H2", MAY) is None
    assert grid_of(database, desk, "H3").change(MAY) is None


def test_a_change_from_nothing_or_from_less_has_no_share(database, desk):
    take(database, desk, of(APRIL, "H1", visits(0)), of(MAY, "H1", visits(5)))
    assert grid_of(database, desk, "H1").change(MAY).share is None


def test_rows_of_a_table_are_added_up_and_words_are_no_figures(database, desk):
    rows = [Figure(section="workload", field="mzrc", value=str(value), unit="人次", dimension=f"d{value}/NK") for value in (3, 4)]
    other = Figure(section="volume", field="mzrc", value="99", unit="人次")
    words = Figure(section="workload", field="mzrc", value="无", unit="人次", dimension="x")
    take(database, desk, of(MAY, "H1", *rows, other, words))
    assert grid_of(database, desk, "H1", section="workload", field="mzrc").total(MAY) == 7


def test_only_the_report_that_counts_is_counted(database, desk):
    take(database, desk, of(MAY, "H1", visits(1)))
    take(database, desk, of(MAY, "H1", visits(2), version=2))
    assert grid_of(database, desk, "H1").total(MAY) == 2
    withdraw(database, desk, of(MAY, "H1", visits(2), version=2).message)
    assert grid_of(database, desk, "H1").cell("H1", MAY).state == "missing"


def test_other_kinds_of_period_classes_and_institutions_stay_apart(database, desk):
    day = period_of("day", date(2026, 5, 31))
    take(database, desk, of(day, "H1", visits(3)), of(MAY, "H1", visits(4)), of(MAY, "H2", visits(5)))
    take(database, desk, of(MAY, "H1", visits(9), document_type="OPS02"))
    assert grid_of(database, desk, "H1").total(MAY) == 4
    found = grid_of(database, desk, "H1", kind="day", first=date(2026, 5, 30), last=date(2026, 5, 31))
    assert [found.total(one) for one in found.periods] == [None, 3]
    assert grid_of(database, desk).total(MAY) is None, "no institution is not all of them"


def test_the_latest_days_tell_what_there_is(database, desk):
    take(
        database,
        desk,
        of(APRIL, "H1", visits(1)),
        of(period_of("day", date(2026, 5, 3)), "H1", visits(1)),
        of(MAY, "H2", visits(1)),
    )
    with database.read() as connection:
        assert latest_days(connection, "OPS01", ["H1"]) == {"month": APRIL.last, "day": date(2026, 5, 3)}
        assert latest_days(connection, "OPS01", []) == {}


def test_periods_are_whole():
    assert periods_between("month", date(2026, 1, 2), date(2026, 3, 30)) == (period_of("month", date(2026, 2, 9)),)
    assert [one.last for one in periods_between("year", date(2023, 1, 1), date(2025, 1, 1))] == [
        date(2023, 12, 31),
        date(2024, 12, 31),
    ]
    assert len(periods_between("day", date(2026, 2, 27), date(2026, 3, 2))) == 4
    assert periods_between("month", date(2026, 3, 5), date(2026, 2, 1)) == ()
    assert earlier(MARCH, 13) == Period(kind="month", first=date(2025, 2, 1), last=date(2025, 2, 28))
