"""Push changes by a schedule, whatever the answers take, and measure for each until the portal sees it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.load import Line
from bench.registers.messages import envelope, read
from bench.reports.changes import Change, Paper
from bench.reports.portal import Portal
from bench.reports.site import HOSPITALS, Site
from engine.errors import EngineError
from engine.message import shanghai_text
from engine.simulator.calling import Unreached
from tests.support.hospital import PASSWORD

_LINES = 24
"""Connections of each hospital: enough that a slow answer holds up no other push."""

_PAUSE, _PATIENCE = 0.02, 30.0
"""Seconds between two looks of the portal, and how long it looks for one change."""


@dataclass
class Seen:
    """What came of the pushes, in seconds for each change.

    `late` is from when it was due to when it was sent, `answered` from sent to AA, `after` from AA to seen by the portal, `whole` from
    when it was due to seen.
    """

    late: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    began: float = 0.0
    ended: float = 0.0

    @property
    def rate(self) -> float:
        """Changes answered in a second, from the first that was due to the last answer."""
        return len(self.answered) / max(self.ended - self.began, 1e-9)


class Pushers:
    """The hospitals' systems, each with kept connections."""

    def __init__(self, site: Site, papers: Sequence[Paper], found: Sequence[str], portal: Portal) -> None:
        self._site, self._papers, self._found, self._portal = site, papers, found, portal
        self._free: dict[str, asyncio.Queue[Line]] = {code: asyncio.Queue() for code in HOSPITALS}
        for code, queue in self._free.items():
            for _ in range(_LINES):
                queue.put_nowait(Line(site.engine.services, "/services/hip", code, PASSWORD))
        self.seen = Seen()

    async def run(self, told: Sequence[Change], rate: float) -> Seen:
        """Push all changes, one every 1/rate seconds."""
        self.seen.began = time.perf_counter()
        tasks = []
        for place, change in enumerate(told):
            due = self.seen.began + place / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(self._one(change, due)))
        await asyncio.gather(*tasks)
        for queue in self._free.values():
            while not queue.empty():
                queue.get_nowait().close()
        return self.seen

    async def _one(self, change: Change, due: float) -> None:
        try:
            sent = time.perf_counter()
            verdict = await (self._push(change) if change.action == "7001" else self._tell(change))
            answered = time.perf_counter()
            if verdict not in ("AA", "0"):
                self.seen.errors.append(f"{change.action} {change.number}: {verdict}")
                return
            self.seen.ended = max(self.seen.ended, answered)
            self.seen.late.append(sent - due)
            self.seen.answered.append(answered - sent)
            if not await self._look(change, answered + _PATIENCE):
                self.seen.errors.append(f"{change.action} {change.number}: not seen in {_PATIENCE:g} s")
                return
            visible = time.perf_counter()
            self.seen.after.append(visible - answered)
            self.seen.whole.append(visible - due)
        except (OSError, EOFError, EngineError, Unreached) as problem:
            self.seen.errors.append(f"{change.action} {change.number}: {type(problem).__name__} {problem}"[:200])

    async def _look(self, change: Change, until: float) -> bool:
        wanted = (str(change.status), shanghai_text(change.at))
        while time.perf_counter() < until:
            entries = await self._portal.history(self._found[change.paper])
            if wanted in [(one["status"], one["at"]) for one in entries]:
                return True
            await asyncio.sleep(_PAUSE)
        return False

    async def _tell(self, change: Change) -> str:
        """Tell S0061 or S0063; gives the verdict and what is said with it when that is no AA."""
        paper = self._papers[change.paper]
        keys, person = paper.arrival.keys, paper.arrival.person
        body = envelope(
            paper.hospital, change.action, f"CHANGE-{change.number}", number=keys["form"], specimen=keys.get("specimen", ""),
            identity=person.identity, name=person.name, word=change.word, at=f"{change.at:%Y%m%d%H%M%S}",
        )  # fmt: skip
        queue = self._free[paper.hospital]
        line = await queue.get()
        try:
            verdict, said, _ = read(await line.call(body))
        finally:
            queue.put_nowait(line)
        return verdict if verdict == "AA" else f"{verdict} {said}"

    async def _push(self, change: Change) -> str:
        """Push that a report is ready (7001)."""
        paper = self._papers[change.paper]
        line = {
            "DATA_TIME": f"{change.at:%Y-%m-%d %H:%M:%S}", "PATIENT_NAME": paper.arrival.person.name, "PATIENT_SEX": "1",
            "PATIENT_AGE": "40", "HEALTH_CARD_ID": f"C{change.paper}", "DEPT_NAME": "检验科", "DOCTOR_NAME": "测试医生甲",
            "PUSH_TYPE": "3", "PUSH_ID": paper.arrival.keys["report"], "PUSH_CONTENT": "报告已出",
        }  # fmt: skip
        platform = self._site.hospital(paper.hospital).control.platform
        if platform is None:
            raise Unreached("the hospital does not know the platform")
        told = await asyncio.to_thread(platform.call, "7001", {"HOS_ID": paper.hospital, "DATA_INFO": (line,)})
        return told.code if told.code == "0" else f"{told.code} {told.message}"
