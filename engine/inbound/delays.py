"""Slow down who failed to prove who it is, and nobody else."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from engine.errors import TryAgain
from engine.services.signins import FORGOTTEN as FORGOTTEN_AFTER
from engine.services.signins import Standing

FIRST = 0.25
"""Seconds that the try after a first failure waits; each further failure doubles it."""

LONGEST = 8.0
"""Seconds that no try waits longer than."""

FORGOTTEN = FORGOTTEN_AFTER.total_seconds()
"""Seconds without a try after which failures are forgotten."""

PEER_FREE = 20
"""Failures of one peer, whomever it claimed to be, before it waits for every institution that is not known at its address."""

FRESH = 60.0
"""Seconds after a proof for which the store is not asked again how a pair stands."""

Pair = tuple[str, str]
K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class _Record:
    """The tries of one peer for one institution: how many did not succeed, when the next may start, when the last came."""

    tries: int
    free: float
    last: float


class Delays:
    """Hand out waiting times for tries that need a password check, for each peer and claimed institution, and for each peer.

    A try of a pair counts as failed until it is forgiven, so that many at once wait as if they came one after another; a
    peer's failures count once they are failures, so that many institutions behind one address may sign in at once. An
    institution that has proven itself from an address waits for its own failures there and for no others. `kept` bounds
    the memory: what was longest untouched is forgotten first.
    """

    def __init__(self, *, kept: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept = kept
        self._clock = clock
        self._records: OrderedDict[Pair, _Record] = OrderedDict()
        self._peers: OrderedDict[str, _Record] = OrderedDict()
        self._proven: OrderedDict[Pair, float] = OrderedDict()

    def waits(self, peer: str, institution: str) -> bool:
        """Tell whether a try would have to wait now."""
        now = self._clock()
        record, crowd = self._records.get((peer, institution)), self._crowd(peer, institution, now)
        return any(one is not None and one.free > now for one in (record, crowd))

    def reserve(self, peer: str, institution: str) -> float:
        """Give the seconds that a try must wait before its check; raises TryAgain when it would be more than eight."""
        now = self._clock()
        record, crowd = self._record(self._records, (peer, institution), now), self._crowd(peer, institution, now)
        wait = max(record.free - now, 0.0, crowd.free - now if crowd else 0.0)
        if wait > LONGEST:
            raise TryAgain("too many sign-ins of one caller wait", retry_after=math.ceil(wait))
        record.tries += 1
        record.free = now + wait + _step(record.tries)
        record.last = now
        if crowd is not None:
            crowd.free = now + wait + _step(crowd.tries - PEER_FREE)
        return wait

    def failed(self, peer: str, institution: str) -> int:
        """Count the waiting time of the next try from now, the end of one that failed; gives the tries of this pair."""
        now = self._clock()
        crowd = self._record(self._peers, peer, now)
        crowd.tries, crowd.last = crowd.tries + 1, now
        if crowd.tries > PEER_FREE:
            crowd.free = max(crowd.free, now + _step(crowd.tries - PEER_FREE))
        record = self._records.get((peer, institution))
        if record is None:
            return 0
        record.free = max(record.free, now + _step(record.tries))
        return record.tries

    def forgive(self, peer: str, institution: str) -> bool:
        """Forget the failures of a pair that has now proven who it is; tells whether that is news within a minute."""
        self._records.pop((peer, institution), None)
        now, before = self._clock(), self._proven.pop((peer, institution), None)
        news = before is None or now - before >= FRESH
        self._proven[peer, institution] = now if before is None or news else before
        _bound(self._proven, self._kept)
        return news

    def proven_just_now(self, peer: str, institution: str) -> bool:
        """Tell whether the pair proved itself within the last minute, and has not failed since."""
        at = self._proven.get((peer, institution))
        return at is not None and self._clock() - at < FRESH and (peer, institution) not in self._records

    def learn(self, peer: str, institution: str, known: Standing) -> None:
        """Take in what the other fronts, or this one before its restart, know of a pair and its peer."""
        now = self._clock()
        if known.proven:
            self._proven.setdefault((peer, institution), now - FRESH)
            _bound(self._proven, self._kept)
        if known.failures:
            _raise(self._record(self._records, (peer, institution), now), known.failures, now - known.ago, known.failures)
        if known.peer_failures:
            over = known.peer_failures - PEER_FREE
            _raise(self._record(self._peers, peer, now), known.peer_failures, now - known.peer_ago, over)

    def _crowd(self, peer: str, institution: str, now: float) -> _Record | None:
        """Give the record of a peer that has failed too often, None for an institution that is known at its address."""
        crowd = self._peers.get(peer)
        if crowd is None or now - crowd.last > FORGOTTEN or crowd.tries <= PEER_FREE:
            return None
        return None if (peer, institution) in self._proven else crowd

    def _record(self, records: OrderedDict[K, _Record], key: K, now: float) -> _Record:
        record = records.pop(key, None)
        if record is None or now - record.last > FORGOTTEN:
            record = _Record(0, now, now)
        records[key] = record
        _bound(records, self._kept)
        return record


def _raise(record: _Record, tries: int, last: float, counted: int) -> None:
    """Bring a record up to what is known elsewhere; it is never lowered."""
    if tries > record.tries:
        record.tries = tries
        record.free = max(record.free, last + _step(counted))


def _bound(kept: OrderedDict[K, V], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)


def _step(tries: int) -> float:
    return min(FIRST * 2.0 ** min(tries - 1, 16), LONGEST) if tries > 0 else 0.0
