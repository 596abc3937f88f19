"""Build the three base libraries for the doors that read them: the body of a record is what the journal keeps of it."""

from __future__ import annotations

from engine.documents.packing import gunzip_stored
from engine.services.library import Library
from engine.store.database import Connection, Database
from engine.store.journal import Journal
from engine.store.sealing import Seal


def build_library(database: Database, seal: Seal) -> Library:
    """Give the libraries of a store."""
    journal = Journal(database, seal)

    def body(connection: Connection, receipt: str) -> bytes | None:
        """Give a document as its route left it, else as it was sent."""
        stored = journal.load(connection, receipt)
        if stored is None or stored.original_form != "gzip":
            return None
        return stored.changed or gunzip_stored(stored.original)

    return Library(seal, body)
