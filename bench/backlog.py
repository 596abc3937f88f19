"""Put a backlog of deliveries into a store by the engine's own journal, as uploads would, without the hour that those would take."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice

from engine.app.cellar import open_seal
from engine.documents.sample import sample
from engine.message import new_receipt
from engine.settings import Settings
from engine.store.database import Database, default_url
from engine.store.entries import Entry, Order
from engine.store.journal import Journal
from tests.support.engine import Engine

_COMMIT = 500


def fill(engine: Engine, institution: str, destination: str, number: int, *, keys: int = 0) -> None:
    """File so many messages for one destination; they share `keys` ordering keys in turn, each has its own when that is 0."""
    settings = Settings(data=engine.data, database=engine.database)
    with closing(Database(engine.database or default_url(engine.data))) as database:
        journal = Journal(database, open_seal(database, settings))
        entries = _entries(institution, destination, number, keys)
        while some := list(islice(entries, _COMMIT)):
            with database.write() as connection:
                journal.file(connection, some)


def _entries(institution: str, destination: str, number: int, keys: int) -> Iterator[Entry]:
    content = sample("C0007", 1, institution=institution)
    packed, now = gzip.compress(content), datetime.now(UTC)
    for one in range(number):
        receipt, name = new_receipt(now), f"B-{now:%H%M%S%f}-{one}"
        yield Entry(
            receipt=receipt, institution=institution, document_type="C0007", document_id=name, received=now,
            route="laboratory-report", revision="", state="ROUTED", digest=hashlib.sha256(name.encode()).hexdigest(),
            size=len(content), original=packed, own=f"1.2.3^{name}", orders=(Order(destination=destination, key=f"{one % keys if keys else one:024x}"),),
        )  # fmt: skip
