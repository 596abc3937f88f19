"""The proof of reports runs as it says, in short, and would tell if a change were lost or a report stood wrong."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bench.proofs import reports
from bench.reports import changes, holding
from bench.reports.asked import GRACE, Found
from engine.message import shanghai_text


@pytest.mark.timeout(600)
def test_a_short_run_sees_every_change_and_every_report_that_is_asked_for(capsys):
    # What a busy machine takes is no matter here: that all is seen, and right, is.
    terms = reports.Terms(seconds=4, rate=10, limit=60, asked=2, soonest=1, kept_up=0)
    assert reports.main(terms) == 0, capsys.readouterr().out
    said = capsys.readouterr().out
    assert "40 answered AA" in said
    assert "errors 0; changes lost, doubled or standing wrong in the end 0" in said
    assert "asked for: 2 of 2 seen" in said
    assert said.count(": holds") == 2


class Shown:
    """A portal that is shown what a test says."""

    def __init__(self, entries, status, at):
        self.entries, self.status, self.at = entries, status, at

    async def history(self, _report):
        return [{"status": str(status), "at": shanghai_text(at), "source": source} for status, at, source in self.entries]

    async def call(self, _operation, **_values):
        return {"code": "0", "report": {"status": str(self.status), "at": shanghai_text(self.at)}}


def test_a_lost_change_a_doubled_one_and_a_wrong_status_are_told():
    (paper,) = changes.papers(1)
    at = paper.arrival.at
    amended = changes.Change(number=0, paper=0, action="S0063", word="报告修改", at=at + timedelta(seconds=1))
    first, then = (70, at, "C0007"), (80, amended.at, "S0063")

    def told(entries, status, when):
        return asyncio.run(holding.differences(Shown(entries, status, when), [paper], ["R"], [amended]))

    assert told([first, then], 80, amended.at) == []
    assert len(told([first], 80, amended.at)) == 1
    assert len(told([first, then, then], 80, amended.at)) == 1
    assert told([first, then], 70, at)[0].startswith("R is shown as ('70', ")


def test_changes_are_each_of_their_own_second_and_some_come_late():
    held = changes.papers(3)
    made = changes.changes(held, 120)
    assert len({(one.paper, one.at) for one in made}) == 120
    assert {one.action for one in made} == {"S0061", "S0063", "7001"}
    order = [one.at for one in made if one.paper == 0]
    assert order != sorted(order)


def test_what_is_asked_for_must_come_within_what_is_stated():
    assert Found(1.0, 5.0 + GRACE, 5.0).good
    assert not Found(1.0, 5.1 + GRACE, 5.0).good
    assert not Found(1.0, None, 5.0).good
