"""Show appointments at work: two simulated hospitals of different dialect, and a portal that books at both."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event
from typing import Any

from engine.message import shanghai_text
from engine.simulator import control
from engine.simulator.acting import Actor, Say
from engine.simulator.adapter import Terms, describe
from engine.simulator.book import now
from engine.simulator.clinic import Plan
from engine.simulator.hospital import Particulars, SimulatedHospital
from engine.simulator.portal import PATIENT, Portal, listed

FIRST, SECOND, PORTAL = "DEMO-HOSPITAL", "DEMO-HOSPITAL-2", "DEMO-PORTAL"
PROJECT_PARTS = ("routes", "config", "xsd", "wsdl")
_LOOK, _PAUSE, _PATIENCE = 1.0, 8.0, 90
_TERMS = Terms(deadline=5.0, parallel=4, full=600.0, slots=20.0)


def own_project(source: Path, data: Path) -> Path:
    """Copy the project's files into the data directory, where the demo adds its hospitals; what was edited there stays as it is."""
    target = data / "project"

    def newer(old: str, new: str) -> None:
        if not Path(new).exists() or Path(old).stat().st_mtime > Path(new).stat().st_mtime:
            shutil.copy2(old, new)

    for part in PROJECT_PARTS:
        shutil.copytree(source / part, target / part, dirs_exist_ok=True, copy_function=newer)
    return target


def two_hospitals(keys: Mapping[str, str], data: Path, say: Say) -> tuple[SimulatedHospital, SimulatedHospital]:
    """Make the two hospitals: an asmx with profile MD5, and a WCF proxy with profile SM3; their books outlive the demo."""
    plan, passwords = Plan(departments=3, doctors=2, days=5), {FIRST: keys["hospital"], SECOND: keys[SECOND]}
    kinds = ((FIRST, "长春测试医院（演示）", "jilin", "MD5"), (SECOND, "吉林测试医院（演示）", "wcf", "SM3"))
    first, second = (
        SimulatedHospital(
            Particulars(
                code=code, name=name, dialect=dialect, profile="MD5" if profile == "MD5" else "SM3", plan=plan, password=passwords[code],
                sign_key=keys[f"sign {code}"], encryption_key=keys[f"encryption {code}"], kept=data / f"{code.lower()}.json",
            ),
            lambda words: say(f"  {words}"),
        )
        for code, name, dialect, profile in kinds
    )  # fmt: skip
    return first, second


def introduce(hospitals: tuple[SimulatedHospital, ...], project: Path, secrets: Path) -> None:
    """Write adapters, WSDLs and keys of the open hospitals into the demo's project."""
    for hospital in hospitals:
        describe(hospital.wanted, hospital.address, project, secrets, _TERMS)


class Bookings(Actor):
    """A portal's day: it looks, books, pays, cancels; clinics are stopped and refunds go out; until stopped."""

    def __init__(self, portal: Portal, hospitals: tuple[SimulatedHospital, ...], say: Say) -> None:
        super().__init__("appointments", say)
        self._portal = portal
        self._hospitals = hospitals
        self._chance = random.Random()
        self._told = 0
        self.shown = Event()
        """Set once each thing was shown."""

    def act(self) -> None:
        """Show each thing once, then book one more again and again."""
        self._try(self._first_hour)
        self.shown.set()
        while not self._over.wait(_PAUSE):
            self._try(self._one_more)

    def _first_hour(self) -> None:
        """Show each thing once, with a line for each."""
        for hospital in self._hospitals:
            slots = self._slots(hospital)
            if not slots:
                return
            wanted = hospital.wanted
            self._say(f"{wanted.code} ({wanted.dialect}, {wanted.profile}) shows {sum(int(s['free']) for s in slots)} free seats")
        for hospital in self._hospitals:
            self._pay(self._book(hospital))
            self._cancel(self._book(hospital))
        first, second = self._hospitals
        unpaid = self._book(second)
        self._command(second, "pays at the window (5005)", control.Control.pay, order=unpaid["order"])
        self._command(second, "pushes that a report is ready (7001)", control.Control.push, order=unpaid["order"], kind="3")
        self._stopped_clinic(first)

    def _stopped_clinic(self, hospital: SimulatedHospital) -> None:
        """Book and pay in one clinic, stop it, and see the money go back."""
        paid = self._pay(self._book(hospital))
        place = hospital.book.orders[paid["order"]].place
        self._command(hospital, "stops a clinic (5001)", control.Control.stop, place=place)

        def refunded() -> bool:
            order: Mapping[str, Any] = self._portal.call("QueryOrder", order=paid["order"]).get("order", {})
            return order.get("state") == "refunded"

        if self._wait(refunded, _PATIENCE, _LOOK):
            self._say(f"order {paid['order']} of the stopped clinic is refunded at the hospital, nobody asked for it")
        if not self._over.is_set():
            self._news()

    def _one_more(self) -> None:
        """Book one more, and pay, cancel or leave it; tell what is new."""
        hospital = self._chance.choice(self._hospitals)
        order = self._book(hospital)
        if order and self._chance.random() < 0.7:
            order = self._pay(order)
        if order and self._chance.random() < 0.3:
            self._cancel(order)
        self._news()

    def _slots(self, hospital: SimulatedHospital) -> list[dict[str, Any]]:
        """Wait until the platform has fetched the hospital's slots."""
        for _ in range(_PATIENCE):
            if any(one["hospital"] == hospital.wanted.code for one in self._portal.hospitals()):
                slots = self._portal.slots(hospital.wanted.code)
                if slots:
                    return slots
            if self._over.wait(_LOOK):
                return []
        self._say(f"{hospital.wanted.code} shows no slots yet")
        return []

    def _book(self, hospital: SimulatedHospital) -> dict[str, Any]:
        slots = self._portal.slots(hospital.wanted.code)
        if not slots:
            return {}
        slot = self._chance.choice(slots)
        answer = self._portal.book(
            slot, hospital.wanted.code, {**PATIENT, "healthCard": f"TEST-{self._chance.randrange(10**6):06}"}
        )
        return self._tell("booked", answer, f", {slot.get('date', '')} {slot.get('begin', '')} at {hospital.wanted.code}")

    def _pay(self, order: dict[str, Any]) -> dict[str, Any]:
        return self._tell("paid", self._portal.pay(order, shanghai_text(now()))) if order else {}

    def _cancel(self, order: dict[str, Any]) -> None:
        if order:
            self._tell("cancelled", self._portal.call("Cancel", order=order["order"], reason="患者改期"))

    def _tell(self, what: str, answer: Mapping[str, Any], where: str = "") -> dict[str, Any]:
        order = answer.get("order")
        if answer.get("code") != "0" or not isinstance(order, dict):
            self._say(f"not {what}: {answer.get('code')} {answer.get('message', '')}")
            return {}
        self._say(
            f"{what} {order['order']}{where}: {order['state']}"
            + (f", {order['pending']} pending" if order.get("pending") else "")
        )
        return order

    def _command(self, hospital: SimulatedHospital, what: str, act: Callable[..., dict[str, Any]], **wanted: Any) -> None:
        told = act(hospital.control, wanted)
        self._say(f"{hospital.wanted.code} {what}: {told['code']} {told['message']}")

    def _news(self) -> None:
        """Read what is new for the portal since the last time."""
        for notice in listed(self._portal.call("ListNotices", after=str(self._told)), "notices"):
            self._told = int(notice["notice"])
            self._say(f"notice {notice['notice']} {notice['kind']}: {notice.get('text', '')}")
