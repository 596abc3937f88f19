"""A process that is killed at any named step leaves an order that the next one brings to what the hospital holds."""

import multiprocessing
import os
import signal
import threading
from contextlib import closing
from multiprocessing.connection import Client, Listener

import pytest

from engine.errors import EngineError
from engine.services.appointments import reconciliation
from engine.services.appointments.model import Page
from engine.store.database import Database
from tests.support.booking import HOSPITAL, PORTAL, Office
from tests.support.house_hospital import DAY, MemoryHospital, Seats
from tests.support.seals import SEAL

STEPS = ("before-call", "after-call-before-commit", "after-commit-before-answer")
THEIRS = {"2": "booked", "3": "fetched", "4": "cancelled", "5": "refunded", "6": "paid"}
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.support.booking"])
DEEDS = ("book", "lock", "pay", "cancel", "refund", "fetch")


class Away:
    """A hospital in another process, asked over a connection."""

    def __init__(self, address):
        self.connection = Client(address)
        self.now = None

    def ask(self, institution, function, values):
        self.connection.send((institution, function, dict(values)))
        return self.connection.recv()


def act(address, url, seal, deed, order, step):
    """Do one deed and die by SIGKILL at a step: nothing is closed, rolled back or written any more."""

    def die(at):
        if at == step:
            os.kill(os.getpid(), signal.SIGKILL)

    office = Office(Database(url), Away(address), steps=die, seal=seal)
    doing = {
        "book": office.book,
        "lock": office.lock,
        "pay": lambda: office.pay(order),
        "cancel": lambda: office.service.cancel(PORTAL, order, ""),
        "refund": lambda: office.service.cancel(PORTAL, order, ""),
        "fetch": lambda: office.service.fetch(PORTAL, order),
    }
    doing[deed]()


def answer(listener, hospital):
    with closing(listener.accept()) as connection:
        try:
            while True:
                connection.send(hospital.ask(*connection.recv()))
        except EOFError:
            return


@pytest.fixture
def office(database):
    made = Office(database, MemoryHospital(slots={"S1": Seats(2)}))
    made.pull()
    return made


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("deed", DEEDS)
def test_after_sigkill_the_order_is_what_the_hospital_holds(office, url, deed, step):
    order = ""
    if deed not in ("book", "lock"):
        order = office.book().order
        if deed in ("refund", "fetch"):
            office.pay(order)
    with Listener() as listener:
        serving = threading.Thread(target=answer, args=(listener, office.hospital))
        serving.start()
        child = FORKS.Process(target=act, args=(listener.address, url, SEAL, deed, order, step))
        child.start()
        child.join(60)
        assert child.exitcode == -signal.SIGKILL
        serving.join(10)
    (order_id,) = office.states()
    office.agree()
    if deed == "book":
        assert office.book().order == order_id, "the portal that asks again gets the same order"
    settle(office, order_id)
    state, pending = office.states()[order_id]
    theirs = THEIRS.get(office.hospital.orders.get(order_id, {}).get("STATUS", ""), "cancelled")
    assert (state, pending) == (theirs, "")
    assert office.hospital.locks == {}
    free, held, sold, unsure = office.seats()
    assert (held, unsure) == (0, 0)
    assert free == 2 - office.hospital.taken("S1")
    assert free + sold == 2
    assert reconciliation.reconcile(office.service.counter, HOSPITAL, DAY).differences == 0
    assert isinstance(office.service.notices(PORTAL, 0, Page()).items, tuple)
    office.agree()


def settle(office, order_id):
    """Do what the worker does: the errand that every move leaves behind; a lock ends by its own time."""
    assert order_id in office.due() or office.states()[order_id][0] in ("cancelled", "refunded", "fetched", "paid")
    for _ in range(3):
        try:
            office.tend(order_id)
        except EngineError:
            continue
    if office.states()[order_id][0] == "locked":
        office.clock.turn(minutes=11)
        office.tend(order_id)
