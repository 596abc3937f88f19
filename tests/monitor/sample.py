"""Invent what an overview may show; no institution, receipt or number here is real."""

import random
from datetime import timedelta

from engine.message import SHANGHAI
from engine.monitor.chart import Hour
from engine.monitor.hospitals import Hospital
from engine.monitor.overview import DeadDelivery, Destination, LaneLine, Lasting, Overview, Trouble
from engine.store.backlog import Backlog, Checked
from engine.store.nodes import Process

SHAPE = (2, 1, 1, 1, 2, 4, 12, 38, 84, 96, 88, 71, 42, 58, 82, 90, 79, 60, 34, 22, 16, 11, 7, 4)
"""How busy each hour of a hospital's day is."""


def a_calm_day(now):
    """Invent a day on which everything is well and nothing waits."""
    hours = hours_until(now, random.Random(7), trouble=False)
    today = today_of(hours, now)
    total = {"ROUTED": 84_310 + today["ROUTED"], "INVALID": 0, "FILTERED": 220, "ERROR": 0, "DISCARDED": 0}
    return Overview(
        now=now,
        taken=sum(total.values()),
        total=total,
        today={"ROUTED": today["ROUTED"]},
        destinations=(Destination(name="records", counts={"SENT": 61_022}),),
        checked=Checked(now - timedelta(hours=5), 0),
        lanes=(LaneLine(lane="live", taken=sum(one.total for one in hours)), LaneLine(lane="history")),
        hours=hours,
        answering=Lasting(0.05, 0.1),
        processes=processes(now),
        hospitals=(Hospital(code="H22010001", name="长春测试医院", received=812, refused=9, sent=now - timedelta(minutes=2)),),
    )


def a_busy_day(now):
    """Invent a day on which a destination is down, a few deliveries are dead, some documents were returned."""
    dice = random.Random(20)
    hours = hours_until(now, dice, trouble=True)
    today = today_of(hours, now)
    total = {state: count + base for (state, count), base in zip(today.items(), (182_411, 2_307, 940, 2, 31), strict=True)}
    return Overview(
        now=now,
        taken=sum(total.values()),
        total=total,
        today=today,
        destinations=destinations(now),
        dead=dead(now),
        checked=Checked(now - timedelta(hours=5), 0),
        refused=today["INVALID"],
        retrying=51,
        lanes=(
            LaneLine(
                lane="live", taken=sum(one.total for one in hours), this_hour=612, waiting=52, oldest=now - timedelta(minutes=14)
            ),
            LaneLine(lane="history", taken=20_114, this_hour=840, waiting=4, oldest=now - timedelta(seconds=2)),
        ),
        hours=hours,
        answering=Lasting(0.05, 0.3),
        backlog=backlog(now, dice),
        processes=processes(now, lost=True),
        hospitals=hospitals(now),
    )


def hours_until(now, dice, *, trouble):
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=23)
    found = []
    for number in range(24):
        start = first + timedelta(hours=number)
        good = int(SHAPE[start.astimezone(SHANGHAI).hour] * dice.uniform(8, 11))
        bad = int(good * dice.uniform(0.01, 0.09)) if trouble else 0
        error, failed = (dice.randint(3, 30), dice.randint(20, 90)) if trouble and number >= 21 else (0, 0)
        slow = 300.0 if trouble and number >= 21 else dice.choice((0.5, 0.75, 1.0))
        found.append(
            Hour(
                start=start,
                good=good,
                invalid=bad,
                error=error,
                sent=int(good * 0.9),
                failed=failed,
                p50=dice.choice((0.2, 0.3)),
                p95=slow,
            )
        )
    return tuple(found)


def today_of(hours, now):
    midnight = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    mine = [hour for hour in hours if hour.start >= midnight]
    invalid, error = sum(h.invalid for h in mine), sum(h.error for h in mine)
    filtered = sum(h.good for h in mine) // 40
    return {
        "ROUTED": sum(h.good for h in mine) - filtered,
        "INVALID": invalid,
        "FILTERED": filtered,
        "ERROR": error,
        "DISCARDED": 1,
    }


