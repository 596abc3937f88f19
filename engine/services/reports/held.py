"""Say what a message calls a report by, and how a report stands while it is held for change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

from engine.report import KeyKind, ReportKind, ReportPerson


@dataclass(frozen=True, kw_only=True, slots=True)
class Naming:
    """What a message calls a report by, and what it says of it: `every` when all reports that share a weak key are meant."""

    institution: str
    kind: ReportKind
    keys: Mapping[KeyKind, str]
    person: ReportPerson
    at: datetime
    noted: datetime
    receipt: str = ""
    every: bool = False


@dataclass(kw_only=True, slots=True)
class Held:
    """One report as it stands, held for change until the transaction ends; `known` are the keys by which it was found."""

    report: str
    institution: str
    kind: ReportKind
    number: str
    status: int
    status_at: datetime | None
    version: int
    resident: str
    claimed: str
    placed: datetime
    opened: datetime
    person: ReportPerson
    known: set[str] = field(default_factory=set)


def age(one: Held) -> tuple[datetime, str]:
    """Give the place of a report among those that are joined: the oldest first."""
    return one.opened, one.report


def now_of(one: Held) -> tuple[datetime, int]:
    """Give the place of what is so now of a report among its statuses."""
    return (one.status_at, one.status) if one.status_at else (datetime.min.replace(tzinfo=one.opened.tzinfo), 0)


def narrower(one: ReportKind, other: ReportKind) -> ReportKind:
    """Keep the narrower kind: a susceptibility is first known as laboratory work, a pathology as an examination."""
    return other if other in ("susceptibility", "pathology") else one


def fuller(one: ReportPerson, other: ReportPerson) -> ReportPerson:
    """Fill in of a person what is not said yet by another description."""
    mine, theirs = asdict(one), asdict(other)
    numbers = tuple(dict.fromkeys((*one.numbers, *other.numbers)))
    return ReportPerson(**{name: mine[name] or theirs[name] for name in mine} | {"numbers": numbers})
