"""Say what an order of the simulated hospital is, and what refuses a call about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

State = Literal["2", "3", "4", "5", "6"]

BOOKED: State = "2"
FETCHED: State = "3"
CANCELLED: State = "4"
REFUNDED: State = "5"
PAID: State = "6"
"""Order states as the Jilin text numbers them (ORDER_STATUS)."""

SEATED: frozenset[State] = frozenset({BOOKED, PAID, FETCHED})
"""States in which an order holds a seat."""


class Refusal(Exception):
    """The hospital says no: a code of the Jilin text and the words it sends with it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message


@dataclass(slots=True)
class Lock:
    """A seat kept for a short while; `until` is when the hospital lets go of it by itself."""

    id: str
    place: str
    until: datetime


@dataclass(slots=True)
class Order:
    """One order in the hospital's own book; `fee` is what is owed, in fen."""

    id: str
    number: str
    place: str
    patient: str
    card: str
    fee: int
    serial: str
    state: State = BOOKED
    pay_id: str = ""
    pay_serial: str = ""
    refund_id: str = ""
    refund_request: str = ""
    refunded: int = 0
    cancelled: str = ""
    fetched: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trade:
    """Money that moved: paid, or given back; `fee` in fen, positive both ways."""

    kind: Literal["1", "2"]
    order: str
    number: str
    serial: str
    hospital_number: str
    fee: int
    at: datetime
