"""Say what the overview page shows, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from engine.monitor.chart import Hour

ENDS: tuple[str, ...] = ("ROUTED", "INVALID", "FILTERED", "ERROR", "DISCARDED")
"""The five states of a message; together they are what was taken in."""

WAITS: tuple[str, ...] = ("QUEUED", "SENDING", "UNKNOWN")
"""The states of a delivery that is still on its way."""

SENDABLE: tuple[str, ...] = (*WAITS, "SENT", "DEAD")
"""The states of a delivery that the page counts, in the order of its columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """The last thing that went wrong at a destination; `text` is for the administrator."""

    code: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """The deliveries to one destination; `counts` by state, `oldest` is when its oldest waiting delivery was first due."""

    name: str
    counts: Mapping[str, int]
    oldest: datetime | None = None
    blocked: int = 0
    trouble: Trouble | None = None

    @property
    def waiting(self) -> int:
        """Deliveries still on their way."""
        return sum(self.counts.get(state, 0) for state in WAITS)

    @property
    def dead(self) -> int:
        """Deliveries that nobody tries any more until a person acts."""
        return self.counts.get("DEAD", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadDelivery:
    """One dead delivery that a person may retry or discard; `behind` deliveries of the same key wait for it."""

    id: int
    destination: str
    receipt: str
    attempts: int
    behind: int
    trouble: Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """One message as a line of a list; it names no person."""

    received: datetime
    institution: str
    document_type: str
    receipt: str
    state: str
    code: str
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything on the page at the moment `now`.

    `total` and `today` count messages by state; `taken` is counted apart from them at the moment of taking in,
    which is what makes the sum a proof.
    """

    now: datetime
    taken: int = 0
    total: Mapping[str, int] = field(default_factory=dict)
    today: Mapping[str, int] = field(default_factory=dict)
    destinations: tuple[Destination, ...] = ()
    dead: tuple[DeadDelivery, ...] = ()
    messages: tuple[MessageRow, ...] = ()
    problems: tuple[MessageRow, ...] = ()
    hours: tuple[Hour, ...] = ()

    @property
    def accounted(self) -> int:
        """The sum of the five states."""
        return sum(self.total.get(state, 0) for state in ENDS)

    @property
    def difference(self) -> int:
        """What was taken in and is in no state; 0 when nothing is lost."""
        return self.taken - self.accounted

    @property
    def taken_today(self) -> int:
        """What came in since midnight in Shanghai."""
        return sum(self.today.get(state, 0) for state in ENDS)

    @property
    def waiting(self) -> int:
        """Deliveries on their way, to all destinations."""
        return sum(destination.waiting for destination in self.destinations)

    @property
    def dead_count(self) -> int:
        """Dead deliveries, to all destinations."""
        return sum(destination.dead for destination in self.destinations)

    @property
    def dead_unlisted(self) -> int:
        """Dead deliveries beyond those listed."""
        return max(self.dead_count - len(self.dead), 0)
