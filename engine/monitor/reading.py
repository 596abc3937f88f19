"""Read what the pages show from the store, and do there what their buttons say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from engine.channels.book import RouteBook
from engine.documents.forms import Form
from engine.documents.guide.drawing import Draft
from engine.documents.masking import Masking
from engine.message import LANES
from engine.metrics import StoreFigures
from engine.monitor.alerts import AlertsSource
from engine.monitor.app import Sources
from engine.monitor.audit import AuditArchive
from engine.monitor.bookingarchive import BookingArchive, Names
from engine.monitor.check import CheckSource
from engine.monitor.completeness import CompletenessArchive, CompletenessSource
from engine.monitor.guide import GuideSource, Sent
from engine.monitor.indicatorarchive import IndicatorArchive
from engine.monitor.inforce import read_in_force
from engine.monitor.institutionarchive import InstitutionArchive
from engine.monitor.message import MessageSource
from engine.monitor.messagearchive import MessageArchive
from engine.monitor.messages import MessagesSource
from engine.monitor.overviewarchive import OverviewArchive, by_state
from engine.monitor.quality import QualityArchive, QualitySource
from engine.monitor.referralarchive import ReferralArchive
from engine.monitor.reloading import ReloadSource
from engine.monitor.reports import ReportArchive
from engine.monitor.residentarchive import ResidentArchive
from engine.monitor.routearchive import RouteArchive
from engine.monitor.routes import RoutesSource
from engine.monitor.tiles import TileArchive, hospitals_of
from engine.monitor.turns import Thread, Turns
from engine.monitor.waiting import WaitingSource
from engine.monitor.waitingarchive import WaitingArchive
from engine.services.access import load_access
from engine.services.audit import Audit, changed
from engine.services.guide.versions import Versions
from engine.services.institutions import Institutions
from engine.services.referrals.desk import Referrals
from engine.settings import Settings
from engine.store import counts
from engine.store.backlog import WAITS
from engine.store.database import Database
from engine.store.dead import is_dead
from engine.store.errands import Errands
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
        worker: Thread[Any, Any],
        masking: Masking,
        referrals: Referrals,
        book: Callable[[], RouteBook],
        reload: ReloadSource,
        forms: Mapping[str, Form],
        alerts: AlertsSource,
    ) -> Sources:
        """Hand the pages what they need; what is handed in is made by the process, since it needs more than the store."""
        acts = {"retry": self.retry, "discard": self.discard}
        seal = self.queue.seal
        institutions, booking = Institutions(self.database, seal), BookingArchive(self.database, seal, hospitals)
        complete = CompletenessArchive(self.database, institutions)
        quality = QualityArchive(self.database, self.journal, institutions)
        kept = MessageArchive(self.database, self.journal, masking)
        routes = RouteArchive(self.database, seal, book, settings.project)
        standing = WaitingArchive(self.database, self.journal, self.queue)
        return Sources(
            alerts=alerts,
            appointments=booking.source(),
            reports=ReportArchive(self.database, seal, hospitals).source(),
            referrals=ReferralArchive(self.database, referrals).source(),
            indicators=IndicatorArchive(self.database, seal, institutions, forms).source(check.types),
            residents=ResidentArchive(self.database, seal, institutions).source(check.types),
            overview=OverviewArchive(self.database, self.queue, lambda: hospitals_of(institutions)).read, tiles=TileArchive(self.database, institutions).read,
            waiting=lambda: replace(self.waiting(), alerts=alerts.counts()), ping=self.database.ping_write, acts=acts,
            quality=QualitySource(names=quality.names, report=quality.report, types=check.types),
            completeness=CompletenessSource(names=complete.names, span=complete.span, read=complete.read, types=check.types),
            check=check,
            guide=GuideSource(hospitals=lambda: hospitals_of(institutions), shelf=Versions(self.database), turns=drawing),
            institutions=InstitutionArchive(
                database=self.database, seal=seal, settings=settings, types=check.types, booking=booking,
                quotas=load_access(settings.project).quotas,
            ),
            in_force=lambda: read_in_force(settings, self.database, seal), audit=AuditArchive(self.database),
            messages=MessagesSource(
                browse=kept.browse, export=kept.export, key_of=kept.key_of, names=quality.names, types=check.types
            ),
            message=MessageSource(
                view=kept.view, reveal=kept.reveal, discard=kept.discard, walker=worker, names=quality.names, types=check.types
            ),
            routes=RoutesSource(
                read=routes.read, known=routes.known, edited=routes.edited, one=routes.one, pause=routes.pause, resume=routes.resume,
                tested=routes.tested, worker=worker, types=check.types,
            ),
            reload=reload,
            standing=WaitingSource(
                read=standing.read, preview=standing.preview, begin=standing.begin, cancel=standing.cancel
            ),
        )  # fmt: skip

    def waiting(self) -> StoreFigures:
        """Read what /metrics tells of the store: the conservation sum, what waits, and for how many seconds."""
        now = datetime.now(UTC)
        with self.database.read() as connection:
            totals = counts.totals(connection)
            lines = self.queue.waiting(connection)
            errands = Errands(self.database).lines(connection, now)
        return StoreFigures(
            taken=counts.balance(totals)[0],
            held=by_state(totals),
            waiting=_waiting(totals),
            dead={line.destination: line.counts.get("DEAD", 0) for line in lines},
            oldest={line.destination: _age(line.oldest, now) for line in lines},
            errands=_summed((line.kind, line.open) for line in errands),
            errands_oldest=_longest((line.kind, _age(line.oldest_due, now)) for line in errands),
        )

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


def _waiting(totals: Mapping[counts.CountKey, int]) -> Mapping[tuple[str, str], int]:
    """Count deliveries not yet done by destination and lane."""
    found: dict[tuple[str, str], int] = {(key.owner, lane): 0 for key in totals if key.scope == "delivery" for lane in LANES}
    for key, value in totals.items():
        if key.scope == "delivery" and key.state in WAITS:
            found[key.owner, key.lane] += value
    return found


def _age(since: datetime | None, now: datetime) -> float:
    return max((now - since).total_seconds(), 0.0) if since else 0.0


def _summed(values: Iterable[tuple[str, int]]) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for name, value in values:
        found[name] += value
    return found


def _longest(values: Iterable[tuple[str, float]]) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for name, value in values:
        found[name] = max(value, found.get(name, 0.0))
    return found
