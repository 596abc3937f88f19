"""Move seats of the pool, each time by one conditional statement, and fit the pool to what a hospital says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, and_, bindparam, case, func, or_, select, update

from engine.services.appointments.tables import order, slot
from engine.store.columns import AnyRow, Moment
from engine.store.database import insert_into

Back = Literal["free", "taken", "full"]
"""What becomes of a seat that is given back: free again, taken by somebody at the hospital, or the whole slot is full there."""

Versions = Mapping[str, int]
"""The versions of slots as they were before a question left, by slot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How one move of an order changes the counts of its slot."""

    free: int = 0
    held: int = 0
    sold: int = 0
    unsure: int = 0
    full: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a hospital says of one slot: `total` and `remaining` seats, `status` open, stopped or not-open; fees in fen."""

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
    status: str
    registration_fee: int
    treatment_fee: int
    total: int
    remaining: int
    unlimited: bool


def slot_name(reg_id: str, begins: str) -> str:
    """Name a slot: the hospital's REG_ID, with the time where several slots of a half day may share it."""
    return f"{reg_id}@{begins}" if begins else reg_id


def read_slot(connection: Connection, institution: str, name: str) -> AnyRow | None:
    """Read one slot."""
    return connection.execute(_ONE, {"its_institution": institution, "its_slot": name}).one_or_none()


def slots_of(connection: Connection, institution: str, schedule: str) -> list[str]:
    """Name the slots of a half day."""
    chosen = (slot.c.institution == institution, slot.c.schedule == schedule)
    return list(connection.execute(select(slot.c.slot).where(*chosen).order_by(slot.c.slot)).scalars())


def take(connection: Connection, institution: str, name: str, at: datetime) -> AnyRow | None:
    """Hold one seat of an open slot; None when there is none. The row as it then is, else."""
    return connection.execute(_TAKE, {"its_institution": institution, "its_slot": name, "at": at}).one_or_none()


def shift(connection: Connection, institution: str, name: str, by: Shift, at: datetime) -> None:
    """Change the counts of a slot; with `full` nothing is free there any more, whatever was."""
    if by == Shift():
        return
    values = {
        "its_institution": institution, "its_slot": name, "at": at,
        "by_free": by.free, "by_held": by.held, "by_sold": by.sold, "by_unsure": by.unsure,
    }  # fmt: skip
    connection.execute(_SHIFT_FULL if by.full else _SHIFT, values)


def versions(connection: Connection, institution: str, department: str, first: str, last: str) -> Versions:
    """Read the versions of a department's slots of these days; to be done before the question leaves."""
    chosen = (slot.c.institution == institution, slot.c.department == department, slot.c.date >= first, slot.c.date <= last)
    return {row.slot: row.version for row in connection.execute(select(slot.c.slot, slot.c.version).where(*chosen))}


def pull(connection: Connection, institution: str, words: Sequence[Word], seen: Versions, asked: datetime) -> int:
    """Fit slots to what the hospital answered to a question that left at `asked`; give how many words were dropped as old.

    Free becomes remaining less what the hospital may not have counted, never more than our own book leaves. What it may have counted
    all the same is kept as `doubt`, and given back as its answers come. A word about a slot that changed since `seen` was read, or
    had an event after `asked`, is older than what we know, and is dropped.
    """
    dropped = 0
    for word in sorted(words, key=lambda one: one.slot):
        values = {name: getattr(word, name) for name in Word.__dataclass_fields__}
        if word.slot not in seen:
            counts = {
                "free": 0 if word.unlimited else word.remaining,
                "held": 0,
                "sold": 0,
                "unsure": 0,
                "doubt": 0,
                "version": 1,
            }
            fresh = {"institution": institution, **values, **counts, "stop": "", "last_event": asked, "as_of": asked}
            insert = insert_into(connection.dialect.name, slot).values(fresh).on_conflict_do_nothing().returning(slot.c.slot)
            dropped += connection.execute(insert).first() is None
            continue
        facts = {f"new_{name}": value for name, value in values.items() if name != "slot"}
        key = {"its_institution": institution, "its_slot": word.slot, "seen": seen[word.slot], "asked": asked}
        if not connection.execute(_PULL, {**key, **facts}).rowcount:
            dropped += 1
            connection.execute(_FRESH, {"its_institution": institution, "its_slot": word.slot, "asked": asked})
    return dropped


def vanish(connection: Connection, institution: str, names: Sequence[str], seen: Versions, asked: datetime) -> None:
    """Mark slots that a complete answer no longer names; what was ordered there stays ordered."""
    for name in sorted(names):
        key = {"its_institution": institution, "its_slot": name, "seen": seen[name], "asked": asked}
        connection.execute(_VANISH, key)


def stop(connection: Connection, institution: str, chosen: Mapping[str, str], stopped: str, at: datetime) -> list[str]:
    """Stop the slots of a department, by doctor (-1 all), date, half (-1 all) and time; give their names in order."""
    names = list(connection.execute(select(slot.c.slot).where(*_named(institution, chosen)).order_by(slot.c.slot)).scalars())
    for name in names:
        connection.execute(_STOP, {"its_institution": institution, "its_slot": name, "at": at, "stopped": stopped})
    return names


def any_open(connection: Connection, institution: str, chosen: Mapping[str, str]) -> bool:
    """Tell whether any slot that `stop` would choose is open."""
    where = (*_named(institution, chosen), slot.c.status == "open")
    return connection.execute(select(slot.c.slot).where(*where).limit(1)).first() is not None


