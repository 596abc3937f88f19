"""Kill whoever books at each named step, begin anew, and see each order come to what the hospital holds.

Run as `python -m bench.booking.killing DATA DATABASE PROJECT HOSPITAL`: it starts no thread of its own, so that each process it forks
is whole; prints one JSON line with what every killed process had in hand.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bench.booking.holding import unsettled
from engine.app.appointments import Booking
from engine.app.cellar import open_database, open_seal, open_store
from engine.app.house import read_adapters
from engine.channels.errands import ErrandRunner
from engine.services.appointments.desk import Appointments
from engine.services.appointments.model import BookWish, LockWish, OrderView, Page, Patient, Payment
from engine.settings import Settings, load_settings
from engine.store.errands import Errands

STEPS = ("before-call", "after-call-before-commit", "after-commit-before-answer")
ACTS = ("book", "lock", "unlock", "lock-book", "pay", "cancel", "refund", "fetch")
PORTAL = "PROOF-PORTAL"
_PATIENCE = 120.0


def main(data: str, database: str, project: str, hospital: str) -> None:
    """Do it all; the last process resolves what the killed ones left."""
    flags: dict[str, Any] = {"data": Path(data), "project": Path(project), "log_level": "error"}
    settings = load_settings(flags | ({"database": database} if database else {}), {})
    _forked(lambda: _make_store(settings))
    _forked(lambda: _fetch(settings, hospital))
    told = []
    for act in ACTS:
        for step in STEPS:
            request = f"{act}-{step}"
            ended = _forked(lambda act=act, step=step, request=request: _act(settings, hospital, act, step, request))
            told.append({"act": act, "step": step, "killed": ended == -signal.SIGKILL})
    left = _forked(lambda: _resolve(settings))
    sys.stdout.write(json.dumps({"killed": told, "left": left}) + "\n")


def _forked(work: Callable[[], Any]) -> int:
    """Run in a process of its own; gives its exit code, negative when a signal ended it."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            told = work()
            code = told if isinstance(told, int) else 0
        except BaseException as problem:  # noqa: BLE001 - the code tells, and the words help
            sys.stderr.write(f"{type(problem).__name__}: {problem}\n")
        finally:
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@contextmanager
def _opened(settings: Settings) -> Any:
    database = open_database(settings)
    seal = open_seal(database, settings)
    # Of a house, booking needs the adapters and where they stand; routes and schemas would only take time.
    house: Any = SimpleNamespace(adapters=read_adapters(settings, settings.project), book=SimpleNamespace(root=settings.project))
    booking = Booking(settings, database, seal, house)
    try:
        yield booking, database
    finally:
        booking.close()
        database.close()


def _make_store(settings: Settings) -> None:
    with open_store(settings):
        pass


def _fetch(settings: Settings, hospital: str) -> int:
    """Fetch the pool as a worker does."""
    with _opened(settings) as (booking, database):
        booking.appointments.sync_now(hospital)
        return _until(booking, database, lambda: bool(_slots(booking.appointments, hospital)))


def _until(booking: Booking, database: Any, done: Callable[[], bool]) -> int:
    """Run errands until it is done; 0 when it was."""
    runner = ErrandRunner(Errands(database), booking.errands(), limit=lambda _institution: 4, poll=0.05, drain=5.0)
    runner.start()
    end = time.monotonic() + _PATIENCE
    try:
        while time.monotonic() < end:
            if done():
                return 0
            time.sleep(0.1)
        return 1
    finally:
        runner.close()


def _resolve(settings: Settings) -> int:
    """Begin anew, as after a crash, and run errands until no order waits for its hospital; gives how many still do."""
    with _opened(settings) as (booking, database):
        _until(booking, database, lambda: unsettled(database) == 0)
        return unsettled(database)


def _slots(desk: Appointments, hospital: str) -> list[str]:
    schedules = desk.schedules(hospital, "", "", "", "", Page(size=200)).items
    return [one.schedule for one in schedules if one.free > 0]


def _act(settings: Settings, hospital: str, act: str, step: str, request: str) -> int:
    """Lead an order to where the act begins, then be killed within the act."""
    with _opened(settings) as (booking, _):
        desk = booking.appointments
        slot = random.Random(request).choice(_slots(desk, hospital))
        before = _before(desk, hospital, act, slot, request)
        desk.counter = replace(desk.counter, steps=lambda at: _die() if at == step else None)
        _do(desk, hospital, act, slot, request, before)
    return 0


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _patient(request: str) -> Patient:
    return Patient(
        name="测试患者",
        sex="1",
        birthday="1980-01-01",
        id_number="220102198001010012",
        mobile="13000000001",
        health_card=request[:30],
    )


def _before(desk: Appointments, hospital: str, act: str, slot: str, request: str) -> OrderView | None:
    if act in ("book", "lock"):
        return None
    if act in ("unlock", "lock-book"):
        return desk.lock(PORTAL, f"before {request}", LockWish(hospital=hospital, slot=slot, patient=_patient(request)))
    order = desk.book(PORTAL, f"before {request}", BookWish(hospital=hospital, slot=slot, patient=_patient(request)))
    return _pay(desk, order, request) if act in ("refund", "fetch") else order


def _pay(desk: Appointments, order: OrderView, request: str) -> OrderView:
    payment = Payment(
        serial=f"S {request}"[:32], paid_at=datetime.now(UTC), channel="1", total=order.payable, payable=order.payable, paid=order.payable
    )  # fmt: skip
    return desk.pay(PORTAL, order.order, payment)


def _do(desk: Appointments, hospital: str, act: str, slot: str, request: str, before: OrderView | None) -> None:
    number = before.order if before else ""
    wish = {"hospital": hospital, "slot": slot, "patient": _patient(request)}
    acts: dict[str, Callable[[], object]] = {
        "book": lambda: desk.book(PORTAL, request, BookWish(**wish)),
        "lock": lambda: desk.lock(PORTAL, request, LockWish(**wish)),
        "unlock": lambda: desk.unlock(PORTAL, number),
        "lock-book": lambda: desk.book(PORTAL, request, BookWish(order=number)),
        "pay": lambda: before and _pay(desk, before, request),
        "cancel": lambda: desk.cancel(PORTAL, number, "改期"),
        "refund": lambda: desk.cancel(PORTAL, number, "改期"),
        "fetch": lambda: desk.fetch(PORTAL, number),
    }
    acts[act]()


if __name__ == "__main__":
    main(*sys.argv[1:5])
