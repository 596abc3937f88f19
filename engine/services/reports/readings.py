"""Show reports to portals: whose, since when, and only while their status lets a resident see them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from engine.report import ReportContent
from engine.services.appointments.model import Listing, Page
from engine.services.appointments.refusals import refuse
from engine.services.audit import Audit, looked_at
from engine.services.reports.contents import Contents
from engine.services.reports.held import Held
from engine.services.reports.holding import Holding
from engine.services.reports.log import StatusLog
from engine.services.reports.model import VISIBLE, Reader, ReportSummary, ReportView, ResidentClaim, StatusEntry, shown
from engine.services.reports.rules import ReportRules
from engine.services.reports.tables import report
from engine.services.reports.wishes import Wishes
from engine.services.residents import one_person
from engine.store.columns import AnyRow, micros, moment

_LARGEST_PAGE = 200
_MONTH = timedelta(days=31)


class Readings:
    """The reports as portals read them; every method reads and audits in the caller's write transaction.

    A report that is shown is held until the transaction ends: a withdrawal waits for it, and whoever reads after the answer to the
    withdrawal does not get it.
    """

    def __init__(self, holding: Holding, log: StatusLog, contents: Contents, wishes: Wishes) -> None:
        self._holding = holding
        self._log = log
        self._contents = contents
        self._wishes = wishes

    def list(
        self, connection: Connection, reader: Reader, claim: ResidentClaim, since: datetime | None, until: datetime | None,
        page: Page, rules: ReportRules, now: datetime,
    ) -> Listing[ReportSummary]:  # fmt: skip
        """List a resident's reports that may be seen, the latest first, within the months that are shown (`until` not included)."""
        people = one_person(connection, self._wishes.resident(connection, claim))
        self._wishes.need(connection, rules, reader.portal, people, now)
        if since is not None and until is not None and since >= until:
            raise refuse("SND-756")
        first = max(filter(None, (since, now - rules.months * _MONTH)))
        size = max(1, min(page.size, _LARGEST_PAGE))
        wanted = [report.c.resident.in_(people), report.c.status.in_(sorted(VISIBLE)), report.c.placed >= first]
        wanted += [report.c.placed < until] if until is not None else []
        wanted += [_before(page.token)] if page.token else []
        query = select(report).where(*wanted).order_by(report.c.placed.desc(), report.c.report.desc()).limit(size + 1)
        rows = connection.execute(query.with_for_update(read=True)).all()
        self._audit(connection, reader, "reports", people[0])
        found = [self._holding.read(row) for row in rows[:size]]
        contents = self._contents.contents(connection, {one.report: one.version for one in found})
        items = tuple(_summary(one, contents.get(one.report, ReportContent())) for one in found)
        return Listing(items=items, token=_token(rows[size - 1]) if len(rows) > size else "")

    def get(self, connection: Connection, reader: Reader, number: str, rules: ReportRules, now: datetime) -> ReportView:
        """Give one report with its present content; one that is not known, not shown now or older than what is shown is refused."""
        one = self._read(connection, reader, number, rules, now)
        if not shown(one.status) or one.placed < now - rules.months * _MONTH:
            raise refuse("SND-755")
        content = self._contents.content(connection, one.report, one.version)
        return ReportView(
            summary=_summary(one, content), keys=self._holding.keys_of(connection, one.report), person=one.person, content=content
        )

    def history(
        self, connection: Connection, reader: Reader, number: str, rules: ReportRules, now: datetime
    ) -> tuple[StatusEntry, ...]:
        """Give the statuses of one report by the hospital's time, whatever it is now; they hold no result."""
        one = self._read(connection, reader, number, rules, now)
        return self._log.history(connection, one.report)

    def _read(self, connection: Connection, reader: Reader, number: str, rules: ReportRules, now: datetime) -> Held:
        """Hold a report that a portal names, by the number of one that was joined to it too; refused without the resident's consent."""
        joined = select(report.c.joined).where(report.c.report == number, report.c.joined != "").scalar_subquery()
        wanted = or_(and_(report.c.report == number, report.c.joined == ""), report.c.report == joined)
        row = connection.execute(select(report).where(wanted).with_for_update(read=True)).one_or_none()
        if row is None or row.joined:
            raise refuse("SND-755")
        one = self._holding.read(row)
        people = one_person(connection, one.resident) if one.resident else []
        if not people:
            raise refuse("SND-755")
        self._wishes.need(connection, rules, reader.portal, people, now)
        self._audit(connection, reader, "report", one.report)
        return one

    def _audit(self, connection: Connection, reader: Reader, library: str, subject: str) -> None:
        note = looked_at(
            library, reason=reader.reason, subject=subject, actor=reader.portal, institution=reader.portal, peer=reader.peer
        )
        Audit().write(connection, [note])


def _summary(one: Held, content: ReportContent) -> ReportSummary:
    return ReportSummary(
        report=one.report, institution=one.institution, kind=one.kind, status=one.status, at=one.status_at or one.opened,
        version=one.version, title=content.title, specimen=content.specimen, department=content.department,
        doctor=content.doctor, reported=content.reported,
    )  # fmt: skip


def _token(row: AnyRow) -> str:
    return f"{micros(row.placed)}-{row.report}"


def _before(token: str) -> ColumnElement[bool]:
    at, _, number = token.partition("-")
    if not at.isascii() or not at.isdecimal() or len(at) > 17 or not number:
        raise refuse("SND-721")
    placed = moment(int(at)).astimezone(UTC)
    return or_(report.c.placed < placed, and_(report.c.placed == placed, report.c.report < number))
