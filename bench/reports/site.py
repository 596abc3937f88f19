"""Set up what the proof of reports needs: one engine, two hospitals that can be asked and call, one portal."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.simulator.adapter import Terms, describe
from engine.simulator.clinic import Plan
from engine.simulator.hospital import Particulars, SimulatedHospital
from tests.support.engine import Engine
from tests.support.hospital import PASSWORD
from tests.support.project import Project
from tests.support.stores import enrol

PORTAL = "PROOF-PORTAL"
HOSPITALS = ("PROOF-A", "PROOF-B")
KEYS = {"sign_key": "a-sign-key-for-proofs", "encryption_key": "0123456789abcdef"}
_PATIENCE = 300.0
"""Seconds that an engine may take to start or to stop on a busy machine."""

_EVERY_QUESTION = 6000
"""Questions about reports a minute: more than the proof needs, so that the pauses alone decide."""


@dataclass(frozen=True)
class Site:
    """The engine and the hospitals of one proof."""

    engine: Engine
    hospitals: tuple[SimulatedHospital, ...]

    def hospital(self, code: str) -> SimulatedHospital:
        """Give a hospital by its code."""
        return self.hospitals[HOSPITALS.index(code)]


@contextmanager
def open_site(folder: Path, database: str, soonest: float) -> Iterator[Site]:
    """Run them until the end of the block; `soonest` are the seconds from news to the first question.

    On PostgreSQL the engine has two fronts and one worker, on SQLite one of each.
    """
    project, data = Project.copy(folder / "project"), folder / "engine"
    (project.root / "config" / "reports.yaml").write_text("months: 1200\n", encoding="utf-8")
    data.mkdir()
    processes = ("--fronts", "2", "--workers", "1") if database else ()
    with ExitStack() as stack:
        wanted = (
            Particulars(code=code, plan=Plan(departments=1, doctors=1, days=1), password=PASSWORD, **KEYS) for code in HOSPITALS
        )
        hospitals = tuple(stack.enter_context(SimulatedHospital(one)) for one in wanted)
        for hospital in hospitals:
            terms = Terms(parallel=16, reports=soonest, questions=_EVERY_QUESTION)
            describe(hospital.wanted, hospital.address, project.root, data / "secrets", terms)
        engine = Engine(data, database=database, extra=(*project.option, *processes))
        enrol(engine, {**dict.fromkeys(HOSPITALS, "hospital"), PORTAL: "portal"})
        engine.start(wait=_PATIENCE)
        stack.callback(engine.stop, signal.SIGTERM, _PATIENCE)
        for hospital in hospitals:
            hospital.meet(engine.services)
        yield Site(engine, hospitals)
