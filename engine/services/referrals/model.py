"""Name what the referral service takes and gives: plain frozen values, no XML, no rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from engine.services.appointments.model import Page

Direction = Literal["up", "down"]
Kind = Literal["outpatient", "inpatient"]
Decision = Literal["approve", "refuse"]
Role = Literal["origin", "receiver", "reviewer"]
State = Literal[
    "reviewing", "applied", "accepted", "arrived", "completed", "returned", "rejected", "withdrawn", "expired",
]  # fmt: skip
What = Literal[
    "Apply", "Review", "Accept", "Reject", "Withdraw", "Arrive", "Complete", "ReferBack",
    "expire", "remind", "record", "notice", "release", "attach", "detach", "book",
]  # fmt: skip
"""What an entry of the history tells: a move by the name of its operation, or what happened besides."""

NoticeState = Literal["none", "waiting", "delivered", "refused"]
"""Whether the other hospital's own service was told (3001); none when it does not offer to be."""

STATES: Mapping[State, str] = MappingProxyType({
    "reviewing": "待审核", "applied": "待接收", "accepted": "已接收", "arrived": "已到诊", "completed": "已完成", "returned": "已转回",
    "rejected": "已拒绝", "withdrawn": "已撤回", "expired": "已过期",
})  # fmt: skip
"""The states with their Chinese names."""

SHARING: frozenset[State] = frozenset({"applied", "accepted", "arrived"})
"""The states in which the shared record can be read."""

ENDED: frozenset[State] = frozenset({"completed", "returned", "rejected", "withdrawn", "expired"})
"""The states that no move leaves."""

ORDINARY, URGENT = 1, 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Mover:
    """Who asks: the admitted institution, its operator as it names them, the id of the call and where it came from."""

    institution: str
    operator: str = ""
    trace: str = ""
    peer: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PatientSaid:
    """The patient as the origin names them: `sex` by GB/T 2261.1, `birthday` yyyy-MM-dd, `id_type` in the Jilin text's codes."""

    name: str
    sex: str = ""
    birthday: str = ""
    id_type: str = "1"
    id_number: str = ""
    mobile: str = ""
    address: str = ""
    health_card: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """One diagnosis; `code` is "" when the origin gives none."""

    name: str
    code: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Clinical:
    """What the origin says of the case, in its own words."""

    reason: str = ""
    diagnoses: tuple[Diagnosis, ...] = ()
    condition: str = ""
    past_history: str = ""
    allergies: str = ""
    treatment: str = ""
    plan: str = ""
    precautions: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """Who at the origin sends the patient."""

    department: str = ""
    department_name: str = ""
    doctor: str = ""
    doctor_name: str = ""
    telephone: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where the patient is to go."""

    hospital: str
    department: str = ""
    doctor: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReferralWish:
    """A referral that is applied for; `share` are types of document, `occurred_at` is aware, None for now."""

    direction: Direction
    kind: Kind
    to: Target
    patient: PatientSaid
    origin: Sender
    clinical: Clinical
    urgency: int = ORDINARY
    share: tuple[str, ...] = ()
    late_entry: str = ""
    occurred_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Party:
    """One side of a referral, with the names that are known of its codes."""

    hospital: str
    hospital_name: str = ""
    department: str = ""
    department_name: str = ""
    doctor: str = ""
    doctor_name: str = ""
    telephone: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Booked:
    """The order at the receiver that belongs to a referral; sums in fen, states as in the appointment service."""

    order: str
    state: str
    pending: str
    slot: str
    department: str
    doctor: str
    date: str
    half: str
    begin: str
    end: str
    registration_fee: int
    treatment_fee: int
    queue_number: str
    place: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedDocument:
    """A document that the receiver may read; `document` is its receipt, `attached` false when it is shared by its type."""

    document: str
    document_type: str
    title: str
    hospital: str
    written_at: datetime | None
    attached: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedContent:
    """A shared document with its XML."""

    document: SharedDocument
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Referral:
    """A referral as one who may see it sees it; the patient is masked for all but origin and receiver.

    `due_at` is by when the next move must be made, None when none must; `why` belongs to the last refusal or withdrawal;
    `record` is the receipt of the document made of it; `notice` tells of the notice to the other hospital.
    """

    referral: str
    request_id: str
    state: State
    version: int
    direction: Direction
    kind: Kind
    urgency: int
    origin: Party
    to: Party
    reviewer: str
    patient: PatientSaid
    clinical: Clinical
    share: tuple[str, ...]
    attached: tuple[SharedDocument, ...]
    late_entry: str
    occurred_at: datetime
    summary: str
    note: str
    why: str
    return_of: str
    returned_by: str
    booking: Booked | None
    record: str
    notice: NoticeState
    created_at: datetime
    changed_at: datetime
    due_at: datetime | None
    overdue: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryEntry:
    """One thing that happened to a referral; `by` is an institution or `platform`."""

    at: datetime
    what: What
    state: State
    by: str
    operator: str
    why: str
    trace: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Partner:
    """An institution to which the asker may refer in one direction; `reviewer` is "" when nobody reviews."""

    hospital: str
    name: str
    level: str
    network: str
    direction: Direction
    reviewer: str
    address: str
    telephone: str
    reachable: bool
    as_of: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Specialist:
    """A doctor to whom patients can be referred; `next_free` is the day (yyyy-MM-dd) of the next free slot, "" when there is none."""

    doctor: str
    department: str
    name: str
    title: str
    speciality: str
    description: str
    registration_fee: int
    next_free: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Bed:
    """The beds of a department as its hospital reported them; `at` is of that report, None takes the time at which it came."""

    department: str
    department_name: str
    total: int
    free: int
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReferralQuery:
    """Which of its referrals an institution wants; empty asks for all. `since` is included, `until` is not; both of the application."""

    roles: tuple[Role, ...] = ()
    states: tuple[State, ...] = ()
    direction: Direction | None = None
    id_number: str = ""
    since: datetime | None = None
    until: datetime | None = None
    page: Page = field(default_factory=Page)


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeDue:
    """What one hospital is to be told of one referral: that it now stands so. `version` is the one that is told of."""

    institution: str
    referral: Referral
    what: What
    version: int
    tries: int


def state_name(state: State) -> str:
    """Give the Chinese name of a state."""
    return STATES[state]
