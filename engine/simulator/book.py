"""Keep the simulated hospital's own book: who has which seat, and what has become of each order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date, datetime, timedelta
from threading import RLock
from typing import Any, Literal

from engine.message import SHANGHAI
from engine.simulator.clinic import UNLIMITED, Clinics, Place
from engine.simulator.orders import BOOKED, CANCELLED, FETCHED, PAID, REFUNDED, SEATED, Lock, Order, Refusal, State, Trade

LOCK_LIFE = timedelta(minutes=10)
"""How long a lock lives when nobody gives it back (the later versions of the Jilin text, 3.1.2)."""


def now() -> datetime:
    """Give the moment in the hospital's time zone."""
    return datetime.now(SHANGHAI)


class Book:
    """The hospital's book; every method is whole, whichever thread calls it. Refused calls raise Refusal and change nothing."""

    def __init__(self, clinics: Clinics, clock: Callable[[], datetime] = now, lock_life: timedelta = LOCK_LIFE) -> None:
        self.clinics = clinics
        self.clock = clock
        self.places: dict[str, Place] = {place.id: place for place in clinics.places}
        self.orders: dict[str, Order] = {}
        self.trades: list[Trade] = []
        self.taken: dict[str, int] = dict.fromkeys(self.places, 0)
        self.locks: dict[str, Lock] = {}
        self.stopped: set[str] = set()
        self.patients: dict[str, str] = {}
        self._numbers: set[str] = set()
        self._life = lock_life
        self._guard = RLock()

    # what there is

    def left(self, place: str) -> int:
        """Give the numbers left at a place; 99 where there is no limit."""
        with self._guard:
            self._expire()
            total = self.places[place].total
            return UNLIMITED if total == UNLIMITED else total - self.taken[place]

    def is_stopped(self, place: str) -> bool:
        """Tell whether the clinic of this place was stopped."""
        return place in self.stopped

    def patient(self, card: str) -> str:
        """Give the hospital's number of the holder of a card or document, a new one for whom it does not know."""
        with self._guard:
            known = self.patients.get(card)
            if known is None:
                known = f"P{len(self.patients) + 1:07}"
                self.remember(card, known)
            return known

    def remember(self, card: str, number: str) -> None:
        """Note the number of a person."""
        self.patients[card] = number
        self._numbers.add(number)

    def knows(self, patient: str) -> bool:
        """Tell whether the hospital gave out this patient number."""
        with self._guard:
            return patient in self._numbers

    # what the platform asks

    def lock(self, lock_id: str, place: str) -> None:
        """Keep a seat (2005)."""
        with self._guard:
            self._expire()
            if lock_id in self.locks or lock_id in self.orders:
                raise Refusal("200504", "锁号编号已存在")
            self._seat(place, invalid="200501", full="200505")
            self.locks[lock_id] = Lock(lock_id, place, self.clock() + self._life)

    def unlock(self, lock_id: str) -> None:
        """Let go of a kept seat (2006)."""
        with self._guard:
            self._expire()
            lock = self.locks.pop(lock_id, None)
            if lock is None:
                raise Refusal("200601", "锁号编号不存在")
            self.taken[lock.place] -= 1

    def order(self, order_id: str, place: str, patient: str, card: str, fee: int) -> Order:
        """Book a seat (2007), the one kept under the same number when there is one."""
        with self._guard:
            self._expire()
            if order_id in self.orders:
                raise Refusal("200708", "平台订单号已存在")
            self._fee_is(place, fee)
            lock = self.locks.get(order_id)
            if lock is None or lock.place != place:
                self._seat(place, invalid="200705", full="200709")
            else:
                del self.locks[order_id]
            number = len(self.orders) + 1
            made = Order(order_id, f"H{number:08}", place, patient, card, fee, serial=str(self.taken[place]))
            self.orders[order_id] = made
            return made

    def pay(self, order_id: str, serial: str, fee: int) -> Order:
        """Take note of a payment (2008)."""
        with self._guard:
            order = self._find(order_id, "200801")
            self._must_be(order, BOOKED, {PAID: "200802", FETCHED: "200803", CANCELLED: "200805", REFUNDED: "200806"})
            if fee != order.fee:
                raise Refusal("200804", f"金额不符：应付 {order.fee} 分")
            order.state, order.pay_serial, order.pay_id = PAID, serial, f"PAY{order.number}"
            self._trade("1", order, serial, order.pay_id)
            return order

    def cancel(self, order_id: str, at: str) -> Order:
        """Cancel an order that is not paid (2009); a repeat succeeds."""
        with self._guard:
            order = self._find(order_id, "200901")
            if order.state == CANCELLED:
                return order
            self._must_be(order, BOOKED, {PAID: "200902", FETCHED: "200903", REFUNDED: "200806"})
            self._free(order, CANCELLED)
            order.cancelled = at
            return order

    def refund(self, order_id: str, request: str, fee: int) -> Order:
        """Give back what was paid (2010); the same REFUND_ID again succeeds, another one is refused."""
        with self._guard:
            order = self._find(order_id, "201001")
            if order.state == REFUNDED and order.refund_request == request:
                return order
            self._must_be(order, PAID, {BOOKED: "200807", FETCHED: "200807", CANCELLED: "200805", REFUNDED: "200806"})
            return self._give_back(order, request, fee, wrong="201003")

    def fetch(self, order_id: str) -> Order:
        """Give out the number (2011); a repeat gives the same."""
        with self._guard:
            order = self._find(order_id, "201101")
            if order.state != FETCHED:
                self._must_be(order, PAID, {BOOKED: "201102", CANCELLED: "201102", REFUNDED: "201102"})
                order.state, order.fetched = FETCHED, self.clock().strftime("%Y-%m-%d %H:%M:%S")
            return order

    def find(self, order_id: str) -> Order | None:
        """Look an order up."""
        with self._guard:
            return self.orders.get(order_id)

    def between(self, first: date, last: date) -> list[Order]:
        """List the orders whose visit is between two days, both included, in the order in which they were made."""
        with self._guard:
            return [order for order in self.orders.values() if first <= self.places[order.place].day <= last]

    def traded(self, day: date) -> list[Trade]:
        """List the money that moved on a day, in order."""
        with self._guard:
            return [trade for trade in self.trades if trade.at.date() == day]

    # what the hospital does by itself

    def stop(self, places: Iterator[Place]) -> None:
        """Stop the clinics of these places; their orders stay as they are until the platform moves them."""
        with self._guard:
            self.stopped.update(place.id for place in places)

    def sell(self, place: str, number: int) -> int:
        """Sell seats at the hospital's own window; returns how many there were to sell."""
        with self._guard:
            self._expire()
            sold = min(number, self.places[place].total - self.taken[place])
            self.taken[place] += sold
            return sold

    def cancel_here(self, order_id: str) -> Order:
        """Cancel an unpaid order at the hospital (told by 5002)."""
        return self.cancel(order_id, self.clock().strftime("%Y-%m-%d %H:%M:%S"))

    def refund_here(self, order_id: str) -> Order:
        """Give back at the window what was paid, fetched or not (told by 5003)."""
        with self._guard:
            order = self._find(order_id, "201001")
            if order.state not in (PAID, FETCHED):
                raise Refusal("201002", "订单状态不能退费")
            return self._give_back(order, f"WIN{order.number}", order.fee, wrong="201003")

    def pay_here(self, order_id: str) -> Order:
        """Take money at the window and give out the number at once (told by 5005)."""
        with self._guard:
            self.pay(order_id, "WINDOW", self._find(order_id, "200801").fee)
            return self.fetch(order_id)

    def dump(self) -> dict[str, Any]:
        """Write the whole book as plain values: places with their counts, orders, locks."""
        with self._guard:
            self._expire()
            return {
                "places": [
                    {"id": one.id, "total": one.total, "taken": self.taken[one.id], "stopped": one.id in self.stopped}
                    for one in self.places.values()
                ],
                "orders": [asdict(order) for order in self.orders.values()],
                "locks": sorted(self.locks),
            }

    def _find(self, order_id: str, unknown: str) -> Order:
        order = self.orders.get(order_id)
        if order is None:
            raise Refusal(unknown, "预约订单不存在")
        return order

    @staticmethod
    def _must_be(order: Order, state: str, otherwise: dict[str, str]) -> None:
        if order.state != state:
            raise Refusal(otherwise[order.state], f"订单当前状态为 {order.state}，不能办理")

    def _fee_is(self, place: str, fee: int) -> None:
        known = self.places.get(place)
        if known and fee != known.doctor.fee + known.doctor.treat_fee:
            raise Refusal("200701", "挂号费与诊疗费与医院不符")

    def _seat(self, place: str, *, invalid: str, full: str) -> None:
        known = self.places.get(place)
        if known is None or place in self.stopped or known.day < self.clock().date():
            raise Refusal(invalid, "排班不存在、已停诊或已过期")
        if known.total != UNLIMITED and self.taken[place] >= known.total:
            raise Refusal(full, "号源已满")
        self.taken[place] += 1

    def _free(self, order: Order, state: State) -> None:
        if order.state in SEATED:
            self.taken[order.place] -= 1
        order.state = state

    def _give_back(self, order: Order, request: str, fee: int, *, wrong: str) -> Order:
        if fee != order.fee:
            raise Refusal(wrong, f"退费金额不符：已付 {order.fee} 分")
        self._free(order, REFUNDED)
        order.refund_request, order.refund_id, order.refunded = request, f"REF{order.number}", fee
        self._trade("2", order, request, order.refund_id)
        return order

    def _trade(self, kind: Literal["1", "2"], order: Order, serial: str, hospital_number: str) -> None:
        made = Trade(
            kind=kind, order=order.id, number=order.number, serial=serial, hospital_number=hospital_number, fee=order.fee, at=self.clock()
        )  # fmt: skip
        self.trades.append(made)

    def _expire(self) -> None:
        """Let go of the locks that nobody gave back in time."""
        if self.locks:
            moment = self.clock()
            for lock in [one for one in self.locks.values() if one.until <= moment]:
                del self.locks[lock.id]
                self.taken[lock.place] -= 1
