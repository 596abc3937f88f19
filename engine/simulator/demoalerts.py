"""Show an alert at work: a hospital is taken down, deliveries to it wait, an alert says why; it returns, they arrive, the alert closes."""

from __future__ import annotations

import http.client
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlencode, urlsplit

from engine.documents.sample import sample
from engine.simulator import control
from engine.simulator.acting import Actor, Say
from engine.simulator.hospital import RECEIVER, SimulatedHospital
from engine.simulator.sender import Account, upload

DESTINATION = "demo-hospital-2"
REPORT = "C0007"
"""Laboratory reports are what the demo forwards to its second hospital."""

_DOCUMENTS, _LOOK, _PATIENCE = 3, 1.0, 120
_BEGIN, _END = "# demo: begin\n", "# demo: end\n"
_ENTRY = """\
{destination}:
  kind: soap
  about: 演示：转发检验报告给第二家模拟医院
  networks: ["127.0.0.1/32"]
  deadline: 5s
  wsdl: wsdl/hospital/DocumentReceiver.wsdl
  address: {address}
  operation: Receive
  body:
    messageId: message-id
    institution: institution
    documentType: document-type
    documentId: document-id
    digest: digest
    payload: packed
  accept:
    ReceiveResult.code: ["0"]
  echo: ReceiveResult.messageId
  remote-id: ReceiveResult.number
"""
_SEND = "  - to: {destination}\n    retry: {{ first: 1s, longest: 4s, give-up: 1d }}\n"
_HURRY: Mapping[str, str] = {
    "kind: waiting-age, older-than: 5m, for: 1m": "kind: waiting-age, older-than: 10s, for: 3s",
    "kind: breaker, for: 1m": "kind: breaker, for: 3s",
}
"""The shipped rules that the demo judges sooner, so that nobody has to wait for minutes."""


def forward_reports(project: Path, hospital: SimulatedHospital) -> None:
    """Let the demo's own project forward laboratory reports to an open hospital, and judge the alerts about that sooner."""
    address = f"http://{hospital.wanted.host}:{hospital.door.port}{RECEIVER}"
    endpoints = project / "config" / "endpoints.yaml"
    kept = re.sub(f"{_BEGIN}.*{_END}", "", endpoints.read_text(encoding="utf-8"), flags=re.DOTALL).rstrip("\n")
    block = _ENTRY.format(destination=DESTINATION, address=address)
    endpoints.write_text(f"{kept}\n\n{_BEGIN}{block}{_END}", encoding="utf-8")
    route = project / "routes" / "laboratory-report"
    _once(route / "route.yaml", _SEND.format(destination=DESTINATION))
    for sends in sorted(route.glob("tests/*/expect-sends.txt")):
        _once(sends, f"{DESTINATION}\n")
    alerts = project / "config" / "alerts.yaml"
    text = alerts.read_text(encoding="utf-8")
    for calm, soon in _HURRY.items():
        text = text.replace(calm, soon)
    alerts.write_text(text, encoding="utf-8")


def _once(path: Path, lines: str) -> None:
    text = path.read_text(encoding="utf-8")
    if DESTINATION not in text:
        path.write_text(f"{text.rstrip(chr(10))}\n{lines}", encoding="utf-8")


@dataclass(slots=True)
class Desk:
    """A person at the monitor, signed in by the form as everybody is."""

    address: str
    user: str
    password: str = field(repr=False)
    _cookies: dict[str, str] = field(default_factory=dict, init=False)

    def read(self, path: str) -> dict[str, Any]:
        """Read the JSON twin of a page; raises OSError when the monitor does not show it."""
        if not self._cookies:
            self._sign_in()
        status, body = self._ask("GET", f"{path}?format=json")
        if status != 200:
            self._cookies.clear()
            raise OSError(f"the monitor answers {status}")
        found: dict[str, Any] = json.loads(body)
        return found

    def _sign_in(self) -> None:
        found = re.search(r'name="token" value="([^"]+)"', self._ask("GET", "/")[1])
        form = {"token": found[1] if found else "", "name": self.user, "password": self.password}
        status, _ = self._ask("POST", "/signin", urlencode(form))
        if status != 303:
            self._cookies.clear()
            raise OSError(f"the monitor lets nobody in: {status}")

    def _ask(self, method: str, path: str, form: str | None = None) -> tuple[int, str]:
        parts = urlsplit(self.address)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        try:
            connection.request(method, path, form, headers)
            answer = connection.getresponse()
            body = answer.read().decode()
        finally:
            connection.close()
        for line in answer.headers.get_all("set-cookie") or ():
            self._cookies |= {name: one.value for name, one in SimpleCookie(line).items()}
        return answer.status, body


class Outage(Actor):
    """The outage of one hospital, told once, after `ready` is set: what it did before is shown first."""

    def __init__(self, account: Account, hospital: SimulatedHospital, desk: Desk, ready: Event, say: Say) -> None:
        super().__init__("alerts", say)
        self._account = account
        self._hospital = hospital
        self._desk = desk
        self._ready = ready

    def act(self) -> None:
        """Take the hospital down, see the alert and its cause, bring the hospital back, see the queue drain and the alert close."""
        if not self._wait(self._ready.is_set, _PATIENCE * 2, _LOOK):
            return
        code = self._hospital.wanted.code
        control.Control.fault(self._hospital.control, {"faults": ["down"]})
        try:
            self._say(f"{code} is taken down; {_DOCUMENTS} laboratory reports are on their way to it")
            for _ in range(_DOCUMENTS):
                number = secrets.randbelow(10**8)
                upload(self._account, REPORT, f"OUTAGE-{number}", sample(REPORT, number, institution=self._account.institution))
            opened = self._seen("open", lambda: self._alerts("open"))
        finally:
            # Whatever became of the story, the hospital is back: the demo goes on with it.
            control.Control.fault(self._hospital.control, {"faults": []})
        if opened:
            self._say(f"{code} is back")
            self._over_again({one["number"] for one in opened})

    def _over_again(self, numbers: set[int]) -> None:
        if not self._seen_drained():
            return

        def over() -> list[dict[str, Any]]:
            closed = [one for one in self._alerts("closed") if one["number"] in numbers]
            return closed if len(closed) == len(numbers) and not self._alerts("open") else []

        self._seen("closed", over)

    def _seen(self, how: str, look: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
        """Wait until alerts are as wanted, and tell each with its cause; none when they do not become so."""
        found: list[dict[str, Any]] = []

        def there() -> bool:
            found[:] = look()
            return bool(found)

        self._wait(there, _PATIENCE, _LOOK)
        for one in found:
            self._say(f"alert {one['number']} {one['rule']} is {how}: {one['named']['zh']}, {one['cause']['zh']}")
        return found

    def _seen_drained(self) -> bool:
        def drained() -> bool:
            lines = self._desk.read("/waiting")["destinations"]
            waiting = [one for one in lines if one["name"] == DESTINATION]
            return not any(one["counts"].get(state) for one in waiting for state in ("QUEUED", "SENDING", "UNKNOWN"))

        done = self._wait(drained, _PATIENCE, _LOOK)
        self._say(f"the queue of {DESTINATION} is {'empty again' if done else 'not empty yet'}")
        return done

    def _alerts(self, group: str) -> list[dict[str, Any]]:
        return [one for one in self._desk.read("/alerts")[group] if one["subject"] == f"destination {DESTINATION}"]
