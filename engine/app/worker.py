"""Build and run a worker: the process that delivers."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from engine.app.house import House, load_house, open_database, open_seal
from engine.app.process import beat_beside, begin, stop_when_told
from engine.channels.delivery import Courier
from engine.documents.packing import gunzip_stored
from engine.documents.reading import XmlDocument
from engine.message import Message
from engine.outbound.connector import Connector, NetworkEndpoint, Secrets, Surroundings
from engine.outbound.endpoints import build_connectors
from engine.settings import Settings
from engine.store.database import Database
from engine.store.entries import StoredMessage
from engine.store.queue import Queue
from engine.supervisor import tell_ready


def run_worker(settings: Settings, name: str) -> None:
    """Deliver until told to stop; what is under way is finished first."""
    board = begin(settings, name)
    house = load_house(settings)
    around = Surroundings(settings.project, settings.data, Secrets(settings.secrets))
    with contextlib.closing(open_database(settings)) as database, contextlib.ExitStack() as open_ends:
        connectors = build_connectors(house.endpoints, around)
        for connector in connectors.values():
            open_ends.callback(connector.close)
        courier = _courier(settings, name, house, database, connectors)
        stop_when_told(courier.stop, board)
        beat_beside(board, courier.well)
        tell_ready()
        courier.run()


def _courier(settings: Settings, name: str, house: House, database: Database, connectors: Mapping[str, Connector]) -> Courier:
    sheets = {n: s for n, s in house.endpoints.items() if isinstance(s, NetworkEndpoint)}
    chosen = settings.delivery
    longest = max([sheet.deadline for sheet in sheets.values()], default=30.0)
    return Courier(
        database, Queue(database, open_seal(database, settings)), connectors,
        open_body=message_of, retry_of=house.book.retry, worker=name,
        parallel=lambda destination: sheets[destination].parallel if destination in sheets else 1,
        batch=chosen.batch, lease=max(chosen.lease, longest * 2), poll=chosen.poll,
        longest_send=longest, drain=settings.deadlines.drain * 0.8,
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
