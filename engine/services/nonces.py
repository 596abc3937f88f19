"""Remember the nonces of PasswordDigest, so that each is taken once by all processes together."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Column, Connection, Index, Table, Text, delete, select

from engine.store.columns import Moment
from engine.store.database import Database, insert_into, metadata

nonce = Table(
    "nonce",
    metadata,
    Column("key", Text, primary_key=True),
    Column("request", Text, nullable=False),
    Column("expires", Moment, nullable=False),
    Index("ix_nonce_expires", "expires"),
)
"""One row for each nonce until it could no longer be used again; `key` hides institution and nonce, `request` whose row it is."""


@dataclass(frozen=True, slots=True)
class NonceUse:
    """One request that brings a nonce; `expires` is aware."""

    institution: str
    nonce: bytes = field(repr=False)
    expires: datetime
    request: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def key(self) -> str:
        """The name of the nonce: SHA-256 of institution and nonce, so that a long one takes no space."""
        return hashlib.sha256(self.institution.encode() + b"\0" + self.nonce).hexdigest()


def take_nonces(connection: Connection, uses: Sequence[NonceUse]) -> list[bool]:
    """Tell for each use whether it is the first of its nonce; a handler for the journal's writer.

    A use that is written again, since nobody knows whether its commit went through, finds its own row and is the first still.
    """
    return [_take(connection, use) for use in uses]


def _take(connection: Connection, use: NonceUse) -> bool:
    row = {"key": use.key, "request": use.request, "expires": use.expires}
    connection.execute(insert_into(connection.dialect.name, nonce).values(row).on_conflict_do_nothing())
    return connection.scalar(select(nonce.c.request).where(nonce.c.key == use.key)) == use.request


def forget_nonces(database: Database, now: datetime) -> int:
    """Delete the nonces that could not be used again anyway; gives their number."""
    with database.write() as connection:
        return int(connection.execute(delete(nonce).where(nonce.c.expires < now)).rowcount)
