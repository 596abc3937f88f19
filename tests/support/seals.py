"""Give tests a seal whose keys need no store."""

import os

from engine.ciphers import AES, Cipher
from engine.store.sealing import Seal, SealingKey


class KeysInHand:
    """Keys that live as long as the test: one to begin with, more by `rotate`."""

    def __init__(self, cipher: Cipher = AES) -> None:
        self.keys: dict[int, SealingKey] = {}
        self._lookup = os.urandom(32)
        self.rotate(cipher)

    def rotate(self, cipher: Cipher) -> None:
        number = len(self.keys) + 1
        self.keys[number] = SealingKey(number, cipher, os.urandom(cipher.key_bytes))

    def current(self) -> SealingKey:
        return self.keys[max(self.keys)]

    def numbered(self, number: int) -> SealingKey:
        return self.keys[number]

    def lookup_key(self) -> bytes:
        return self._lookup


SEAL = Seal(KeysInHand())
"""One seal for all tests of a process: what one of its objects sealed, another opens."""
