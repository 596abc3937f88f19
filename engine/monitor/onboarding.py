"""Say how far an institution has come: registered, approved, connected, types accepted, live, a year of history."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, TypeVar

from engine.message import SHANGHAI
from engine.services.institutions import Institution
from engine.store.database import Connection
from engine.store.days import accepted_by_day, accepted_by_type

State = Literal["done", "begun", "open"]
T = TypeVar("T")

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What was accepted of an institution: the types, the days on which it sent live ones, the days of its history."""

    types: frozenset[str] = frozenset()
    live: frozenset[date] = frozenset()
    history: frozenset[date] = frozenset()


def read_accepted(connection: Connection, institution: str, today: date) -> Accepted:
    """Read what was accepted in the year before today."""
    first = today - timedelta(days=YEAR)
    types = accepted_by_type(connection, institution, first, today)
    live = accepted_by_day(connection, institution, "live", "sent", first, today)
    history = accepted_by_day(connection, institution, "history", "written", first, today)
    return Accepted(types=_there(types), live=_there(live), history=_there(history))


def _there(counted: Mapping[T, int]) -> frozenset[T]:
    return frozenset(one for one, number in counted.items() if number)


def progress(
    found: Institution,
    *,
    connected: datetime | None,
    accepted: Accepted,
    types: Collection[str],
    today: date,
) -> Progress:
    """Judge the steps from the register, the audit and what was accepted in twelve months."""
    days, written = sorted(accepted.live), accepted.history
    met = accepted.types & set(types)
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
