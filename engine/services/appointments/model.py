"""Name what the appointment service takes and gives: plain frozen values, no XML, no rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

State = Literal["locked", "booking", "booked", "paid", "fetched", "cancelled", "refunded", "failed"]
"""Where an order is in its life: booking means asked (2007) and not yet known, booked is the text's 2, paid 6, fetched 3,
cancelled 4, refunded 5, failed 1."""

Pending = Literal["", "lock", "unlock", "pay", "cancel", "refund", "fetch"]
"""What was asked of the hospital about an order and is not yet known to be done."""

NoticeKind = Literal[
    "clinic-stopped", "booking-confirmed", "booking-failed", "cancelled-by-hospital", "expired", "refunded", "refund-late",
    "printed", "paid-at-window", "bill", "queue", "report",
]  # fmt: skip
"""Why a portal is told something."""

Answer = tuple[str, str, Mapping[str, Any]]
"""What a hospital that calls us is answered: RETURN_CODE, RETURN_MSG, the values of RES."""

Step = Literal["before-call", "after-call-before-commit", "after-commit-before-answer"]
"""The named points of every move that asks a hospital; tests end the process there."""

Steps = Callable[[Step], None]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Which part of a list is wanted; `token` as the last answer gave it, "" for the first page."""

    size: int = 50
    token: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing(Generic[T]):
    """One page of a list; `token` asks for the next one, "" on the last."""

    items: tuple[T, ...]
    token: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Guardian:
    """Who answers for a child; `id_type` in the Jilin text's codes."""

    name: str = ""
    id_type: str = ""
    id_number: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Patient:
    """A patient as the portal names them: `sex` by GB/T 2261.1, `birthday` yyyy-MM-dd, `id_type` in the Jilin text's codes."""

    name: str
    sex: str = ""
    birthday: str = ""
    id_type: str = "1"
    id_number: str = ""
    mobile: str = ""
    address: str = ""
    health_card: str = ""
    hospital_patient: str = ""
    guardian: Guardian = field(default_factory=Guardian)


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What the hospital's file says of a patient: its own number of them and the health card it knows."""

    hospital_patient: str
    health_card: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class LockWish:
    """A seat that is to be held; `slot` as `slots` gave it, `channel` and `booked_for` in the Jilin text's codes."""

    hospital: str
    slot: str
    patient: Patient
    account: str = ""
    channel: str = "3"
    booked_for: str = "1"


@dataclass(frozen=True, kw_only=True, slots=True)
class BookWish:
    """A booking that is wanted: of a lock (`order`), or else of a slot for a patient.

    `held_for` names what a slot is held for until `held_until` instead of the time to pay; no portal may say so.
    """

    order: str = ""
    hospital: str = ""
    slot: str = ""
    patient: Patient | None = None
    account: str = ""
    channel: str = "3"
    booked_for: str = "1"
    held_for: str = ""
    held_until: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Payment:
    """Money that a portal has taken; sums in fen, `paid_at` aware, `channel` is PAY_CHANNEL_ID."""

    serial: str
    paid_at: datetime
    channel: str
    total: int
    payable: int
    paid: int
    result_code: str = ""
    result_text: str = ""
    merchant: str = ""
    terminal: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderView:
    """An order as its portal sees it; sums in fen, times aware and None when there is none, `patient_name` masked.

    `message` says in Chinese what is still unknown, "" when nothing is.
    """

    order: str
    request_id: str
    portal: str
    state: State
    pending: Pending
    hospital: str
    department: str
    department_name: str
    doctor: str
    doctor_name: str
    slot: str
    date: str
    half: str
    begin: str
    end: str
    patient_name: str
    registration_fee: int
    treatment_fee: int
    payable: int
    hospital_order: str
    queue_number: str
    medical_number: str
    fetch_window: str
    place: str
    remark: str
    refund: int
    created_at: datetime
    locked_until: datetime | None
    pay_by: datetime | None
    changed_at: datetime
    message: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderQuery:
    """Which of its orders a portal wants: days of the visit, yyyy-MM-dd, both included; "" asks for all."""

    account: str = ""
    id_number: str = ""
    hospital: str = ""
    first: str = ""
    last: str = ""
    states: tuple[State, ...] = ()
    page: Page = field(default_factory=Page)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hospital:
    """A hospital as it described itself (1004); `as_of` is when it last answered, None when it never did."""

    hospital: str
    name: str
    short_name: str
    level: str
    address: str
    telephone: str
    horizon_days: int
    opens_at: str
    closes_at: str
    reachable: bool
    as_of: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Department:
    """A department (2001); `parent` is "" at the top."""

    department: str
    name: str
    parent: str
    level: str
    description: str
    expertise: str
    address: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Doctor:
    """A doctor of a department (2002); the fee is in fen."""

    doctor: str
    department: str
    name: str
    title: str
    speciality: str
    description: str
    registration_fee: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """A doctor's half day (2003); when `timed` its slots are booked, else it is itself a slot."""

    schedule: str
    department: str
    doctor: str
    doctor_name: str
    title: str
    date: str
    half: str
    clinic_level: str
    status: str
    total: int
    free: int
    unlimited: bool
    registration_fee: int
    treatment_fee: int
    timed: bool
    as_of: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """What can be booked (2003 or 2004); `free` is what we may still sell, fees in fen."""

    slot: str
    schedule: str
    department: str
    doctor: str
    date: str
    half: str
    begin: str
    end: str
    status: str
    total: int
    free: int
    unlimited: bool
    registration_fee: int
    treatment_fee: int
    as_of: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """Something a portal must tell a patient; `number` grows within the portal."""

    number: int
    kind: NoticeKind
    hospital: str
    order: str
    at: datetime
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What the adapter of a hospital says about booking there.

    `functions` are the numbers it offers; times in seconds: `full_every` and `slots_every` between two syncs, spread over
    `jitter`; `rules` are the keys of booking rules that differ from config/booking.yaml.
    """

    functions: frozenset[str] = frozenset()
    unlimited_is_99: bool = False
    horizon_days: int = 7
    full_every: float = 86400.0
    slots_every: float = 600.0
    jitter: float = 60.0
    parallel: int = 2
    deadline: float = 30.0
    rules: Mapping[str, Any] = field(default_factory=dict)


TermsOf = Callable[[str], Terms | None]
"""Give the terms of a hospital by institution code; None when it has no adapter."""
