"""Build and run the clock: fold counts, checkpoint, plan errands, forget what is over, prove the conservation sum every night."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from functools import partial

from engine.app.alerts import Alerting
from engine.app.cellar import database_url, open_seal
from engine.app.checking import checked
from engine.app.heartbeat import Heartbeat
from engine.app.planning import Planning
from engine.app.process import beat_beside, begin, open_watched, serve_from_now, stop_when_told
from engine.app.retention import nightly
from engine.channels.errands import ErrandRunner
from engine.errors import TryAgain
from engine.log import get_logger
from engine.message import SHANGHAI
from engine.schedule import Clock, Job
from engine.services.alerts.evidence import JUDGE
from engine.services.auditchain import seal_audit
from engine.services.nonces import forget_nonces
from engine.services.signins import SignIns
from engine.services.users import Users
from engine.settings import Settings
from engine.steady import LeaseTime
from engine.store import backlog, counts, days, hours, routecounts
from engine.store.database import Database
from engine.store.duework import DueWork
from engine.store.errands import Errands
from engine.store.leadership import leadership
from engine.store.queue import Queue

_LOG = get_logger("clock")

_LONGEST_LEASE = 600.0
"""Seconds: workers lease for twice the longest deadline of a destination where `delivery.lease` is shorter, and it is not read here."""


def run_clock(settings: Settings, name: str) -> None:
    """Keep the clock until told to stop."""
    board = begin(settings, name)
    with contextlib.closing(open_watched(settings, checkpoints=True)) as database:
        due, seal = DueWork(database), open_seal(database, settings)
        queue = Queue(database, seal)
        jobs = (*_jobs(database, queue, settings), *_hospital_jobs(Planning(settings, database, seal)))
        with contextlib.closing(Alerting(settings, database, seal)) as alerting:
            clock = Clock(
                (*jobs, *_alert_jobs(alerting, settings.alerts.every)),
                leadership=leadership(database_url(settings), settings.data),
                claim=due.claim,
                was_set=partial(_move_along, database, due, queue),
            )
            # People are told from here too, since nobody else could tell that there is no worker.
            runner = ErrandRunner(
                Errands(database), alerting.notices(), threads=2, poll=1.0, drain=settings.deadlines.drain * 0.8
            )
            heartbeat = Heartbeat(database, settings, name, leads=lambda: clock.leading)
            with contextlib.closing(heartbeat), contextlib.closing(runner):
                stop_when_told(clock.stop, board)
                _look_at_store(database)
                beat_beside(board, clock.well)
                runner.start()
                serve_from_now()
                clock.run()


def _look_at_store(database: Database) -> None:
    """Warn of a server that slows down as it is used; one that is away is waited for later."""
    with contextlib.suppress(TryAgain):
        if not database.tidies_itself():
            _LOG.warning(
                "autovacuum is off: deliveries slow down to a quarter within minutes; set autovacuum = on in postgresql.conf"
            )


def _jobs(database: Database, queue: Queue, settings: Settings) -> tuple[Job, ...]:
    lease_time, longest = LeaseTime(), max(settings.delivery.lease, _LONGEST_LEASE)
    return (
        Job(name="fold-counts", action=lambda: counts.fold(database), every=5.0),
        Job(name="fold-days", action=lambda: days.fold(database), every=5.0),
        Job(name="fold-routes", action=lambda: routecounts.fold(database), every=5.0),
        Job(name="gather-routes", action=lambda: routecounts.gather(database, datetime.now(UTC)), every=600.0),
        Job(name="forget-routes", action=lambda: routecounts.forget(database, datetime.now(UTC)), every=3600.0),
        Job(name="fold-hours", action=lambda: hours.fold(database, datetime.now(UTC)), every=5.0),
        Job(name="note-backlog", action=lambda: backlog.note(database, datetime.now(UTC)), every=60.0),
        Job(name="recount-yesterday", action=lambda: _recount(database), daily_at=3),
        Job(name="checkpoint", action=database.checkpoint, every=2.0),
        Job(name="release-leases", action=lambda: _release(database, queue, lease_time.now(longest)), every=5.0),
        Job(name="seal-audit", action=lambda: seal_audit(database, datetime.now(UTC)), every=10.0),
        Job(name="forget-nonces", action=lambda: forget_nonces(database, datetime.now(UTC)), every=60.0),
        Job(name="forget-sign-ins", action=SignIns(database).forget, every=600.0),
        Job(name="forget-sessions", action=Users(database).forget_ended, every=600.0),
        Job(name="retention", action=lambda: nightly(database, settings, datetime.now(UTC)), daily_at=1),
        Job(name="prove-conservation", action=lambda: _prove(database), daily_at=4),
    )


def _hospital_jobs(planning: Planning) -> tuple[Job, ...]:
    return (
        Job(name="plan-pulls", action=planning.pulls, every=5.0),
        Job(name="plan-looks", action=planning.looks, every=3600.0),
        Job(name="plan-reconciliation", action=planning.reconciliation, every=600.0),
        Job(name="note-free-seats", action=planning.seats, every=60.0),
        Job(name="forget-calls", action=planning.forget, daily_at=2),
    )


def _alert_jobs(alerting: Alerting, every: float) -> tuple[Job, ...]:
    return (
        Job(name=JUDGE, action=alerting.judge, every=every),
        Job(name="sample-figures", action=alerting.sample, every=300.0),
    )


def _move_along(database: Database, due: DueWork, queue: Queue, seconds: float) -> None:
    """Let what was timed by a clock that was set back come as soon as it would have; one set forward only makes tries come earlier."""
    if seconds < 0:
        now = datetime.now(UTC)
        turns = due.forget_later(now)
        with database.write() as connection:
            tries = queue.bring_forward(connection, now, timedelta(seconds=-seconds))
        _LOG.info("moved along", turns=turns, deliveries=tries)


def _release(database: Database, queue: Queue, judged: datetime) -> None:
    with database.write() as connection:
        released = queue.release_expired(connection, datetime.now(UTC), judged)
    if released:
        _LOG.warning("leases ran out", deliveries=released)


def _recount(database: Database) -> None:
    corrected = days.recount(database, datetime.now(SHANGHAI).date() - timedelta(days=1))
    if corrected:
        _LOG.warning("counts of yesterday corrected", places=corrected)


def _prove(database: Database) -> None:
    found = checked(database)
    if found:
        _LOG.error("counts and rows differ", differences=found[:20])
