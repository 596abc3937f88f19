"""Hold what one pair of parties agreed: profile, the two keys, and how the signed text is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

ProfileName = Literal["MD5", "SM3"]
HexCase = Literal["upper", "lower"]
SignedCharset = Literal["utf-8", "gb18030"]

BLOCK = 16
"""Bytes of a key of AES-128 and of SM4, and of one of their blocks."""

_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{32}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """What seals and opens the envelopes between the platform and one hospital.

    `sign` is the key of the signature, `encryption` that of the body: 16 characters, or 32 hexadecimal digits for 16 bytes; both may
    be the same text where a hospital was given one key only. The text leaves open the letter case of the signature and the
    character set of what is signed: `hex_case` is what we write (either is read), `charset` what both sides sign.
    """

    profile: ProfileName
    sign: str = field(repr=False)
    encryption: str = field(repr=False)
    hex_case: HexCase = "upper"
    charset: SignedCharset = "utf-8"

    @property
    def block_key(self) -> bytes:
        """The key of the cipher as 16 bytes."""
        return cipher_key(self.encryption)


def cipher_key(text: str) -> bytes:
    """Turn the text of a key into its 16 bytes; raises ValueError when it is of another length."""
    raw = bytes.fromhex(text) if _HEXADECIMAL.fullmatch(text) else text.encode()
    if len(raw) != BLOCK:
        raise ValueError(f"an encryption key is {BLOCK} characters or {2 * BLOCK} hexadecimal digits, this one has {len(text)}")
    return raw
