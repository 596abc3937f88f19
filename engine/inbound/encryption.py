"""Decrypt uploads that a hospital encrypted with the key the platform gave it."""

from __future__ import annotations

from collections.abc import Callable

from engine.ciphers import CIPHERS, NONCE, Tampered
from engine.errors import Issue, SenderError

KeyOf = Callable[[str], bytes | None]
"""Give the upload key of an institution, 32 bytes, None when it has none."""

NONE = ("", "none")


def no_key(_institution: str) -> bytes | None:
    """Say that nobody has a key here."""
    return None


class Decryption:
    """Undo the encryption of one upload: a nonce of 12 bytes, the encrypted GZIP, a tag of 16 bytes.

    AES-256-GCM takes the whole key, SM4-GCM its first 16 bytes; nothing is associated (contracts.md, DataCollection).
    """

    def __init__(self, key_of: KeyOf) -> None:
        self._key_of = key_of

    def open(self, data: bytes, institution: str, encryption: str) -> bytes:
        """Give the GZIP bytes; raises SenderError SND-219 for a way that is not open to the sender, SND-228 for another key."""
        if encryption in NONE:
            return data
        cipher, key = CIPHERS.get(encryption), self._key_of(institution)
        if cipher is None:
            known = "、".join(("none", *CIPHERS))
            raise _refusal("SND-219", f"没有“{encryption[:40]}”这种加密方式", f"填写 {known} 之一，或不填写")
        if key is None:
            raise _refusal("SND-219", f"本机构尚未领取加密密钥，不能使用 {encryption}", "向平台管理员领取密钥；或填写 none")
        try:
            return cipher.decrypt(key[: cipher.key_bytes], data[:NONCE], data[NONCE:], b"")
        except (Tampered, ValueError):
            raise _refusal("SND-228", f"不能用本机构的密钥按 {encryption} 解密", _CURE) from None


_CURE = (
    "顺序为 XML → GZIP → 加密 → Base64；加密结果前放 12 字节随机 nonce，后接 16 字节校验值，不加附加数据；"
    "AES-256-GCM 用 32 字节密钥，SM4-GCM 用其前 16 字节；密钥换发后请用新密钥"
)


def _refusal(code: str, message: str, hint: str) -> SenderError:
    return SenderError(Issue(code=code, message=message, hint=hint, rule="packing.encryption", path="encryption"))
