"""Read what the pages show from the store, and do there what their buttons say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from engine.documents.guide.drawing import Draft
from engine.documents.masking import Masking
from engine.monitor.alerts import AlertsSource
from engine.monitor.app import Sources
from engine.monitor.audit import AuditArchive
from engine.monitor.bookingarchive import BookingArchive, Names
from engine.monitor.check import CheckSource
from engine.monitor.completeness import CompletenessArchive, CompletenessSource
from engine.monitor.guide import GuideSource, Sent
from engine.monitor.inforce import read_in_force
from engine.monitor.institutionarchive import InstitutionArchive
from engine.monitor.message import Correction, MessageSource, Walk, Walked
from engine.monitor.messagearchive import MessageArchive
from engine.monitor.messages import MessagesSource
from engine.monitor.overviewarchive import OverviewArchive, destination_of
from engine.monitor.probes import Waiting
from engine.monitor.quality import QualityArchive, QualitySource
from engine.monitor.referralarchive import ReferralArchive
from engine.monitor.reports import read_asking
from engine.monitor.tiles import TileArchive, hospitals_of
from engine.monitor.turns import Thread, Turns
from engine.monitor.waiting import WaitingSource
from engine.monitor.waitingarchive import WaitingArchive
from engine.services.audit import Audit, changed
from engine.services.guide.versions import Versions
from engine.services.institutions import Institutions
from engine.services.referrals.desk import Referrals
from engine.settings import Settings
from engine.store.database import Database
from engine.store.dead import is_dead
from engine.store.journal import Journal
from engine.store.queue import Queue


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
        alerts: AlertsSource,
    ) -> Sources:
        """Hand the pages what they need; what is handed in is made by the process, since it needs more than the store."""
        acts = {"retry": self.retry, "discard": self.discard}
        seal = self.queue.seal
        institutions, booking = Institutions(self.database, seal), BookingArchive(self.database, seal, hospitals)
        complete = CompletenessArchive(self.database, institutions)
        quality = QualityArchive(self.database, self.journal, institutions)
        kept = MessageArchive(self.database, self.journal, masking)
        standing = WaitingArchive(self.database, self.journal, self.queue)
        return Sources(
            alerts=alerts,
            appointments=booking.source(),
            reports=lambda: read_asking(self.database, hospitals),
            referrals=ReferralArchive(self.database, referrals).source(),
            overview=OverviewArchive(self.database, self.queue, lambda: hospitals_of(institutions)).read, tiles=TileArchive(self.database, institutions).read,
            waiting=self.waiting, ping=self.database.ping_write, acts=acts,
            quality=QualitySource(names=quality.names, report=quality.report, types=check.types),
            completeness=CompletenessSource(names=complete.names, span=complete.span, read=complete.read, types=check.types),
            check=check,
            guide=GuideSource(hospitals=lambda: hospitals_of(institutions), shelf=Versions(self.database), turns=drawing),
            institutions=InstitutionArchive(
                database=self.database, seal=seal, settings=settings, types=check.types, booking=booking,
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

    def waiting(self) -> Waiting:
        """Read what waits at each destination, and for how many seconds."""
        now = datetime.now(UTC)
        with self.database.read() as connection:
            lines = [destination_of(line) for line in self.queue.waiting(connection)]
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
