"""Show the engine at work: start it, let a simulated hospital send its day, and say how to try it oneself."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Thread

from engine.documents.packing import pack_text
from engine.documents.sample import sample
from engine.services.institutions import Institutions
from engine.services.users import Users
from engine.simulator.demobooking import FIRST, PORTAL, SECOND
from engine.simulator.sender import Account, envelope, invented, upload

HOSPITAL = FIRST
USER = "demo"
_PAUSE = 2.0


NAMES: tuple[str, ...] = (
    "hospital", "user", SECOND, PORTAL, *(f"{kind} {code}" for code in (FIRST, SECOND) for kind in ("sign", "encryption"))
)  # fmt: skip
"""What a demo has a secret for: the passwords of its institutions and of its user, the keys of its two hospitals."""

Keys = Mapping[str, str]
"""The secrets of one demo by NAMES, made at its first start and kept in its data directory."""


def demo_keys(data: Path) -> tuple[Keys, bool]:
    """Give the secrets of this demo, and whether any was made just now."""
    path = data / "demo-keys.json"
    kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    missing = [name for name in NAMES if name not in kept]
    if missing:
        # Sixteen characters are what an encryption key must have, and enough for a password.
        kept |= {name: secrets.token_urlsafe(12) for name in missing}
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_text(json.dumps(kept), encoding="utf-8")
    return kept, bool(missing)


def enrol(register: Institutions, users: Users, keys: Keys, *, fresh: bool) -> None:
    """See to it that the institutions and the user are registered with the passwords of this demo."""
    callers = (
        (HOSPITAL, "长春测试医院（演示）", "hospital", keys["hospital"]),
        (SECOND, "吉林测试医院（演示）", "hospital", keys[SECOND]),
        (PORTAL, "门户（演示）", "portal", keys[PORTAL]),
    )  # fmt: skip
    for code, name, kind, password in callers:
        if not register.exists(code):
            register.add(code, name, kind, password)
        elif fresh:
            register.rotate(code, password)
    if USER not in {user.name for user in users.list()}:
        users.add(USER, "administrator", keys["user"])
    elif fresh:
        users.change_password(USER, keys["user"])


class Day:
    """A hospital's day: one document of each type to begin with, then one every two seconds, until stopped."""

    def __init__(self, account: Account, types: tuple[str, ...], say: Callable[[str], None]) -> None:
        self._account = account
        self._types = types
        self._say = say
        self._stop = Event()
        self._thread = Thread(target=self._run, name="simulated-hospital", daemon=True)

    def start(self) -> None:
        """Begin the day."""
        self._thread.start()

    def stop(self) -> None:
        """End the day after the document in hand."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        number, burst = int(time.time()) * 10, len(self._types)
        self._say(
            f"the simulated hospital {HOSPITAL} begins its day: {burst} documents of as many types, then one every {_PAUSE:g} s"
        )
        sent: dict[str, int] = {}
        while not self._stop.is_set():
            kind, content = invented(number, HOSPITAL, self._types)
            try:
                verdict = upload(self._account, kind, f"DEMO-{number}", content)
            except OSError as problem:
                self._say(f"the simulated hospital cannot reach the engine: {type(problem).__name__}; it tries again")
                verdict = ""
            number += 1
            sent[verdict] = sent.get(verdict, 0) + 1
            total = sum(sent.values())
            if total == burst or (total > burst and total % 30 == 0):
                self._say(f"{total} documents sent: " + ", ".join(f"{n} {v or 'unanswered'}" for v, n in sorted(sent.items())))
            if total >= burst:
                self._stop.wait(_PAUSE)


def guide(services: str, monitor: str, keys: Keys, data: Path) -> str:
    """Write what a person may try now; leaves a finished request in the data directory."""
    request = data / "upload.xml"
    request.write_bytes(
        envelope(
            "C0002", f"TRY-{secrets.token_hex(4)}", pack_text(sample("C0002", secrets.randbelow(10**6), institution=HOSPITAL))
        )
    )
    address = f"{services}/services/collection/{HOSPITAL}"
    return f"""
services         {services}/services/
WSDL             {address}?wsdl
appointments     {services}/services/appointment?wsdl (portal), {services}/ApiService.asmx?wsdl (hospitals)
reports          {services}/services/report?wsdl (portal)
monitor          {monitor}/, appointments at {monitor}/appointments, alerts at {monitor}/alerts
monitor user     {USER}
monitor password {keys["user"]}
institution      {HOSPITAL}
its password     {keys["hospital"]}
portal           {PORTAL}
its password     {keys[PORTAL]}

upload one yourself:
  curl -s -u {HOSPITAL}:{keys["hospital"]} -H 'Content-Type: text/xml; charset=utf-8' --data-binary @{request} {address}
"""
