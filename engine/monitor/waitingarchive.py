"""Read what stands still from the store, and begin and cancel the jobs that act on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from engine.monitor.overviewarchive import destination_of
from engine.monitor.waiting import Example, Preview, Standing
from engine.services.audit import Audit, changed
from engine.store import causes, errands, jobs
from engine.store.database import Connection, Database
from engine.store.dead import dead_lines
from engine.store.journal import Journal
from engine.store.masking import masked, without_numbers
from engine.store.queue import Queue

EXAMPLES = 10
JOBS = 10


@dataclass(frozen=True, slots=True)
class WaitingArchive:
    """The store as this page knows it; every method is one transaction of its own."""

    database: Database
    journal: Journal
    queue: Queue

    def read(self) -> Standing:
        """Read everything that stands still in one transaction, so that all figures are of one moment."""
        with self.database.read() as connection:
            lines = [destination_of(line) for line in self.queue.waiting(connection)]
            return Standing(
                now=datetime.now(UTC),
                destinations=[line for line in lines if line.waiting or line.dead],
                deliveries=causes.delivery_causes(connection),
                messages=causes.message_causes(connection),
                jobs=jobs.latest(connection, self.journal.seal, JOBS),
            )

    def preview(self, what: str, place: str, code: str) -> Preview:
        """Count what a job would act on, and read some of it."""
        now = datetime.now(UTC)
        with self.database.read() as connection:
            if what == "deliveries":
                return Preview(causes.dead_count(connection, place, code), self._deliveries(connection, place, code))
            total = causes.stopped_count(connection, place, code, now)
            found = causes.stopped_of(connection, place, code, 0, now, EXAMPLES)
            return Preview(total, [one for _, receipt in found for one in self._message(connection, receipt)])

    def _deliveries(self, connection: Connection, place: str, code: str) -> Sequence[Example]:
        numbers = [number for number, _ in causes.dead_of(connection, place, code, 0, EXAMPLES)]
        return [
            Example(
                receipt=line.receipt, institution="", document_type="", at=line.at, text=without_numbers(line.error_text)
            )
            for line in dead_lines(connection, self.queue.seal, numbers)
        ]  # fmt: skip

    def _message(self, connection: Connection, receipt: str) -> Sequence[Example]:
        stored = self.journal.find(connection, None, receipt=receipt)
        if stored is None:
            return ()
        facts, first = stored.facts, next(iter(stored.issues), None)
        text = masked(first).message if first else facts.reference
        return (
            Example(
                receipt=receipt, institution=facts.institution, document_type=facts.document_type, at=facts.received, text=text
            ),
        )  # fmt: skip

    def begin(self, kind: jobs.JobKind, place: str, code: str, reason: str, *, by: str, peer: str) -> int | None:
        """Begin a job, with its errand and its audit row; None when such a job runs already or there is nothing to do."""
        now = datetime.now(UTC)
        with self.database.write() as connection:
            if jobs.running(connection, kind, place, code):
                return None
            if kind in ("retry", "discard"):
                total = causes.dead_count(connection, place, code)
            else:
                total = causes.stopped_count(connection, place, code, now)
            if not total:
                return None
            number = jobs.begin(
                connection, self.journal.seal, kind=kind, place=place, code=code, total=total, by=by, reason=reason, now=now
            )
            errands.put(connection, jobs.JOB, str(number), "", now)
            note = changed(f"job {kind}", subject=f"{number} {place} {code} {total}", actor=by, peer=peer)
            Audit().write(connection, [note])
        return number

    def cancel(self, number: int, *, by: str, peer: str) -> bool:
        """Cancel a job; what it did already stays done. False when it is over."""
        with self.database.write() as connection:
            done = jobs.cancel(connection, number, datetime.now(UTC))
            if done:
                Audit().write(connection, [changed("job cancel", subject=str(number), actor=by, peer=peer)])
        return done
