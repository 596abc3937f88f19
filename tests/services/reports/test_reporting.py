"""The reports over a set of files: a notice is a journalled message with a delivery in the order of its report; documents bring contents."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from engine.app.reports import NOTICE, Reporting, read_settings
from engine.documents.packing import gunzip_stored
from engine.errors import ConfigError
from engine.message import Record
from engine.report import ReportArrival
from engine.services.reports.desk import ReportsDesk
from engine.services.reports.model import ReportEvent
from engine.store.journal import Journal
from engine.store.queue import Queue
from engine.store.tables import delivery, message
from tests.services.reports.counter import CLAIM, READER, WHO, at, content
from tests.support.seals import SEAL

DOCUMENT = {"institution": "H1", "document_type": "C0007"}


def house(root, *endpoints, revision="r1"):
    return SimpleNamespace(book=SimpleNamespace(root=root, revision=revision), endpoints=endpoints, adapters={})


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    (root / "config").mkdir(parents=True)
    (root / "config/reports.yaml").write_text("notices: { P1: news, P2: news }\n", encoding="utf-8")
    return root


def write(database, work, *arguments):
    with database.write() as connection:
        return work(connection, *arguments)


def told(status, minutes):
    return ReportEvent(
        institution="H1", keys={"form": "F1"}, kind="laboratory", status=status, at=at(minutes), source="S0063", person=WHO
    )


def test_a_notice_is_one_message_delivered_in_the_order_of_its_report(database, project):
    reports = Reporting(database, SEAL, house(project, "news")).reports
    number = write(database, reports.tell, told(10, 0))
    write(database, reports.give_consent, READER, CLAIM, None)
    write(database, reports.subscribe, READER, CLAIM)
    write(database, reports.tell, told(20, 5))
    write(database, reports.tell, told(70, 10))
    with database.read() as connection:
        kept = connection.execute(select(message.c.receipt, message.c.document_type).order_by(message.c.seq)).all()
        orders = connection.execute(select(delivery.c.destination, delivery.c.state).order_by(delivery.c.seq)).all()
        bodies = [Journal(database, SEAL).load(connection, row.receipt) for row in kept]
    assert [row.document_type for row in kept] == [NOTICE, NOTICE]
    assert [tuple(row) for row in orders] == [("news", "QUEUED"), ("news", "QUEUED")]
    texts = [gunzip_stored(body.original).decode() for body in bodies]
    assert ["<status>20</status>" in texts[0], "<status>70</status>" in texts[1]] == [True, True]
    assert all(f"<report>{number}</report>" in text and WHO.name not in text for text in texts)
    with database.write() as connection:
        first = Queue(database, SEAL).claim(connection, worker="w", now=datetime.now(UTC), lease=60, limit=5)
    assert [one.destination for one in first] == ["news"]


def test_a_destination_that_nobody_knows_is_refused_and_nothing_is_exchanged(database, project):
    with pytest.raises(ConfigError):
        Reporting(database, SEAL, house(project))
    reporting = Reporting(database, SEAL, house(project, "news"))
    with pytest.raises(ConfigError):
        read_settings(house(project, "archive"))
    other = house(project, "news", revision="r2")
    reporting.renew(other, read_settings(other))


def test_documents_bring_their_contents_and_take_them_back(database, project):
    desk = ReportsDesk(Reporting(database, SEAL, house(project, "news")).reports)
    said = ReportArrival(
        institution="H1",
        keys={"form": "F1"},
        kind="laboratory",
        content=content(),
        at=at(0),
        source="C0007",
        receipt="M1",
        person=WHO,
    )
    write(database, desk.take, [Record(message="M1", report=said, **DOCUMENT), Record(message="M2", **DOCUMENT)])
    reports = Reporting(database, SEAL, house(project, "news")).reports
    number = write(database, reports.tell, told(60, -5))
    write(database, reports.give_consent, READER, CLAIM, None)
    assert write(database, reports.history, READER, number)[-1].status == 70
    write(database, desk.withdraw, ["M1", "M2"])
    assert write(database, reports.history, READER, number)[-1].status == 90
