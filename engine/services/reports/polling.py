"""Ask hospitals for reports soon after news of them, ever more seldom while there is none: 8001, then 8002 to 8004 for what is new."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select

from engine.documents.jilin.reports import KIND_OF, NOTHING, ListedReport, listed_reports, read_report
from engine.errors import TryAgain
from engine.hospital import Ask, HospitalReply
from engine.log import get_logger
from engine.message import SHANGHAI
from engine.services.reports.asking import Fetched, PollTerms, PollTermsOf, Sought, sought
from engine.services.reports.desk import News, Reports
from engine.services.reports.holding import Holding
from engine.services.reports.model import WITHDRAWN, ReportEvent
from engine.services.reports.tables import report
from engine.store import errands
from engine.store.again import again
from engine.store.database import Database
from engine.store.permits import take_permit
from engine.store.sealing import Seal

POLL = "reports"
"""The errand of asking one hospital about one resident's reports; its subject is institution and resident, with a blank between."""

_LIST, _UNKNOWN = "8001", "800102"
_EARLIER = timedelta(days=1)
_MINUTE = timedelta(minutes=1)

_LOG = get_logger("reports")


class _Full(Exception):
    """The hospital's minute is full; the wait until it takes the next question."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__()
        self.wait = wait


def utc_now() -> datetime:
    """Give the time."""
    return datetime.now(UTC)


def plan_polls(terms_of: PollTermsOf, now: Callable[[], datetime] = utc_now) -> News:
    """Give what is to hear of every event: it asks for an errand in the event's own transaction, where the hospital lists reports."""

    def news(connection: Connection, number: str, event: ReportEvent) -> None:
        terms = terms_of(event.institution)
        if terms is None or _LIST not in terms.functions:
            return
        resident = connection.execute(select(report.c.resident).where(report.c.report == number)).scalar()
        if resident:
            due = now() + timedelta(seconds=terms.soonest)
            errands.put(connection, POLL, f"{event.institution} {resident}", event.institution, due)

    return news


class Polling:
    """The questions about reports of one worker."""

    def __init__(
        self, database: Database, seal: Seal, reports: Reports, ask: Ask, terms_of: PollTermsOf, *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:  # fmt: skip
        self._database = database
        self._holding = Holding(seal)
        self._reports = reports
        self._ask = ask
        self._terms_of = terms_of
        self._now = now

    def handlers(self) -> Mapping[str, Callable[[str], datetime | None]]:
        """Give what is done for the errand, for the runner of a worker."""
        return {POLL: self.poll}

    def poll(self, subject: str) -> datetime | None:
        """Ask about the resident of an errand; gives when to ask again, None when there was no news for long.

        Raises what `Ask` raises, TryAgain for an answer that says nothing: then it is tried again.
        """
        institution, _, resident = subject.partition(" ")
        terms = self._terms_of(institution)
        if terms is None or _LIST not in terms.functions:
            return None
        whom = self._sought(institution, resident)
        if whom is None or not whom.patients or terms.next_after(whom.news, self._now()) is None:
            return None
        try:
            for patient in whom.patients:
                self._look(institution, terms, whom, patient)
        except _Full as full:
            return self._now() + full.wait
        after = self._sought(institution, resident)
        return terms.next_after(after.news, self._now()) if after else None

    def _sought(self, institution: str, resident: str) -> Sought | None:
        with self._database.read() as connection:
            return sought(connection, self._holding, institution, resident)

    def _look(self, institution: str, terms: PollTerms, whom: Sought, patient: str) -> None:
        """Ask for the list of one patient, then for what is new in it, then for what is no longer in it."""
        listed = self._listed(institution, terms, whom, patient)
        for one in listed:
            if one.function in terms.functions and self._is_new(institution, one):
                self._fetch(institution, terms, whom, patient, one.report, one.function)
        there = {one.report for one in listed}
        mine = f"patient^{patient}"
        for gone in whom.fetched:
            if gone.number not in there and mine in gone.person.numbers and gone.function in terms.functions:
                reply = self._fetch(institution, terms, whom, patient, gone.number, gone.function)
                if reply.code in NOTHING:
                    self._withdrawn(institution, gone, reply)

    def _listed(self, institution: str, terms: PollTerms, whom: Sought, patient: str) -> tuple[ListedReport, ...]:
        days = {
            "BEGIN_DATE": f"{(whom.first - _EARLIER).astimezone(SHANGHAI):%Y-%m-%d} 00:00:00",
            "END_DATE": f"{self._now().astimezone(SHANGHAI):%Y-%m-%d} 23:59:59",
        }
        reply = self._question(institution, terms, _LIST, {"HOSP_PATIENT_ID": patient, "HEALTH_CARD_ID": whom.card, **days})
        return listed_reports(reply.values) if reply.code == "0" else ()

    def _is_new(self, institution: str, one: ListedReport) -> bool:
        with self._database.read() as connection:
            known = self._reports.content_time(connection, institution, one.report)
        return known is None or (one.at is not None and one.at > known)

    def _fetch(
        self, institution: str, terms: PollTerms, whom: Sought, patient: str, number: str, function: str
    ) -> HospitalReply:  # fmt: skip
        """Ask for one report and keep what it says, unless it says that it is another patient's."""
        asked = {"REPORT_ID": number, "HEALTH_CARD_ID": whom.card, "HOSP_PATIENT_ID": patient}
        reply = self._question(institution, terms, function, asked)
        theirs = {str(info["HOSP_PATIENT_ID"]) for info in reply.values.get("REPORT_INFO", ()) if info.get("HOSP_PATIENT_ID")}
        if theirs - {patient}:
            _LOG.warning("report of another patient", institution=institution, function=function)
            return reply
        arrival = read_report(function, institution, number, patient, reply.values, reply.answered) if reply.code == "0" else None
        if arrival is not None:
            again(self._database, lambda connection: self._reports.keep(connection, arrival))
        return reply

    def _withdrawn(self, institution: str, one: Fetched, reply: HospitalReply) -> None:
        """Keep that a hospital denies a report that it had given."""
        event = ReportEvent(
            institution=institution, keys={"report": one.number}, kind=KIND_OF[one.function], status=WITHDRAWN, at=reply.answered,
            source=one.function, their_code=reply.code, their_name=reply.message,
        )  # fmt: skip
        again(self._database, lambda connection: self._reports.tell(connection, event))

    def _question(self, institution: str, terms: PollTerms, function: str, values: Mapping[str, str]) -> HospitalReply:
        """Ask within the hospital's minute; an answer that there is nothing is an answer."""
        if wait := again(self._database, lambda connection: self._permit(connection, institution, terms)):
            raise _Full(wait)
        reply = self._ask(institution, function, {name: value for name, value in values.items() if value})
        if reply.code not in ("0", _UNKNOWN, *NOTHING):
            raise TryAgain(f"{function} answered {reply.code}")
        return reply

    def _permit(self, connection: Connection, institution: str, terms: PollTerms) -> timedelta:
        return take_permit(connection, POLL, institution, limit=terms.per_minute, span=_MINUTE, now=self._now())
