"""Set up what the proof of booking needs: simulated hospitals as processes, engines that share one store, one portal."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

from engine.simulator.adapter import Terms, describe
from engine.simulator.clinic import Plan
from engine.simulator.hospital import Particulars
from tests.support.engine import ROOT, Engine
from tests.support.project import Project

PORTAL, PASSWORD = "PROOF-PORTAL", "proof-password-1"
KEYS = {"sign_key": "a-sign-key-for-proofs", "encryption_key": "0123456789abcdef"}
HOSPITALS = (("PROOF-A", "jilin", "MD5", 0), ("PROOF-B", "wcf", "SM3", 6))
"""Code, dialect, profile, stretches of a half day (0 leaves it whole) of the hospitals."""

SEATS = 2
DEADLINE = 1.0
_SEATS_CHANGE = "2005+2006+2007+2008+2009+2010"
_ADDRESS = re.compile(r"^(booking|control) +(http://\S+?),?(?: |$)")
_SETTINGS = """
hospitals:
  together: 128
  portal-each: 40
  portal-together: 80
"""
_RULES = "lock-life: 20s\nunknown-life: 120s\npayment-window: 6h\n"
"""Nothing is left unpaid for too long while ours and the hospitals' books are compared: they are read one after the other."""


@dataclass
class HospitalProcess:
    """A simulated hospital in a process of its own."""

    wanted: Particulars
    process: subprocess.Popen[str]
    address: str = ""
    control: str = ""

    def book(self) -> dict[str, Any]:
        """Read the hospital's own book."""
        with urllib.request.urlopen(f"{self.control}/book", timeout=60) as answer:  # noqa: S310 - an address on loopback
            told: dict[str, Any] = json.loads(answer.read())
        return told

    def fault(self, *faults: str) -> dict[str, Any]:
        """Switch on exactly these faults; tells the hospital's state."""
        body = json.dumps({"act": "fault", "faults": faults}).encode()
        request = urllib.request.Request(self.control, body, {"Content-Type": "application/json"})  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback
            told: dict[str, Any] = json.loads(answer.read())
        return told


@dataclass
class Site:
    """Engines and hospitals of one proof."""

    engines: list[Engine] = field(default_factory=list)
    hospitals: list[HospitalProcess] = field(default_factory=list)


def plan_for(places: int, stretches: int) -> Plan:
    """Make a hospital just large enough for so many places."""
    days = 7
    doctors = -(-places // (days * 2 * max(stretches, 1)))
    departments = min(max(doctors // 8, 1), 60)
    return Plan(departments=departments, doctors=-(-doctors // departments), days=days, stretches=stretches, seats=SEATS)


def time_outs(share: float) -> str:
    """Write the fault by which a share of the calls that move seats is never answered, acted on or not as a coin falls."""
    return f"half-open,share={share},functions={_SEATS_CHANGE},acts=both"


@contextmanager
def open_hospital(code: str, dialect: str, profile: str, plan: Plan, *faults: str) -> Iterator[HospitalProcess]:
    """Run a simulated hospital until the end of the block."""
    wanted = Particulars(code=code, dialect=dialect, profile="MD5" if profile == "MD5" else "SM3", plan=plan, **KEYS)
    command = [
        sys.executable, str(ROOT / "run_engine.py"), "simulate", "hospital", "--code", code, "--port", "0", "--control-port", "0",
        "--dialect", dialect, "--profile", profile, "--sign-key", KEYS["sign_key"], "--encryption-key", KEYS["encryption_key"],
        "--departments", str(plan.departments), "--doctors", str(plan.doctors), "--days", str(plan.days),
        "--stretches", str(plan.stretches), "--seats", str(plan.seats), *(part for fault in faults for part in ("--fault", fault)),
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
    hospital, reading = HospitalProcess(wanted, process), None
    try:
        for line in process.stdout or ():
            found = _ADDRESS.match(line)
            if found and found[1] == "booking":
                hospital.address = found[2]
            elif found:
                hospital.control = found[2]
                break
        # It says every call: nobody reads that here, but a pipe that is full would hold it up.
        reading = Thread(target=lambda: deque(process.stdout or (), maxlen=0), name=f"said by {code}", daemon=True)
        reading.start()
        yield hospital
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        if reading:
            reading.join(10)
        if process.stdout:
            process.stdout.close()


@contextmanager
def open_site(folder: Path, database: str, places: int, *, engines: int) -> Iterator[Site]:
    """Run hospitals and engines until the end of the block; `places` over all hospitals."""
    site = Site()
    with ExitStack() as stack:
        for code, dialect, profile, stretches in HOSPITALS:
            plan = plan_for(-(-places // len(HOSPITALS)), stretches)
            site.hospitals.append(stack.enter_context(open_hospital(code, dialect, profile, plan)))
        project = Project.copy(folder / "project")
        project.add("config/engine.yaml", _SETTINGS)
        (project.root / "config/booking.yaml").write_text(_RULES, encoding="utf-8")
        for number in range(engines):
            data = folder / f"engine-{number}"
            data.mkdir()
            for hospital in site.hospitals:
                terms = Terms(deadline=DEADLINE, parallel=48, full=3600.0, slots=20.0, jitter=1.0)
                describe(hospital.wanted, hospital.address, project.root, data / "secrets", terms)
            key = ("--key-file", str(folder / "engine-0" / "secrets" / "sealing.key"))
            site.engines.append(Engine(data, database=database, extra=(*project.option, *key)))
        site.engines[0].institution(PORTAL, PASSWORD, kind="portal")
        for code, *_ in HOSPITALS:
            site.engines[0].institution(code, PASSWORD)
        for engine in site.engines:
            engine.start()
            stack.callback(engine.stop, signal.SIGTERM)
        yield site
