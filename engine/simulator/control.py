"""Let tests, the demo and a vendor move the simulated hospital: /control, JSON over HTTP, on loopback only."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from engine.simulator import calling
from engine.simulator.calling import Platform, Told, Unreached
from engine.simulator.faults import read_fault
from engine.simulator.listening import Asked, Listener, Said
from engine.simulator.orders import Refusal
from engine.simulator.service import Service
from engine.simulator.statuses import StatusDoor, status_message

JSON = "application/json"


class Control:
    """Act on one simulated hospital by command.

    GET /control shows what is switched on, what was called and how many orders there are in each state; GET /control/book the
    whole book, GET /control/referrals what it was told of referrals (3001). POST /control takes `{"act": NAME, ...}` as application/json; `ACTS` lists them. `platform` and `statuses` are whom it tells, by the
    Jilin text and by S0063.
    """

    def __init__(self, service: Service, door: Listener) -> None:
        self._service = service
        self._door = door
        self.platform: Platform | None = None
        self.statuses: StatusDoor | None = None
        self._held: list[bytes] = []

    def answer(self, asked: Asked) -> Said:
        """Answer one request on the control address."""
        site = self._service.site
        pages: Mapping[str, Callable[[], Any]] = {
            "/control": self.state, "/control/book": site.book.dump, "/control/referrals": lambda: {"notices": site.referrals.notices},
        }  # fmt: skip
        shown = pages.get(asked.path)
        if shown is None:
            return _said(404, {"error": f"there are {', '.join(pages)}"})
        if asked.method == "GET":
            return _said(200, shown())
        # A page in a browser cannot send this media type to another host without asking first.
        if not asked.media.startswith(JSON):
            return _said(415, {"error": f"send {JSON}"})
        return self._commanded(asked.body)

    def _commanded(self, body: bytes) -> Said:
        try:
            wanted = json.loads(body)
            return _said(200, ACTS[wanted["act"]](self, wanted))
        except Unreached as problem:
            return _said(502, {"error": str(problem)})
        except Refusal as refusal:
            return _said(409, {"error": refusal.message, "code": refusal.code})
        except (KeyError, TypeError, ValueError) as problem:
            return _said(400, {"error": f"{type(problem).__name__}: {problem}", "acts": sorted(ACTS)})

    def state(self) -> dict[str, Any]:
        """Tell how the hospital is."""
        service = self._service
        orders: dict[str, int] = {}
        for order in list(service.site.book.orders.values()):
            orders[order.state] = orders.get(order.state, 0) + 1
        return {
            "hospital": service.site.hospital,
            "dialect": service.dialect.name,
            "address": f"http://127.0.0.1:{self._door.port}{service.dialect.path}",
            "faults": [fault.kind for fault in service.board.faults],
            "struck": dict(service.board.struck),
            "calls": dict(sorted(service.calls.items())),
            "orders": orders,
            "referrals": len(service.site.referrals.numbers),
        }

    def fault(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Switch on exactly the faults in `faults`; an empty list makes the hospital well."""
        self._service.board.set(*[read_fault(words) for words in wanted.get("faults", [])])
        if self._service.board.is_down():
            self._door.close()
        else:
            self._door.open()
        return self.state()

    def sell(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Sell `number` seats of `place` at the hospital's own window."""
        return {"sold": self._service.site.book.sell(wanted["place"], int(wanted.get("number", 1)))}

    def stop(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Stop the half day of `place` and tell the platform (5001)."""
        site = self._service.site
        one = site.book.places[wanted["place"]]
        site.book.stop(place for place in site.book.clinics.places if place.clinic == one.clinic)
        reason = wanted.get("reason", "医生临时外出会诊")
        return self._call("5001", calling.stop_values(site, one.doctor.id, one.day.isoformat(), one.half, reason))

    def cancel(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Cancel `order` at the window and tell the platform (5002)."""
        site = self._service.site
        return self._call("5002", calling.cancel_values(site, site.book.cancel_here(wanted["order"])))

    def refund(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Give back `order` at the window and tell the platform (5003)."""
        site = self._service.site
        return self._call("5003", calling.refund_values(site, site.book.refund_here(wanted["order"])))

    def print(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Print the number of `order`, which must be paid, and tell the platform (5004)."""
        site = self._service.site
        return self._call("5004", calling.printed_values(site, site.book.fetch(wanted["order"])))

    def pay(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Take the money for `order` at the window and tell the platform (5005)."""
        site = self._service.site
        return self._call("5005", calling.paid_values(site, site.book.pay_here(wanted["order"])))

    def push(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Push news about `order` (7001) of `kind`: 1 bill, 2 queue, 3 to 5 reports, of the one that `report` numbers."""
        site = self._service.site
        order = site.book.orders[wanted["order"]]
        return self._call("7001", calling.push_values(site, order, str(wanted.get("kind", "3")), str(wanted.get("report", ""))))

    def report(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Bring `report` to `step`, or make one of `kind` for `patient` (or the holder of `card`), and tell the status (S0063).

        `times` tells it so often; with `hold` it is told by the act "held" only. Examinations (kind 2) tell no status.
        """
        shelf, book = self._service.site.shelf, self._service.site.book
        if "report" in wanted:
            one = shelf.move(wanted["report"], wanted["step"])
        else:
            patient = wanted.get("patient") or book.patient(wanted["card"])
            one = shelf.make(patient, str(wanted.get("kind", "0")), wanted.get("name", "测试患者"), wanted.get("identity", ""))
            one = shelf.move(one.number, wanted.get("step", one.step))
        told: list[str] = []
        if one.kind != "2" and self.statuses is not None:
            message = status_message(one, self.statuses.institution, wanted.get("reason", ""))
            messages = [message] * int(wanted.get("times", 1))
            if wanted.get("hold"):
                self._held += messages
            else:
                told = [self.statuses.tell(each) for each in messages]
        return {**asdict(one), "told": told}

    def held(self, _wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Tell the statuses that were held back, the latest first: out of order."""
        if self.statuses is None:
            raise Unreached("this hospital has no password for the platform (--engine, --password)")
        messages, self._held = self._held[::-1], []
        return {"told": [self.statuses.tell(each) for each in messages]}

    def call(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Call `function` of the platform with `values` as they are."""
        return self._call(wanted["function"], wanted["values"])

    def _call(self, function: str, values: Mapping[str, Any]) -> dict[str, Any]:
        if self.platform is None:
            raise Unreached("this hospital was started without --engine and does not know the platform")
        told: Told = self.platform.call(function, values)
        return asdict(told)


ACTS: Mapping[str, Callable[[Control, Mapping[str, Any]], dict[str, Any]]] = {
    "fault": Control.fault,
    "sell": Control.sell,
    "stop": Control.stop,
    "cancel": Control.cancel,
    "refund": Control.refund,
    "print": Control.print,
    "pay": Control.pay,
    "push": Control.push,
    "report": Control.report,
    "held": Control.held,
    "call": Control.call,
}
"""What can be commanded."""


def _said(status: int, told: Mapping[str, Any]) -> Said:
    return Said(status, json.dumps(told, ensure_ascii=False, default=str).encode(), f"{JSON}; charset=utf-8")
