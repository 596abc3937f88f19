"""Compare a hospital's own book of a day with ours: orders by day of visit (2012), bills by day of trade (9003)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from engine.errors import DestinationError, TryAgain
from engine.hospital import Values
from engine.services.appointments.asking import VALUES
from engine.services.appointments.conclusions import adopt, number
from engine.services.appointments.counter import Counter, filled
from engine.services.appointments.orders import Order
from engine.services.appointments.tables import difference, order
from engine.store.again import again
from engine.store.database import insert_into

RECONCILE = "reconcile"
"""The errand of comparing one day; its subject is institution and day, with a blank between."""

_PAGE = 100
_MOST_PAGES = 1000
_CODE = {"booked": "2", "fetched": "3", "cancelled": "4", "refunded": "5", "paid": "6"}
Found = dict[tuple[str, str], tuple[str, str]]
"""Differences by order and kind: our side, their side."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What came of comparing a day: orders compared, orders that took over the hospital's word, differences left for a person."""

    compared: int
    adopted: int
    differences: int


def reconcile(counter: Counter, institution: str, day: str) -> Reconciled:
    """Compare one day of visits. An order that moved while the hospital was asked is left to the next time.

    What the hospital's record decides is taken over; an order that it still holds and we have ended is cancelled there once more, a
    payment that it does not know is told once more; all else is a difference. Raises Unavailable and TryAgain.
    """
    started = counter.now()
    theirs = _theirs(counter, institution, day)
    with counter.database.read() as connection:
        where = (order.c.institution == institution, order.c.date == day)
        ours = {row.order_id: counter.orders.opened(row) for row in connection.execute(select(order).where(*where))}
    found: Found = {}
    adopted = 0
    for order_id in sorted({*ours, *theirs}):
        one, record = ours.get(order_id), theirs.get(order_id)
        if one is None:
            found[order_id, "unknown-here"] = ("", str(record.get("ORDER_STATUS", "")) if record else "")
        elif not (one.live and one.unanswered) and one.changed < started:
            adopted += _compare(counter, one, record, found)
    if counter.offers(institution, "9003"):
        _compare_bills(counter, institution, day, found)
    again(counter.database, lambda connection: _write(connection, institution, day, found, counter.now()))
    return Reconciled(compared=len(ours), adopted=adopted, differences=len(found))


def _compare(counter: Counter, one: Order, record: Values | None, found: Found) -> bool:
    """Compare one order; true when it took over the hospital's word."""
    there = str(record.get("ORDER_STATUS", "1")) if record else "1"
    if there == _CODE.get(one.state) or (there in ("1", "4") and one.state in ("cancelled", "failed", "locked")):
        return False
    if one.live and record is not None:
        window = counter.rules_of(one.institution).payment_window
        by = adopt(one, record, window, counter.now())
        if by is not None:
            return again(counter.database, lambda connection: counter.orders.move(connection, one, by, counter.now())) is not None
    if there == "2" and one.state in ("cancelled", "failed") and _told(counter, one, "2009"):
        return False
    if there == "2" and one.state == "paid" and _told(counter, one, "2008"):
        return False
    found[one.order_id, "state"] = (one.state, there)
    return False


def _told(counter: Counter, one: Order, function: str) -> bool:
    """Ask a hospital once more for what it should have done; true when it has."""
    if not counter.offers(one.institution, function):
        return False
    with suppress(DestinationError):
        code = counter.ask(one.institution, function, filled(VALUES[function](one))).code
        return code in {"2009": ("0", "200805"), "2008": ("0", "200802")}[function]
    return False


def _theirs(counter: Counter, institution: str, day: str) -> dict[str, Values]:
    """Read the hospital's orders of a day, page by page."""
    asked = {"BEGIN_DATE": day, "END_DATE": day}
    return {str(each["ORDER_ID"]): each for each in _pages(counter, institution, "2012", "ORDER_LIST", asked, "201201")}


def _pages(
    counter: Counter, institution: str, function: str, node: str, asked: Mapping[str, str], none: str
) -> list[Values]:  # fmt: skip
    found: list[Values] = []
    for page in range(1, _MOST_PAGES + 1):
        values = {**asked, "PAGE_CURRENT": str(page), "PAGE_SIZE": str(_PAGE)}
        reply = counter.ask(institution, function, filled(values))
        if reply.code == none:
            return found
        if reply.code != "0":
            raise TryAgain(f"{function} answered {reply.code}")
        rows = reply.values.get(node, ())
        found += rows
        if not rows or len(found) >= number(reply.values.get("COUNT")):
            return found
    raise TryAgain(f"{function} gave more than {_MOST_PAGES} pages")


def _compare_bills(counter: Counter, institution: str, day: str, found: Found) -> None:
    """Compare the money of a day of trade: every bill must be an order's payment or refund, in the same sum."""
    bills = _pages(counter, institution, "9003", "RECORD_LIST", {"BILL_DATE": day}, "900301")
    with counter.database.read() as connection:
        for bill in bills:
            one = counter.orders.read(connection, str(bill.get("ORDER_ID", "")))
            trade = "payment" if str(bill.get("TRADE_TYPE", "")) == "1" else "refund"
            fee = number(bill.get("TRADE_FEE"))
            ours = 0 if one is None or one.institution != institution else one.paid if trade == "payment" else one.refund
            if ours != fee:
                found[str(bill.get("ORDER_ID", "")), trade] = (str(ours), str(fee))


def _write(connection: Connection, institution: str, day: str, found: Found, at: datetime) -> None:
    """Keep the differences of a day, and settle those that are no more."""
    for (order_id, kind), (ours, theirs) in sorted(found.items()):
        row = {"institution": institution, "date": day, "order_id": order_id, "kind": kind, "ours": ours, "theirs": theirs}
        insert = insert_into(connection.dialect.name, difference).values(**row, state="open", found=at, settled=None)
        again_open = {"ours": ours, "theirs": theirs, "state": "open", "settled": None}
        keys = ["institution", "date", "order_id", "kind"]
        connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=again_open))
    mine = (difference.c.institution == institution, difference.c.date == day, difference.c.state == "open")
    for order_id, kind in connection.execute(select(difference.c.order_id, difference.c.kind).where(*mine)).all():
        if (order_id, kind) not in found:
            key = (*mine, difference.c.order_id == order_id, difference.c.kind == kind)
            connection.execute(update(difference).where(*key).values(state="settled", settled=at))
