"""Say what the overview page shows, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from engine.monitor.chart import Hour
from engine.monitor.hospitals import Hospital
from engine.store.backlog import WAITS, Backlog, Checked
from engine.store.nodes import Process

ENDS: tuple[str, ...] = ("ROUTED", "INVALID", "FILTERED", "ERROR", "DISCARDED")
"""The five states of a message; together they are what was taken in."""

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


@dataclass(frozen=True, slots=True)
class Lasting:
    """Within how many seconds half of all, and 95 of a hundred, were over; None when there were none."""

    p50: float | None = None
    p95: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneLine:
    """One lane: what came in during the 24 hours and the running one, what waits in it, since when the oldest of that is due."""

    lane: str
    taken: int = 0
    this_hour: int = 0
    waiting: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything on the page at the moment `now`.

    `total` counts messages by the state they are in, `today` those of today by the state of their first walk; `taken` is counted apart
    from them at the moment of taking in, which is what makes the sum a proof; `checked` is when it was last held against the rows.
    `answering` is how long it took to file what came in during the 24 hours.
    `refused` are those of today that are INVALID now, `retrying` the deliveries that failed and are tried again.
    """

    now: datetime
    taken: int = 0
    total: Mapping[str, int] = field(default_factory=dict)
    today: Mapping[str, int] = field(default_factory=dict)
    checked: Checked | None = None
    refused: int = 0
    retrying: int = 0
    destinations: Sequence[Destination] = ()
    dead: Sequence[DeadDelivery] = ()
    lanes: Sequence[LaneLine] = ()
    hours: Sequence[Hour] = ()
    answering: Lasting = Lasting()
    backlog: Sequence[Backlog] = ()
    processes: Sequence[Process] = ()
    hospitals: Sequence[Hospital] = ()

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

    @property
    def in_trouble(self) -> int:
        """Hospitals about which something is to be done."""
        return sum(bool(one.troubles) for one in self.hospitals)

    @property
    def lost_processes(self) -> int:
        """Processes that gave no sign of life for too long."""
        return sum(one.gone(self.now) for one in self.processes)
