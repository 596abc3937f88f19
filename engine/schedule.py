"""Keep the clock: on the one node that leads, insert due work as rows unique by job and slot, and do it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event
from typing import Protocol

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from engine.log import get_logger
from engine.message import SHANGHAI
from engine.metrics import figures
from engine.steady import Jumps

_LOG = get_logger("clock")
_LEAD_AGAIN = 1.0
_SURE = 8.0
"""Seconds for which a lead that was proven is relied on: the server keeps the lock of a node that is cut off for longer."""

_PATIENCE = 120.0
"""Seconds in which every wait for the store has ended, by its answer or by its time-out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One thing done by the clock: every so many seconds, or daily at an hour of Shanghai."""

    name: str
    action: Callable[[], object]
    every: float = 0.0
    daily_at: int = -1

    def slot(self, now: datetime) -> str:
        """Name the turn that `now` falls in; two clocks name it alike."""
        if self.every:
            return str(int(now.timestamp() // self.every))
        return f"{now.astimezone(SHANGHAI):%Y-%m-%d}"


class Leadership(Protocol):
    """The lock that one clock of all nodes holds."""

    def lead(self) -> bool:
        """Take the lock, or tell that it is still held; never waits."""

    def close(self) -> None:
        """Let the lock go."""


class Clock:
    """Run jobs while this process leads; `claim(job, slot)` is true for the one who inserted the row.

    When the clock of the machine was set, `was_set` is told by how many seconds, and all turns are reckoned anew.
    """

    def __init__(
        self, jobs: Sequence[Job], *, leadership: Leadership, claim: Callable[[str, str], bool],
        was_set: Callable[[float], object] = lambda _seconds: None, jumps: Jumps | None = None,
    ) -> None:  # fmt: skip
        self._jobs = jobs
        self._leadership = leadership
        self._claim = claim
        self._was_set = was_set
        self._jumps = jumps or Jumps()
        self._stop = Event()
        self._turned = time.monotonic()
        self._led = -math.inf

    @property
    def leading(self) -> bool:
        """Tell whether this clock surely leads, as it may only do a job then."""
        return time.monotonic() - self._led <= _SURE

    def stop(self) -> None:
        """Ask the clock to stop; the job in hand is finished."""
        self._stop.set()

    def well(self) -> bool:
        """Tell whether the clock's own thread still turns; it may wait for the store for a while."""
        return time.monotonic() - self._turned < _PATIENCE

    def run(self) -> None:
        """Lead whenever nobody else does, until stopped."""
        try:
            while not self._stop.is_set():
                if self._leads():
                    self._tick_while_leading()
                self._stop.wait(_LEAD_AGAIN)
        finally:
            self._leadership.close()

    def _leads(self) -> bool:
        asked = self._turned = time.monotonic()
        try:
            leads = self._leadership.lead()
        except Exception as problem:  # noqa: BLE001 - a store that is down is retried, and told
            _LOG.warning("no leadership", error=type(problem).__name__)
            return False
        if leads:
            self._led = asked
        return leads

    def _tick_while_leading(self) -> None:
        _LOG.info("clock leads")
        scheduler = BackgroundScheduler(
            timezone=SHANGHAI, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 60}
        )
        for job in self._jobs:
            trigger = (
                IntervalTrigger(seconds=job.every) if job.every else CronTrigger(hour=job.daily_at, minute=7, timezone=SHANGHAI)
            )
            scheduler.add_job(self._turn, trigger, args=[job], id=job.name)
        scheduler.start()
        try:
            while not self._stop.wait(_LEAD_AGAIN) and self._leads() and not self._jumped():
                pass
        finally:
            scheduler.shutdown(wait=True)
            _LOG.info("clock no longer leads")

    def _jumped(self) -> bool:
        """Tell whether the clock was set since the last look: the scheduler would wait for an hour that has gone before."""
        moved = self._jumps.since_last()
        if not moved:
            return False
        _LOG.warning("clock was set", seconds=round(moved))
        try:
            self._was_set(moved)
        except Exception as problem:  # noqa: BLE001 - what is not put right now comes late, but comes
            _LOG.error("what is timed was not moved along", exc_info=problem)
        return True

    def _turn(self, job: Job) -> None:
        started = time.monotonic()
        if not self.leading:
            _LOG.warning("turn left to who leads", job=job.name)
            return
        try:
            if self._claim(job.name, job.slot(datetime.now(UTC))):
                job.action()
                figures().job(job.name, "done", time.monotonic() - started)
                _LOG.debug("job done", job=job.name, seconds=round(time.monotonic() - started, 3))
        except Exception as problem:  # noqa: BLE001 - one failed turn must not end the clock; the next turn tries again
            figures().job(job.name, "failed", time.monotonic() - started)
            _LOG.error("job failed", exc_info=problem, job=job.name)
