"""Remember what is needed of callers who are not signed in: whose form is whose, and who must wait."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from threading import Lock

FREE_FAILURES = 3
"""Wrong passwords from one address that cost nothing but a new try."""

LONGEST_WAIT = 60.0
"""Seconds an address waits at most."""

_MOST_ADDRESSES = 10_000


class FormTokens:
    """Make and check the tokens of forms that are shown before anybody is signed in."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def nonce(self) -> str:
        """Make the value of a visitor's cookie."""
        return secrets.token_urlsafe(18)

    def token(self, nonce: str) -> str:
        """Give the form token that belongs to a visitor's cookie."""
        return hmac.new(self._key, _bytes(nonce), "sha256").hexdigest()

    def fits(self, nonce: str, token: str) -> bool:
        """Tell whether a form came from the visitor to whom it was shown."""
        return bool(nonce) and same(self.token(nonce), token)


def same(one: str, other: str) -> bool:
    """Compare two tokens in constant time."""
    return hmac.compare_digest(_bytes(one), _bytes(other))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


class Failures:
    """Say how long an address must wait after wrong passwords: 1, 2, 4 ... 60 seconds from the fourth on.

    This stands beside the lock of a single account: it slows one who tries many names from one place.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._counted: dict[str, tuple[int, float]] = {}

    def wait(self, address: str) -> float:
        """Give the seconds this address has to wait still, 0 when it may try."""
        with self._lock:
            _, until = self._counted.get(address, (0, 0.0))
            return max(until - self._clock(), 0.0)

    def failed(self, address: str) -> None:
        """Note one wrong password."""
        with self._lock:
            count = self._counted.get(address, (0, 0.0))[0] + 1
            over = count - FREE_FAILURES
            pause = min(2.0 ** min(over - 1, 10), LONGEST_WAIT) if over > 0 else 0.0
            if len(self._counted) >= _MOST_ADDRESSES:
                del self._counted[min(self._counted, key=lambda key: self._counted[key][1])]
            self._counted[address] = (count, self._clock() + pause)

    def succeeded(self, address: str) -> None:
        """Forget the failures of an address from which somebody then knew the password."""
        with self._lock:
            self._counted.pop(address, None)
