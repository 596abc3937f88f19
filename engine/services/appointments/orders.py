"""Move orders: each move is one conditional statement, with its seat, its event, its errand and its notice in one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from engine.services.appointments.model import NoticeKind, Pending, State
from engine.services.appointments.notices import give_notice
from engine.services.appointments.pool import Back, Shift, shift
from engine.services.appointments.tables import event, order
from engine.store import errands
from engine.store.columns import AnyRow
from engine.store.sealing import Seal

TEND = "order"
"""The errand that sees to one order whenever something about it is due."""

RELEASED = "released"
"""By whom an order was ended, or is wished to be, that was held for something else (a referral) which needs it no more."""

ARROWS: Mapping[State, frozenset[State]] = {
    "locked": frozenset({"booking", "booked", "paid", "fetched", "cancelled", "failed"}),
    "booking": frozenset({"locked", "booked", "paid", "fetched", "cancelled", "refunded", "failed"}),
    "booked": frozenset({"paid", "fetched", "cancelled", "refunded"}),
    "paid": frozenset({"fetched", "refunded"}),
    "fetched": frozenset({"refunded"}),
    "cancelled": frozenset(),
    "refunded": frozenset(),
    "failed": frozenset(),
}
"""Where an order may go (section 3.2 of the interactions); whatever a hospital says, no order takes another way.

A booking goes back to its lock only when the hospital surely was not asked.
"""

_HELD, _SOLD = ("locked", "booking"), ("booked", "paid", "fetched")
LETTING_GO: tuple[Pending, ...] = ("unlock", "cancel", "refund")
"""What is asked of the hospital about an order whose seat is to go back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order as read; `version` fences its next move. Sums in fen, times aware.

    `person` is who it is for, `told` what the hospital answered, `money` the payment, `words` a refusal or a reason.
    """

    order_id: str
    portal: str
    request_id: str
    book_request: str
    digest: str
    institution: str
    slot: str
    reg_id: str
    schedule: str
    department: str
    doctor: str
    date: str
    half: str
    begins: str
    ends: str
    level: str
    channel: str
    booked_for: str
    kind: str
    state: State
    pending: Pending
    wish: str
    known: bool
    version: int
    registration_fee: int
    treatment_fee: int
    payable: int
    paid: int
    refund: int
    person_lookup: str
    account_lookup: str
    hospital_order: str
    serial: str
    refund_id: str
    ended_by: str
    code: str
    held_for: str
    held_until: datetime | None
    person: Mapping[str, str]
    told: Mapping[str, str]
    money: Mapping[str, str]
    words: str
    created: datetime
    asked: datetime | None
    expires: datetime | None
    changed: datetime

    @property
    def live(self) -> bool:
        """Tell whether the order holds a seat."""
        return self.state in (*_HELD, *_SOLD)

    def kept_until(self, at: datetime, window: float) -> datetime | None:
        """Say until when the order stands unpaid that the hospital booked at a moment; `window` is the time to pay, in seconds."""
        return self.held_until if self.held_for else at + timedelta(seconds=window)

    @property
    def unanswered(self) -> bool:
        """Tell whether something was asked of the hospital and is not yet known."""
        return self.state == "booking" or self.pending != ""


_SEALED = ("person", "told", "money", "words")
_PLAIN = tuple(one.name for one in fields(Order) if one.name not in _SEALED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What becomes of an order, and who did it: "" and None leave things as they are.

    `what` names the event, `who` is the portal's code, `hospital` or `platform`; `told` is laid over what the hospital told before;
    `values` are further columns; `back` says what becomes of a seat that is given back.
    """

    what: str
    who: str
    to: State | None = None
    pending: Pending = ""
    known: bool | None = None
    why: str = ""
    code: str = ""
    trace: str = ""
    back: Back = "free"
    told: Mapping[str, str] = field(default_factory=dict)
    money: Mapping[str, str] | None = None
    words: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    notice: tuple[NoticeKind, str] | None = None


def unsure(state: str, pending: str, known: bool) -> bool:  # noqa: FBT001 - the third column of the three that decide
    """Tell whether the hospital may not count an order's seat as taken: not yet confirmed, or perhaps already let go."""
    return state in (*_HELD, *_SOLD) and (not known or pending in LETTING_GO)


def seats(before: tuple[str, str, bool], after: tuple[str, str, bool], back: Back = "free") -> Shift:
    """Work out how the counts of a slot change when an order goes from one state, pending and known to another."""
    held = (after[0] in _HELD) - (before[0] in _HELD)
    sold = (after[0] in _SOLD) - (before[0] in _SOLD)
    free = -(held + sold)
    return Shift(
        free=0 if back == "taken" and free > 0 else free, held=held, sold=sold,
        unsure=unsure(*after) - unsure(*before), full=back == "full" and free > 0,
    )  # fmt: skip


