"""Tell and read reports as the doors do: each word a transaction of its own, on invented people, by a clock that stands at noon."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.errors import SenderError
from engine.report import ReportArrival, ReportContent, ReportItem, ReportPerson
from engine.services.appointments.model import Page
from engine.services.audit import Audit
from engine.services.reports.desk import Reports
from engine.services.reports.model import Reader, ReportEvent, ResidentClaim
from engine.services.reports.rules import ReportRules
from tests.support.seals import SEAL

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
WHO = ReportPerson(identity="220102199003078517", name="测试患者甲", gender="1", birth="19900307")
CLAIM = ResidentClaim(identity=WHO.identity, name=WHO.name)
OTHER = ReportPerson(identity="220102198512120029", name="测试患者乙", gender="2", birth="19851212")
READER = Reader(portal="P1", reason="查看报告", peer="10.0.0.9", trace="T1")


def at(minutes: float) -> datetime:
    """Give a moment so many minutes before or after 10:00 of Shanghai, two hours before noon."""
    return NOON - timedelta(hours=2) + timedelta(minutes=minutes)


def content(value="5.6", **more):
    return ReportContent(title="血常规", items=(ReportItem(name="白细胞计数", value=value, unit="10^9/L"),), **more)


class Counter:
    """The reports of one store."""

    def __init__(self, database, *, rules=None, **given):
        self.database = database
        self.now = NOON
        self.news = []
        given.setdefault("news", lambda _connection, number, event: self.news.append((number, event)))
        self.reports = Reports(database, SEAL, rules=rules or ReportRules(), now=lambda: self.now, **given)

    def write(self, work, *arguments):
        with self.database.write() as connection:
            return work(connection, *arguments)

    def tell(self, status, when=0, *, institution="H1", person=WHO, source="S0063", **keys_and_more):
        keys = {name: keys_and_more.pop(name) for name in ("report", "form", "specimen", "document") if name in keys_and_more}
        event = ReportEvent(
            institution=institution, keys=keys or {"form": "F1"}, kind="laboratory", status=status, at=at(when), source=source,
            person=person, **keys_and_more,
        )  # fmt: skip
        return self.write(self.reports.tell, event)

    def keep(self, said=None, when=0, *, institution="H1", person=WHO, source="C0007", receipt="", kind="laboratory", **keys):
        arrival = ReportArrival(
            institution=institution, keys=keys or {"form": "F1"}, kind=kind, content=said or content(), at=at(when),
            source=source, receipt=receipt, person=person,
        )  # fmt: skip
        return self.write(self.reports.keep, arrival)

    def consent(self, reader=READER, claim=CLAIM, until=None):
        self.write(self.reports.give_consent, reader, claim, until)

    def list(self, reader=READER, claim=CLAIM, since=None, until=None, page=None):
        return self.write(self.reports.list, reader, claim, since, until, page or Page())

    def get(self, report, reader=READER):
        return self.write(self.reports.get, reader, report)

    def history(self, report, reader=READER):
        return [(entry.status, entry.at, entry.late) for entry in self.write(self.reports.history, reader, report)]

    def sources(self, report, reader=READER):
        return [(entry.source, entry.status, entry.late) for entry in self.write(self.reports.history, reader, report)]

    def shown(self):
        return [(one.report, one.status) for one in self.list().items]

    def refused(self, work, *arguments, **named):
        with pytest.raises(SenderError) as refusal:
            work(*arguments, **named)
        assert refusal.value.first.message
        assert refusal.value.first.hint
        return refusal.value.code

    def readings(self):
        with self.database.read() as connection:
            return [(row.institution, row.service, row.reason, row.subject) for row in Audit().rows(connection, verdict="read")]
