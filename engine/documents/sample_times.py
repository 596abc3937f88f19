"""Invent the times of a visit, so that each comes after what it must come after."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random

from engine.message import SHANGHAI

_FIRST_DAY = datetime(2025, 1, 1, tzinfo=SHANGHAI)
_PREGNANCY = timedelta(days=280)
_EXPRESSION = re.compile(r"(?P<name>[a-z]+)(?:(?P<sign>[+-])(?P<number>\d+)(?P<unit>[mh]))?")
_UNITS = {"m": "minutes", "h": "hours"}

Moments = Mapping[str, datetime]
"""The named times of a visit; the names are those of `invent_moments`."""


def invent_moments(dice: Random, hours: Sequence[float]) -> Moments:
    """Draw the times of a visit that takes between two numbers of hours."""
    admitted = _FIRST_DAY + timedelta(days=dice.randrange(540), hours=dice.randint(8, 16), minutes=dice.randrange(60))
    stay = timedelta(minutes=round(dice.uniform(*hours) * 60))
    operation = admitted + min(stay * 0.3, timedelta(hours=dice.randint(20, 27)))
    operated = operation + min(stay * 0.2, timedelta(minutes=dice.randint(45, 180)))
    rescue = admitted + stay * 0.6
    labour = admitted + timedelta(minutes=dice.randint(70, 150))
    dilated = labour + timedelta(minutes=dice.randint(360, 600))
    delivered = dilated + timedelta(minutes=dice.randint(20, 70))
    lmp = (delivered - timedelta(days=dice.randint(271, 287))).replace(hour=0, minute=0)
    return {
        "onset": admitted - timedelta(hours=dice.randint(3, 90)),
        "admitted": admitted,
        "operation": operation,
        "operated": operated,
        "awake": operated + timedelta(minutes=dice.randint(10, 35)),
        "rescue": rescue,
        "rescued": rescue + min(stay * 0.2, timedelta(minutes=dice.randint(30, 90))),
        "labour": labour,
        "rupture": labour + timedelta(minutes=dice.randint(60, 300)),
        "dilated": dilated,
        "delivered": delivered,
        "placenta": delivered + timedelta(minutes=dice.randint(5, 15)),
        "lmp": lmp,
        "due": lmp + _PREGNANCY,
        "discharged": admitted + stay,
        "died": admitted + stay,
    }


def moment(moments: Moments, expression: str) -> datetime:
    """Give a named time, or one so many minutes (m) or hours (h) before or after it: `operation-16h`."""
    match = _EXPRESSION.fullmatch(expression)
    if match is None or match["name"] not in moments:
        raise ValueError(f"no such time of a visit: {expression}; known: {', '.join(moments)}")
    away = timedelta(**{_UNITS[match["unit"]]: int(match["number"])}) if match["number"] else timedelta()
    return moments[match["name"]] + (-away if match["sign"] == "-" else away)


def stamp(at: datetime) -> str:
    """Write a time as CDA does: YYYYMMDDhhmmss."""
    return at.strftime("%Y%m%d%H%M%S")
