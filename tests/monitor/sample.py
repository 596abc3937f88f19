"""Invent what an overview may show; no institution, receipt or number here is real."""

import random
from datetime import timedelta

from engine.message import SHANGHAI
from engine.monitor.chart import Hour
from engine.monitor.overview import DeadDelivery, Destination, MessageRow, Overview, Trouble

SHAPE = (2, 1, 1, 1, 2, 4, 12, 38, 84, 96, 88, 71, 42, 58, 82, 90, 79, 60, 34, 22, 16, 11, 7, 4)
"""How busy each hour of a hospital's day is."""

LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
INSTITUTIONS = ("H22010001", "H22010002", "H22020015", "H22240003", "H22070011")


def a_calm_day(now):
    """Invent a day on which everything is well and nothing waits."""
    hours = hours_until(now, random.Random(7), trouble=False)
    today = today_of(hours, now)
    dice = random.Random(3)
    total = {"ROUTED": 84_310 + today["ROUTED"], "INVALID": 0, "FILTERED": 220, "ERROR": 0, "DISCARDED": 0}
    return Overview(
        now=now,
        taken=sum(total.values()),
        total=total,
        today={"ROUTED": today["ROUTED"]},
        destinations=(Destination(name="records", counts={"SENT": 61_022}),),
        messages=tuple(message(now, number, dice, "ROUTED", "0") for number in range(8)),
        hours=hours,
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
        messages=tuple(message(now, number, dice) for number in range(20)),
        problems=tuple(message(now, number * 9, dice, *PROBLEMS[number]) for number in range(6)),
        hours=hours,
    )


def hours_until(now, dice, *, trouble):
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=23)
    found = []
    for number in range(24):
        start = first + timedelta(hours=number)
        good = int(SHAPE[start.astimezone(SHANGHAI).hour] * dice.uniform(8, 11))
        bad = int(good * dice.uniform(0.01, 0.09)) if trouble else 0
        found.append(Hour(start=start, good=good, invalid=bad, error=dice.randint(3, 30) if trouble and number == 17 else 0))
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


PROBLEMS = (
    ("INVALID", "SND-331"),
    ("INVALID", "SND-401"),
    ("ERROR", "ENG-000"),
    ("INVALID", "SND-211"),
    ("INVALID", "SND-331"),
    ("INVALID", "SND-501"),
)

MIX = (("ROUTED", "0"),) * 9 + (("INVALID", "SND-331"), ("INVALID", "SND-501"), ("FILTERED", "0"))


def message(now, number, dice, state="", code=""):
    if not state:
        state, code = MIX[number * 7 % len(MIX)]
    received = now - timedelta(seconds=number * 7 + dice.randint(0, 5))
    receipt = f"{received.astimezone(SHANGHAI):%Y%m%d}-{''.join(dice.choice(LETTERS) for _ in range(12))}"
    return MessageRow(
        received=received,
        institution=dice.choice(INSTITUTIONS),
        document_type=dice.choice(("C0002", "C0004", "C0007")),
        receipt=receipt,
        state=state,
        code=code,
        mark="replaced" if number == 6 else "",
    )
