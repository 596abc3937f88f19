"""Judge a PasswordDigest: is it made of this password, and is its time still good (WS-Security UsernameToken profile 1.0, 3.1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta

from engine.documents.parameters import decode_base64
from engine.inbound.calls import Credential

OLDEST = timedelta(minutes=5)
"""How old `Created` may be (contracts, Credentials)."""

AHEAD = timedelta(minutes=1)
"""How far a hospital's clock may be ahead of ours."""

_LONGEST_NONCE = 256
_CREATED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)


def nonce_of(given: Credential) -> bytes | None:
    """Give the nonce as bytes; None when it is no Base64 of 1 to 256 bytes."""
    found = decode_base64(given.nonce[: 2 * _LONGEST_NONCE])
    return found if found and len(found) <= _LONGEST_NONCE else None


def made_of(given: Credential, password: str) -> bool:
    """Tell whether the digest is Base64(SHA-1(nonce + created + password)); takes the same time for right and wrong."""
    nonce = nonce_of(given) or b""
    content = nonce + given.created.encode("utf-8", "replace") + password.encode()
    made = base64.b64encode(hashlib.sha1(content).digest())  # noqa: S324 - the profile says SHA-1; nonce and time keep it fresh
    same = hmac.compare_digest(made, given.secret.strip().encode("utf-8", "replace"))
    return same and bool(nonce)


def good_until(given: Credential, now: datetime) -> datetime | None:
    """Give the moment until which the token could be sent again; None when its time is not good now."""
    if not _CREATED.fullmatch(given.created):
        return None
    try:
        created = datetime.fromisoformat(given.created)
    except ValueError:
        return None
    created = created if created.tzinfo else created.replace(tzinfo=UTC)
    return created + OLDEST if now - OLDEST <= created <= now + AHEAD else None
