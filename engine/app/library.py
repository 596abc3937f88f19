"""Build the three base libraries for the doors that read them: the body of a record is what the journal keeps of it."""

from __future__ import annotations

from engine.documents.packing import gunzip_stored
from engine.services.library import Body, Library
from engine.store.database import Connection, Database
from engine.store.journal import Journal
from engine.store.sealing import Seal


def build_library(database: Database, seal: Seal) -> Library:
    """Give the libraries of a store."""
    return Library(seal, bodies(database, seal))


def bodies(database: Database, seal: Seal) -> Body:
    """Give the way to a document by its receipt: as its route left it, else as it was sent."""
    journal = Journal(database, seal)

    def body(connection: Connection, receipt: str) -> bytes | None:
        stored = journal.load(connection, receipt)
        if stored is None or stored.original_form != "gzip":
            return None
        return stored.changed or gunzip_stored(stored.original)

    return body
