"""Fill a real queue and watch what a courier makes of it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from engine.channels.delivery import Courier
from engine.channels.language import Retry
from engine.errors import Unavailable
from engine.message import Message
from engine.outbound.connector import Reply
from engine.store.database import Database
from engine.store.entries import Entry, Order, StoredMessage
from engine.store.journal import Journal
from engine.store.queue import Queue
from tests.support.destination import Paper
from tests.support.seals import SEAL

BRISK = Retry.model_validate({"first": "20ms", "longest": "50ms", "give-up": "1m"})


def open_plain(stored: StoredMessage) -> Message:
    """Make the message of a stored one whose body was kept as it is."""
    facts = stored.facts
    return Message(
        id=facts.receipt,
        route=facts.route,
        revision=facts.revision,
        institution=facts.institution,
        document_type=facts.document_type,
        received=facts.received,
        document=Paper(stored.original),
        keys={"document": facts.document_id},
    )


@dataclass
class Office:
    """A journal and a queue on one database, and couriers that stop with the test."""

    database: Database
    couriers: list[Courier] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.seal = SEAL
        self.journal = Journal(self.database, self.seal)
        self.queue = Queue(self.database, self.seal)
        self._number = 0

    def file(self, *orders: tuple[str, str], content: bytes = b"") -> str:
        """File one message with an order for each (destination, key); give its receipt."""
        self._number += 1
        body = content or f"<病历 n='{self._number}'/>".encode()
        entry = Entry(
            receipt=f"20261123-{self._number:012d}",
            institution="H001",
            document_type="C0002",
            document_id=f"D{self._number}",
            received=datetime.now(UTC),
            route="outpatient-record",
            revision="r1",
            state="ROUTED",
            digest=sha256(body).hexdigest(),
            size=len(body),
            original=body,
            original_form="raw",
            orders=tuple(Order(destination=name, key=key) for name, key in orders),
        )
        with self.database.write() as connection:
            self.journal.file(connection, [entry])
        return entry.receipt

    def courier(self, carriers, *, start=True, **options) -> Courier:
        """Make a courier over these carriers, with a brisk retry, and start it."""
        settings = {
            "open_body": open_plain,
            "retry_of": lambda *_: BRISK,
            "longest_send": 5.0,
            "lease": 20.0,
            "poll": 0.1,
        } | options
        courier = Courier(self.database, self.queue, carriers, **settings)
        self.couriers.append(courier)
        if start:
            courier.start()
        return courier

    def close(self) -> None:
        for courier in self.couriers:
            courier.stop()

    def states(self) -> Counter:
        """Count the deliveries by destination and state."""
        with self.database.read() as connection:
            lines = self.queue.waiting(connection)
        return Counter({(line.destination, state): number for line in lines for state, number in line.counts.items() if number})

    def deliveries(self, receipt: str):
        with self.database.read() as connection:
            return self.journal.find(connection, "H001", receipt=receipt).deliveries

    def until(self, sure: Callable[[], bool], seconds: float = 10.0) -> None:
        """Wait until something is so; fails with the states when it does not become so."""
        end = time.monotonic() + seconds
        while not sure():
            assert time.monotonic() < end, self.states()
            time.sleep(0.01)


class Hand:
    """A carrier that a test directs: `act(message, n)` is called for the n-th send from 0, and all sends are kept."""

    def __init__(self, act: Callable[[Message, int], object] = lambda _message, _number: None) -> None:
        self.act = act
        self.sends: list[str] = []
        self._lock = threading.Lock()

    def send(self, message: Message) -> Reply:
        with self._lock:
            number = len(self.sends)
            self.sends.append(message.id)
        self.act(message, number)
        return Reply("taken", f"N-{number}")


def away(*_: object) -> None:
    """Be a destination that cannot be reached."""
    raise Unavailable("DST-101", "连接失败")
