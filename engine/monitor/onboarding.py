"""Say how far an institution has come: registered, approved, connected, types accepted, live, a year of history."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from engine.message import SHANGHAI
from engine.services.completeness import Completeness
from engine.services.institutions import Institution

State = Literal["done", "begun", "open"]

YEAR = 365
"""Days of history that are asked for."""

LIVE = timedelta(days=7)
"""An institution is live while it sent something accepted within so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the work plan: `number` of `total`, and since when."""

    name: str
    state: State
    since: date | None = None
    number: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """All steps in their order, and the types that were never accepted."""

    steps: Sequence[Step]
    missing: Sequence[str]


def progress(
    found: Institution,
    *,
    connected: datetime | None,
    live: Completeness,
    history: Completeness,
    types: Collection[str],
    today: date,
) -> Progress:
    """Judge the steps from the register, the audit and the counts of twelve months."""
    accepted = {code for one in (live, history) for (_, code), count in one.sent.items() if count.accepted and code}
    days = sorted({day for (day, _), count in live.sent.items() if count.accepted})
    written = {day for (day, _), number in history.written.items() if number}
    met = accepted & set(types)
    recent = bool(days) and today - days[-1] <= LIVE
    steps = (
        Step(name="registered", state="done", since=_day(found.created)),
        Step(name="approved", state="done" if found.state == "approved" else "open"),
        Step(name="connected", state="done" if connected else "open", since=_day(connected) if connected else None),
        Step(name="types", state=_part(len(met), len(types)), number=len(met), total=len(types)),
        Step(
            name="live",
            state="done" if recent else "begun" if days else "open",
            since=days[-1] if days else None,
            number=len(days),
        ),
        Step(name="history", state=_part(len(written), YEAR), number=min(len(written), YEAR), total=YEAR),
    )
    return Progress(steps=steps, missing=[code for code in types if code not in met])


def _part(number: int, total: int) -> State:
    return "done" if total and number >= total else "begun" if number else "open"


def _day(moment: datetime) -> date:
    return moment.astimezone(SHANGHAI).date()
