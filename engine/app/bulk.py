"""Work off the jobs that act on all that stands still for one cause, step by step, as errands of a worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from engine.app.replay import NotReplayed, Replay
from engine.log import get_logger
from engine.services.audit import Audit, changed
from engine.store import causes, jobs
from engine.store.database import Connection, Database
from engine.store.journal import Journal
from engine.store.queue import Queue
from engine.store.sealing import Seal

STEP = 50
"""Deliveries or messages that one transaction acts on; a replay walks as many before it writes down how far it is."""

_TURN = 2.0
"""Seconds after which a job lets others go first."""

_LOG = get_logger("jobs")


class BulkJobs:
    """Run jobs; replays walk on one thread of their own, with a set of files loaded when the first one comes."""

    def __init__(self, database: Database, seal: Seal, make_replay: Callable[[], Replay]) -> None:
        self._database, self._seal = database, seal
        self._journal, self._queue = Journal(database, seal), Queue(database, seal)
        self._make_replay = make_replay
        self._replay: Replay | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="replay")

    def errands(self) -> Mapping[str, Callable[[str], datetime | None]]:
        """Give what is done for the kind of errand."""
        return {jobs.JOB: self.run}

    def renew(self) -> None:
        """Load the set of files anew at the next replay."""
        self._thread.submit(self._forget)

    def close(self) -> None:
        """Finish the message in hand."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def run(self, subject: str) -> datetime | None:
        """Take steps of a job for a while; give now while it goes on, None when it is over or cancelled."""
        end = time.monotonic() + _TURN
        while self._step(int(subject)):
            if time.monotonic() >= end:
                return datetime.now(UTC)
        return None

    def _step(self, number: int) -> bool:
        with self._database.write() as connection:
            job = jobs.held(connection, self._seal, number)
            if job is None:
                return False
            if job.kind != "replay":
                return self._act(connection, job)
        return self._walk(job)

    def _act(self, connection: Connection, job: jobs.Job) -> bool:
        found, now = self._found(connection, job), datetime.now(UTC)
        done = sum(self._acted(connection, job, number, receipt, now) for number, receipt in found)
        return self._advance(connection, job, found, done, now)

    def _found(self, connection: Connection, job: jobs.Job) -> list[tuple[int, str]]:
        if job.kind in ("retry", "discard"):
            # Those that die while the job runs are not its own.
            return causes.dead_of(connection, job.place, job.code, job.after, min(STEP, job.total - job.done - job.passed))
        return causes.stopped_of(connection, job.place, job.code, job.after, job.begun, STEP)

    def _acted(self, connection: Connection, job: jobs.Job, number: int, receipt: str, now: datetime) -> bool:
        if job.kind == "retry":
            return self._queue.revive(connection, number, job.by)
        if job.kind == "discard":
            return self._queue.discard(connection, number, job.reason, job.by)
        return self._journal.discard(connection, receipt, job.reason, job.by, now)

    def _advance(self, connection: Connection, job: jobs.Job, found: list[tuple[int, str]], done: int, now: datetime) -> bool:
        over = len(found) < STEP
        after = found[-1][0] if found else job.after
        state = jobs.advance(connection, job.number, done=done, passed=len(found) - done, after=after, over=over, now=now)
        if state == "done":
            Audit().write(connection, [changed(f"job {job.kind} done", subject=f"{job.number}", actor=job.by)])
            _LOG.info("job done", job=job.number, kind=job.kind)
        return state == "running"

    def _walk(self, job: jobs.Job) -> bool:
        """Walk one step of a replay; each message has a transaction of its own, and a cancelled job ends after the one in hand."""
        with self._database.read() as connection:
            found = self._found(connection, job)
        done, walked = 0, []
        for one in found:
            if self._is_cancelled(job.number):
                break
            done += self._thread.submit(self._again, one[1], job.by).result()
            walked.append(one)
        with self._database.write() as connection:
            return self._advance(connection, job, walked, done, datetime.now(UTC))

    def _is_cancelled(self, number: int) -> bool:
        with self._database.read() as connection:
            return jobs.state_of(connection, number) != "running"

    def _again(self, receipt: str, by: str) -> bool:
        if self._replay is None:
            self._replay = self._make_replay()
        try:
            return self._replay.walk(receipt, preview=False, by=by).changed
        except NotReplayed:
            return False

    def _forget(self) -> None:
        self._replay = None
