"""Check passwords as Argon2id in one bounded thread, and remember the right ones for five minutes."""

from __future__ import annotations

import hmac
import itertools
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import PriorityQueue

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from engine.errors import TryAgain

SHORTEST = 12
"""Characters that a password needs at least."""

LONGEST = 1024
"""Bytes of UTF-8 that a password may have at most."""

REMEMBERED = 300.0
"""Seconds that a checked password is taken without a new check."""

_LETTERS = "23456789abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
_MARKS_KEPT = 8192
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def make_password() -> str:
    """Make a password of twenty letters and digits (about 115 random bits), none that looks like another."""
    return "".join(secrets.choice(_LETTERS) for _ in range(20))


def hash_password(password: str) -> str:
    """Hash a new password as Argon2id (19 MiB, t=2, p=1); raises ValueError for one that is not accepted."""
    if len(password) < SHORTEST:
        raise ValueError(f"a password has at least {SHORTEST} characters")
    content = as_bytes(password)
    if content is None:
        raise ValueError(f"a password has at most {LONGEST} bytes and no NUL")
    return _HASHER.hash(content)


def as_bytes(password: str) -> bytes | None:
    """Give the UTF-8 bytes of a password as it was sent; None for one that cannot be anybody's."""
    if not password or len(password) > LONGEST or "\0" in password:
        return None
    try:
        content = password.encode("utf-8")
    except UnicodeEncodeError:
        return None
    return content if len(content) <= LONGEST else None


def matches(stored: str, content: bytes) -> bool:
    """Tell whether these bytes are the password behind a stored hash; takes about 34 ms of CPU."""
    try:
        return _HASHER.verify(stored, content)
    except (VerificationError, InvalidHashError):
        return False


@dataclass(order=True)
class _Job:
    """One check that waits; friends (marks that were right before) go first, then by arrival."""

    rank: int
    number: int
    mark: bytes = field(compare=False)
    stored: str = field(compare=False)
    content: bytes = field(compare=False)
    answer: Future[bool] = field(compare=False)


class PasswordChecks:
    """Check passwords, one at a time, in a thread of its own.

    A right password is remembered as an HMAC-SHA256, under a random key that never leaves this process, of owner, stored
    hash and password: a changed hash therefore ends it at once. A mark older than five minutes admits nobody; it only says
    which of the waiting checks goes first. `strangers` and `friends` bound the two kinds of waiting checks.
    """

    def __init__(self, *, strangers: int = 32, friends: int = 128, clock: Callable[[], float] = time.monotonic) -> None:
        self._bounds = (friends, strangers)
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._marks: OrderedDict[bytes, float] = OrderedDict()
        self._pending: dict[bytes, Future[bool]] = {}
        self._waiting = [0, 0]
        self._numbers = itertools.count()
        self._queue: PriorityQueue[_Job] = PriorityQueue()
        self._thread: threading.Thread | None = None

    def remembered(self, owner: str, stored: str, password: str) -> bool:
        """Tell whether this password was right within the last five minutes; takes microseconds."""
        at = self._marks.get(self._mark_of(owner, stored, password))
        return at is not None and self._clock() - at < REMEMBERED

    def familiar(self, owner: str, stored: str | None, password: str) -> bool:
        """Tell whether this password was right at some time before, or the very same check is running now."""
        mark = self._mark_of(owner, stored, password)
        return mark in self._marks or mark in self._pending

    def check(self, owner: str, stored: str | None, password: str) -> Future[bool]:
        """Check a password against the stored hash of its owner; without a hash the same work is done for nothing.

        The same check asked for twice at once is done once. Raises TryAgain when too many checks wait.
        """
        content = as_bytes(password)
        usable = stored if content is not None else None
        mark = self._mark_of(owner, usable, password)
        with self._lock:
            if mark in self._pending:
                return self._pending[mark]
            answer: Future[bool] = Future()
            answer.set_running_or_notify_cancel()  # a caller who hangs up must not cancel what others wait for
            at = self._marks.get(mark)
            if at is not None and self._clock() - at < REMEMBERED:
                answer.set_result(True)
                return answer
            self._enqueue(_Job(int(at is None), next(self._numbers), mark, usable or "", content or b"-", answer))
        return answer

    def _enqueue(self, job: _Job) -> None:
        if self._waiting[job.rank] >= self._bounds[job.rank]:
            raise TryAgain("too many passwords wait for their check", retry_after=2)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="passwords", daemon=True)
            self._thread.start()
        self._waiting[job.rank] += 1
        self._pending[job.mark] = job.answer
        self._queue.put(job)

    def _work(self) -> None:
        nobody = _HASHER.hash(secrets.token_bytes(32))
        while True:
            job = self._queue.get()
            try:
                right = matches(job.stored or nobody, job.content) and bool(job.stored)
                self._settle(job, right=right)
                job.answer.set_result(right)
            except Exception as problem:  # noqa: BLE001 - whatever it was, the one who waits must hear of it
                self._settle(job, right=False)
                job.answer.set_exception(problem)

    def _settle(self, job: _Job, *, right: bool) -> None:
        with self._lock:
            self._waiting[job.rank] -= 1
            self._pending.pop(job.mark, None)
            self._marks.pop(job.mark, None)
            if right:
                self._marks[job.mark] = self._clock()
            while len(self._marks) > _MARKS_KEPT:
                self._marks.popitem(last=False)

    def _mark_of(self, owner: str, stored: str | None, password: str) -> bytes:
        parts = (owner.encode("utf-8", "replace"), (stored or "").encode(), as_bytes(password) or b"")
        return hmac.digest(self._key, b"\0".join(parts), "sha256")
