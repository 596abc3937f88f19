"""Keep the reports that the simulated hospital makes on command: each lives from the request to its withdrawal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock

from engine.simulator.book import now
from engine.simulator.orders import Refusal

STEPS: Mapping[str, tuple[str, str]] = {
    "applied": ("1", "已申请"),
    "sampled": ("2", "标本采集"),
    "received": ("3", "标本接收"),
    "rejected": ("4", "标本拒收"),
    "testing": ("5", "检验中"),
    "preliminary": ("6", "初步报告"),
    "reviewed": ("7", "报告审核"),
    "released": ("8", "报告发布"),
    "amended": ("9", "报告修改"),
    "withdrawn": ("10", "报告删除"),
}
"""The steps of a report's life, each with the hospital's own code and word; the list of S0063 was never published."""

_OUT = ("released", "amended")
_ITEMS: Mapping[str, str] = {"0": "血常规", "1": "药敏试验", "2": "胸部正位片"}


@dataclass(kw_only=True)
class Report:
    """One report; `kind` is its REPORT_TYPE, `at` when it came to its step, `version` goes up by one with every amendment."""

    number: str
    patient: str
    kind: str
    name: str
    identity: str
    form: str
    specimen: str
    step: str
    at: datetime
    version: int = 1
    reported: datetime | None = None

    @property
    def item(self) -> str:
        """What was tested."""
        return _ITEMS[self.kind]

    @property
    def out(self) -> bool:
        """Whether the hospital gives it out."""
        return self.step in _OUT


@dataclass
class Shelf:
    """All reports made on command; every method is whole, whichever thread calls it."""

    clock: Callable[[], datetime] = now
    reports: dict[str, Report] = field(default_factory=dict)
    guard: RLock = field(default_factory=RLock)

    def make(self, patient: str, kind: str, name: str, identity: str) -> Report:
        """Make a report that was asked for just now; its numbers tell when, so that none comes twice in two runs."""
        if kind not in _ITEMS:
            raise Refusal("1", f"REPORT_TYPE 应为 {'、'.join(_ITEMS)}")
        with self.guard:
            moment = self.clock()
            number = f"{moment:%y%m%d%H%M%S}{len(self.reports) % 1000:03}"
            made = Report(
                number=f"R{number}", patient=patient, kind=kind, name=name, identity=identity, form=f"F{number}",
                specimen=f"B{number}", step="applied", at=moment,
            )  # fmt: skip
            self.reports[made.number] = made
            return made

    def move(self, number: str, step: str) -> Report:
        """Bring a report to a step, whatever it was at before."""
        with self.guard:
            found = self.reports.get(number)
            if found is None or step not in STEPS:
                raise Refusal("1", f"没有报告 {number}" if found is None else f"没有步骤 {step}，有 {'、'.join(STEPS)}")
            found.version += step == "amended"
            found.step, found.at = step, self.clock()
            if found.out:
                found.reported = found.at
            return found

    def given(self, patient: str) -> list[Report]:
        """List the reports of a patient that are given out."""
        with self.guard:
            return [one for one in self.reports.values() if one.patient == patient and one.out]
