"""Read from the store what the page of appointments shows, and put there what its buttons ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from engine.message import SHANGHAI
from engine.monitor.appointments import AppointmentsSource
from engine.monitor.booking import Booking, Health, HospitalCard, Move, OrderSheet, PoolDay, UnsureOrder, Work
from engine.monitor.hospitals import AWAY
from engine.services.appointments import figures
from engine.services.appointments.sync import FULL
from engine.services.audit import Audit, changed
from engine.services.hospitalhealth import HealthCard, cards
from engine.store import errands
from engine.store.database import Database
from engine.store.errands import ErrandLine, Errands
from engine.store.sealing import Seal

LISTED = 20
"""Orders that wait for their hospital's answer which the page lists."""

TEST = "test"
"""The errand that asks a hospital for its time (1001)."""

Names = Callable[[], Mapping[str, str]]
"""Name the hospitals that have an adapter, by institution code."""


@dataclass(frozen=True)
class BookingArchive:
    """The store as this page knows it; every method is one short transaction of its own."""

    database: Database
    seal: Seal
    names: Names

    def source(self) -> AppointmentsSource:
        """Hand the page what it asks."""
        acts = {"test": self._asker(TEST, "hospital test"), "sync": self._asker(FULL, "hospital sync")}
        return AppointmentsSource(read=self.read, order=self.order, acts=acts)

    def read(self, now: datetime | None = None) -> Booking:
        """Read the page's values in one transaction."""
        at, names = now or datetime.now(UTC), dict(self.names())
        today = at.astimezone(SHANGHAI).date().isoformat()
        with self.database.read() as connection:
            pools = figures.pools(connection, first=today)
            counts = figures.order_counts(connection)
            waiting = figures.waiting_orders(connection, LISTED)
            differing = figures.open_differences(connection)
            lines = Errands(self.database).lines(connection, at)
            health = {card.institution: card for card in cards(connection, at)}
        known = {**{line.hospital: line.hospital for line in pools}, **names}
        return Booking(
            now=at,
            hospitals=tuple(
                _card(code, known[code], [one for one in pools if one.hospital == code], counts, differing, health.get(code))
                for code in sorted(known)
            ),
            unsure=tuple(_unsure(one) for one in waiting),
            work=tuple(_work(line) for line in lines),
        )

    def order(self, number: str) -> OrderSheet | None:
        """Read one order with its events; None when there is none of this number."""
        with self.database.read() as connection:
            found = figures.order_page(self.seal, connection, number)
        if found is None:
            return None
        one, events = found
        moves = tuple(
            Move(at=each.at, what=each.what, who=each.who, state=each.state, pending=each.pending, code=each.code, why=each.why)
            for each in events
        )
        return OrderSheet(
            order=one.order, portal=one.portal, hospital=self.names().get(one.hospital, one.hospital), state=one.state, pending=one.pending,
            patient=one.patient_name, department=one.department_name, doctor=one.doctor_name, day=one.date, half=one.half, begin=one.begin,
            end=one.end, payable=one.payable, refund=one.refund, hospital_order=one.hospital_order, queue_number=one.queue_number,
            created=one.created_at, changed=one.changed_at, moves=moves,
        )  # fmt: skip

    def _asker(self, kind: str, reason: str) -> Callable[..., bool]:
        def ask(hospital: str, *, by: str, peer: str) -> bool:
            if hospital not in self.names():
                return False
            with self.database.write() as connection:
                errands.put(connection, kind, hospital, hospital, datetime.now(UTC))
                Audit().write(connection, [changed(reason, institution=hospital, actor=by, peer=peer)])
            return True

        return ask


def _card(
    code: str, name: str, pools: list[figures.PoolLine], counts: Mapping[tuple[str, str, str], int], differing: list[figures.DifferenceLine], health: HealthCard | None
) -> HospitalCard:  # fmt: skip
    orders: dict[str, int] = {}
    pending: dict[str, int] = {}
    for (hospital, state, asked), number in counts.items():
        if hospital == code:
            orders[state] = orders.get(state, 0) + number
            if asked and state != "booking":
                pending[asked] = pending.get(asked, 0) + number
    days = tuple(PoolDay(day=date.fromisoformat(one.date), free=one.free, held=one.held, sold=one.sold) for one in pools)
    return HospitalCard(
        code=code, name=name, days=days, places=sum(one.slots for one in pools), as_of=min((one.oldest for one in pools), default=None),
        orders=orders, pending=pending, differences=sum(one.hospital == code for one in differing), health=_health(health) if health else Health(),
        reachable=health is None or not health.last_outcome.startswith(AWAY),
    )  # fmt: skip


def _health(card: HealthCard) -> Health:
    """Tell failures from refusals: what a hospital answered, if only to refuse, is no failure."""
    failed = {code: number for code, number in card.outcomes.items() if not code.isdigit()}
    last_failed = bool(card.last_outcome) and not card.last_outcome.isdigit()
    return Health(
        calls=card.calls, errors=failed, half=card.p50, most=card.p95, last_good=card.last_answer,
        last_bad=card.last_call if last_failed else None, last_code=card.last_outcome if last_failed else "",
        certificate=card.certificate_until, wsdl_changed=card.wsdl_changed if card.wsdl_words else None, wsdl_words="；".join(card.wsdl_words),
    )  # fmt: skip


def _unsure(one: figures.OrderLine) -> UnsureOrder:
    return UnsureOrder(order=one.order, hospital=one.hospital, state=one.state, pending=one.pending, since=one.changed)


def _work(line: ErrandLine) -> Work:
    return Work(
        kind=line.kind, hospital=line.institution, open=line.open, running=line.running, due=line.oldest_due, last_done=line.last_done,
        last_failed=line.last_failed, failures=line.failures, last_error=line.last_error,
    )  # fmt: skip
