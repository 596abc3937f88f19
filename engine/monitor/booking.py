"""Say what the page of appointments shows, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

STATES: tuple[str, ...] = ("locked", "booking", "booked", "paid", "fetched", "cancelled", "refunded", "failed")
"""The states of an order, in the order of its life."""

SEATED: tuple[str, ...] = ("locked", "booking", "booked", "paid", "fetched")
"""States in which an order holds a seat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolDay:
    """The seats of one day of visits; `free` may be below zero, which is a debt to the hospital; `unlimited` counts places without limit."""

    day: date
    free: int = 0
    held: int = 0
    sold: int = 0
    unlimited: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a hospital's own web service has been of late; times of an answer in seconds, None when nothing was asked."""

    calls: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)
    half: float | None = None
    most: float | None = None
    last_good: datetime | None = None
    last_bad: datetime | None = None
    last_code: str = ""
    certificate: datetime | None = None
    wsdl_changed: datetime | None = None
    wsdl_words: str = ""

    @property
    def failed(self) -> int:
        """Calls that failed."""
        return sum(self.errors.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class HospitalCard:
    """One hospital: its part of the pool, its orders by state, how old the figures are, and its health."""

    code: str
    name: str
    days: tuple[PoolDay, ...] = ()
    places: int = 0
    as_of: datetime | None = None
    reachable: bool = True
    orders: Mapping[str, int] = field(default_factory=dict)
    pending: Mapping[str, int] = field(default_factory=dict)
    differences: int = 0
    health: Health = field(default_factory=Health)

    @property
    def free(self) -> int:
        """Seats that may still be sold; a debt of one place is no seat of another."""
        return sum(max(one.free, 0) for one in self.days)

    @property
    def held(self) -> int:
        """Seats of orders that are not yet sure."""
        return sum(one.held for one in self.days)

    @property
    def sold(self) -> int:
        """Seats of orders that the hospital has."""
        return sum(one.sold for one in self.days)

    @property
    def unsure(self) -> int:
        """Orders about which the hospital has not yet said what became of them."""
        return self.orders.get("booking", 0) + sum(self.pending.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsureOrder:
    """An order about which the hospital was asked and has not answered; it names no person."""

    order: str
    hospital: str
    state: str
    pending: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Errands of one kind for one hospital: how many are open and under way, and how the last ones went."""

    kind: str
    hospital: str
    open: int
    running: int
    due: datetime | None
    last_done: datetime | None
    last_failed: datetime | None
    failures: int
    last_error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """Everything on the page at the moment `now`."""

    now: datetime
    hospitals: tuple[HospitalCard, ...] = ()
    unsure: tuple[UnsureOrder, ...] = ()
    work: tuple[Work, ...] = ()

    def of(self, hospital: str) -> Booking:
        """Give the part of one hospital, all of it for ""."""
        if not hospital:
            return self
        return Booking(
            now=self.now,
            hospitals=tuple(one for one in self.hospitals if one.code == hospital),
            unsure=tuple(one for one in self.unsure if one.hospital == hospital),
            work=tuple(one for one in self.work if one.hospital == hospital),
        )

    def orders(self, state: str) -> int:
        """Count the orders of a state."""
        return sum(one.orders.get(state, 0) for one in self.hospitals)

    def sum(self, name: str) -> int:
        """Sum a figure over the hospitals: free, held, sold, unsure, places or differences."""
        return sum(getattr(one, name) for one in self.hospitals)

    @property
    def away(self) -> int:
        """Hospitals that cannot be reached."""
        return sum(not one.reachable for one in self.hospitals)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One event of an order."""

    at: datetime
    what: str
    who: str
    state: str
    pending: str
    code: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSheet:
    """One order with its events; the patient's name is masked."""

    order: str
    portal: str
    hospital: str
    state: str
    pending: str
    patient: str
    department: str
    doctor: str
    day: str
    half: str
    begin: str
    end: str
    payable: int
    refund: int
    hospital_order: str
    queue_number: str
    created: datetime
    changed: datetime
    moves: tuple[Move, ...] = ()
