"""The words of reports: which statuses there are, and which of them a resident sees."""

from engine.services.reports.model import AMENDED, RELEASED, STATUSES, UNMAPPED, shown, status_name


def test_a_resident_sees_released_and_amended_reports_and_no_others() -> None:
    assert [status for status in STATUSES if shown(status)] == [RELEASED, AMENDED]


def test_what_no_table_knows_has_a_name_and_is_not_shown() -> None:
    assert status_name(UNMAPPED) == "未知"
    assert not shown(UNMAPPED)


def test_every_status_has_its_own_name() -> None:
    assert len({status_name(status) for status in STATUSES}) == len(STATUSES)
