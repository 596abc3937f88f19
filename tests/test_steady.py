"""A clock that is set is noticed, and ends no lease before its time."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.steady import TOLERATED, Jumps, LeaseTime

LEASE = 120.0


class Machine:
    """A machine whose clock can be set while its steady one only counts on."""

    def __init__(self):
        self.wall, self.steady = 1_800_000_000.0, 50.0

    def runs(self, seconds):
        self.wall += seconds
        self.steady += seconds

    def both(self):
        return (lambda: self.wall), (lambda: self.steady)

    def now(self, later=0.0):
        return datetime.fromtimestamp(self.wall, UTC) + timedelta(seconds=later)


@pytest.fixture
def machine():
    return Machine()


@pytest.mark.parametrize("by", [86_400.0, -3600.0, TOLERATED, -TOLERATED])
def test_a_jump_is_told_once(machine, by):
    jumps = Jumps(*machine.both())
    machine.runs(10)
    assert jumps.since_last() == 0.0
    machine.wall += by
    machine.runs(3)
    assert jumps.since_last() == pytest.approx(by)
    assert jumps.since_last() == 0.0


def test_a_clock_that_is_slewed_never_jumps(machine):
    jumps = Jumps(*machine.both())
    for _ in range(1000):
        machine.runs(60)
        machine.wall += 0.03
        assert jumps.since_last() == 0.0


def test_a_clock_set_forward_ends_no_lease_of_before(machine):
    leases = LeaseTime(*machine.both())
    until = machine.now(LEASE)
    machine.runs(10)
    machine.wall += 86_400
    assert leases.now(LEASE) < until
    machine.runs(LEASE - 11)
    assert leases.now(LEASE) < until
    machine.runs(2)
    assert leases.now(LEASE) > until


def test_once_every_lease_of_before_has_ended_the_new_time_counts(machine):
    leases = LeaseTime(*machine.both())
    machine.wall += 86_400
    assert leases.now(LEASE) == machine.now(-86_400)
    taken = machine.now(LEASE)
    machine.runs(LEASE + 1)
    assert leases.now(LEASE) == machine.now() > taken


def test_two_jumps_forward_are_counted_together(machine):
    leases = LeaseTime(*machine.both())
    machine.wall += 3600
    leases.now(LEASE)
    machine.runs(5)
    machine.wall += 600
    assert leases.now(LEASE) == machine.now(-4200)


def test_a_clock_set_back_lets_leases_last_longer(machine):
    leases = LeaseTime(*machine.both())
    machine.wall -= 3600
    assert leases.now(LEASE) == machine.now()
