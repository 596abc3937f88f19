"""Say when a hospital is asked for reports, and know whom to ask it about: the terms and the people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from engine.report import KeyKind, ReportPerson
from engine.services.reports.contents import ASKED
from engine.services.reports.holding import Holding
from engine.services.reports.model import shown
from engine.services.reports.tables import report, report_event, report_version
from engine.services.residents import one_person

_PATIENT = "patient^"


@dataclass(frozen=True, kw_only=True, slots=True)
class PollTerms:
    """How a hospital may be asked for reports.

    `functions` are those it offers; `soonest` is from news to the first question, `rarest` the longest between two, both in seconds;
    `per_minute` holds over all workers; after `stop` seconds without news nobody asks any more.
    """

    functions: frozenset[str]
    soonest: float = 30.0
    rarest: float = 86400.0
    per_minute: int = 30
    stop: float = 14 * 86400.0

    def next_after(self, news: datetime, now: datetime) -> datetime | None:
        """Give when to ask next: after as long again as the news is old, so that each pause doubles; None when it is too old."""
        age = (now - news).total_seconds()
        return None if age >= self.stop else now + timedelta(seconds=min(max(age, self.soonest), self.rarest))


PollTermsOf = Callable[[str], PollTerms | None]
"""Give the terms of a hospital, None for one that is not connected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """A report that may be seen and that this hospital gave by `function`, under its own report number."""

    number: str
    function: str
    keys: Mapping[KeyKind, str]
    person: ReportPerson


@dataclass(frozen=True, kw_only=True, slots=True)
class Sought:
    """Whose reports are asked for: the hospital's numbers of the patient, since when, and when something was last heard of them."""

    patients: tuple[str, ...]
    card: str
    first: datetime
    news: datetime
    fetched: tuple[Fetched, ...]


def sought(connection: Connection, holding: Holding, institution: str, resident: str) -> Sought | None:
    """Read whom a hospital is to be asked about; None when it holds no report of this resident."""
    people = one_person(connection, resident) or [resident]
    mine = (report.c.institution == institution, report.c.resident.in_(people), report.c.joined == "")
    held = [holding.read(row) for row in connection.execute(select(report).where(*mine).order_by(report.c.report))]
    if not held:
        return None
    names = [one.report for one in held]
    news = connection.execute(select(func.max(report_event.c.noted)).where(report_event.c.report.in_(names))).scalar()
    chosen = select(report_version.c.report, report_version.c.version, report_version.c.source)
    sources = {
        (row.report, row.version): row.source for row in connection.execute(chosen.where(report_version.c.report.in_(names)))
    }
    fetched = []
    for one in held:
        source = sources.get((one.report, one.version), "")
        keys = holding.keys_of(connection, one.report) if shown(one.status) and source in ASKED else {}
        if "report" in keys:
            fetched.append(Fetched(number=keys["report"], function=source, keys=keys, person=one.person))
    numbers = (number for one in held for number in one.person.numbers if number.startswith(_PATIENT))
    return Sought(
        patients=tuple(dict.fromkeys(number.removeprefix(_PATIENT) for number in numbers)),
        card=next((one.person.card for one in held if one.person.card), ""),
        first=min(one.placed for one in held), news=news or max(one.opened for one in held), fetched=tuple(fetched),
    )  # fmt: skip
