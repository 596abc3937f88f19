"""Invent reports, and the changes of their status that hospitals push: each has its own second, some come late, and all must be found."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bench.reports.site import HOSPITALS
from engine.message import SHANGHAI
from engine.report import ReportArrival
from tests.support.reporting import report_paper

CHANGES_EACH = 20
"""Changes of one report, about as many as a report has in its life, some twice over."""

WORDS: Mapping[str, int] = {
    "标本采集": 20, "标本接收": 30, "检验中": 40, "报告审核": 60, "报告发布": 70, "报告修改": 80, "报告删除": 90,
}  # fmt: skip
"""What hospitals say, with our status (config/report-status.csv)."""

_KINDS = ("C0007", "C0007", "C0006")
_LATE = 0.1
"""The share of changes that change places with the next one of their report."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Paper:
    """One report as its hospital knows it: its document, and what stands in it."""

    kind: str
    hospital: str
    document_id: str
    xml: bytes
    arrival: ReportArrival

    @property
    def resident(self) -> Mapping[str, str]:
        """Name the patient as a portal does."""
        return {"idNumber": self.arrival.person.identity, "name": self.arrival.person.name}


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One change of a report's status: which of the papers, by which message, what it says, of when it is."""

    number: int
    paper: int
    action: str
    word: str
    at: datetime

    @property
    def status(self) -> int:
        """Our status of what it says."""
        return WORDS[self.word]


def papers(number: int) -> list[Paper]:
    """Invent so many reports, of laboratories and examinations, at all hospitals."""
    found = []
    for one in range(number):
        kind, hospital = _KINDS[one % len(_KINDS)], HOSPITALS[one % len(HOSPITALS)]
        numbers = {name: f"{letter}{one:07}" for name, letter in (("report", "R"), ("form", "F"), ("specimen", "B"))}
        xml, arrival = report_paper(kind, 1000 + one, hospital, **numbers)
        found.append(Paper(kind=kind, hospital=hospital, document_id=f"PAPER-{one}", xml=xml, arrival=arrival))
    return found


def changes(held: Sequence[Paper], number: int, seed: int = 1) -> list[Change]:
    """Invent so many changes in the order in which they are pushed; of a report each is of another second, after its document."""
    dice = random.Random(seed)
    told: defaultdict[int, int] = defaultdict(int)
    made = []
    for one in range(number):
        paper = one % len(held)
        told[paper] += 1
        pushed = held[paper].kind == "C0007" and dice.random() < 0.2
        word = "报告发布" if pushed else dice.choice(list(WORDS))
        action = "7001" if pushed else "S0063" if held[paper].kind == "C0007" else "S0061"
        at = (held[paper].arrival.at + timedelta(seconds=told[paper])).astimezone(SHANGHAI)
        made.append(Change(number=one, paper=paper, action=action, word=word, at=at))
    return _some_late(made, len(held), dice)


def _some_late(made: list[Change], apart: int, dice: random.Random) -> list[Change]:
    """Let some changes come after the next one of their report."""
    for place in range(len(made) - apart):
        if made[place].paper == made[place + apart].paper and dice.random() < _LATE:
            made[place], made[place + apart] = made[place + apart], made[place]
    return made


def now_of(paper: Paper, told: Sequence[Change]) -> tuple[datetime, int]:
    """Say which status a report must have after all of these: the one of the latest time."""
    return max([(paper.arrival.at, WORDS["报告发布"]), *((one.at, one.status) for one in told)])
