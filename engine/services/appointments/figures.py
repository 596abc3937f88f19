"""Tell the monitor how pools, orders and errands stand: figures and states, no name of any patient."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, func, select

from engine.services.appointments.model import OrderView
from engine.services.appointments.orders import Orders
from engine.services.appointments.tables import difference, event, order, slot
from engine.services.appointments.views import order_view
from engine.store.sealing import Seal


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLine:
    """The pool of one hospital on one day; `others` are seats that are neither free nor ours, `oldest` the oldest figures' time."""

    hospital: str
    date: str
    slots: int
    stopped: int
    total: int
    free: int
    held: int
    sold: int
    unsure: int
    others: int
    oldest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLine:
    """One event of an order; `why` is unsealed for the page of that order alone."""

    at: datetime
    what: str
    who: str
    state: str
    pending: str
    code: str
    trace: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One order in a list of the monitor, without whose it is."""

    order: str
    hospital: str
    portal: str
    state: str
    pending: str
    date: str
    slot: str
    created: datetime
    changed: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceLine:
    """One difference between a hospital's book and ours."""

    hospital: str
    date: str
    order: str
    kind: str
    ours: str
    theirs: str
    found: datetime


def pools(connection: Connection, first: str = "", last: str = "", hospital: str = "") -> list[PoolLine]:
    """Sum the pool by hospital and day, of all hospitals or of one; limited slots only count in the sums."""
    limited = slot.c.unlimited.is_(False)

    def total(column: Any) -> Any:
        return func.coalesce(func.sum(case((limited, column), else_=0)), 0)

    free = case((slot.c.free > 0, slot.c.free), else_=0)
    query = select(
        slot.c.institution, slot.c.date, func.count().label("slots"),
        func.sum(case((slot.c.status == "stopped", 1), else_=0)).label("stopped"), total(slot.c.total).label("total"),
        total(free).label("free"), func.sum(slot.c.held).label("held"), func.sum(slot.c.sold).label("sold"),
        func.sum(slot.c.unsure).label("unsure"),
        total(slot.c.total - slot.c.free - slot.c.held - slot.c.sold).label("others"), func.min(slot.c.as_of).label("oldest"),
    ).where(slot.c.status != "gone").group_by(slot.c.institution, slot.c.date).order_by(slot.c.institution, slot.c.date)  # fmt: skip
    query = query.where(slot.c.date >= first) if first else query
    query = query.where(slot.c.date <= last) if last else query
    query = query.where(slot.c.institution == hospital) if hospital else query
    return [
        PoolLine(hospital=row.institution, date=row.date, slots=row.slots, stopped=int(row.stopped), total=int(row.total),
                 free=int(row.free), held=int(row.held), sold=int(row.sold), unsure=int(row.unsure), others=int(row.others),
                 oldest=row.oldest)
        for row in connection.execute(query)
    ]  # fmt: skip


def order_counts(connection: Connection, hospital: str = "") -> dict[tuple[str, str, str], int]:
    """Count the orders by hospital, state and what is pending, of all hospitals or of one."""
    query = select(order.c.institution, order.c.state, order.c.pending, func.count())
    query = query.where(order.c.institution == hospital) if hospital else query
    grouped = query.group_by(order.c.institution, order.c.state, order.c.pending)
    return {(place, state, pending): number for place, state, pending, number in connection.execute(grouped)}


def waiting_orders(connection: Connection, limit: int = 50) -> list[OrderLine]:
    """List the orders whose hospital has not answered, the longest waiting first."""
    live = order.c.state.in_(("locked", "booking", "booked", "paid", "fetched"))
    waits = live & ((order.c.state == "booking") | (order.c.pending != ""))
    return _lines(connection, select(order).where(waits).order_by(order.c.changed).limit(limit))


def latest_orders(connection: Connection, hospital: str = "", state: str = "", limit: int = 50) -> list[OrderLine]:
    """List the orders that moved last, of one hospital or in one state when asked."""
    query = select(order).order_by(order.c.changed.desc(), order.c.order_id).limit(limit)
    query = query.where(order.c.institution == hospital) if hospital else query
    return _lines(connection, query.where(order.c.state == state) if state else query)


def _lines(connection: Connection, query: Any) -> list[OrderLine]:
    return [
        OrderLine(order=row.order_id, hospital=row.institution, portal=row.portal, state=row.state, pending=row.pending,
                  date=row.date, slot=row.slot, created=row.created, changed=row.changed)
        for row in connection.execute(query)
    ]  # fmt: skip


def order_page(seal: Seal, connection: Connection, order_id: str) -> tuple[OrderView, list[EventLine]] | None:
    """Show one order, the patient's name masked, with all its events."""
    one = Orders(seal, lambda _institution: 0.0).read(connection, order_id)
    if one is None:
        return None
    rows = connection.execute(select(event).where(event.c.order_id == order_id).order_by(event.c.seq)).all()
    events = [
        EventLine(at=row.at, what=row.what, who=row.who, state=row.state, pending=row.pending, code=row.code, trace=row.trace,
                  why=seal.open_text(row.why, table="booking_event", column="why", row=order_id))
        for row in rows
    ]  # fmt: skip
    return order_view(connection, one), events


def open_differences(connection: Connection, limit: int = 200, hospital: str = "") -> list[DifferenceLine]:
    """List where hospitals' books and ours differ, the oldest first, of all hospitals or of one."""
    query = select(difference).where(difference.c.state == "open").order_by(difference.c.found).limit(limit)
    rows = connection.execute(query.where(difference.c.institution == hospital) if hospital else query)
    return [
        DifferenceLine(hospital=row.institution, date=row.date, order=row.order_id, kind=row.kind, ours=row.ours,
                       theirs=row.theirs, found=row.found)
        for row in rows
    ]  # fmt: skip
