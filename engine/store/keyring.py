"""Keep the sealing keys in the store, each wrapped by the master key, so that all nodes have a new one at once."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.ciphers import AES, CIPHERS, NONCE, Tampered
from engine.errors import ConfigError, Fault, TryAgain
from engine.store.columns import Moment
from engine.store.database import Database, metadata
from engine.store.keyfile import make_master, read_master
from engine.store.sealing import SealingKey

IN_FORCE_SECONDS = 5.0
"""So long after a rotation every process seals with the new key."""

_LOOKUP = 0
_MOST = 0xFFFF

sealing_key = sa.Table(
    "sealing_key",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("cipher", sa.Text, nullable=False),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
    sa.Column("created", Moment, nullable=False),
)
"""Number 0 is the key of the search keys, the greatest number the key that seals now."""


@dataclass(frozen=True, slots=True)
class _Found:
    """The keys as read at one moment; `at` is monotonic, in seconds."""

    keys: Mapping[int, SealingKey] = field(default_factory=dict)
    lookup: bytes = b""
    at: float = float("-inf")


class Keyring:
    """The keys of one store as one process knows them; they are read again every few seconds, and for an unknown number."""

    def __init__(self, database: Database, master: bytes) -> None:
        """Read the keys; raises ConfigError (CFG-062) when the master key is not this store's."""
        self._database = database
        self._master = master
        self._found = self._read()

    def current(self) -> SealingKey:
        """Give the key that seals now; while the store is away, the one known last."""
        if time.monotonic() - self._found.at > IN_FORCE_SECONDS:
            self._refresh()
        return self._found.keys[max(self._found.keys)]

    def numbered(self, number: int) -> SealingKey:
        """Give the key of a number, looking into the store for one that is new; raises KeyError."""
        if number not in self._found.keys:
            self._found = self._read()
        return self._found.keys[number]

    def lookup_key(self) -> bytes:
        """Give the key of the search keys."""
        return self._found.lookup

    def _refresh(self) -> None:
        try:
            self._found = self._read()
        except TryAgain:
            # Whoever seals is about to write, and hears of the store then.
            self._found = _Found(self._found.keys, self._found.lookup, time.monotonic())

    def _read(self) -> _Found:
        with self._database.read() as connection:
            rows = connection.execute(sa.select(sealing_key.c.number, sealing_key.c.cipher, sealing_key.c.wrapped)).all()
        secrets = {number: (CIPHERS[cipher], _unwrap(self._master, number, cipher, wrapped)) for number, cipher, wrapped in rows}
        if len(secrets) < 2:
            raise _refusal("the store has no sealing keys; start the engine once, which makes them")
        _, lookup = secrets.pop(_LOOKUP)
        return _Found({n: SealingKey(n, cipher, secret) for n, (cipher, secret) in secrets.items()}, lookup, time.monotonic())


def make_keys(database: Database, key_file: Path, cipher: str) -> None:
    """Make key file and first keys of a new store; what is there already stays. Raises ConfigError (CFG-062)."""
    with database.read() as connection:
        if connection.scalar(sa.select(sa.func.count()).select_from(sealing_key)):
            return
    make_master(key_file)
    master = read_master(key_file)
    rows = [_new_row(master, _LOOKUP, AES.name), _new_row(master, 1, cipher)]
    with database.write() as connection:
        connection.execute(database.insert_or_ignore(sealing_key), rows)


def rotate(database: Database, key_file: Path, cipher: str) -> int:
    """Add a new sealing key and return its number; what older keys sealed stays readable.

    Raises ConfigError (CFG-062) when the key file is not this store's.
    """
    master = read_master(key_file)
    Keyring(database, master)
    with database.write() as connection:
        number = _newest(connection) + 1
        if number > _MOST:
            raise _refusal(f"a store has at most {_MOST} keys")
        connection.execute(sa.insert(sealing_key), _new_row(master, number, cipher))
    return number


def _newest(connection: Connection) -> int:
    return int(connection.scalar(sa.select(sa.func.max(sealing_key.c.number))) or 0)


def _new_row(master: bytes, number: int, cipher: str) -> dict[str, object]:
    nonce, secret = os.urandom(NONCE), os.urandom(CIPHERS[cipher].key_bytes)
    wrapped = nonce + AES.encrypt(master, nonce, secret, _place(number, cipher))
    return {"number": number, "cipher": cipher, "wrapped": wrapped, "created": datetime.now(UTC)}


def _unwrap(master: bytes, number: int, cipher: str, wrapped: bytes) -> bytes:
    try:
        return AES.decrypt(master, wrapped[:NONCE], wrapped[NONCE:], _place(number, cipher))
    except Tampered:
        raise _refusal("the key file is not the one this store was sealed with; put the right one back") from None


def _place(number: int, cipher: str) -> bytes:
    return f"sealing_key\0{number}\0{cipher}".encode()


def _refusal(words: str) -> ConfigError:
    return ConfigError([Fault(file="ENGINE_KEY_FILE", line=0, column=0, code="CFG-062", message=words)])
