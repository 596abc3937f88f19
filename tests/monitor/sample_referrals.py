"""Invent the referrals of a page; no institution, person or number here is real."""

from datetime import UTC, datetime, timedelta

from engine.monitor.referrals import STATES, Happened, ReferralLine, ReferralLines, ReferralSheet

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
LATE = ReferralLine(
    referral="20260302-late", state="applied", direction="up", kind="outpatient", urgent=True, origin="测试县医院", receiver="测试省医院",
    department="心血管内科", patient="测**", created=NOW - timedelta(hours=3), changed=NOW - timedelta(hours=3), due=NOW + timedelta(hours=1),
    overdue=True, booking="booked", pending="cancel", notice="waiting", record="",
)  # fmt: skip
BACK = ReferralLine(
    referral="20260301-back", state="completed", direction="down", kind="inpatient", urgent=False, origin="测试省医院", receiver="HOSP-C",
    department="", patient="测**", created=NOW - timedelta(days=1), changed=NOW, due=None, overdue=False, booking="", pending="",
    notice="refused", record="20260301-rec",
)  # fmt: skip
SHEET = ReferralSheet(
    line=LATE, reviewer="OFFICE", order="20260302-ord", visit="2026-03-05 08:00", return_of="20260220-old", returned_by="", shared=2,
    history=(
        Happened(at=NOW - timedelta(hours=3), what="Apply", state="applied", by="HOSP-A", operator="测试护士", why=""),
        Happened(at=NOW, what="remind", state="applied", by="platform", operator="", why="期限将到"),
    ),
)  # fmt: skip


def referrals_of(wish, *, empty=False):
    """Give what the page shows for a wish."""
    lines = [one for one in (LATE, BACK) if wish.state in ("", one.state) and wish.direction in ("", one.direction)]
    counts = {**dict.fromkeys(STATES, 0), "applied": 1, "completed": 1}
    shown = () if empty else tuple(lines)
    return ReferralLines(now=NOW, counts=counts, overdue=1, unheard=1, lines=shown, token="" if wish.token else "next-page")


def referral_of(number):
    """Give one referral, None for a number that there is not."""
    return SHEET if number == LATE.referral else None
