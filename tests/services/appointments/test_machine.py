"""Whatever a hospital loses, delays or stops, no seat is sold twice, none leaks, and every order ends where the hospital has it."""

import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, precondition, rule
from sqlalchemy import select

from engine.errors import EngineError, Unavailable
from engine.services.appointments import figures, reconciliation
from engine.services.appointments.model import BookWish
from engine.services.appointments.orders import ARROWS
from engine.services.appointments.tables import event
from engine.store.database import Database
from tests.support.booking import HOSPITAL, PORTAL, Office
from tests.support.databases import migrated_file
from tests.support.house_hospital import DAY, FUNCTIONS, MemoryHospital, Seats, lost

TOTAL = 3
THEIRS = {"2": "booked", "3": "fetched", "4": "cancelled", "5": "refunded", "6": "paid"}
FAULTS = ("well", "away", "question lost", "answer lost", "says 99 and did nothing", "says 99 and did it")


class Appointments(RuleBasedStateMachine):
    """Portals, the worker, the clock and the hospital act in any order, each call of the hospital going well or not."""

    orders = Bundle("orders")

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.database = Database(migrated_file(Path(self.folder.name) / "machine.db"))
        self.hospital = MemoryHospital(slots={"S1": Seats(TOTAL), "S2": Seats(1)})
        self.requests = 0

    @initialize(asks=st.booleans(), locks=st.booleans())
    def open(self, asks, locks):
        functions = FUNCTIONS - (set() if asks else {"2012"}) - (set() if locks else {"2005", "2006"})
        self.office = Office(self.database, self.hospital, functions=frozenset(functions))
        self.office.pull()

    def fault(self, kind):
        """Let the next questions that change something meet one fault; those that only ask are met by it too."""
        hospital = self.hospital
        hospital.before = hospital.after = lambda _function: None
        hospital.fails = ""
        if kind == "away":
            hospital.before = lambda _function: (_ for _ in ()).throw(lost(unknown=False))
        elif kind == "question lost":
            hospital.before = lambda _function: (_ for _ in ()).throw(lost(unknown=True))
        elif kind == "answer lost":
            hospital.after = lambda _function: (_ for _ in ()).throw(lost(unknown=True))
        self.garbled = kind if kind.startswith("says") else ""

    def act(self, kind, do):
        """Do something while the hospital has a fault; refusals and hospitals that are away are answers too."""
        self.fault(kind)
        ask = self.hospital.ask

        def garbling(institution, function, values):
            if function in ("2012", "2003") or not self.garbled:
                return ask(institution, function, values)
            if self.garbled == "says 99 and did it":
                ask(institution, function, values)
            reply = ask(institution, "2001", {})
            return type(reply)(code="99", message="", values={}, asked=reply.asked, answered=reply.answered)

        counter = self.office.service.counter
        object.__setattr__(counter, "ask", garbling)
        found = None
        with suppress(EngineError):
            found = do()
        object.__setattr__(counter, "ask", ask)
        self.fault("well")
        return found

    @rule(target=orders, kind=st.sampled_from(FAULTS), slot=st.sampled_from(("S1", "S2")), locked=st.booleans())
    def wish(self, kind, slot, locked):
        self.requests += 1
        request = f"r{self.requests}"
        take = self.office.lock if locked else self.office.book
        self.act(kind, lambda: take(request, slot, self.requests))
        with suppress(EngineError):
            return self.office.service.order(PORTAL, request_id=request).order
        return ""

    @rule(order=orders, kind=st.sampled_from(FAULTS))
    def book_lock(self, order, kind):
        self.act(kind, lambda: self.office.service.book(PORTAL, f"b{order}", BookWish(order=order)))

    @rule(order=orders, kind=st.sampled_from(FAULTS))
    def pay(self, order, kind):
        self.act(kind, lambda: self.office.pay(order, f"s{order}"))

    @rule(order=orders, kind=st.sampled_from(FAULTS))
    def cancel(self, order, kind):
        self.act(kind, lambda: self.office.service.cancel(PORTAL, order, "不去了"))

    @rule(order=orders, kind=st.sampled_from(FAULTS))
    def fetch(self, order, kind):
        self.act(kind, lambda: self.office.service.fetch(PORTAL, order))

    @rule(order=orders, kind=st.sampled_from(FAULTS))
    def tend(self, order, kind):
        if order:
            self.act(kind, lambda: self.office.tend(order))

    @rule(kind=st.sampled_from(("well", "away")))
    def pull(self, kind):
        with suppress(Unavailable):
            self.fault(kind)
            self.office.pull()
        self.fault("well")

    @rule(minutes=st.sampled_from((1, 9, 12, 31)))
    def wait(self, minutes):
        self.office.clock.turn(minutes=minutes)

    @rule(order=consumes(orders))
    def hospital_cancels(self, order):
        one = self.hospital.orders.get(order)
        if one is not None and one["STATUS"] == "2":
            one["STATUS"] = "4"
            self.office.service.answer(HOSPITAL, "5002", {"ORDER_ID": order, "CANCEL_DATE": DAY})

    @rule(order=consumes(orders))
    def window(self, order):
        one = self.hospital.orders.get(order)
        if one is not None and one["STATUS"] == "2":
            one["STATUS"] = "3"
            self.office.service.answer(HOSPITAL, "5005", {"ORDER_ID": order, "PAY_FEE": "2000", "PAY_DATE": DAY})

    @precondition(lambda self: self.hospital.slots["S1"].status == "1")
    @rule()
    def stop(self):
        for one in self.hospital.slots.values():
            one.status = "0"
        chosen = {"DEPT_ID": "D1", "DOCTOR_ID": "-1", "REG_DATE": DAY, "TIME_FLAG": "1"}
        self.office.service.answer(HOSPITAL, "5001", {**chosen, "STOP_REMARK": str(self.requests)})

    @precondition(lambda self: self.hospital.slots["S1"].status == "0")
    @rule()
    def reopen(self):
        for one in self.hospital.slots.values():
            one.status = "1"

    @invariant()
    def no_seat_is_sold_twice_and_the_counts_are_those_of_the_orders(self):
        if not hasattr(self, "office"):
            return
        self.office.agree()
        for row in self.office.slot_rows():
            assert row.free + row.held + row.sold + row.doubt == row.total, "only we sell here: no seat is lost and none is made"
            assert self.hospital.taken(row.slot) <= row.total

    def teardown(self):
        if hasattr(self, "office"):
            self.settle()
        self.database.close()
        self.folder.cleanup()

    def settle(self):
        """Heal the hospital and let the worker do what is due: then both books agree, and nothing is held back."""
        self.fault("well")
        for _ in range(4):
            self.office.tend_all(4)
            self.office.clock.turn(minutes=11)
        states = self.office.states()
        for order_id, (state, pending) in states.items():
            theirs = THEIRS.get(self.hospital.orders.get(order_id, {}).get("STATUS", ""), "")
            assert pending == "", (order_id, state, pending)
            assert state == theirs or (theirs in ("", "cancelled") and state in ("cancelled", "failed")), (state, theirs)
        assert self.hospital.locks == {}
        for row in self.office.slot_rows():
            assert (row.doubt, row.free + row.sold) == (0, row.total), "every answer gave back what was in doubt"
        self.office.pull()
        self.office.agree()
        for row in self.office.slot_rows():
            assert (row.held, row.unsure) == (0, 0)
            assert row.free == row.total - self.hospital.taken(row.slot)
            assert row.free + row.sold == row.total
        if self.office.terms.functions >= {"2012"}:
            assert reconciliation.reconcile(self.office.service.counter, HOSPITAL, DAY).differences == 0
        self.every_way_was_an_arrow()

    def every_way_was_an_arrow(self):
        with self.database.read() as connection:
            last = {}
            for row in connection.execute(select(event.c.order_id, event.c.state).order_by(event.c.seq)):
                before = last.get(row.order_id, row.state)
                assert row.state == before or row.state in ARROWS[before]
                last[row.order_id] = row.state
            assert last == {one: state for one, (state, _) in self.office.states().items()}
            assert figures.pools(connection)


TestMachine = Appointments.TestCase
TestMachine.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
