"""Whatever both sides, the clock and a failing hospital do in any order: no seat leaks, each referral goes its way, and its history tells it."""

import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from engine.errors import EngineError, SenderError
from engine.services.referrals.model import SHARING
from engine.services.referrals.moving import ARROWS, LETTING_GO
from engine.store.database import Database
from tests.support.databases import migrated_file
from tests.support.house_hospital import MemoryHospital, Seats, lost
from tests.support.ward import ORIGIN, RECEIVER, REVIEWED, REVIEWER, Ward

TOTAL = {"S1": 2, "S2": 1}
LEADS = {
    "Review": {"applied", "rejected"}, "Accept": {"accepted"}, "Reject": {"rejected"}, "Withdraw": {"withdrawn"}, "Arrive": {"arrived"},
    "Complete": {"completed"}, "ReferBack": {"returned"}, "expire": {"expired"},
}  # fmt: skip
FAULTS = ("well", "well", "question lost", "answer lost", "away")
MOVES = {
    "approve": lambda desk, one: desk.review(REVIEWER, one, "approve"),
    "refuse": lambda desk, one: desk.review(REVIEWER, one, "refuse", "资料不全"),
    "accept": lambda desk, one: desk.accept(RECEIVER, one),
    "reject": lambda desk, one: desk.reject(RECEIVER, one, "无床位"),
    "withdraw": lambda desk, one: desk.withdraw(ORIGIN, one, "不去了"),
    "arrive": lambda desk, one: desk.arrive(RECEIVER, one),
    "complete": lambda desk, one: desk.complete(RECEIVER, one, "已治疗"),
    "back": lambda desk, one: desk.refer_back(RECEIVER, f"b {one}", one, "病情稳定"),
    "attach": lambda desk, one: desk.attach(ORIGIN, one, "A1"),
    "detach": lambda desk, one: desk.detach(ORIGIN, one, "A1"),
}


class Stopped(Exception):
    """The process ended at a named step."""


class Referrals(RuleBasedStateMachine):
    """Clinic, reviewer, hospital, worker and clock act in any order, each call of the hospital going well or not."""

    referrals = Bundle("referrals")

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.database = Database(migrated_file(Path(self.folder.name) / "machine.db"))
        self.hospital = MemoryHospital(slots={name: Seats(total) for name, total in TOTAL.items()})
        self.stop = False
        self.ward = Ward(self.database, self.hospital, steps=self.step, **REVIEWED)
        self.ward.paper("A1")
        self.requests = 0

    def step(self, _at):
        if self.stop:
            raise Stopped

    def teardown(self):
        self.database.close()
        self.folder.cleanup()

    def act(self, fault, do):
        """Do something while the hospital has a fault; refusals are answers too."""
        if fault in ("question lost", "away"):
            self.hospital.before = lambda _function: (_ for _ in ()).throw(lost(unknown=fault != "away"))
        elif fault == "answer lost":
            self.hospital.after = lambda _function: (_ for _ in ()).throw(lost(unknown=True))
        try:
            with suppress(EngineError, Stopped):
                return do()
        finally:
            self.hospital.before = self.hospital.after = lambda _function: None
            self.stop = False

    @rule(
        target=referrals, place=st.integers(1, 3), slot=st.sampled_from(("", "S1", "S2")), fault=st.sampled_from(FAULTS),
        ends=st.booleans(), again=st.booleans(),
    )  # fmt: skip
    def apply(self, place, slot, fault, ends, again):
        self.requests += not again
        self.stop = ends
        found = self.act(fault, lambda: self.ward.apply(f"r{self.requests}", place, slot))
        return multiple() if found is None else found.referral

    @rule(one=referrals, name=st.sampled_from(sorted(MOVES)), fault=st.sampled_from(FAULTS), ends=st.booleans())
    def move(self, one, name, fault, ends):
        self.stop = ends
        self.act(fault, lambda: MOVES[name](self.ward.referrals, one))

    @rule(hours=st.sampled_from((0.1, 1, 20, 60, 400)))
    def time_goes_by(self, hours):
        self.ward.clock.turn(hours=hours)

    @rule(fault=st.sampled_from(FAULTS))
    def the_worker_works(self, fault):
        self.act(fault, self.work)

    def work(self):
        self.ward.office.tend_all(rounds=2)
        for kind, do in sorted(self.ward.referrals.handlers().items()):
            for subject in self.ward.errands(kind):
                with suppress(EngineError):
                    do(subject)

    @invariant()
    def the_pool_agrees_with_its_orders(self):
        self.ward.office.agree()
        for name, total in TOTAL.items():
            free, held, sold, _ = self.ward.office.seats(name)
            assert free + held + sold <= total
            assert self.hospital.taken(name) <= total

    @invariant()
    def each_referral_went_its_way(self):
        desk = self.ward.referrals
        for row in self.ward.rows():
            state = "applied" if row.return_of else "reviewing"
            for entry in desk.whole_history(row.referral)[1:]:
                if entry.what in LEADS:
                    assert state in ARROWS[entry.what].sources
                    assert entry.state in LEADS[entry.what]
                    state = entry.state
                assert entry.state == state
            assert state == row.state
            assert (row.due is None) == (state not in ("reviewing", "applied", "accepted"))

    @invariant()
    def the_shared_record_is_open_exactly_while_it_may_be(self):
        for row in self.ward.rows():
            if row.return_of:
                continue
            try:
                self.ward.referrals.shared_documents(RECEIVER, row.referral)
                opened = True
            except SenderError:
                opened = False
            assert opened == (row.state in SHARING)

    @rule()
    def in_the_end_everything_is_settled(self):
        for _ in range(4):
            self.ward.clock.turn(hours=1)
            self.work()
        states = self.ward.office.states()
        written = {row.order_id: row for row in self.ward.rows() if row.order_id}
        for order, (state, pending) in states.items():
            row = written.get(order)
            assert pending == ""
            if row is None or row.state in LETTING_GO:
                assert state in ("cancelled", "failed"), (order, state)
            elif row.state in ("reviewing", "applied", "accepted", "arrived"):
                assert state in ("booked", "cancelled", "failed"), (order, state)
        for row in written.values():
            assert (row.released is not None) == (row.state in LETTING_GO)
        self.ward.office.agree()


TestReferrals = Referrals.TestCase
TestReferrals.settings = settings(
    max_examples=6, stateful_step_count=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
