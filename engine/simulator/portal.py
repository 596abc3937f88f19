"""Be the province's portal: look for a free slot, book it for an invented person, pay, cancel, ask what is new; read reports."""

from __future__ import annotations

import http.client
import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from engine.documents.answer import escape_text, wrap_body
from engine.documents.plain import read_answer

APPOINTMENTS = ("urn:changbai:appointment:1", "/services/appointment")
REPORTS = ("urn:changbai:report:1", "/services/report")
"""Namespace and path of the two services that portals call."""

PATIENT: Mapping[str, Any] = {
    "name": "测试患者", "sex": "1", "birthday": "1980-01-01", "idType": "1", "idNumber": "220102198001010012", "mobile": "13000000001",
    "healthCard": "TEST-CARD-0001",
}  # fmt: skip
"""An invented person with a number whose last digit fits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Portal:
    """A portal with its account at the platform."""

    address: str
    code: str
    password: str
    deadline: float = 60.0

    def call(self, operation: str, **values: Any) -> dict[str, Any]:
        """Call one operation of AppointmentService; returns the result by element names. Raises OSError and SenderError."""
        return self._ask(APPOINTMENTS, operation, values)

    def read(self, operation: str, **values: Any) -> dict[str, Any]:
        """Call one operation of ReportService, as `call` does."""
        return self._ask(REPORTS, operation, values)

    def _ask(self, service: tuple[str, str], operation: str, values: Mapping[str, Any]) -> dict[str, Any]:
        namespace, path = service
        inner = f'<{operation} xmlns="{namespace}">{_written(values)}</{operation}>'
        parts = urlsplit(self.address)
        token = b64encode(f"{self.code}:{self.password}".encode()).decode()
        headers = {
            "Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{namespace}:{operation}"', "Authorization": f"Basic {token}",
        }  # fmt: skip
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=self.deadline)
        try:
            connection.request("POST", path, wrap_body("1.1", inner), headers)
            answer = connection.getresponse().read()
        finally:
            connection.close()
        found = read_answer(answer)
        return next((one for name, one in found.items() if name.endswith("Result") and isinstance(one, dict)), {})

    def hospitals(self) -> list[dict[str, Any]]:
        """List the hospitals that can be booked."""
        return listed(self.call("ListHospitals"), "hospitals")

    def slots(self, hospital: str) -> list[dict[str, Any]]:
        """List what can be booked at one hospital, schedule by schedule."""
        found: list[dict[str, Any]] = []
        token = ""
        while True:
            told = self.call("ListSchedules", hospital=hospital, page={"size": "200", **({"token": token} if token else {})})
            for schedule in listed(told, "schedules"):
                if schedule.get("timed") == "true":
                    found += listed(self.call("ListSlots", hospital=hospital, schedule=schedule["schedule"]), "slots")
                else:
                    found.append({**schedule, "slot": schedule["schedule"]})
            page = told.get("page")
            token = page.get("token", "") if isinstance(page, dict) else ""
            if not token:
                return [slot for slot in found if slot.get("status") == "open" and int(slot.get("free", "0")) > 0]

    def book(self, slot: Mapping[str, Any], hospital: str, patient: Mapping[str, Any] = PATIENT) -> dict[str, Any]:
        """Book a slot under a new number of our own."""
        return self.call("Book", requestId=f"R-{secrets.token_hex(8)}", hospital=hospital, slot=slot["slot"], patient=patient)

    def pay(self, order: Mapping[str, Any], paid_at: str) -> dict[str, Any]:
        """Tell that the order's sum was paid by WeChat."""
        sum_ = order.get("payable", "0")
        payment = {
            "serial": f"S{secrets.token_hex(8)}", "paidAt": paid_at, "channel": "1", "total": sum_, "payable": sum_, "paid": sum_
        }  # fmt: skip
        return self.call("NotifyPayment", order=order["order"], payment=payment)


def listed(result: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Give the records of a list of a result; none when the list is empty."""
    found = result.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _written(values: Mapping[str, Any]) -> str:
    parts = []
    for name, value in values.items():
        inner = _written(value) if isinstance(value, Mapping) else escape_text(str(value))
        parts.append(f"<{name}>{inner}</{name}>")
    return "".join(parts)
