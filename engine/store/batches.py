"""Remember the first result of each batch, so that the same batch sent again is answered with it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.entries import KnownBatch
from engine.store.sealing import Seal
from engine.store.tables import batch


def known(connection: Connection, seal: Seal, institution: str, batch_id: str) -> KnownBatch | None:
    """Find the first result of a batch."""
    wanted = (batch.c.institution == institution, batch.c.batch_id == batch_id)
    row = connection.execute(sa.select(batch.c.receipt, batch.c.digest, batch.c.result).where(*wanted)).one_or_none()
    if row is None:
        return None
    result = seal.open_text(row.result, table="batch", column="result", row=row.receipt)
    return KnownBatch(receipt=row.receipt, list_digest=row.digest, result=result)


def keep(connection: Connection, seal: Seal, institution: str, batch_id: str, first: KnownBatch, received: datetime) -> None:
    """Keep the first result of a batch; a second one for the same number breaks the unique key."""
    row = {
        "institution": institution,
        "batch_id": batch_id,
        "receipt": first.receipt,
        "digest": first.list_digest,
        "received": received,
        "result": seal.seal_text(first.result, table="batch", column="result", row=first.receipt),
    }
    connection.execute(sa.insert(batch), row)
