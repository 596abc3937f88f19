"""Build and run a worker: the process that delivers and runs errands."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from engine.app.alerts import Alerting
from engine.app.appointments import Booking
from engine.app.bulk import BulkJobs
from engine.app.cellar import open_seal
from engine.app.following import Follower, Following
from engine.app.heartbeat import Heartbeat
from engine.app.house import House, load_house, load_in_force, press_for
from engine.app.process import beat_beside, begin, open_watched, serve_from_now, stop_when_told
from engine.app.referrals import ReferralErrands, read_rules
from engine.app.replay import Replay
from engine.app.reports import Reporting, read_settings
from engine.channels.delivery import Courier, Rounds
from engine.channels.errands import ErrandRunner
from engine.channels.outlet import Carrier
from engine.channels.revision import read_files
from engine.documents.packing import gunzip_stored
from engine.documents.press import Press
from engine.documents.reading import XmlDocument
from engine.message import Message
from engine.outbound.connector import Connector, NetworkEndpoint, Secrets, Surroundings
from engine.outbound.endpoints import build_connectors
from engine.settings import Settings
from engine.store.database import Connection, Database
from engine.store.entries import StoredMessage
from engine.store.errands import Errands
from engine.store.queue import Queue
from engine.store.sealing import Seal

_THREADS = 16
"""Errands of one worker at a time; almost all of their time is waiting for hospitals, and one that drips holds only its own few."""


def run_worker(settings: Settings, name: str) -> None:
    """Deliver and run errands until told to stop; what is under way is finished first."""
    board = begin(settings, name)
    with contextlib.closing(open_watched(settings)) as database:
        seal = open_seal(database, settings)
        house = load_in_force(settings, database, seal)
        with (
            contextlib.closing(Ends(settings, house)) as ends,
            contextlib.closing(Booking(settings, database, seal, house)) as booking,
            contextlib.closing(BulkJobs(database, seal, lambda: _replay(settings, database, seal))) as bulk,
            contextlib.closing(Alerting(settings, database, seal)) as alerting,
        ):
            reporting = Reporting(database, seal, house)
            referring = ReferralErrands(settings, database, seal, house, booking, reporting.reports)
            courier = _courier(settings, name, database, seal, ends, alerting.away(name))
            runner = ErrandRunner(
                Errands(database),
                {
                    **booking.errands(),
                    **reporting.errands(booking.hospitals.ask),
                    **referring.errands(),
                    **bulk.errands(),
                    **alerting.notices(),
                    **alerting.watching(),
                },
                limit=booking.at_once,
                threads=_THREADS,
                drain=settings.deadlines.drain * 0.8,
            )
            following = Following(settings, database, seal, name, house.book.revision)

            def take_up(folder: Path) -> None:
                house = load_house(settings, folder, press_for(settings, folder, ends.press))
                said, rules = read_settings(house), read_rules(house)
                booking.renew(house)
                reporting.renew(house, said)
                referring.renew(house, rules)
                courier.renew(ends.renew(house))
                bulk.renew()

            def stop() -> None:
                courier.stop()
                runner.stop()

            beating = Heartbeat(database, settings, name, revision=lambda: following.running)
            with contextlib.closing(beating), contextlib.closing(Follower(following, take_up)), contextlib.closing(runner):
                stop_when_told(stop, board)
                beat_beside(board, lambda: courier.well() and runner.well())
                alerting.begin_watching()
                runner.start()
                serve_from_now()
                courier.run()


def _replay(settings: Settings, database: Database, seal: Seal) -> Replay:
    return Replay(settings, database, seal, load_in_force(settings, database, seal))


class Ends:
    """The connectors of the set of files in force; those whose destination did not change go over into the next set."""

    def __init__(self, settings: Settings, house: House) -> None:
        self._settings = settings
        self._secrets = Secrets(settings.secrets)
        self._house = house
        self._open: list[Connector] = []
        self._connectors = self._build(house, {})

    @property
    def press(self) -> Press:
        """Give the press of the set in force."""
        return self._house.press

    def rounds(self) -> Rounds:
        """Say by what the courier works."""
        sheets = {name: sheet for name, sheet in self._house.endpoints.items() if isinstance(sheet, NetworkEndpoint)}
        longest = max([sheet.deadline for sheet in sheets.values()], default=30.0)
        return Rounds(
            carriers=self._connectors, retry_of=self._house.book.retry,
            parallel=lambda destination: sheets[destination].parallel if destination in sheets else 1,
            lease=max(self._settings.delivery.lease, longest * 2), longest_send=longest,
        )  # fmt: skip

    def renew(self, house: House) -> Rounds:
        """Build what the house has anew; raises ConfigError, and then nothing is changed."""
        before = self._house
        same = _leaning(before) == _leaning(house)
        ready = {
            name: self._connectors[name]
            for name, sheet in house.endpoints.items()
            if same and before.endpoints.get(name) == sheet and before.endpoints.kind(name) == house.endpoints.kind(name)
        }
        self._connectors, self._house = self._build(house, ready), house
        return self.rounds()

    def _build(self, house: House, ready: Mapping[str, Connector]) -> Mapping[str, Connector]:
        around = Surroundings(house.book.root, self._settings.data, self._secrets)
        built = build_connectors(house.endpoints, around, ready)
        self._open += [connector for name, connector in built.items() if name not in ready]
        return built

    def retire(self, carrier: Carrier) -> None:
        """Close a connector whose last send is finished."""
        for connector in [each for each in self._open if each is carrier]:
            self._open.remove(connector)
            connector.close()

    def close(self) -> None:
        """Close every connector."""
        for connector in self._open:
            connector.close()


def _leaning(house: House) -> Mapping[str, bytes]:
    """Read the files that destinations lean on beside their sheet: WSDLs, schemas, trusted roots."""
    _sheet, *others = house.endpoints.files(house.book.root)
    return read_files(house.book.root, others)


def _courier(
    settings: Settings, name: str, database: Database, seal: Seal, ends: Ends, away: Callable[[Connection, Collection[str]], None]
) -> Courier:  # fmt: skip
    chosen, rounds = settings.delivery, ends.rounds()
    return Courier(
        database, Queue(database, seal), rounds.carriers, open_body=message_of, retry_of=rounds.retry_of, worker=name,
        parallel=rounds.parallel, batch=chosen.batch, lease=rounds.lease, poll=chosen.poll,
        longest_send=rounds.longest_send, drain=settings.deadlines.drain * 0.8, retire=ends.retire, away=away,
    )  # fmt: skip


def message_of(stored: StoredMessage) -> Message:
    """Rebuild the message that is sent: what the route made of the document, else the document as it came."""
    facts = stored.facts
    content = stored.changed or gunzip_stored(stored.original)
    return Message(
        id=facts.receipt, route=facts.route, revision=facts.revision, institution=facts.institution,
        document_type=facts.document_type, received=facts.received, document=XmlDocument(content), lane=facts.lane,
        keys={"document": facts.document_id, "own": facts.own, "resident": facts.resident},
    )  # fmt: skip