def destinations(now):
    away = Trouble(code="DST-101", text="连接被拒绝（referral.example:8443）", at=now - timedelta(seconds=48))
    refused = Trouble(code="DST-201", text="对方答复：缺少转入科室代码", at=now - timedelta(hours=2, minutes=11))
    return (
        Destination(name="records", counts={"SENT": 181_902}),
        Destination(
            name="referral-hospital",
            counts={"QUEUED": 17, "SENDING": 1, "UNKNOWN": 1, "SENT": 20_418, "DEAD": 2},
            oldest=now - timedelta(minutes=3, seconds=12),
            blocked=2,
            trouble=refused,
        ),
        Destination(
            name="regional-lab",
            counts={"QUEUED": 34, "SENT": 7_301},
            oldest=now - timedelta(minutes=14, seconds=5),
            trouble=away,
        ),
        Destination(name="supervision-file", counts={"QUEUED": 3, "SENT": 96_114}, oldest=now - timedelta(seconds=2)),
    )


def dead(now):
    refused = Trouble(code="DST-201", text="对方答复：缺少转入科室代码", at=now - timedelta(hours=2, minutes=11))
    return (
        DeadDelivery(
            id=41, destination="referral-hospital", receipt="20260314-7kq2m9xw4vbn", attempts=1, behind=5, trouble=refused
        ),
        DeadDelivery(
            id=57, destination="referral-hospital", receipt="20260314-pz41h8c0dstr", attempts=1, behind=0, trouble=refused
        ),
    )


def backlog(now, dice):
    """Invent what waited: little, until a destination went down three hours ago."""
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=23)
    found = []
    for number in range(int((now - first) / timedelta(minutes=10)) + 1):
        late = max(number - 126, 0)
        found.append(Backlog(first + timedelta(minutes=10) * number, "history", dice.randint(0, 30), 0))
        found.append(Backlog(first + timedelta(minutes=10) * number, "live", dice.randint(0, 9) + late * 3, min(late, 2)))
    return tuple(found)


def processes(now, *, lost=False):
    """Invent a node with its processes; when one is lost it is a worker of another."""
    born, here = now - timedelta(days=3, hours=2), "changbai-a-3f21"
    made = [
        Process(
            node=here, process=name, started=born, beat=now - timedelta(seconds=3), version="0.1.0",
            revision="" if name == "clock" else "9f31c07a2be4", leads=name == "clock",
        )
        for name in ("clock", "front-1", "front-2", "monitor", "worker-1")
    ]  # fmt: skip
    if lost:
        beat = now - timedelta(minutes=6)
        made.append(
            Process(
                node="changbai-b-07de",
                process="worker-1",
                started=born,
                beat=beat,
                version="0.1.0",
                revision="9f31c07a2be4",
                leads=False,
            )
        )
    return tuple(made)


def hospitals(now):
    """Invent hospitals, the worst first."""
    return (
        Hospital(
            code="H22010002", name="长春示例医院", received=96, refused=3, calls=40, failed=12, sent=now - timedelta(minutes=7),
            answered=now - timedelta(minutes=49), troubles=("away",),
        ),
        Hospital(code="H22020015", name="吉林测试中医院", received=30, refused=11, sent=now - timedelta(minutes=18), troubles=("refused",)),
        Hospital(code="H22240003", name="延边测试医院", sent=now - timedelta(days=2, hours=3), troubles=("silent",)),
        Hospital(
            code="H22010001", name="长春测试医院", received=812, refused=9, calls=201, sent=now - timedelta(seconds=40), answered=now,
        ),
        Hospital(code="H22070011", name="松原测试医院", received=240, refused=2, sent=now - timedelta(minutes=3)),
    )  # fmt: skip
