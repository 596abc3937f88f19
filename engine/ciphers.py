"""Encrypt and decrypt with authentication: the two ciphers that a sealing key may be for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher as Machine
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12
"""Bytes of a nonce (NIST SP 800-38D, section 8.2.2: random, so at most 2^32 values under one key)."""

_TAG = 16


class Tampered(ValueError):
    """The bytes, or the place they stand in, are not those that were sealed."""


@dataclass(frozen=True, slots=True)
class Cipher:
    """One cipher: its name in settings and contracts, the length of its key in bytes, and both directions.

    `encrypt` and `decrypt` take key, nonce, text and associated data; the tag stands behind the encrypted text;
    `decrypt` raises Tampered.
    """

    name: str
    key_bytes: int
    encrypt: Callable[[bytes, bytes, bytes, bytes], bytes]
    decrypt: Callable[[bytes, bytes, bytes, bytes], bytes]


def _aes_encrypt(key: bytes, nonce: bytes, plain: bytes, place: bytes) -> bytes:
    return AESGCM(key).encrypt(nonce, plain, place)


def _aes_decrypt(key: bytes, nonce: bytes, sealed: bytes, place: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(nonce, sealed, place)
    except InvalidTag:
        raise Tampered("the tag does not fit") from None


def _sm4_encrypt(key: bytes, nonce: bytes, plain: bytes, place: bytes) -> bytes:
    machine = Machine(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
    machine.authenticate_additional_data(place)
    return machine.update(plain) + machine.finalize() + machine.tag


def _sm4_decrypt(key: bytes, nonce: bytes, sealed: bytes, place: bytes) -> bytes:
    if len(sealed) < _TAG:
        raise Tampered("too short for a tag")
    machine = Machine(algorithms.SM4(key), modes.GCM(nonce, sealed[-_TAG:])).decryptor()
    machine.authenticate_additional_data(place)
    try:
        return machine.update(sealed[:-_TAG]) + machine.finalize()
    except InvalidTag:
        raise Tampered("the tag does not fit") from None


AES = Cipher("AES-256-GCM", 32, _aes_encrypt, _aes_decrypt)
SM4 = Cipher("SM4-GCM", 16, _sm4_encrypt, _sm4_decrypt)

CIPHERS: Mapping[str, Cipher] = {cipher.name: cipher for cipher in (AES, SM4)}
"""AES by FIPS 197, SM4 by GB/T 32907-2016, both in GCM (NIST SP 800-38D)."""
