"""Numbers that leave the house have one form and do not meet."""

import re
from datetime import UTC, datetime

from engine.message import new_receipt

MORNING = datetime(2026, 1, 5, 0, 30, tzinfo=UTC)


def test_a_receipt_is_the_day_in_shanghai_and_twelve_letters():
    assert re.fullmatch(r"20260105-[0-9a-hjkmnp-tv-z]{12}", new_receipt(MORNING))
    assert new_receipt(datetime(2026, 1, 5, 16, 0, tzinfo=UTC)).startswith("20260106-000")


def test_receipts_of_one_moment_lie_together_and_later_ones_behind_them():
    times = [MORNING.replace(hour=hour, minute=minute) for hour in range(15) for minute in (0, 20, 40)]
    receipts = [new_receipt(time) for time in times]
    assert receipts == sorted(receipts)
    assert new_receipt(MORNING)[:12] == new_receipt(MORNING)[:12]


def test_receipts_of_one_moment_differ():
    assert len({new_receipt(MORNING) for _ in range(20_000)}) == 20_000
