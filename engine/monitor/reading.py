"""Read what the pages show from the store, and do there what their buttons say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from engine.documents.guide.drawing import Draft
from engine.documents.masking import Masking
from engine.message import SHANGHAI
from engine.monitor.app import Sources
from engine.monitor.audit import AuditArchive
from engine.monitor.bookingarchive import BookingArchive, Names
from engine.monitor.chart import Hour
from engine.monitor.check import CheckSource
from engine.monitor.completeness import CompletenessArchive, CompletenessSource
from engine.monitor.guide import GuideSource, Sent
from engine.monitor.inforce import read_in_force
from engine.monitor.institutionarchive import InstitutionArchive
from engine.monitor.message import Correction, MessageSource, Walk, Walked
from engine.monitor.messagearchive import MessageArchive
from engine.monitor.messages import MessagesSource
from engine.monitor.overview import ENDS, DeadDelivery, Destination, MessageRow, Overview, Trouble
from engine.monitor.probes import Waiting
from engine.monitor.quality import QualityArchive, QualitySource
from engine.monitor.referralarchive import ReferralArchive
from engine.monitor.reports import read_asking
from engine.monitor.turns import Thread, Turns
from engine.monitor.waiting import WaitingSource
from engine.monitor.waitingarchive import WaitingArchive
from engine.services.access import access_in
from engine.services.audit import Audit, changed
from engine.services.guide.versions import Versions
from engine.services.institutions import Institutions
from engine.services.referrals.desk import Referrals
from engine.settings import Settings
from engine.store import counts, traffic
from engine.store.database import Database
from engine.store.dead import DeadLine, blocked, dead, is_dead
from engine.store.entries import Facts
from engine.store.journal import Journal
from engine.store.queue import Queue
from engine.store.waiting import WaitingLine

MESSAGES = 20
PROBLEMS = 6
DEAD = 20
HOURS = 24

Hours = Mapping[datetime, Mapping[str, int]]


@dataclass(frozen=True)
class Archive:
    """The store as the monitor knows it; every method is one short transaction of its own."""

    database: Database
    journal: Journal
    queue: Queue

    def sources(
        self,
        check: CheckSource,
        hospitals: Names,
        drawing: Turns[Sent, Draft],
        settings: Settings,
        walker: Thread[Walk | Correction, Walked],
        masking: Masking,
        referrals: Referrals,
    ) -> Sources:
        """Hand the pages what they need; what is handed in is made by the process, since it needs more than the store."""
        acts = {"retry": self.retry, "discard": self.discard}
        seal = self.queue.seal
        institutions, booking = Institutions(self.database, seal), BookingArchive(self.database, seal, hospitals)
        complete = CompletenessArchive(self.database, institutions)
        quality = QualityArchive(self.database, self.journal, institutions)
        kept = MessageArchive(self.database, self.journal, masking)
        standing = WaitingArchive(self.database, self.journal, self.queue, _destination)
        return Sources(
            appointments=booking.source(),
            reports=lambda: read_asking(self.database, hospitals),
            referrals=ReferralArchive(self.database, referrals).source(),
            overview=self.overview, waiting=self.waiting, ping=self.database.ping_write, acts=acts,
            quality=QualitySource(names=quality.names, report=quality.report, types=check.types),
            completeness=CompletenessSource(names=complete.names, span=complete.span, read=complete.read, types=check.types),
            check=check,
            guide=GuideSource(hospitals=lambda: hospitals_of(institutions), shelf=Versions(self.database), turns=drawing),
            institutions=InstitutionArchive(
                database=self.database, seal=seal, settings=settings, types=check.types, booking=booking,
                quotas=access_in(settings.project).quotas,
            ),
            in_force=lambda: read_in_force(settings, self.database, seal), audit=AuditArchive(self.database),
            messages=MessagesSource(
                browse=kept.browse, export=kept.export, key_of=kept.key_of, names=quality.names, types=check.types
            ),
            message=MessageSource(
                view=kept.view, reveal=kept.reveal, discard=kept.discard, walker=walker, names=quality.names, types=check.types
            ),
            standing=WaitingSource(
                read=standing.read, preview=standing.preview, begin=standing.begin, cancel=standing.cancel
            ),
        )  # fmt: skip

    def overview(self, now: datetime | None = None) -> Overview:
        """Read the overview in one transaction, so that all its figures are of one moment."""
        at = now or datetime.now(UTC)
        first = at.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
        with self.database.read() as connection:
            totals = counts.totals(connection)
            hours = traffic.hourly(connection, first, HOURS)
            lines = self.queue.waiting(connection)
            stuck = [line.destination for line in lines if line.counts.get("DEAD", 0)]
            held = {name: blocked(connection, name) for name in stuck}
            ended = dead(connection, self.queue.seal, stuck, limit=DEAD)
            latest = self.journal.search(connection, limit=MESSAGES)
            problems = [
                row for state in ("INVALID", "ERROR") for row in self.journal.search(connection, state=state, limit=PROBLEMS)
            ]
        return Overview(
            now=at,
            taken=sum(value for key, value in totals.items() if key.scope == "taken"),
            total=_by_state(totals),
            today=_since(hours, at.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)),
            destinations=tuple(_destination(line, held.get(line.destination, 0)) for line in lines),
            dead=tuple(_dead(line) for line in ended),
            messages=tuple(_row(facts) for facts in latest),
            problems=tuple(_row(facts) for facts in sorted(problems, key=lambda row: row.place, reverse=True)[:PROBLEMS]),
            hours=tuple(_hour(start, states) for start, states in hours.items()),
        )

    def waiting(self) -> Waiting:
        """Read what waits at each destination, and for how many seconds."""
        now = datetime.now(UTC)
        with self.database.read() as connection:
            lines = [_destination(line, 0) for line in self.queue.waiting(connection)]
        oldest = {line.name: max((now - line.oldest).total_seconds(), 0.0) if line.oldest else 0.0 for line in lines}
        return {line.name: line.waiting for line in lines}, oldest

    def retry(self, delivery: int, *, by: str, peer: str, reason: str = "") -> bool:
        """Queue a dead delivery again, with its audit row; false when it is no longer dead."""
        del reason  # a retry needs none
        with self.database.write() as connection:
            done = self.queue.revive(connection, delivery, by)
            if done:
                Audit().write(connection, [changed("delivery retry", subject=str(delivery), actor=by, peer=peer)])
        return done

    def discard(self, delivery: int, *, by: str, peer: str, reason: str = "") -> bool:
        """Give up a dead delivery; the reason stays, sealed, with its message. False when it is no longer dead."""
        with self.database.write() as connection:
            done = is_dead(connection, delivery) and self.queue.discard(connection, delivery, reason, by)
            if done:
                Audit().write(connection, [changed("delivery discard", subject=str(delivery), actor=by, peer=peer)])
        return done


def hospitals_of(institutions: Institutions) -> dict[str, str]:
    """Name the approved hospitals by code."""
    return {one.code: one.name for one in institutions.list() if one.kind == "hospital" and one.state == "approved"}


def _by_state(totals: Mapping[counts.CountKey, int]) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for key, value in totals.items():
        if key.scope == "message":
            found[key.state] += value
    return {state: found[state] for state in ENDS}


def _since(hours: Hours, start: datetime) -> Mapping[str, int]:
    return {state: sum(states.get(state, 0) for hour, states in hours.items() if hour >= start) for state in ENDS}


def _hour(start: datetime, states: Mapping[str, int]) -> Hour:
    good = sum(states.get(state, 0) for state in ("ROUTED", "FILTERED", "DISCARDED"))
    return Hour(start=start, good=good, invalid=states.get("INVALID", 0), error=states.get("ERROR", 0))


def _destination(line: WaitingLine, held: int) -> Destination:
    trouble = None
    if line.error_code and line.error_at:
        trouble = Trouble(code=line.error_code, text=line.error_text, at=line.error_at)
    return Destination(name=line.destination, counts=line.counts, oldest=line.oldest, blocked=held, trouble=trouble)


def _dead(line: DeadLine) -> DeadDelivery:
    return DeadDelivery(
        id=line.id,
        destination=line.destination,
        receipt=line.receipt,
        attempts=line.attempts,
        behind=line.behind,
        trouble=Trouble(code=line.error_code, text=line.error_text, at=line.at),
    )


def _row(facts: Facts) -> MessageRow:
    return MessageRow(
        received=facts.received,
        institution=facts.institution,
        document_type=facts.document_type,
        receipt=facts.receipt,
        state=facts.state,
        code=facts.code,
        mark=facts.mark,
    )
