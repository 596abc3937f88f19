"""Be the hospitals of a region that refer to each other through a started engine."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import zeep
from zeep.transports import Transport
from zeep.wsse.username import UsernameToken

from tests.support.engine import ROOT
from tests.support.hospital import PASSWORD, Paper
from tests.support.province import Province, province
from tests.support.reporting import PRESS
from tests.support.stores import enrol, hospital, until

CLINIC = "CLINIC-1"
"""The lower hospital: it has no web service of its own."""

EXAMPLES = ROOT / "docs" / "examples" / "referral"
_RULES = """\
networks:
  - {name: 测试医联体, institutions: [CLINIC-1, HOSP-A, HOSP-B], lead: HOSP-B}
levels: {CLINIC-1: 1, HOSP-A: 2, HOSP-B: 3}
"""
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Person:
    """A resident whom the lower hospital has told of by a document."""

    paper: Paper
    name: str
    number: str

    @property
    def said(self) -> dict[str, str]:
        """Name the patient as an origin does."""
        return {"name": self.name, "idNumber": self.number, "mobile": "13800000000"}


@dataclass(frozen=True)
class Region:
    """The engine with two hospitals that it calls and one that only calls it."""

    province: Province

    @property
    def address(self) -> str:
        """Where referrals are handled."""
        return f"{self.province.engine.services}/services/referral"

    def own(self, code: str = CLINIC, query: str = "wsdl") -> Any:
        """Give the operations of ReferralService to an institution."""
        transport = Transport(session=requests.Session(), timeout=30)
        return zeep.Client(f"{self.address}?{query}", transport=transport, wsse=UsernameToken(code, PASSWORD)).service

    def person(self) -> Person:
        """Upload an outpatient record of somebody new at the lower hospital."""
        system = hospital(self.province.engine, CLINIC)
        paper = system.invent("C0002")
        told = system.call("Upload", documentType=paper.kind, documentId=paper.number, payload=paper.packed)
        assert told["status"].startswith("accepted"), told
        drawn = PRESS.draw(PRESS.open(paper.xml), paper.kind)
        return Person(paper, drawn.resident_name, drawn.resident_id)

    def free_slot(self, own: Any, code: str) -> str:
        """Find the first free slot of a hospital as an origin does."""
        halves = own.ListSchedules(hospital=code).schedules.schedule
        timed = next(half.schedule for half in halves if half.timed and half.free and half.status == "open")
        return next(slot.slot for slot in own.ListSlots(hospital=code, schedule=timed).slots.slot if slot.free)

    def apply(self, own: Any, person: Person, to: str = "HOSP-A", **more: Any) -> Any:
        """Refer somebody up; gives the answer."""
        wish = {
            "direction": "up", "kind": "outpatient", "to": {"hospital": to}, "patient": person.said, "share": {"type": ["C0002"]},
            "origin": {"departmentName": "全科", "doctor": "7", "doctorName": "测试医师甲", "telephone": "0431-1"}, "reason": "需要冠脉造影",
            "diagnoses": {"diagnosis": [{"code": "I20.900", "name": "心绞痛"}]}, "condition": "胸痛3天", "plan": "造影",
        }  # fmt: skip
        return own.Apply(requestId=f"W-{next(_NUMBERS)}", referral=wish, **more)

    def told(self, code: str, referral: str) -> list[dict[str, str]]:
        """List what a simulated hospital was told of a referral (3001)."""
        book = self.province.hospitals[code].service.site.referrals
        return [one for one in list(book.notices) if one["REFERRAL_ID"] == referral]

    def order_state(self, code: str, order: str) -> str:
        """Tell in which state an order is in the hospital's own book (ORDER_STATUS of 2012)."""
        return self.province.hospitals[code].book.orders[order].state

    def free(self, code: str, slot: str) -> int:
        """Tell how many seats of a slot the one pool has left, as portals see it."""
        own = self.province.portal()
        halves = own.ListSchedules(hospital=code, page={"size": 200}).schedules.schedule
        slots = [one for half in halves if half.timed for one in own.ListSlots(hospital=code, schedule=half.schedule).slots.slot]
        return next(one.free for one in slots if one.slot == slot)


@contextmanager
def region(store: str, folder: Path) -> Iterator[Region]:
    """Start it."""

    def prepare(root: Path) -> None:
        (root / "config" / "referrals.yaml").write_text(_RULES, encoding="utf-8")

    with province(store, folder, prepare) as made:
        enrol(made.engine, {CLINIC: "hospital"})
        here = Region(made)
        until(lambda: _knows(here))
        yield here


def _knows(here: Region) -> bool:
    try:
        return here.own().ListPartners().code == "0"
    except zeep.exceptions.Fault:
        return False
