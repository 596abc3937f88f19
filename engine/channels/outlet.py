"""Send to one destination on a few threads of its own, so that a dead one slows no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from engine import tracing
from engine.breaker import Breaker
from engine.errors import DestinationError, Unavailable
from engine.log import get_logger
from engine.message import Message
from engine.metrics import figures
from engine.store.entries import StoredMessage
from engine.store.queue import Claimed


class Reply(Protocol):
    """What a connector hands back: its words and the number the destination gave."""

    @property
    def text(self) -> str:
        """The words, for the event."""

    @property
    def remote_id(self) -> str:
        """The number, may be empty."""


class Carrier(Protocol):
    """What delivers: any connector of outbound/."""

    def send(self, message: Message) -> Reply:
        """Deliver once; raises Unavailable or Rejected."""


@runtime_checkable
class Asking(Protocol):
    """What can also ask whether a message in doubt has arrived."""

    def ask(self, message: Message) -> Reply | None:
        """Give the destination's word that it arrived, None to have it sent again; raises Unavailable when it is not told."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One claimed delivery with what is to be sent, or why that cannot be read; its lease ends at `until` (monotonic seconds)."""

    claimed: Claimed
    stored: StoredMessage | ValueError
    until: float

    @property
    def route(self) -> str:
        """Name the route that sends it, empty when its message cannot be read."""
        return "" if isinstance(self.stored, ValueError) else self.stored.facts.route


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one parcel: a reply, an error, or neither when it was never started."""

    parcel: Parcel
    reply: Reply | None = None
    error: Exception | None = None


class Outlet:
    """The threads, the breaker and the window of one destination.

    `parallel` sends run at once; about a second's worth of parcels is taken ahead, at most `batch`. A parcel whose
    lease would end within `longest_send` seconds is not started, nor one that was waiting when the breaker opened.
    """

    def __init__(self, name: str, carrier: Carrier, *, parallel: int, batch: int, longest_send: float) -> None:
        self.name = name
        self.breaker = Breaker()
        self.held = 0
        self.carrier = carrier
        self._parallel = parallel
        self._batch = batch
        self.longest_send = longest_send
        self._average = 0.1
        self._leaving = False
        self._probing = False
        self._begun: dict[int, float] = {}
        self._log: Any = get_logger("delivery").bind(destination=name)
        self._threads = ThreadPoolExecutor(parallel, thread_name_prefix=f"to-{name}")

    def room(self, now: float) -> int:
        """Say how many more parcels may be claimed; what is taken until the next look counts as said now, a probe or not."""
        allowed = self.breaker.allows(now)
        self._probing = allowed is not None
        window = min(self._batch, max(self._parallel, int(self._parallel / self._average)))
        return max(0, (window if allowed is None else allowed) - self.held)

    def take(self, parcel: Parcel, open_body: Callable[[StoredMessage], Message], done: Callable[[Tried], None]) -> None:
        """Send a parcel on one of the threads; `done` is called there with what came of it."""
        self.held += 1
        probe = self._probing
        self._threads.submit(lambda: done(self._try(parcel, open_body, probe=probe)))

    def hangs(self, since: float) -> bool:
        """Tell whether a send that began before `since` (monotonic seconds) is still not over."""
        return any(begun < since for begun in list(self._begun.values()))

    def leave(self) -> None:
        """Start nothing more; what is not started comes back untried."""
        self._leaving = True
        self._threads.shutdown(wait=False)

    def _try(self, parcel: Parcel, open_body: Callable[[StoredMessage], Message], *, probe: bool) -> Tried:
        started = time.monotonic()
        pointless = self.breaker.open and not probe
        if self._leaving or pointless or parcel.until - started < self.longest_send:
            return Tried(parcel)
        self._begun[threading.get_ident()] = started
        try:
            claimed = parcel.claimed
            with figures().sending(self.name), tracing.delivering(claimed.receipt, self.name, claimed.attempts + 1) as span:
                tried = self._send(parcel, open_body)
                span.note(code=_code(tried.error))
        finally:
            del self._begun[threading.get_ident()]
        self._average = max(0.001, 0.8 * self._average + 0.2 * (time.monotonic() - started))
        self._note(tried)
        return tried

    def _send(self, parcel: Parcel, open_body: Callable[[StoredMessage], Message]) -> Tried:
        if isinstance(parcel.stored, ValueError):
            return Tried(parcel, error=parcel.stored)
        try:
            return Tried(parcel, reply=self._carry(parcel.claimed, open_body(parcel.stored)))
        except Exception as error:  # noqa: BLE001  every failure is judged and written down by the courier
            return Tried(parcel, error=error)

    def _carry(self, claimed: Claimed, message: Message) -> Reply:
        """Send, but ask first whether what is in doubt has arrived."""
        if claimed.state == "UNKNOWN" and isinstance(self.carrier, Asking):
            arrived = self.carrier.ask(message)
            if arrived is not None:
                return arrived
        return self.carrier.send(message)

    def _note(self, tried: Tried) -> None:
        """Tell the breaker at once, so that the other threads stop knocking; an error of our own tells it nothing."""
        error = tried.error
        if error is not None and not isinstance(error, DestinationError):
            self._log.error("delivery failed inside", receipt=tried.parcel.claimed.receipt, exc_info=error)
        elif isinstance(error, Unavailable):
            if self.breaker.failed(time.monotonic()):
                figures().breaker(self.name, is_open=True)
                self._log.warning("destination away", code=error.code)
        elif self.breaker.answered():
            figures().breaker(self.name, is_open=False)
            self._log.info("destination back")


def _code(error: Exception | None) -> str:
    if error is None:
        return "0"
    return error.code if isinstance(error, DestinationError) else "ENG-000"
