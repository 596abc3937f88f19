"""Live documents go first: history passes one at a time beside them, many at once when it is alone, and always gets on."""

import asyncio
import socket
import time

import pytest

from engine.inbound.lanes import ALONE, AT_ONCE, LONGEST_REST, QUIET, REST, Lanes, Turns
from engine.inhand.pace import Pace, make_pace


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def together(lanes, number, during=lambda: None):
    """Send history calls all at once; gives how many were in hand at most, and the order in which they got in."""
    inside, most, order = 0, 0, []

    async def one(name):
        nonlocal inside, most
        async with lanes.history():
            inside, most = inside + 1, max(most, inside + 1)
            order.append(name)
            during()
            await asyncio.sleep(0)
            inside -= 1

    async def all_of_them():
        await asyncio.wait_for(asyncio.gather(*(one(name) for name in range(number))), 10)

    asyncio.run(all_of_them())
    return most, order


def test_beside_live_documents_history_passes_one_at_a_time_in_order():
    lanes = Lanes(clock=Clock())
    lanes.live()
    assert together(lanes, 20) == (1, list(range(20)))


def test_alone_history_passes_many_at_once():
    assert together(Lanes(clock=Clock()), 40)[0] == ALONE


def test_a_lane_is_quiet_a_while_after_its_last_document():
    clock = Clock()
    lanes = Lanes(clock=clock)
    lanes.live()
    clock.now += QUIET - 0.01
    assert together(lanes, 5)[0] == 1
    later = Lanes(clock=clock)
    later.live()
    clock.now += QUIET
    assert together(later, 5)[0] == 5


def test_history_that_was_let_in_alone_gives_way_when_live_documents_come():
    lanes = Lanes(clock=Clock())
    most, order = together(lanes, 60, during=lanes.live)
    assert most <= ALONE
    assert order == list(range(60))


def test_a_call_that_fails_or_hangs_up_leaves_its_place():
    lanes = Lanes(clock=Clock())
    lanes.live()

    async def fails():
        async with lanes.history():
            raise ZeroDivisionError

    async def hangs_up():
        async with lanes.history():
            waiting = asyncio.create_task(anext(_places(lanes)))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

    async def _all():
        with pytest.raises(ZeroDivisionError):
            await fails()
        await asyncio.wait_for(hangs_up(), 5)
        async with asyncio.timeout(5), lanes.history():
            pass

    asyncio.run(_all())


def one_call(lanes, clock, seconds):
    """Let one history call last so long by the clock."""

    async def call():
        async with lanes.history():
            clock.now += seconds

    asyncio.run(call())


@pytest.mark.parametrize(("lasted", "rest"), [(0.01, 0.01 * REST), (60.0, LONGEST_REST)])
def test_beside_live_documents_history_rests_as_long_as_its_call_bids(lasted, rest):
    clock, pace = Clock(), Pace()
    lanes = Lanes(pace, clock)
    lanes.live()
    one_call(lanes, clock, lasted)
    assert pace.turn == pytest.approx(clock.now + rest)


def test_history_waits_for_the_rest_that_another_front_has_left_it(tmp_path):
    make_pace(tmp_path / "pace")
    here, there = (Lanes(Pace(tmp_path / "pace"), time.monotonic) for _ in range(2))
    here.live()

    async def first_there_then_here():
        async with there.history():
            await asyncio.sleep(0.05)
        began = time.monotonic()
        async with here.history():
            return time.monotonic() - began

    assert asyncio.run(first_there_then_here()) >= 0.05 * REST * 0.9


def test_a_live_document_at_one_front_makes_history_of_another_pass_singly(tmp_path):
    make_pace(tmp_path / "pace")
    clock = Clock()
    here, there = (Lanes(Pace(tmp_path / "pace"), clock) for _ in range(2))
    assert together(there, 8)[0] == 8
    here.live()
    assert together(there, 3)[0] == 1


async def _places(lanes):
    async with lanes.history():
        yield


def test_an_institution_with_few_history_calls_does_not_wait_for_all_of_another():
    """A hospital that sends a year at once, and one that sends three documents after it."""
    lanes, order = Lanes(clock=Clock()), []
    lanes.live()

    async def one(institution):
        async with lanes.history(institution):
            order.append(institution)
            await asyncio.sleep(0)

    async def all_of_them():
        calls = [one("many") for _ in range(30)] + [one("few") for _ in range(3)]
        await asyncio.wait_for(asyncio.gather(*calls), 10)

    asyncio.run(all_of_them())
    assert max(place for place, institution in enumerate(order) if institution == "few") <= 6
    assert order.count("many") == 30


def test_who_hangs_up_while_waiting_keeps_no_place():
    lanes = Lanes(clock=Clock())
    lanes.live()

    async def try_it():
        async with lanes.history("a"):
            waiting = asyncio.create_task(hold("b"))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        let_in = asyncio.create_task(hold("b"))
        await asyncio.sleep(0)
        let_in.cancel()  # its place was given to it in this very turn of the loop
        with pytest.raises(asyncio.CancelledError):
            await let_in
        await asyncio.wait_for(hold("c"), 5)

    async def hold(institution):
        async with lanes.history(institution):
            await asyncio.sleep(0)

    asyncio.run(try_it())


async def crowd(turns, order, number, institution="many", begun=None):
    """Come with so many documents at once; `begun` is set when the first of them had its turn."""

    async def one():
        await turns.come(institution)
        order.append(institution)
        if begun:
            begun.set()

    await asyncio.gather(*(one() for _ in range(number)))


def test_a_document_does_not_wait_for_the_crowd_of_another_institution():
    turns, order = Turns(), []

    async def both():
        begun = asyncio.Event()
        many = asyncio.create_task(crowd(turns, order, 200, begun=begun))
        await begun.wait()
        await crowd(turns, order, 1, "one")
        await many

    asyncio.run(asyncio.wait_for(both(), 10))
    assert order.index("one") <= 6 * AT_ONCE
    assert (order.count("many"), order.count("one")) == (200, 1)


def test_between_two_turns_of_a_crowd_the_network_is_looked_at():
    turns, order, read = Turns(), [], []

    async def both():
        here, there = socket.socketpair()
        with here, there:
            here.setblocking(False)
            loop = asyncio.get_running_loop()
            loop.add_reader(here, lambda: (here.recv(1), read.append(len(order))))
            begun = asyncio.Event()
            many = asyncio.create_task(crowd(turns, order, 200, begun=begun))
            await begun.wait()
            there.send(b"x")
            await many
            loop.remove_reader(here)

    asyncio.run(asyncio.wait_for(both(), 10))
    assert read
    assert read[0] <= 4 * AT_ONCE


def test_who_hangs_up_in_a_crowd_takes_no_turn():
    turns, order = Turns(), []

    async def both():
        gone = [asyncio.create_task(crowd(turns, order, 1, "gone")) for _ in range(50)]
        await asyncio.sleep(0)
        for one in gone:
            one.cancel()
        await crowd(turns, order, 3)

    asyncio.run(asyncio.wait_for(both(), 10))
    assert "gone" not in order[:3]
    assert order.count("many") == 3
