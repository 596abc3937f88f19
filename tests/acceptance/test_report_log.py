"""A report document and a status message of the running engine are one report; its deletion at the hospital or its revocation hides it."""

from __future__ import annotations

from lxml import etree
from sqlalchemy import select

from engine.services.reports.tables import report, report_event
from tests.support.reporting import tell_status
from tests.support.stores import conserved, opened

_FORM = "string((//*[@root='2.16.156.10011.1.24']/@extension)[1])"


def statuses(engine):
    """Give the status and the number of events of every report."""
    with opened(engine) as database, database.read() as connection:
        rows = connection.execute(
            select(report.c.report, report.c.status).where(report.c.joined == "").order_by(report.c.opened)
        ).all()
        events = list(connection.execute(select(report_event.c.report)).scalars())
    return [(row.status, events.count(row.report)) for row in rows]


def test_by_document_and_by_status_it_is_one_report_that_can_be_taken_back(engine, ours):
    paper = ours.invent("C0007")
    form = etree.fromstring(paper.xml).xpath(_FORM)
    assert ours.call("Upload", documentType="C0007", documentId=paper.number, payload=paper.packed)["status"] == "accepted"
    assert statuses(engine) == [(70, 1)]

    def say(words, at, number):
        values = {"modeCode/displayName/@value": words, "verifier/time/@value": at}
        tell_status(engine, "S0063", form=form, message_id=number, **values)

    say("标本采集", "20200101080000", "RL-1")
    assert statuses(engine) == [(70, 2)]
    say("报告已删除", "20300101080000", "RL-2")
    assert statuses(engine) == [(90, 3)]
    other = ours.invent("C0007")
    ours.call("Upload", documentType="C0007", documentId=other.number, payload=other.packed)
    assert statuses(engine)[1] == (70, 1)
    ours.call("Revoke", documentType="C0007", documentId=other.number, reason="测试撤销")
    assert statuses(engine)[1] == (90, 2)
    assert conserved(engine)
