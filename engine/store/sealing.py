"""Seal what is personal before it is stored, and make the keys by which it is found again."""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass
from typing import Protocol

from engine.ciphers import NONCE, Cipher, Tampered

_SEALED = b"\x01"
"""Version byte: then two bytes of key number, the nonce, the encrypted text and its tag."""

_HEAD = 1 + 2 + NONCE


@dataclass(frozen=True, slots=True)
class SealingKey:
    """One key of the store: its number, from 1, the cipher it is for, and its bytes."""

    number: int
    cipher: Cipher
    secret: bytes

    def __repr__(self) -> str:
        """Show all but the secret."""
        return f"SealingKey({self.number}, {self.cipher.name})"


class Keys(Protocol):
    """Where a seal finds its keys."""

    def current(self) -> SealingKey:
        """Give the key that seals now."""

    def numbered(self, number: int) -> SealingKey:
        """Give the key of a number; raises KeyError."""

    def lookup_key(self) -> bytes:
        """Give the key of the search keys; it is never rotated."""


class Seal:
    """The one gate that every body and every personal column passes on its way into and out of the store.

    `table`, `column` and `row` say where a value belongs, so that a sealed value cannot be moved elsewhere.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def seal(self, plain: bytes, *, table: str, column: str, row: str) -> bytes:
        """Return the bytes to store, 31 longer than the value."""
        key, nonce = self._keys.current(), os.urandom(NONCE)
        place = _place(table, column, row, key.number)
        return b"".join((_SEALED, key.number.to_bytes(2), nonce, key.cipher.encrypt(key.secret, nonce, plain, place)))

    def open(self, sealed: bytes, *, table: str, column: str, row: str) -> bytes:
        """Return the value that was sealed; raises Tampered when it is not what was sealed for this place."""
        number = int.from_bytes(sealed[1:3])
        if sealed[:1] != _SEALED or len(sealed) < _HEAD:
            raise Tampered(f"{table}.{column} of {row} is not sealed in a form this build knows")
        try:
            key = self._keys.numbered(number)
        except KeyError:
            raise Tampered(f"{table}.{column} of {row} names the key {number}, which this store has not") from None
        place = _place(table, column, row, number)
        try:
            return key.cipher.decrypt(key.secret, sealed[3:_HEAD], sealed[_HEAD:], place)
        except Tampered:
            raise Tampered(f"{table}.{column} of {row} was changed outside the engine, or put there from elsewhere") from None

    def lookup(self, value: str) -> str:
        """Make the search key of a personal value (HMAC-SHA-256): the same for the same value, empty for the empty one."""
        return hmac.digest(self._keys.lookup_key(), value.encode(), "sha256").hex() if value else ""

    def seal_text(self, text: str, *, table: str, column: str, row: str) -> bytes:
        """Seal a text as UTF-8; the empty text takes no space."""
        return self.seal(text.encode(), table=table, column=column, row=row) if text else b""

    def open_text(self, sealed: bytes, *, table: str, column: str, row: str) -> str:
        """Open what `seal_text` made."""
        return self.open(sealed, table=table, column=column, row=row).decode() if sealed else ""


def _place(table: str, column: str, row: str, number: int) -> bytes:
    return f"{table}\0{column}\0{row}\0{number}".encode()
