"""Offer reports to the doors: what hospitals tell and send, what portals read and want."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection

from engine.message import Record
from engine.report import ReportArrival, ReportKind
from engine.services.appointments.model import Listing, Page
from engine.services.reports.contents import ASKED, Contents
from engine.services.reports.held import Held
from engine.services.reports.holding import Holding
from engine.services.reports.log import StatusLog
from engine.services.reports.model import Reader, ReportEvent, ReportNotice, ReportSummary, ReportView, ResidentClaim, StatusEntry
from engine.services.reports.notices import give_notices, list_notices
from engine.services.reports.readings import Readings
from engine.services.reports.rules import ReportRules
from engine.services.reports.wishes import Wishes
from engine.services.residents import one_person
from engine.store.database import Database
from engine.store.sealing import Seal

News = Callable[[Connection, str, ReportEvent], None]
"""Hear of an event that a hospital told by itself, with our number of its report, within its transaction; what is asked of the hospital next may be planned there."""

Send = Callable[[Connection, Mapping[str, str], ReportNotice], None]
"""Deliver a notice to portals by their destinations (portal to destination), within the transaction; its number is 0."""


def nobody(_connection: Connection, _number: str, _event: ReportEvent) -> None:
    """Plan nothing."""


def _nowhere(_connection: Connection, _destinations: Mapping[str, str], _notice: ReportNotice) -> None:
    """Deliver nothing: the portals ask for their notices."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Reports:
    """The reports of a store. Every method but `notices` works in the caller's write transaction; refusals raise SenderError (SND-7xx)."""

    def __init__(
        self, database: Database, seal: Seal, *, rules: ReportRules, news: News = nobody, send: Send = _nowhere,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:  # fmt: skip
        self._database = database
        self._rules = rules
        self._news = news
        self._send = send
        self._now = now
        self._holding = Holding(seal)
        self._wishes = Wishes(seal)
        self._log = StatusLog(seal, self._holding, self._moved)
        self._contents = Contents(seal, self._holding, self._log)
        self._readings = Readings(self._holding, self._log, self._contents, self._wishes)

    def exchange(self, rules: ReportRules) -> None:
        """Work by other rules from the next call on."""
        self._rules = rules

    def tell(self, connection: Connection, event: ReportEvent) -> str:
        """Keep a status that was told of a report; gives our number of the report. Raises Collision, ValueError without any key."""
        number, fresh = self._log.tell(connection, event, self._now())
        if fresh and event.source not in ASKED:
            self._news(connection, number, event)
        return number

    def keep(self, connection: Connection, arrival: ReportArrival) -> str:
        """Keep the content of a report with the status it brings; gives our number of the report. Raises Collision, ValueError."""
        return self._contents.keep(connection, arrival, self._now())

    def withdraw(self, connection: Connection, receipts: Sequence[str]) -> None:
        """Take back what documents brought that were revoked or replaced; others are no error."""
        self._contents.withdraw(connection, receipts, self._now())

    def kind_of_form(self, connection: Connection, institution: str, form: str) -> ReportKind | None:
        """Tell what kind of report is known by a request form, None when there is none."""
        return self._holding.kind_of(connection, institution, "form", form)

    def content_time(self, connection: Connection, institution: str, number: str) -> datetime | None:
        """Tell of when the latest content of a hospital's report number is, None when there is none yet."""
        one = self._holding.numbered(connection, institution, number)
        return self._contents.latest_fetched(connection, one) if one else None

    def list(
        self, connection: Connection, reader: Reader, claim: ResidentClaim, since: datetime | None, until: datetime | None, page: Page
    ) -> Listing[ReportSummary]:  # fmt: skip
        """List a resident's reports that may be seen now, the latest first; `until` is not included."""
        return self._readings.list(connection, reader, claim, since, until, page, self._rules, self._now())

    def get(self, connection: Connection, reader: Reader, number: str) -> ReportView:
        """Give one report that may be seen now."""
        return self._readings.get(connection, reader, number, self._rules, self._now())

    def history(self, connection: Connection, reader: Reader, number: str) -> tuple[StatusEntry, ...]:
        """Give the statuses of one report by the hospital's time."""
        return self._readings.history(connection, reader, number, self._rules, self._now())

    def consented(self, connection: Connection, reader: Reader, claim: ResidentClaim) -> Sequence[str]:
        """Give the numbers of the one person whom a portal names; refused when there is none, or without consent to this portal."""
        people = one_person(connection, self._wishes.resident(connection, claim))
        self._wishes.need(connection, self._rules, reader.portal, people, self._now())
        return people

    def give_consent(self, connection: Connection, reader: Reader, claim: ResidentClaim, until: datetime | None) -> None:
        """Keep that a resident lets this portal show reports, until a time or without end."""
        self._wishes.give(connection, reader, self._wishes.resident(connection, claim), until, self._now())

    def withdraw_consent(self, connection: Connection, reader: Reader, claim: ResidentClaim) -> None:
        """Keep that a resident takes the consent back; the portal is shown and told nothing from then on."""
        self._wishes.withdraw(connection, reader, self._wishes.resident(connection, claim), self._now())

    def subscribe(self, connection: Connection, reader: Reader, claim: ResidentClaim) -> None:
        """Tell this portal of a resident's reports from now on; refused without consent."""
        whose, now = self._wishes.resident(connection, claim), self._now()
        self._wishes.need(connection, self._rules, reader.portal, one_person(connection, whose), now)
        self._wishes.subscribe(connection, reader, whose, now)

    def unsubscribe(self, connection: Connection, reader: Reader, claim: ResidentClaim) -> None:
        """Tell this portal no more of a resident's reports."""
        self._wishes.unsubscribe(connection, reader, self._wishes.resident(connection, claim))

    def notices(self, portal: str, after: int, page: Page) -> Listing[ReportNotice]:
        """List what a portal is told, after the number it remembers, in transactions of its own."""
        return list_notices(self._database, portal, after, page)

    def _moved(self, connection: Connection, one: Held, noted: datetime) -> None:
        portals = self._wishes.subscribers(connection, self._rules, one.resident, noted)
        give_notices(connection, portals, one, noted)
        named = {portal: self._rules.notices[portal] for portal in portals if portal in self._rules.notices}
        if named:
            told = ReportNotice(
                number=0, report=one.report, institution=one.institution, kind=one.kind, status=one.status,
                at=one.status_at or noted, noted=noted,
            )  # fmt: skip
            self._send(connection, named, told)


class ReportsDesk:
    """Take the reports that documents bring within the transaction that journals them."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    def take(self, connection: Connection, records: Sequence[Record]) -> None:
        """Keep the report of each document; one that nothing names, or that says no time, brings none."""
        for record in records:
            if record.report is not None:
                self._reports.keep(connection, record.report)

    def withdraw(self, connection: Connection, receipts: Sequence[str]) -> None:
        """Take back what revoked and replaced documents brought."""
        self._reports.withdraw(connection, receipts)
