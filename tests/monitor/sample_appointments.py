"""Invent a province's morning of appointments: three hospitals, one of them away, and one order that waits for its answer."""

from datetime import UTC, date, datetime, timedelta

from engine.monitor.booking import Booking, Health, HospitalCard, Move, OrderSheet, PoolDay, UnsureOrder, Work

ORDER = "CB20260314AAAA0001"
FIRST = date(2026, 3, 14)


def pool(sold, held, free, days=7):
    return tuple(
        PoolDay(day=FIRST + timedelta(days=n), sold=max(sold - 9 * n, 2), held=held if n < 2 else 0, free=free + 8 * n)
        for n in range(days)
    )


def appointments_of(now=None):
    """Invent what the page shows."""
    at = now or datetime(2026, 3, 14, 2, 0, tzinfo=UTC)
    ago = lambda **much: at - timedelta(**much)  # noqa: E731 - shorter here than a function
    well = Health(
        calls=1284, errors={"DST-102": 3}, half=0.042, most=0.31, last_good=ago(seconds=4), last_bad=ago(hours=2), last_code="DST-102",  certificate=at + timedelta(days=21),
    )  # fmt: skip
    away = Health(
        calls=96, errors={"DST-101": 61, "DST-103": 4}, half=0.2, most=4.1, last_good=ago(hours=3), last_bad=ago(seconds=11), last_code="DST-101",  wsdl_changed=ago(days=1), wsdl_words="操作 LockReg 多了参数 token",
    )  # fmt: skip
    return Booking(
        now=at,
        hospitals=(
            HospitalCard(
                code="H22010001", name="长春测试医院", days=pool(130, 6, 60), places=252, as_of=ago(minutes=3), health=well,
                orders={"locked": 2, "booking": 1, "booked": 31, "paid": 402, "fetched": 120, "cancelled": 44, "refunded": 18, "failed": 3},
                pending={"refund": 1}, differences=1,
            ),
            HospitalCard(
                code="H22020002", name="吉林测试医院", days=pool(70, 2, 40), places=126, as_of=ago(hours=3), reachable=False, health=away,
                orders={"booking": 2, "booked": 9, "paid": 151},
            ),
            HospitalCard(code="H22240003", name="延边测试医院", reachable=True),
        ),
        unsure=(
            UnsureOrder(order=ORDER, hospital="H22010001", state="booking", pending="", since=ago(seconds=40)),
            UnsureOrder(order="CB20260314AAAA0002", hospital="H22010001", state="paid", pending="refund", since=ago(minutes=2)),
            UnsureOrder(order="CB20260314AAAA0003", hospital="H22020002", state="booking", pending="", since=ago(minutes=9)),
        ),
        work=(
            Work(kind="sync-slots", hospital="H22010001", open=1, running=1, due=ago(seconds=2), last_done=ago(minutes=3), last_failed=None, failures=0, last_error=""),
            Work(kind="sync-slots", hospital="H22020002", open=1, running=0, due=at + timedelta(minutes=4), last_done=ago(hours=3), last_failed=ago(seconds=11), failures=14, last_error="DST-101"),
        ),
    )  # fmt: skip


def order_of(number):
    """Invent one order and what happened to it; None for any other number."""
    if number != ORDER:
        return None
    at = datetime(2026, 3, 14, 1, 30, tzinfo=UTC)
    return OrderSheet(
        order=ORDER, portal="PORTAL-1", hospital="长春测试医院", state="paid", pending="refund", patient="测**", department="心血管内科",
        doctor="测试医生甲", day="2026-03-16", half="1", begin="08:30", end="09:00", payable=3000, refund=3000, hospital_order="H00000123",
        queue_number="7", created=at, changed=at + timedelta(minutes=12),
        moves=(
            Move(at=at, what="asked", who="PORTAL-1", state="booking", pending=""),
            Move(at=at + timedelta(seconds=1), what="booked", who="hospital", state="booked", pending=""),
            Move(at=at + timedelta(minutes=4), what="pay-asked", who="PORTAL-1", state="paid", pending=""),
            Move(at=at + timedelta(minutes=12), what="refund-asked", who="hospital", state="paid", pending="refund", code="DST-102", why="医院停诊，自动退费"),
        ),
    )  # fmt: skip