def _named(institution: str, chosen: Mapping[str, str]) -> list[Any]:
    where = [slot.c.institution == institution, slot.c.department == chosen["department"], slot.c.date == chosen["date"]]
    if chosen["doctor"] not in ("", "-1"):
        where.append(slot.c.doctor == chosen["doctor"])
    if chosen["half"] not in ("", "-1", "4"):
        where.append(slot.c.half.in_((chosen["half"], "4")))
    if chosen["begins"] or chosen["ends"]:
        # A slot without times of its own is stopped only by a stop of the whole half day.
        where += [slot.c.begins >= (chosen["begins"] or "00:00"), slot.c.ends <= (chosen["ends"] or "24:00"), slot.c.begins != ""]
    return where


def disagreements(connection: Connection) -> list[str]:
    """Compare the counts of every slot with the orders that make them; each line names one difference, none means all agree."""
    counted = {(row.institution, row.slot): (row.held, row.sold, row.unsure) for row in connection.execute(_COUNTED)}
    found = []
    for row in connection.execute(select(slot.c.institution, slot.c.slot, slot.c.held, slot.c.sold, slot.c.unsure)):
        rows = counted.pop((row.institution, row.slot), (0, 0, 0))
        if rows != (row.held, row.sold, row.unsure):
            found.append(
                f"slot {row.institution} {row.slot}: held, sold, unsure {(row.held, row.sold, row.unsure)}, orders {rows}"
            )
    return [*found, *(f"slot {place} {name} has orders and no row" for place, name in sorted(counted))]


def unsure_sql() -> Any:
    """Say in SQL which orders with a seat the hospital may not count, or may have let go: the twin of `orders.unsure`."""
    return or_(order.c.known.is_(False), order.c.pending.in_(("unlock", "cancel", "refund")))


_HELD, _SOLD = order.c.state.in_(("locked", "booking")), order.c.state.in_(("booked", "paid", "fetched"))
_LIVE = or_(_HELD, _SOLD)


def _sum(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


_COUNTED = (
    select(order.c.institution, order.c.slot, _sum(_HELD).label("held"), _sum(_SOLD).label("sold"),
           _sum(and_(_LIVE, unsure_sql())).label("unsure"))
    .where(_LIVE).group_by(order.c.institution, order.c.slot)
)  # fmt: skip

_KEY = (slot.c.institution == bindparam("its_institution"), slot.c.slot == bindparam("its_slot"))
_ONE = select(slot).where(*_KEY)
_AT = bindparam("at", type_=Moment)
_LATER = case((slot.c.last_event > _AT, slot.c.last_event), else_=_AT)
_MOVED = {"version": slot.c.version + 1, "last_event": _LATER}
_TAKE = (
    update(slot)
    .where(*_KEY, slot.c.status == "open", or_(slot.c.unlimited, slot.c.free > 0))
    .values(
        free=case((slot.c.unlimited, slot.c.free), else_=slot.c.free - 1),
        held=slot.c.held + 1,
        unsure=slot.c.unsure + 1,
        **_MOVED,
    )
    .returning(*slot.c)
)
_COUNTS = {
    "held": slot.c.held + bindparam("by_held"),
    "sold": slot.c.sold + bindparam("by_sold"),
    "unsure": slot.c.unsure + bindparam("by_unsure"),
    **_MOVED,
}


def _least(one: Any, other: Any) -> Any:
    return case((one < other, one), else_=other)


_SETTLED = case((and_(bindparam("by_unsure") < 0, slot.c.doubt > 0), 1), else_=0)
"""The seat that a settled question gives back where a pull had taken it off twice."""

_FREED = slot.c.free + bindparam("by_free") + _SETTLED
_SHIFT = (
    update(slot)
    .where(*_KEY)
    .values(free=case((slot.c.unlimited, slot.c.free), else_=_FREED), doubt=slot.c.doubt - _SETTLED, **_COUNTS)
)
_FULL = _least(slot.c.free + bindparam("by_free") + slot.c.doubt, 0)
_SHIFT_FULL = update(slot).where(*_KEY).values(free=case((slot.c.unlimited, 0), else_=_FULL), doubt=0, **_COUNTS)
_ASKED = bindparam("asked", type_=Moment)
_UNCHANGED = (*_KEY, slot.c.version == bindparam("seen"), slot.c.last_event <= _ASKED)
_THEIRS: Any = bindparam("new_remaining") - slot.c.unsure
_OURS: Any = bindparam("new_total") - slot.c.held - slot.c.sold
_PULLED = _least(_THEIRS, _OURS)
_KNOWN = _least(_least(slot.c.free + slot.c.doubt + bindparam("new_total") - slot.c.total, bindparam("new_remaining")), _OURS)
"""What would be free by our own book and the hospital's bare word: what `_PULLED` lacks of it may have been taken off twice."""

_UNLIMITED = bindparam("new_unlimited", type_=slot.c.unlimited.type)
_FACTS = tuple(name for name in Word.__dataclass_fields__ if name != "slot")
_PULL = (
    update(slot)
    .where(*_UNCHANGED)
    .values(
        **{name: bindparam(f"new_{name}") for name in _FACTS},
        free=case((_UNLIMITED, 0), else_=_PULLED),
        doubt=case((_UNLIMITED, 0), (_KNOWN > _PULLED, _KNOWN - _PULLED), else_=0),
        stop=case((bindparam("new_status") == "open", ""), else_=slot.c.stop),
        as_of=_ASKED,
        version=slot.c.version + 1,
    )
)
_FRESH = update(slot).where(*_KEY, slot.c.as_of < _ASKED).values(as_of=_ASKED)
_VANISH = update(slot).where(*_UNCHANGED).values(status="gone", version=slot.c.version + 1)
_STOP = update(slot).where(*_KEY).values(status="stopped", stop=bindparam("stopped"), **_MOVED)
