"""Sign and encrypt by one of the two profiles: MD5 with AES-128-ECB as the text has it, SM3 with SM4-GCM of our own."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher as Machine
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from cryptography.hazmat.primitives.hmac import HMAC

from engine.ciphers import NONCE, SM4, Tampered
from engine.documents.jilin.faults import MessageFault
from engine.documents.jilin.keys import BLOCK, Keys, ProfileName

Fields = Mapping[str, str]
"""Nodes of ROOT by name, CDATA taken off."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One way of sealing: `dated` when TIMESTAMP and NONCE stand in ROOT and are signed with the rest."""

    name: ProfileName
    _digest: Callable[[Keys, str], bytes]
    _encrypt: Callable[[bytes, bytes], bytes]
    _decrypt: Callable[[bytes, bytes], bytes]
    dated: bool = False

    def sign(self, keys: Keys, fields: Fields) -> str:
        """Sign the fields: names from a to z, joined with &, without SIGN and SIGN_TYPE; hexadecimal in the case agreed."""
        digits = self._digest(keys, signed_text(fields)).hex()
        return digits.upper() if keys.hex_case == "upper" else digits

    def signed(self, keys: Keys, fields: Fields, sign: str) -> bool:
        """Tell whether a signature is that of the fields, in constant time; either letter case is read."""
        wanted = self.sign(keys, fields).lower()
        return hmac.compare_digest(wanted.encode(), sign.strip().lower().encode())

    def encrypt(self, keys: Keys, body: bytes) -> str:
        """Encrypt a body and write it in Base64."""
        return base64.b64encode(self._encrypt(keys.block_key, body)).decode("ascii")

    def decrypt(self, keys: Keys, text: str) -> bytes:
        """Give the body; raises MessageFault 9 for what is not encrypted so at all, 6 for what another key encrypted."""
        try:
            sealed = base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            raise MessageFault("9", "加密内容不是 Base64") from None
        return self._decrypt(keys.block_key, sealed)


def signed_text(fields: Fields) -> str:
    """Write the text that is signed, without a key."""
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name not in {"SIGN", "SIGN_TYPE"})


def _md5(keys: Keys, text: str) -> bytes:
    """MD5 of the text with the key last, as the text demands; it is weak, which is why it can be switched off."""
    return hashlib.md5(_encoded(keys, f"{text}&KEY={keys.sign}"), usedforsecurity=False).digest()


def _sm3(keys: Keys, text: str) -> bytes:
    """HMAC-SM3 (GB/T 32905-2016, GB/T 15852.2) under the signature key."""
    machine = HMAC(keys.sign.encode(), hashes.SM3())
    machine.update(_encoded(keys, text))
    return machine.finalize()


def _encoded(keys: Keys, text: str) -> bytes:
    try:
        return text.encode(keys.charset)
    except UnicodeEncodeError:
        raise MessageFault("7", "签名内容含有约定字符集以外的字符") from None


def _aes_ecb_encrypt(key: bytes, body: bytes) -> bytes:
    """AES-128-ECB with PKCS5 padding: equal blocks show, which the text accepts and we cannot change."""
    pad = BLOCK - len(body) % BLOCK
    machine = Machine(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305  the text demands it
    return machine.update(body + bytes([pad]) * pad) + machine.finalize()


def _aes_ecb_decrypt(key: bytes, sealed: bytes) -> bytes:
    if not sealed or len(sealed) % BLOCK:
        raise MessageFault("9", "加密内容的长度不是 16 字节的整数倍")
    machine = Machine(algorithms.AES(key), modes.ECB()).decryptor()  # noqa: S305  the text demands it
    plain = machine.update(sealed) + machine.finalize()
    pad = plain[-1]
    if not 1 <= pad <= BLOCK or plain[-pad:] != bytes([pad]) * pad:
        raise MessageFault("6", "不能用约定的密钥解密")
    return plain[:-pad]


def _sm4_gcm_encrypt(key: bytes, body: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE)
    return nonce + SM4.encrypt(key, nonce, body, b"")


def _sm4_gcm_decrypt(key: bytes, sealed: bytes) -> bytes:
    if len(sealed) < NONCE + BLOCK:
        raise MessageFault("9", "加密内容短于 12 字节随机数加 16 字节校验值")
    try:
        return SM4.decrypt(key, sealed[:NONCE], sealed[NONCE:], b"")
    except Tampered:
        raise MessageFault("6", "不能用约定的密钥解密") from None


PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        "MD5": Profile("MD5", _md5, _aes_ecb_encrypt, _aes_ecb_decrypt),
        "SM3": Profile("SM3", _sm3, _sm4_gcm_encrypt, _sm4_gcm_decrypt, dated=True),
    }
)
"""Every profile by its SIGN_TYPE. MD5 is that of the text; SM3 is ours (marked so wherever it is described)."""
