"""Deliver what waits: claim by lease, send on each destination's own threads, write down what came of it."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy.engine import Connection  # house: only the type of the store's connection that is handed on

from engine.channels.language import Retry
from engine.channels.outlet import Carrier, Outlet, Parcel, Tried
from engine.channels.verdict import settle
from engine.errors import TryAgain
from engine.log import get_logger
from engine.message import Message
from engine.metrics import figures
from engine.steady import LeaseTime
from engine.store import waiting
from engine.store.database import Database
from engine.store.entries import StoredMessage
from engine.store.queue import Claimed, Queue, Settlement

_BRISK = 0.02
_LINGER = 0.003
_STORE_AWAY = 1.0
_PATIENCE = 120.0
"""Seconds in which every wait for the store has ended, by its answer or by its time-out."""
_LOOKS_A_LEASE = 4
_AWAY_AGAIN = 60.0
_TOO_SHORT = "the lease must outlast the longest send"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rounds:
    """By what a courier works: its carriers by destination, the routes' retries, and what each destination may take.

    Times are in seconds: `lease` must exceed `longest_send`, the longest total deadline of a connector.
    """

    carriers: Mapping[str, Carrier]
    retry_of: Callable[[str, str], Retry]
    parallel: Callable[[str], int]
    lease: float
    longest_send: float


class Courier:
    """Carry deliveries from the queue to their destinations until stopped; one for each worker process.

    `carriers` are the connectors by destination; `parallel` says how many sends of a destination run at once;
    `retry_of(route, destination)` gives the route's policy; `open_body` makes the message of a stored one; `away` writes down which
    destinations count as away.
    Times are in seconds: `lease` must exceed `longest_send`, the longest total deadline of a connector; `poll` is
    the longest look-away of an idle courier; `drain` is how long a stop waits for what is under way.
    """

    def __init__(
        self,
        database: Database,
        queue: Queue,
        carriers: Mapping[str, Carrier],
        *,
        open_body: Callable[[StoredMessage], Message],
        retry_of: Callable[[str, str], Retry] = lambda _route, _destination: Retry(),
        worker: str = "worker",
        parallel: Callable[[str], int] = lambda _destination: 4,
        batch: int = 32,
        lease: float = 120.0,
        longest_send: float = 60.0,
        poll: float = 0.2,
        drain: float = 30.0,
        retire: Callable[[Carrier], None] = lambda _carrier: None,
        away: Callable[[Connection, frozenset[str]], None] = lambda _connection, _names: None,
    ) -> None:
        self._database = database
        self._queue = queue
        self._batch = batch
        self._outlets: dict[str, Outlet] = {}
        self._retired: list[Outlet] = []
        self._longest_lease = 0.0
        self._retire = retire
        self._tell_away = away
        self._away: frozenset[str] | None = None
        self._away_told = 0.0
        self._renewals: SimpleQueue[Rounds] = SimpleQueue()
        self._open_body = open_body
        self._worker = worker
        self._poll = poll
        self._drain = drain
        self._done: SimpleQueue[tuple[Outlet, Tried] | None] = SimpleQueue()
        self._owed: list[Tried] = []
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._next_expiry = 0.0
        self._lease_time = LeaseTime()
        self._turned = time.monotonic()
        self._more = False
        self._log: Any = get_logger("delivery").bind(worker=worker)
        self._take_over(Rounds(carriers=carriers, retry_of=retry_of, parallel=parallel, lease=lease, longest_send=longest_send))

    def start(self) -> None:
        """Run on a thread of this process's own."""
        self._thread = threading.Thread(target=self.run, name="courier")
        self._thread.start()

    def stop(self) -> None:
        """Claim no more, finish what is under way (at most `drain` seconds), and return when all is written down.

        A signal handler may call it: SimpleQueue.put may interrupt itself, which an Event may not.
        """
        self._stopping = True
        self.wake()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def wake(self) -> None:
        """Say that there is new work, so that an idle courier looks at once."""
        self._done.put(None)

    def well(self) -> bool:
        """Tell whether the courier still turns and no send hangs for longer than its lease, as code that ignores deadlines does."""
        now = time.monotonic()
        outlets = (*self._outlets.values(), *self._retired)
        return now - self._turned < _PATIENCE and not any(outlet.hangs(now - self._longest_lease) for outlet in outlets)

    def renew(self, rounds: Rounds) -> None:
        """Work by this from the next round on; any thread may call it.

        A destination whose carrier is the same object goes on undisturbed. What is under way with another one is
        finished with it, what waits in its outlet comes back untried; then `retire` is called with the carrier.
        """
        if rounds.lease <= rounds.longest_send:
            raise ValueError(_TOO_SHORT)
        self._renewals.put(rounds)
        self.wake()

    def _take_over(self, rounds: Rounds) -> None:
        if rounds.lease <= rounds.longest_send:
            raise ValueError(_TOO_SHORT)
        before, outlets = dict(self._outlets), {}
        for name, carrier in rounds.carriers.items():
            kept = before.get(name)
            if kept is not None and kept.carrier is carrier:
                outlets[name] = before.pop(name)
                kept.longest_send = rounds.longest_send
                continue
            outlets[name] = Outlet(
                name, carrier, parallel=rounds.parallel(name), batch=self._batch, longest_send=rounds.longest_send
            )
        for outlet in before.values():
            outlet.leave()
            self._retired.append(outlet)
        self._outlets, self._retry_of, self._lease = outlets, rounds.retry_of, rounds.lease
        self._longest_lease = max(self._longest_lease, rounds.lease)

    def _renewed(self) -> None:
        """Take over what was renewed, and let go of carriers whose last send is finished."""
        with suppress(Empty):
            while True:
                self._take_over(self._renewals.get_nowait())
        for outlet in [outlet for outlet in self._retired if outlet.held == 0]:
            self._retired.remove(outlet)
            self._retire(outlet.carrier)

    def run(self) -> None:
        """Work until `stop` is called."""
        idle = _BRISK
        while not self._stopping:
            self._turned = time.monotonic()
            try:
                busy = self._round()
            except TryAgain as error:
                self._log.warning("store away", exc_info=error)
                self._rest(_STORE_AWAY)
                continue
            except Exception as error:  # noqa: BLE001  one bad round must not end all deliveries; leases bring back what it held
                self._log.error("round failed", exc_info=error)
                self._rest(_STORE_AWAY)
                continue
            idle = _BRISK if busy else min(self._poll, idle * 2)
            if not self._more:
                self._rest(idle)
        self._leave()

    def _round(self) -> bool:
        """Write down what is finished and claim what has room, in one transaction; true when there was any."""
        self._more = False
        self._collect()
        self._renewed()
        self._note_away()
        if not self._owed and not self._anything():
            return False
        now = datetime.now(UTC)
        until = time.monotonic() + self._lease
        settlements = [self._judge(tried, now) for tried in self._owed]
        with self._database.write() as connection:
            self._settle(connection, settlements, now)
            claimed = self._claim(connection, now)
            bodies = self._bodies(connection, claimed)
        self._written(settlements)
        for one in claimed:
            outlet = self._outlets[one.destination]
            outlet.take(Parcel(one, bodies[one.receipt], until), self._open_body, self._finisher(outlet))
        return bool(claimed or settlements)

    def _note_away(self) -> None:
        """Tell which destinations count as away: at the start, when that changes, and once a minute while any does."""
        away = frozenset(name for name, outlet in self._outlets.items() if outlet.breaker.open)
        if away == self._away and (not away or time.monotonic() - self._away_told < _AWAY_AGAIN):
            return
        with self._database.write() as connection:
            self._tell_away(connection, away)
        self._away, self._away_told = away, time.monotonic()

    def _finisher(self, outlet: Outlet) -> Callable[[Tried], None]:
        return lambda tried: self._done.put((outlet, tried))

    def _bodies(self, connection: Connection, claimed: Sequence[Claimed]) -> Mapping[str, StoredMessage | ValueError]:
        """Load what is to be sent; a body that cannot be unsealed fails alone."""
        if not claimed:
            return {}
        try:
            return dict(self._queue.bodies(connection, claimed))
        except ValueError:
            return {one.receipt: self._body(connection, one) for one in claimed}

    def _body(self, connection: Connection, one: Claimed) -> StoredMessage | ValueError:
        try:
            return self._queue.bodies(connection, [one])[one.receipt]
        except ValueError as error:
            return error

    def _anything(self) -> bool:
        """Look, without writing, whether any destination with room has unfinished deliveries, or leases are to be seen to."""
        if time.monotonic() >= self._next_expiry:
            return True
        with self._database.read() as connection:
            return bool(self._roomy(waiting.destinations(connection)))

    def _roomy(self, names: Iterable[str]) -> list[tuple[str, int]]:
        now = time.monotonic()
        rooms = [(name, self._outlets[name].room(now)) for name in names if name in self._outlets]
        return [(name, room) for name, room in rooms if room > 0]

    def _claim(self, connection: Connection, now: datetime) -> list[Claimed]:
        """Claim for each destination what it has room for, so that a full one takes nothing from the others."""
        claimed: list[Claimed] = []
        for name, room in self._roomy(waiting.destinations(connection)):
            heads = self._queue.claim(
                connection, worker=self._worker, now=now, lease=self._lease, limit=room, destinations=[name]
            )
            # Who filled its room may have more waiting: look again at once, without waiting to be woken.
            self._more = self._more or len(heads) == room
            claimed += heads
        return claimed

    def _settle(self, connection: Connection, settlements: Sequence[Settlement], now: datetime) -> None:
        if settlements:
            lost = len(settlements) - len(self._queue.settle(connection, settlements))
            if lost:
                self._log.warning("lease was lost before its outcome was written", count=lost)
        if time.monotonic() >= self._next_expiry:
            released = self._queue.release_expired(connection, now, self._lease_time.now(self._longest_lease))
            self._next_expiry = time.monotonic() + self._lease / _LOOKS_A_LEASE
            if released:
                self._log.warning("leases ran out", count=released)

    def _written(self, settlements: Sequence[Settlement]) -> None:
        """Forget what is owed only after the commit; a settlement written twice is fenced by its lease."""
        del self._owed[: len(settlements)]
        now = datetime.now(UTC)
        for one in settlements:
            figures().delivery(one.claimed.destination, one.state)
            if one.state == "SENT":
                figures().delivered(one.claimed.destination, (now - one.claimed.first_due).total_seconds())
            if one.state == "DEAD":
                self._log.warning(
                    "dead letter", receipt=one.claimed.receipt, destination=one.claimed.destination, code=one.error_code
                )

    def _rest(self, seconds: float) -> None:
        """Wait until a send is finished, somebody wakes us, or the time is over; what finishes just after comes along."""
        with suppress(Empty):
            self._receive(self._done.get(timeout=seconds))
            end = time.monotonic() + _LINGER
            while self._under_way() and (left := end - time.monotonic()) > 0:
                self._receive(self._done.get(timeout=left))

    def _under_way(self) -> int:
        return sum(outlet.held for outlet in (*self._outlets.values(), *self._retired))

    def _collect(self) -> None:
        """Take over all that the threads have finished."""
        with suppress(Empty):
            while True:
                self._receive(self._done.get_nowait())

    def _receive(self, finished: tuple[Outlet, Tried] | None) -> None:
        if finished is not None:
            outlet, tried = finished
            outlet.held -= 1
            self._owed.append(tried)

    def _judge(self, tried: Tried, now: datetime) -> Settlement:
        claimed = tried.parcel.claimed
        retry = self._retry_of(tried.parcel.route, claimed.destination)
        return settle(tried, retry, now, random.random())

    def _leave(self) -> None:
        """Wait for what is under way and write it down; what is still open then is left to its lease."""
        for outlet in self._outlets.values():
            outlet.leave()
        end = time.monotonic() + self._drain
        while time.monotonic() < end and (self._owed or self._under_way()):
            self._collect()
            self._write_last()
            if self._under_way():
                self._rest(0.1)
        self._log.info("courier stopped", left=self._under_way(), unwritten=len(self._owed))

    def _write_last(self) -> None:
        if not self._owed:
            return
        now = datetime.now(UTC)
        settlements = [self._judge(tried, now) for tried in self._owed]
        try:
            with self._database.write() as connection:
                self._queue.settle(connection, settlements)
        except TryAgain as error:
            self._log.warning("store away", exc_info=error)
            self._rest(_STORE_AWAY)
        else:
            self._written(settlements)