class Orders:
    """Read and move orders; `grace(institution)` is after how many seconds an answer counts as not come."""

    def __init__(self, seal: Seal, grace: Callable[[str], float]) -> None:
        self.seal = seal
        self._grace = grace

    def read(self, connection: Connection, order_id: str) -> Order | None:
        """Read one order."""
        row = connection.execute(_READ, {"its_order": order_id}).one_or_none()
        return None if row is None else self.opened(row)

    def several(self, connection: Connection, numbers: Collection[str]) -> dict[str, Order]:
        """Read those of these orders that there are, by number."""
        rows = connection.execute(select(order).where(order.c.order_id.in_(list(numbers)))) if numbers else ()
        return {row.order_id: self.opened(row) for row in rows}

    def by_request(self, connection: Connection, portal: str, request_id: str) -> Order | None:
        """Read the order of a portal's own number of a wish."""
        for query in (_BY_REQUEST, _BY_BOOK_REQUEST):
            row = connection.execute(query, {"its_portal": portal, "its_request": request_id}).one_or_none()
            if row is not None:
                return self.opened(row)
        return None

    def opened(self, row: AnyRow) -> Order:
        """Make an order of its row, unsealed."""
        values = {name: getattr(row, name) for name in _PLAIN}
        person, told, money, words = (
            self.seal.open_text(getattr(row, name), table="booking_order", column=name, row=row.order_id) for name in _SEALED
        )
        return Order(**values, person=_loaded(person), told=_loaded(told), money=_loaded(money), words=words)

    def add(self, connection: Connection, one: Order, *, what: str, trace: str) -> None:
        """Keep a new order, whose seat was taken in this transaction; a request number used before raises IntegrityError."""
        values = {name: getattr(one, name) for name in _PLAIN}
        sealed = {
            "person": self._sealed("person", one.order_id, _dumped(one.person)), "told": b"", "money": b"", "words": b"",
        }  # fmt: skip
        connection.execute(_ADD, {**values, **sealed})
        self._tell(connection, one, Move(what=what, who=one.portal, trace=trace), one.created)
        self._plan(connection, one, one.created)

    def let_go(self, connection: Connection, one: Order) -> None:
        """Take the number of its wish from an order that failed, so that another order can have it; it is kept with its own after it."""
        mine = (order.c.order_id == one.order_id, order.c.request_id == one.request_id)
        connection.execute(update(order).where(*mine).values(request_id=f"{one.request_id} {one.order_id}"))

    def move(self, connection: Connection, one: Order, by: Move, at: datetime) -> Order | None:
        """Move an order as it was read; None when it was moved meanwhile, and then nothing is changed."""
        state, known = by.to or one.state, one.known if by.known is None else by.known
        if state != one.state and state not in ARROWS[one.state]:
            raise ValueError(f"no order goes from {one.state} to {state}")
        told = {**one.told, **{name: value for name, value in by.told.items() if value}}
        money = one.money if by.money is None else by.money
        words = one.words if by.words is None else by.words
        plain = {**by.values, "state": state, "pending": by.pending, "known": known, "changed": at, "version": one.version + 1}
        if by.to is not None and by.to != "failed":
            plain.setdefault("code", "")
        sealed: dict[str, bytes] = {}
        for name, old, new in (("told", one.told, told), ("money", one.money, money), ("words", one.words, words)):
            if new != old:
                sealed[name] = self._sealed(name, one.order_id, new if isinstance(new, str) else _dumped(new))
        mine = (order.c.order_id == one.order_id, order.c.version == one.version)
        was = (order.c.state == one.state, order.c.pending == one.pending)
        if not connection.execute(update(order).where(*mine, *was).values(**plain, **sealed)).rowcount:
            return None
        moved = _with(one, plain, told=told, money=money, words=words)
        before, after = (one.state, one.pending, one.known), (state, by.pending, known)
        shift(connection, one.institution, one.slot, seats(before, after, by.back), at)
        self._tell(connection, moved, by, at)
        self._plan(connection, moved, at)
        if by.notice is not None:
            kind, text = by.notice
            give_notice(connection, self.seal, moved.portal, moved.institution, moved.order_id, kind, text, at)
        return moved

    def due(self, one: Order, at: datetime) -> datetime | None:
        """Say when an order is next to be seen to, None when nothing is due any more."""
        if one.unanswered and one.live:
            return at + timedelta(seconds=self._grace(one.institution))
        return one.expires if one.state in ("locked", "booked") else None

    def _plan(self, connection: Connection, one: Order, at: datetime) -> None:
        due = self.due(one, at)
        if due is None:
            errands.drop(connection, TEND, one.order_id)
        else:
            errands.plan(connection, TEND, one.order_id, one.institution, due, at)

    def _tell(self, connection: Connection, one: Order, by: Move, at: datetime) -> None:
        why = self.seal.seal_text(by.why, table="booking_event", column="why", row=one.order_id)
        row = {"order_id": one.order_id, "at": at, "what": by.what, "who": by.who, "state": one.state, "pending": one.pending}
        connection.execute(_TELL, {**row, "code": by.code, "trace": by.trace, "why": why})

    def _sealed(self, column: str, row: str, plain: str) -> bytes:
        return self.seal.seal_text(plain, table="booking_order", column=column, row=row)


def _with(one: Order, changed: Mapping[str, Any], **opened: Any) -> Order:
    values = {each.name: getattr(one, each.name) for each in fields(Order)}
    return Order(**{**values, **changed, **opened})


def _dumped(values: Mapping[str, str]) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")) if values else ""


def _loaded(text: str) -> Mapping[str, str]:
    return json.loads(text) if text else {}


_READ = select(order).where(order.c.order_id == bindparam("its_order"))
_PORTAL = order.c.portal == bindparam("its_portal")
_BY_REQUEST = select(order).where(_PORTAL, order.c.request_id == bindparam("its_request"))
_BY_BOOK_REQUEST = select(order).where(_PORTAL, order.c.book_request == bindparam("its_request"), order.c.book_request != "")
_ADD, _TELL = insert(order), insert(event)
