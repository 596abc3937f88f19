"""Invent a hospital's year: what it said it sent, what came in, and where days are missing."""

import random
from datetime import date, timedelta

from engine.services.completeness import Completeness, Count

TODAY = date(2026, 3, 14)
LOST = {date(2026, 1, 17), date(2026, 1, 18), date(2026, 1, 19)}
"""Days of which nothing came in, although documents were stated."""

SHORT = date(2026, 2, 10)
QUIET = date(2026, 2, 17)
"""A day on which nothing was sent, as stated."""

OPEN = date(2026, 2, 20)
HOLE = (date(2025, 10, 1), date(2025, 10, 7))
THIN = date(2025, 6, 18)
CODES = ("C0002", "C0004", "C0007")


def completeness_of(asked):
    """Invent the figures of a period, of which some days are bad."""
    dice, sent, written, elsewhere = random.Random(5), {}, {}, {}
    for number in range((asked.last - asked.first).days + 1):
        day = asked.first + timedelta(days=number)
        if day > TODAY:
            break
        for code in CODES if not asked.document_type else (asked.document_type,):
            usual = dice.randint(80, 120) if day.weekday() < 5 else dice.randint(40, 60)
            if asked.lane == "live":
                if day >= date(2025, 11, 3):
                    sent[day, code] = live(day, usual)
            elif day < date(2026, 3, 1) and not HOLE[0] <= day <= HOLE[1]:
                written[day, code] = 3 if day == THIN else usual
        if asked.lane == "history" and day >= date(2026, 3, 1):
            elsewhere[day] = 200
    return Completeness(asked=asked, sent={k: v for k, v in sent.items() if v}, written=written, elsewhere=elsewhere)


def live(day, usual):
    if day in LOST:
        return Count(expected=usual)
    if day == SHORT:
        return Count(expected=usual, received=usual - 1, accepted=usual - 3, delivered=usual - 5)
    if day == QUIET:
        return Count(expected=0)
    return Count(expected=None if day == OPEN else usual, received=usual, accepted=usual, delivered=usual)


def span_of(institution, lane, today):
    if institution != "H22010001":
        return None
    return (date(2025, 11, 3), today) if lane == "live" else (date(2025, 3, 1), date(2026, 2, 28))
