"""Offer appointments to the doors: every operation of portals, and every function by which hospitals call us."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from engine.hospital import Ask, Values
from engine.services.appointments import booking, changing, patients, pushes, reconciliation, resolving, sync, views
from engine.services.appointments.counter import Counter, ReportNews, no_reports, utc_now
from engine.services.appointments.model import (
    Answer,
    BookWish,
    Checked,
    Department,
    Doctor,
    Hospital,
    Listing,
    LockWish,
    Notice,
    OrderQuery,
    OrderView,
    Page,
    Patient,
    Payment,
    Schedule,
    Slot,
    Steps,
    TermsOf,
)  # fmt: skip
from engine.services.appointments.notices import list_notices
from engine.services.appointments.orders import TEND, Order
from engine.services.appointments.refusals import refuse
from engine.services.appointments.rules import BookingRules
from engine.store import errands
from engine.store.database import Database
from engine.store.sealing import Seal

Handler = Callable[[str], datetime | None]
"""Do an errand by its subject; give when it is next due, None when it is done."""


class Appointments:
    """Everything a portal or a hospital may ask about appointments; each call waits, so run it on a thread.

    Refusals for business reasons raise SenderError with one Issue (SND-7xx); a store that is away raises TryAgain. `portal` is the
    admitted caller's institution code, `trace` the id of its call, kept with the order's event: that row is the journal's.
    """

    def __init__(
        self, database: Database, seal: Seal, ask: Ask, terms: TermsOf, rules: BookingRules, *,
        steps: Steps = lambda _step: None, now: Callable[[], datetime] = utc_now, reports: ReportNews = no_reports,
    ) -> None:  # fmt: skip
        self.counter = Counter(
            database=database, seal=seal, ask=ask, terms_of=terms, rules=rules, steps=steps, now=now, reports=reports
        )

    def exchange(self, terms: TermsOf, rules: BookingRules) -> None:
        """Work by other terms and rules from the next call on; what is under way ends as it began."""
        self.counter = replace(self.counter, terms_of=terms, rules=rules)

    def hospitals(self, page: Page) -> Listing[Hospital]:
        """List the hospitals."""
        return views.hospitals(self.counter, page)

    def departments(self, hospital: str, page: Page) -> Listing[Department]:
        """List the departments of a hospital."""
        return views.departments(self.counter, hospital, page)

    def doctors(self, hospital: str, department: str, page: Page) -> Listing[Doctor]:
        """List the doctors of a hospital, of one department when it is given."""
        return views.doctors(self.counter, hospital, department, page)

    def schedules(self, hospital: str, department: str, doctor: str, first: str, last: str, page: Page) -> Listing[Schedule]:
        """List half days; every choice but the hospital may be ""."""
        return views.schedules(self.counter, hospital, department, doctor, first, last, page)

    def slots(self, hospital: str, schedule: str) -> tuple[Slot, ...]:
        """List the slots of a half day."""
        return views.slots(self.counter, hospital, schedule)

    def check_patient(self, hospital: str, patient: Patient) -> Checked:
        """Check a patient's particulars and find the patient in the hospital's file."""
        self.counter.terms(hospital)
        rules = self.counter.rules_of(hospital)
        return patients.known_at(self.counter, hospital, patients.check_particulars(patient, rules, self.counter.now()))

    def lock(self, portal: str, request_id: str, wish: LockWish, *, trace: str = "") -> OrderView:
        """Hold a seat for a while."""
        return self._shown(booking.lock(self.counter, portal, request_id, wish, trace))

    def unlock(self, portal: str, order: str, *, trace: str = "") -> OrderView:
        """Give a held seat back."""
        return self._shown(booking.unlock(self.counter, portal, order, trace))

    def book(self, portal: str, request_id: str, wish: BookWish, *, trace: str = "") -> OrderView:
        """Book a slot, or what was locked; an answer that did not come leaves the order in state booking."""
        return self._shown(booking.book(self.counter, portal, request_id, wish, trace))

    def pay(self, portal: str, order: str, payment: Payment, *, trace: str = "") -> OrderView:
        """Tell of money that was taken for an order."""
        return self._shown(changing.pay(self.counter, portal, order, payment, trace))

    def cancel(self, portal: str, order: str, reason: str, *, trace: str = "") -> OrderView:
        """Cancel an unpaid order, refund a paid one, give a lock back."""
        return self._shown(changing.cancel(self.counter, portal, order, reason, trace))

    def fetch(self, portal: str, order: str, *, trace: str = "") -> OrderView:
        """Fetch the number of a paid order."""
        return self._shown(changing.fetch(self.counter, portal, order, trace))

    def order(self, portal: str, *, order: str = "", request_id: str = "") -> OrderView:
        """Show one order of a portal by its number or by the portal's own number of the wish."""
        if order:
            return self._shown(booking.own(self.counter, portal, order))
        with self.counter.database.read() as connection:
            found = self.counter.orders.by_request(connection, portal, request_id)
            if found is None:
                raise refuse("SND-713")
            return views.order_view(connection, found)

    def orders(self, portal: str, query: OrderQuery) -> Listing[OrderView]:
        """List a portal's own orders."""
        return views.list_orders(self.counter, portal, query)

    def notices(self, portal: str, after: int, page: Page) -> Listing[Notice]:
        """List what a portal must tell, after the number it remembers."""
        if page.token and not page.token.isdecimal():
            raise refuse("SND-721")
        return list_notices(self.counter.database, self.counter.seal, portal, after, page)

    def answer(self, institution: str, function: str, values: Values, trace: str = "") -> Answer:
        """Answer a hospital that calls (5001 to 5006, 6001, 6002, 7001); `values` are those of REQ, read by documents/jilin."""
        return pushes.answer(self.counter, institution, function, values, trace)

    def told(self, connection: Connection, institution: str, function: str, values: Values, trace: str = "") -> Answer:
        """Let a hospital's word move an order (5002 to 5005) within the caller's transaction; raises Collision when it moved meanwhile."""
        return pushes.effect(self.counter, connection, institution, function, values, trace)

    def sync_now(self, institution: str) -> None:
        """Ask for a full pull of a hospital at once."""
        self.counter.terms(institution)
        errands.Errands(self.counter.database).put(sync.FULL, institution, institution, self.counter.now())

    def handlers(self) -> Mapping[str, Handler]:
        """Give what is done for each kind of errand, for the runner of a worker."""
        return {
            TEND: lambda subject: resolving.tend(self.counter, subject),
            sync.FULL: lambda subject: sync.pull_hospital(self.counter, subject),
            sync.DOCTORS: lambda subject: sync.pull_doctors(self.counter, *_two(subject)),
            sync.SLOTS: lambda subject: sync.pull_slots(self.counter, *_two(subject)),
            reconciliation.RECONCILE: self._reconcile,
        }

    def _reconcile(self, subject: str) -> None:
        reconciliation.reconcile(self.counter, *_two(subject))

    def _shown(self, one: Order) -> OrderView:
        with self.counter.database.read() as connection:
            return views.order_view(connection, one)


def _two(subject: str) -> tuple[str, str]:
    institution, _, rest = subject.partition(" ")
    return institution, rest
